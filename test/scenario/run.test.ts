import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { prepareData } from '../../src/data/prepare.ts';
import { loadDevices } from '../../src/data/source.ts';
import type { NodeData } from '../../src/data/types.ts';
import { OperatorError } from '../../src/lib/errors.ts';
import { EnginePool } from '../../src/model/engine-pool.ts';
import { applyScale } from '../../src/model/scaler.ts';
import { baselines } from '../../src/scenario/baselines.ts';
import { runGossip } from '../../src/scenario/gossip-method.ts';
import { agreementOf } from '../../src/scenario/manifest.ts';
import type { Trial } from '../../src/scenario/outcome.ts';
import { type MetricsEvent, methodNames, metricsEventSchema, summarySchema } from '../../src/scenario/results.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { type Scenario, scenarioSchema } from '../../src/scenario/schema.ts';
import { consensusDistanceOf } from '../../src/scenario/spread.ts';
import { writeFleet } from '../support/csv-fleet.ts';

interface Changes {
  [section: string]: unknown;
}

function scenarioOf(path: string, changes: Changes = {}): Scenario {
  return scenarioSchema.parse({
    name: 'made-up-fleet',
    data: { source: 'csv', path, window: { length: 1, stride: 1 }, features: 'raw' },
    model: { hidden: [8, 1, 8] },
    train: { engine: 'tfjs-wasm', rounds: 6, stepsPerRound: 10, workers: 2 },
    network: { transport: 'memory' },
    ...changes,
  });
}

