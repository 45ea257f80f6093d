import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperatorError } from '../../src/lib/errors.ts';
import { renderReport } from '../../src/report/render-report.ts';
import { writeReport } from '../../src/report/report.ts';
import { resultsFixture } from '../support/results-fixture.ts';

describe('report/report', () => {
  const results = resultsFixture({ rounds: 2, seeds: 2 });
  const files = {
    'summary.json': JSON.stringify(results.summary),
    'metrics.jsonl': results.events.map((event) => `${JSON.stringify(event)}\n`).join(''),
    'config.yaml': results.configYaml,
  };
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-report-'));
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  });
  afterEach(() => rm(folder, { recursive: true }));

  const refused = async (pattern: RegExp): Promise<void> => {
    await assert.rejects(writeReport(folder), (error: unknown) => {
      assert.ok(error instanceof OperatorError);
      assert.match(error.message, pattern);
      return true;
    });
    assert.ok(!(await readdir(folder)).some((name) => name.startsWith('report.html')));
  };

  it('writeReport() writes what renderReport() gives and returns the path', async () => {
    const path = await writeReport(folder);
    assert.equal(path, join(folder, 'report.html'));
    assert.equal(await readFile(path, 'utf8'), renderReport(results));
    assert.deepEqual((await readdir(folder)).sort(), [...Object.keys(files), 'report.html'].sort());
  });

  for (const name of Object.keys(files)) {
    it(`writeReport() names ${name} where it is missing, and writes nothing`, async () => {
      await rm(join(folder, name));
      await refused(new RegExp(`${name} does not exist; name the folder of a run`));
    });
  }

  it('writeReport() names the line of metrics.jsonl that is not JSON', async () => {
    const [first = '', ...rest] = files['metrics.jsonl'].split('\n');
    await writeFile(join(folder, 'metrics.jsonl'), [first, '{"event":', ...rest].join('\n'));
    await refused(/metrics\.jsonl:2 is not JSON/);
  });

  it('writeReport() names the line and the key of an event that is not as a run writes it', async () => {
    await writeFile(join(folder, 'metrics.jsonl'), `${files['metrics.jsonl']}{"event":"ended","atUtc":"now"}\n`);
    await refused(new RegExp(`metrics\\.jsonl:${results.events.length + 1} is not as a run writes it: incomplete`));
  });

  it('writeReport() names the key of summary.json that is wrong', async () => {
    await writeFile(join(folder, 'summary.json'), JSON.stringify({ ...results.summary, nodes: 'eight' }));
    await refused(/summary\.json is not as a run writes it: nodes: /);
  });
});
