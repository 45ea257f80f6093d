// Learning curves, bytes by kind and the spectral gap of whole runs, simulated and real.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MetricsEvent, metricsEventSchema, type Summary, summarySchema } from '../../src/scenario/results.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { scenarioSchema } from '../../src/scenario/schema.ts';
import { writeFleet } from '../support/csv-fleet.ts';

const trained = ['gossip', 'centralised', 'fedavg', 'local'] as const;
const rounds = 7;

describe('what a run reports on learning and bytes', function () {
  this.timeout(60_000);
  let fleet: string;
  let base: string;
  let runs = 0;
  before(async () => {
    fleet = await writeFleet(6, 8);
    base = await mkdtemp(join(tmpdir(), 'rumormill-learning-'));
  });
  after(async () => {
    await rm(fleet, { recursive: true });
    await rm(base, { recursive: true });
  });

  async function run(changes: Record<string, unknown>): Promise<{ summary: Summary; events: MetricsEvent[] }> {
    const scenario = scenarioSchema.parse({
      name: 'made-up-fleet',
      data: { source: 'csv', path: fleet, window: { length: 1, stride: 1 }, features: 'raw' },
      model: { hidden: [8, 1, 8] },
      train: { rounds, stepsPerRound: 10, workers: 2 },
      ...changes,
    });
    const folder = join(base, String(runs++));
    const options = { folder, signal: new AbortController().signal, onProgress: () => undefined };
    const summary = await runScenario(scenario, { ...options, environment: {}, scenarioFolder: base });
    const lines = (await readFile(join(folder, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
    assert.deepEqual(summarySchema.parse(JSON.parse(JSON.stringify(summary))), summary);
    return { summary, events: lines.map((line) => metricsEventSchema.parse(JSON.parse(line))) };
  }

  const evaluate = { everyRounds: 3, targetAuroc: 0.2 };

  it('draws a curve of every method that trains, whose last point is the result, in a simulation', async () => {
    const { summary, events } = await run({ network: { transport: 'sim' }, evaluate, seeds: [1, 2] });
    for (const name of trained) {
      const method = summary.methods[name];
      assert.ok(method);
      assert.deepEqual(
        method.curve.map(({ round }) => round),
        [3, 6, 7],
        name,
      );
      const last = method.curve.at(-1);
      assert.ok(Math.abs((last?.auroc as number) - (method.own.auroc.mean as number)) < 1e-12, name);
      assert.ok(Math.abs((last?.worst as number) - (method.own.auroc.worst as number)) < 1e-12, name);
      assert.equal(method.bytesToTarget?.reached, 2);
    }
    for (const name of ['statistic', 'shared-statistic'] as const) {
      assert.deepEqual([summary.methods[name]?.curve, summary.methods[name]?.bytesToTarget], [[], null]);
    }
    const { gossip, fedavg } = summary.methods;
    const payload = fedavg?.bytesSentPerNode.split.payload as number;
    assert.deepEqual(
      fedavg?.curve.map(({ bytesSentPerNode }) => bytesSentPerNode),
      [3, 6, 7].map((round) => (round * payload) / rounds),
    );
    // All models are sent by the last round, and then moments at most.
    assert.ok(gossip);
    const { mean, split } = gossip.bytesSentPerNode;
    const sent = gossip.curve.at(-1)?.bytesSentPerNode as number;
    assert.ok(sent <= mean && sent > split.payload, `${sent} of ${mean}`);
    assert.deepEqual(
      summary.ratio.fedavg?.bytesToTarget.perSeed,
      gossip?.bytesToTarget?.perSeed.map(
        (bytes, i) => (bytes as number) / (fedavg?.bytesToTarget?.perSeed[i] as number),
      ),
    );
    assert.equal(events.filter((event) => event.event === 'curve').length, 2 * 4 * 3);
    // Everyone knows everyone, so one round of averaging is exact.
    assert.ok(Math.abs((summary.gossip.spectralGap as number) - 1) < 1e-6, `${summary.gossip.spectralGap}`);
  });

  it('has neither curve nor target where none was asked for, and the gap of the graph that was', async () => {
    const network = { transport: 'sim', topology: { kind: 'ring' } };
    const { summary } = await run({ network, baselines: ['fedavg'] });
    for (const method of Object.values(summary.methods))
      assert.deepEqual([method.curve, method.bytesToTarget], [[], null]);
    assert.deepEqual(summary.ratio, {});
    // A ring of six: 1 − (1 + 2 cos 60°) / 3.
    assert.ok(Math.abs((summary.gossip.spectralGap as number) - 1 / 3) < 1e-7);
  });

  it('draws the curve of real nodes too, and splits all their bytes', async () => {
    const { summary, events } = await run({ network: { transport: 'memory' }, evaluate, baselines: [] });
    const { gossip } = summary.methods;
    assert.deepEqual(
      gossip?.curve.map(({ round }) => round),
      [3, 6, 7],
    );
    assert.ok(Math.abs((gossip?.curve.at(-1)?.auroc as number) - (gossip?.own.auroc.mean as number)) < 1e-12);
    assert.equal(summary.gossip.spectralGap, null);
    const payloadBytes = 4 * (2 * 8 + 8 + 8 * 1 + 1 + 1 * 8 + 8 + 8 * 2 + 2);
    let nodes = 0;
    for (const event of events) {
      if (event.event !== 'node-traffic') continue;
      nodes++;
      const { payload, duplicates, control } = event.split;
      assert.equal(payload + duplicates + control, event.bytesSent);
      assert.deepEqual([payload, duplicates], [payloadBytes * event.updatesSent, 0]);
    }
    assert.equal(nodes, 6);
  });

  it('counts what a broadcast forwards: the first copies as models, the others as duplicates', async () => {
    const gossip = { exchange: 'broadcast', mixing: 'fedavg-all', rounds: 'synchronous' };
    const { summary, events } = await run({ network: { transport: 'memory' }, gossip, baselines: [] });
    const payloadBytes = 4 * (2 * 8 + 8 + 8 * 1 + 1 + 1 * 8 + 8 + 8 * 2 + 2);
    const traffic = events.filter((event) => event.event === 'node-traffic');
    const sum = (of: (event: (typeof traffic)[number]) => number) =>
      traffic.reduce((total, each) => total + of(each), 0);
    for (const { split, bytesSent } of traffic)
      assert.equal(split.payload + split.duplicates + split.control, bytesSent);
    // Each model of each node reaches each other node once, whoever brings it. The last ones may be under way at the end.
    const models = sum(({ split }) => split.payload) / payloadBytes;
    const due = 6 * 5 * rounds;
    assert.ok(models > 0.85 * due && models < 1.15 * due, `${models} models where ${due} were due`);
    assert.ok(
      sum(({ split }) => split.duplicates) > 0,
      'a mesh of neighbours that all know each other repeats nothing',
    );
    assert.equal(summary.gossip.rounds.all, 6 * rounds);
  });
});