describe('runScenario()', () => {
  let fleet: string;
  let base: string;
  const run = (scenario: Scenario, folder: string, signal = new AbortController().signal, onRound?: () => void) =>
    runScenario(scenario, { folder, signal, onProgress: () => onRound?.(), environment: {}, scenarioFolder: base });
  const eventsOf = async (folder: string): Promise<MetricsEvent[]> => {
    const lines = (await readFile(join(folder, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
    return lines.map((line) => metricsEventSchema.parse(JSON.parse(line)));
  };

  before(async () => {
    fleet = await writeFleet(3);
    base = await mkdtemp(join(tmpdir(), 'rumormill-runs-'));
  });
  after(async () => {
    await rm(fleet, { recursive: true });
    await rm(base, { recursive: true });
  });

  it('writes the contract files and mixes in every round in which updates had arrived', async () => {
    const folder = join(base, 'whole');
    const claims = ['gossip.deliveries >= 1', 'gap.local.own.auroc <= 1'];
    const summary = await run(scenarioOf(fleet, { seeds: [1, 2], expect: claims }), folder);

    assert.deepEqual(summarySchema.parse(JSON.parse(await readFile(join(folder, 'summary.json'), 'utf8'))), summary);
    assert.equal(summary.incomplete, false);
    assert.deepEqual(summary.seeds, [1, 2]);
    assert.deepEqual(Object.keys(summary.methods), [...methodNames]);
    const { gossip } = summary;
    assert.equal(gossip.rounds.all, 2 * 3 * 6);
    const unmixable = (gossip.rejected.stale ?? 0) + (gossip.rejected['wrong-scaler'] ?? 0);
    assert.ok(gossip.rounds.withUpdates - gossip.rounds.mixed <= unmixable, 'a round left a mixable update unmixed');
    assert.ok(gossip.rounds.mixed > 0);
    assert.equal(gossip.consensusDistance.length, 6);
    for (const method of ['gossip', 'centralised', 'fedavg', 'local'] as const) {
      assert.equal(summary.methods[method]?.samplesTrained, 3 * 6 * 10 * 32, method);
    }
    assert.ok(summary.expectations.every(({ holds }) => holds));

    const events = await eventsOf(folder);
    assert.equal(events.filter((event) => event.event === 'round' && event.method === 'gossip').length, 2 * 3 * 6);
    assert.equal(events.at(-1)?.event, 'ended');
    const config = parse(await readFile(join(folder, 'config.yaml'), 'utf8')) as unknown;
    assert.equal(scenarioSchema.parse(config).train.rounds, 6);
  });

  it('refuses a folder that holds something, and leaves it as it was', async () => {
    const folder = join(base, 'taken');
    await mkdir(folder);
    await writeFile(join(folder, 'notes.txt'), 'mine');
    await assert.rejects(
      run(scenarioOf(fleet), folder),
      (error) => error instanceof OperatorError && /is not empty/.test(error.message),
    );
    assert.equal(await readFile(join(folder, 'notes.txt'), 'utf8'), 'mine');
    assert.ok(!existsSync(join(folder, 'config.yaml')));
  });

  it('creates no folder when the data are not there', async () => {
    const folder = join(base, 'no-data');
    await assert.rejects(run(scenarioOf(join(base, 'absent')), folder), OperatorError);
    assert.ok(!existsSync(folder));
  });

  it('refuses a shared scaler for more nodes than one federation keeps moments of', async () => {
    const lines = ['device,instance,pressure,label'];
    for (let device = 0; device < 513; device++) {
      for (let row = 0; row < 6; row++) lines.push(`d${device},i${row % 2},${device + row},0`);
    }
    const file = join(base, 'many.csv');
    await writeFile(file, `${lines.join('\n')}\n`);
    const folder = join(base, 'many');
    await assert.rejects(run(scenarioOf(file), folder), /513 nodes are more than the 512/);
    assert.ok(!existsSync(folder));
  });

  it('refuses to broadcast updates that are too large to be forwarded', async () => {
    const folder = join(base, 'large');
    const changes = { gossip: { exchange: 'broadcast', mixing: 'fedavg-all' }, model: { hidden: [256, 256] } };
    await assert.rejects(run(scenarioOf(fleet, changes), folder), /gossip\.exchange broadcast: an update of \d+ bytes/);
    assert.ok(!existsSync(folder));
  });

  it('says that training diverged, and leaves no folder', async () => {
    const folder = join(base, 'diverged');
    const train = {
      engine: 'tfjs-wasm',
      optimiser: 'sgd',
      learningRate: 10,
      rounds: 20,
      stepsPerRound: 20,
      workers: 1,
    };
    const model = { hidden: [8, 1, 8], activation: 'linear' };
    await assert.rejects(run(scenarioOf(fleet, { train, model }), folder), (error) => {
      assert.ok(error instanceof OperatorError, String(error));
      return /diverged in round \d+: .*lower train\.learningRate/.test(error.message);
    });
    assert.ok(!existsSync(folder));
  });

  it('writes what is finished, marked incomplete, when it is stopped in the second seed', async () => {
    const folder = join(base, 'stopped');
    const stop = new AbortController();
    let rounds = 0;
    // 6 rounds of 4 methods make a seed.
    const summary = await run(scenarioOf(fleet, { seeds: [1, 2, 3] }), folder, stop.signal, () => {
      rounds++;
      if (rounds === 26) stop.abort(new Error('stopped by the test'));
    });
    assert.equal(summary.incomplete, true);
    assert.deepEqual(summary.seeds, [1]);
    assert.ok(summary.methods.gossip && summary.methods.statistic);
    assert.equal((await eventsOf(folder)).at(-1)?.event, 'ended');
  });

  it('sends at most 0.3 of the bytes with int8, counted on the streams, at an AUROC within 0.005', async () => {
    const wells = {
      data: { source: 'petrobras-3w', devices: ['WELL-00001', 'WELL-00004', 'WELL-00005'] },
      model: { hidden: [64, 8, 64] },
      baselines: [],
      train: { engine: 'tfjs-wasm', rounds: 40, stepsPerRound: 10, workers: 2 },
    };
    const encodings = ['float32', 'int8'] as const;
    const runs = [];
    for (const encoding of encodings) {
      // Synchronous, so that both runs do the same work and differ in the payload alone.
      const gossip = { encoding, rounds: 'synchronous' };
      runs.push(await run(scenarioOf(fleet, { ...wells, gossip, seeds: [1] }), join(base, encoding)));
    }
    const [exact, coarse] = runs.map(({ methods }) => methods.gossip);
    const bytesSent = (method: typeof exact) => method?.bytesSentPerNode.mean as number;
    const ratio = bytesSent(coarse) / bytesSent(exact);
    assert.ok(ratio <= 0.3, `int8 sent ${ratio} of the bytes`);
    const difference = Math.abs((exact?.own.auroc.mean as number) - (coarse?.own.auroc.mean as number));
    assert.ok(difference <= 0.005, `AUROC differs by ${difference}`);
  });
});

describe('sharing', () => {
  let fleet: string;
  let pool: EnginePool;
  let trial: Trial;

  before(async () => {
    fleet = await writeFleet(2);
    const scenario = scenarioOf(fleet, { gossip: { rounds: 'synchronous' } });
    const devices = await loadDevices(scenario.data, { baseFolder: fleet, environment: {} });
    const prepared = prepareData(devices, scenario, 1);
    const agreement = agreementOf(scenario, prepared.features, 1);
    const { spec, settings } = agreement;
    pool = await EnginePool.create({ spec, settings, engine: 'tfjs-wasm', workers: 2 });
    const signal = new AbortController().signal;
    trial = { scenario, seed: 1, prepared, agreement, pool, signal, record: () => undefined, onRound: () => undefined };
  });
  after(async () => {
    await pool.close();
    await rm(fleet, { recursive: true });
  });

  it('brings two nodes with different data closer together, and scores come from the mixed weights', async () => {
    const gossip = await runGossip(trial);
    const alone = await baselines.local(trial);
    const weightsOf = ({ models }: typeof gossip) => models.map(({ weights }) => weights as Float32Array);
    const [together, apart] = [weightsOf(gossip), weightsOf(alone)];
    assert.ok(consensusDistanceOf(apart) > 0.02, `without sharing only ${consensusDistanceOf(apart)} apart`);
    // Two synchronous nodes with Metropolis weights of one half each end every round with equal weights.
    assert.ok(consensusDistanceOf(together) < 1e-5, `${consensusDistanceOf(together)} apart after mixing`);

    const [model] = gossip.models;
    assert.ok(model);
    const { test } = trial.prepared.nodes[0] as NodeData;
    const rows = applyScale(test.values, test.features.length, model.scale);
    const scores = await model.score(rows);
    assert.deepEqual(scores, await pool.score(together[0] as Float32Array, rows));
    assert.notDeepEqual(scores, await pool.score(apart[0] as Float32Array, rows));
  });
});

describe('network.transport processes', () => {
  it('gives each node a process of its own and leaves none behind', async function () {
    this.timeout(60_000);
    const fleet = await writeFleet(2);
    const base = await mkdtemp(join(tmpdir(), 'rumormill-processes-'));
    try {
      const scenario = scenarioOf(fleet, {
        network: { transport: 'processes' },
        gossip: { rounds: 'synchronous' },
        baselines: ['local'],
      });
      const folder = join(base, 'run');
      const options = { folder, signal: new AbortController().signal, onProgress: () => undefined };
      const summary = await runScenario(scenario, { ...options, environment: {}, scenarioFolder: base });
      assert.equal(summary.transport, 'processes');
      assert.equal(summary.gossip.rounds.mixed, 2 * 6);
      assert.ok((summary.gossip.consensusDistance.at(-1) as number) < 1e-5);
      assert.ok((summary.methods.gossip?.peakRssBytes as number) > (summary.methods.local?.peakRssBytes as number));
    } finally {
      await rm(fleet, { recursive: true });
      await rm(base, { recursive: true });
    }
  });
});
