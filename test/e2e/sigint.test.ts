import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { summarySchema } from '../../src/scenario/results.ts';
import { startCommand } from '../support/command-line.ts';
import { writeFleet } from '../support/csv-fleet.ts';

describe('SIGINT in the middle of a run', function () {
  this.timeout(60_000);
  let base: string;
  let fleet: string;

  before(async () => {
    base = await mkdtemp(join(tmpdir(), 'rumormill-sigint-'));
    fleet = await writeFleet(2);
  });
  after(async () => {
    await rm(base, { recursive: true });
    await rm(fleet, { recursive: true });
  });

  for (const transport of ['tcp', 'processes']) {
    it(`writes what is finished, marks it incomplete and leaves no process, over ${transport}`, async () => {
      const scenario = join(base, `${transport}.yaml`);
      const out = join(base, transport);
      const yaml = `name: interrupted\ndata: {source: csv, path: ${fleet}, window: {length: 1, stride: 1}, features: raw}
model: {hidden: [8, 1, 8]}
train: {engine: tfjs-wasm, rounds: 40, stepsPerRound: 5}
seeds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]
`;
      await writeFile(scenario, yaml);
      // A process group of its own, so that the signal reaches the children too, as from a terminal.
      const { child, ended } = startCommand(['run', scenario, '--transport', transport, '--out', out], {
        detached: true,
      });
      assert.ok(child.pid && child.stderr);
      const lines = createInterface({ input: child.stderr });
      for await (const line of lines) {
        if (line.startsWith('seed 2 of 20: gossip finished')) break;
      }
      lines.close();
      child.stderr.resume();
      process.kill(-child.pid, 'SIGINT');
      const { code, stdout } = await ended;
      assert.equal(code, 130);
      const summary = summarySchema.parse(JSON.parse(await readFile(join(out, 'summary.json'), 'utf8')));
      assert.equal(summary.incomplete, true);
      assert.deepEqual(summary.seeds, [1]);
      assert.match(stdout, /Stopped before its end: 1 seed finished/);
      assert.match(await readFile(join(out, 'report.html'), 'utf8'), /incomplete/i);
      assert.throws(
        () => process.kill(-(child.pid as number), 0),
        { code: 'ESRCH' },
        'a process of the group is alive',
      );
    });
  }
});
