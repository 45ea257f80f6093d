import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../src/cli/program.ts';
import { FakePorts, writeResults } from '../support/cli-ports.ts';
import { exampleSummary } from '../support/example-summary.ts';

const ports = () => new FakePorts(() => assert.fail('the run must not start'));

describe('rumormill', () => {
  it('rumormill without a command prints its help on standard error and exits with 2', async () => {
    const world = ports();
    assert.equal(await runProgram([], world), 2);
    assert.match(world.stderr.text, /^Usage: rumormill/);
    assert.doesNotMatch(world.stderr.text, /error:/);
    assert.equal(world.stdout.text, '');
  });

  it('rumormill --help names the commands and the exit codes', async () => {
    const world = ports();
    assert.equal(await runProgram(['--help'], world), 0);
    for (const word of ['run', 'report', 'init', 'key', 'owner', 'schema', 'Exit codes:', '130'])
      assert.ok(world.stdout.text.includes(word), word);
  });

  it('rumormill --version prints the version of the package', async () => {
    const world = ports();
    assert.equal(await runProgram(['--version'], world), 0);
    assert.match(world.stdout.text, /^\d+\.\d+\.\d+\n$/);
  });

  it('rumormill refuses a command that it does not have, and names the nearest', async () => {
    const world = ports();
    assert.equal(await runProgram(['rnu'], world), 2);
    assert.equal(world.stderr.text, "error: unknown command 'rnu'; did you mean run?\n");
  });

  it('rumormill colours errors on a terminal, unless NO_COLOR is set', async () => {
    const terminal = new FakePorts(() => assert.fail(), { stderr: 80 });
    await runProgram(['run', 'absent.yaml'], terminal);
    assert.ok(terminal.stderr.text.startsWith('\u001b[31merror:'));
    const plain = new FakePorts(() => assert.fail(), { stderr: 80 });
    plain.environment.NO_COLOR = '1';
    await runProgram(['run', 'absent.yaml'], plain);
    assert.ok(plain.stderr.text.startsWith('error:'));
  });
});

describe('rumormill schema', () => {
  it('schema prints a JSON Schema that knows every section', async () => {
    const world = ports();
    assert.equal(await runProgram(['schema'], world), 0);
    const schema = JSON.parse(world.stdout.text) as { properties: Record<string, { description?: string }> };
    for (const section of [
      'data',
      'federation',
      'model',
      'train',
      'gossip',
      'network',
      'evaluate',
      'seeds',
      'expect',
    ]) {
      assert.ok(section in schema.properties, section);
    }
  });
});

describe('rumormill report', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-report-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('report renders the page of a run again and prints its path', async () => {
    const world = ports();
    await writeResults(folder, exampleSummary());
    assert.equal(await runProgram(['report', folder], world), 0);
    assert.deepEqual(world.reported, [folder]);
    assert.equal(world.stdout.text, `${join(folder, 'report.html')}\n`);
  });

  it('report refuses a folder without results', async () => {
    for (const place of [folder, join(folder, 'absent')]) {
      const world = ports();
      assert.equal(await runProgram(['report', place], world), 2);
      assert.equal(
        world.stderr.text,
        `error: ${place} has no summary.json; give the folder of a run, such as one in runs/\n`,
      );
      assert.deepEqual(world.reported, []);
    }
  });
});
