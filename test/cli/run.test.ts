import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runProgram } from '../../src/cli/program.ts';
import { OperatorError } from '../../src/lib/errors.ts';
import type { RunOptions } from '../../src/scenario/progress.ts';
import type { Scenario } from '../../src/scenario/schema.ts';
import { FakePorts, type FakeRun, writeResults } from '../support/cli-ports.ts';
import { exampleSummary } from '../support/example-summary.ts';

const holding = () => ({ ...exampleSummary(), expectations: [] });
const succeed: FakeRun = (_scenario, { folder }) => writeResults(folder, holding());
const neverRun: FakeRun = () => assert.fail('the run must not start');

describe('rumormill run', () => {
  let folder: string;
  let file: string;
  let out: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-run-'));
    file = join(folder, 'plant.yaml');
    out = join(folder, 'out');
    await writeFile(file, 'name: plant\ndata:\n  source: petrobras-3w\nseeds: [1, 2]\n');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('run hands the loaded scenario, the folder and the environment to the runner', async () => {
    let seen: { scenario: Scenario; options: RunOptions } | undefined;
    const ports = new FakePorts((scenario, options) => {
      seen = { scenario, options };
      return succeed(scenario, options);
    });
    const flags = ['--out', out, '--seeds', '3', '--set', 'federation.nodes=64', '--set', 'train.rounds=2'];
    assert.equal(await runProgram(['run', file, ...flags, '--transport', 'memory'], ports), 0);
    assert.deepEqual(seen?.scenario.seeds, [1, 2, 3]);
    assert.equal(seen?.scenario.federation.nodes, 64);
    assert.equal(seen?.scenario.train.rounds, 2);
    assert.equal(seen?.scenario.network.transport, 'memory');
    assert.equal(seen?.options.folder, out);
    assert.equal(seen?.options.scenarioFolder, folder);
    assert.equal(seen?.options.environment, ports.environment);
    assert.deepEqual(ports.reported, [out]);
  });

  it('run ends with the table and the paths of what it wrote', async () => {
    const ports = new FakePorts(succeed);
    await runProgram(['run', file, '--out', out], ports);
    assert.match(ports.stdout.text, /\ngossip +0\.950/);
    assert.ok(ports.stdout.text.includes(`Report: ${join(out, 'report.html')}\n`));
    assert.deepEqual((await readdir(out)).sort(), ['config.yaml', 'metrics.jsonl', 'report.html', 'summary.json']);
  });

  it('run takes the name of a scenario that ships', async () => {
    let scenarioFolder = '';
    const ports = new FakePorts((scenario, options) => {
      scenarioFolder = options.scenarioFolder;
      assert.equal(scenario.name, 'offshore-wells');
      return succeed(scenario, options);
    });
    assert.equal(await runProgram(['run', 'offshore-wells', '--out', out], ports), 0);
    assert.ok((await readdir(scenarioFolder)).includes('offshore-wells.yaml'));
  });

  it('run --json puts summary.json and nothing else on standard output', async () => {
    const ports = new FakePorts(succeed);
    await runProgram(['run', file, '--out', out, '--json'], ports);
    assert.equal(ports.stdout.text, await readFile(join(out, 'summary.json'), 'utf8'));
  });

  it('run --quiet shows no progress', async () => {
    const ports = new FakePorts(succeed);
    await runProgram(['run', file, '--out', out, '--quiet'], ports);
    assert.equal(ports.stderr.text, '');
    assert.match(ports.stdout.text, /Report: /);
  });

  it('run exits with 1 when a claim does not hold', async () => {
    const ports = new FakePorts((_scenario, options) => writeResults(options.folder, exampleSummary()));
    assert.equal(await runProgram(['run', file, '--out', out], ports), 1);
    assert.match(ports.stdout.text, /✗ gap\.local\.own\.auroc <= 0\.01 +0\.022/);
  });

  it('run exits with 130 after SIGINT and still writes the report', async () => {
    const ports: FakePorts = new FakePorts(async (_scenario, { folder, signal }) => {
      ports.send('SIGINT');
      assert.ok(signal.aborted);
      return writeResults(folder, { ...holding(), incomplete: true });
    });
    assert.equal(await runProgram(['run', file, '--out', out], ports), 130);
    assert.equal(ports.stderr.text.match(/Stopping; writing what is finished…\n/g)?.length, 1);
    assert.match(ports.stdout.text, /Stopped before its end: 5 seeds finished\./);
    assert.deepEqual(ports.reported, [out]);
    assert.deepEqual(ports.exits, []);
    assert.equal(ports.send('SIGINT'), 0, 'nobody watches for signals any more');
  });

  it('run exits with 143 after SIGTERM', async () => {
    const ports: FakePorts = new FakePorts(async (_scenario, { folder }) => {
      ports.send('SIGTERM');
      return writeResults(folder, { ...holding(), incomplete: true });
    });
    assert.equal(await runProgram(['run', file, '--out', out], ports), 143);
  });

  it('run ends at once at a second SIGINT, but not at the copy of the first that npm sends', async () => {
    const ports: FakePorts = new FakePorts(async (_scenario, { folder }) => {
      ports.send('SIGINT');
      ports.clock.ms += 3;
      ports.send('SIGINT');
      assert.deepEqual(ports.exits, []);
      ports.clock.ms += 1000;
      ports.send('SIGINT');
      assert.deepEqual(ports.exits, [130]);
      return writeResults(folder, { ...holding(), incomplete: true });
    });
    assert.equal(await runProgram(['run', file, '--out', out], ports), 130);
  });

  it('run says so when it was stopped before anything was written', async () => {
    const ports: FakePorts = new FakePorts(async (_scenario, { signal }) => {
      ports.send('SIGINT');
      signal.throwIfAborted();
      return assert.fail();
    });
    assert.equal(await runProgram(['run', file, '--out', out], ports), 130);
    assert.match(ports.stderr.text, /Stopped before anything was finished; nothing was written\.\n$/);
    assert.equal(ports.stdout.text, '');
  });

  it("run prints the runner's OperatorError as one line", async () => {
    const ports = new FakePorts(() =>
      Promise.reject(new OperatorError('plant.csv:7: temperature is text; mend the cell')),
    );
    assert.equal(await runProgram(['run', file, '--out', out, '--quiet'], ports), 2);
    assert.equal(ports.stderr.text, 'error: plant.csv:7: temperature is text; mend the cell\n');
    assert.deepEqual(await readdir(folder), ['plant.yaml']);
  });

  it('run shows the stack of anything unexpected and exits with 70', async () => {
    const ports = new FakePorts(() => Promise.reject(new TypeError('broken')));
    assert.equal(await runProgram(['run', file, '--out', out], ports), 70);
    assert.match(ports.stderr.text, /error: this is a defect of Rumormill; .*\nTypeError: broken\n +at /);
    assert.equal(ports.send('SIGINT'), 0, 'nobody watches for signals any more');
  });

  describe('--out', () => {
    const refusals: [string, () => Promise<string>, RegExp][] = [
      [
        'a folder with files in it',
        async () => dirname(file),
        /^error: --out .*: the folder is not empty; give one that is new or empty\n$/,
      ],
      ['a file', async () => file, /^error: --out .*: this is a file; give a folder that is new or empty\n$/],
      [
        'a folder below a file',
        async () => join(file, 'out'),
        /^error: --out .* is a file, not a folder; give another/,
      ],
    ];
    for (const [what, place, message] of refusals) {
      it(`run refuses ${what}`, async () => {
        const ports = new FakePorts(neverRun);
        assert.equal(await runProgram(['run', file, '--out', await place()], ports), 2);
        assert.match(ports.stderr.text, message);
      });
    }
  });

  describe('flags', () => {
    const refusals: [string[], string][] = [
      [['--sede', '3'], "unknown option '--sede'; did you mean --seed?"],
      [['--seed', 'two'], '--seed two: give a whole number, such as --seed 5'],
      [['--seeds', '-1'], '--seeds -1: give a whole number, such as --seeds 5'],
      [['--seeds', '0'], '--seeds 0: give a whole number of seeds between 1 and 100'],
      [
        ['--seed', '1', '--seeds', '2'],
        '--seed and --seeds cannot be given together; --seed runs one seed, --seeds the first so many',
      ],
      [['--transport', 'memry'], "--transport memry: network.transport is 'memry'; did you mean 'memory'?"],
      [['--out'], "option '--out <DIR>' argument missing; see rumormill --help"],
      [['more.yaml'], /^too many arguments for 'run'; expected 1 argument but got 2: .*; see rumormill --help$/.source],
    ];
    for (const [flags, message] of refusals) {
      it(`run refuses ${flags.join(' ')} in one sentence`, async () => {
        const ports = new FakePorts(neverRun);
        assert.equal(await runProgram(['run', file, ...flags], ports), 2);
        assert.equal(ports.stdout.text, '');
        const [, sentence] = /^error: (.*)\n$/.exec(ports.stderr.text) ?? [];
        if (message.startsWith('^')) assert.match(sentence ?? '', new RegExp(message));
        else assert.equal(sentence, message);
      });
    }
  });
});
