// Faults and changing topologies with real training: the same every time, and what is left of a run.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { loadScenario } from '../../src/scenario/load.ts';
import { metricsEventSchema, type Summary } from '../../src/scenario/results.ts';
import { runScenario } from '../../src/scenario/run.ts';

/** Eight machines with little data. */
const plant = `
name: plant
data: { source: synthetic, recordings: 6, samplesPerRecording: 45 }
model: { hidden: [8, 4, 8] }
train: { rounds: 6 }
network: { transport: sim }
baselines: []
`;

describe('faults of a simulated scenario', function () {
  this.timeout(60_000);
  let base: string;
  let runs = 0;

  before(async () => {
    base = await mkdtemp(join(tmpdir(), 'rumormill-sim-faults-'));
    await writeFile(join(base, 'plant.yaml'), plant);
  });
  after(() => rm(base, { recursive: true }));

  function folderOf(run: number): string {
    return join(base, String(run));
  }

  async function run(...changes: string[]): Promise<Summary> {
    const scenario = await loadScenario(join(base, 'plant.yaml'), { set: changes });
    return runScenario(scenario, {
      folder: folderOf(runs++),
      scenarioFolder: base,
      environment: {},
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
  }

  /** Own rounds that each node has done, by name. */
  async function roundsOfLatestRun(): Promise<Map<string, number[]>> {
    const lines = (await readFile(join(folderOf(runs - 1), 'metrics.jsonl'), 'utf8')).trim().split('\n');
    const rounds = new Map<string, number[]>();
    for (const line of lines) {
      const event = metricsEventSchema.parse(JSON.parse(line));
      if (event.event === 'round') rounds.set(event.node, [...(rounds.get(event.node) ?? []), event.round]);
    }
    return rounds;
  }

  const churn = 'faults={churn: {meanUpMs: 80, meanDownMs: 40, untilMs: 250}, detectionMs: 30, clockDriftPpm: 100}';

  it('give the same trace hash with one worker and with two, and every round of every node once', async () => {
    const one = await run(churn, 'train.workers=1');
    assert.match(one.traceHash ?? '', /^[0-9a-f]{64}$/);
    const rounds = await roundsOfLatestRun();
    assert.equal(rounds.size, 8);
    for (const done of rounds.values()) assert.deepEqual(done, [1, 2, 3, 4, 5, 6]);
    assert.equal(one.gossip.consensusDistance.length, 6);
    const two = await run(churn, 'train.workers=2');
    assert.equal(two.traceHash, one.traceHash);
    assert.deepEqual(two.methods.gossip?.own, one.methods.gossip?.own);
    assert.notEqual((await run('train.workers=2')).traceHash, one.traceHash);
  });

  it('leave nodes that are down for ever with the model of their last checkpoint, and say so', async () => {
    const summary = await run('faults={timeline: [{atMs: 150, action: crash, nodes: [2, 5]}]}');
    const rounds = await roundsOfLatestRun();
    const counts = [...rounds.values()].map(({ length }) => length).sort();
    assert.deepEqual(counts.slice(2), [6, 6, 6, 6, 6, 6]);
    assert.ok((counts[1] as number) < 6);
    assert.ok(
      summary.notes.includes(
        'Seed 1: down to the end are machine-00003 from 150 ms, machine-00006 from 150 ms; a node that is down keeps the model of its last checkpoint.',
      ),
    );
    assert.equal(summary.gossip.consensusDistance.length, 6);
    assert.ok(summary.gossip.consensusDistance.every((distance) => distance > 0));
  });

  it('evaluate a node that never comes, with the first weights and its own scale', async () => {
    await writeFile(join(base, 'never.csv'), 'node,atMs,state\n1,0,down\n');
    const summary = await run('faults={trace: never.csv}', 'network.topology={kind: complete}');
    const rounds = await roundsOfLatestRun();
    assert.equal(rounds.size, 7);
    assert.equal(typeof summary.methods.gossip?.fleet.auroc.mean, 'number');
    const config = parse(await readFile(join(folderOf(runs - 1), 'config.yaml'), 'utf8'));
    assert.equal(config.faults.trace, join(base, 'never.csv'));
  });

  it('let a late node in, for which the others do not wait', async () => {
    const summary = await run('faults={timeline: [{atMs: 150, action: join, nodes: [7]}]}');
    const lines = (await readFile(join(folderOf(runs - 1), 'metrics.jsonl'), 'utf8')).trim().split('\n');
    const events = lines.map((line) => metricsEventSchema.parse(JSON.parse(line)));
    const first = (name: string) =>
      events.flatMap((event) => (event.event === 'round' && event.node === name ? [event.atMs] : []))[0] as number;
    assert.ok(first('machine-00001') < 150 && first('machine-00008') > 150);
    assert.equal((await roundsOfLatestRun()).get('machine-00008')?.length, 6);
    assert.deepEqual(summary.gossip.consensusDistance.length, 6);
  });

  it('are refused before anything is written where they cannot happen', async () => {
    await assert.rejects(
      run('faults={timeline: [{atMs: 90, action: crash, nodes: [8]}]}'),
      /^OperatorError: faults\.timeline\[0\] names node 8, but the nodes are 0 to 7; correct the number$/,
    );
    await assert.rejects(run('faults={trace: none.csv}'), /none\.csv: no such file; check faults\.trace$/);
    assert.equal(existsSync(folderOf(runs - 1)), false);
  });

  it('topologies that change: each mixes with the neighbours of the round', async () => {
    const graph = [
      'gossip.mixing=graph',
      'gossip.rounds=synchronous',
      'network.latency={distribution: constant, ms: 2}',
    ];
    for (const topology of ['{kind: base, degree: 1}', '{kind: one-peer-exponential}']) {
      const { gossip } = await run(`network.topology=${topology}`, ...graph);
      assert.deepEqual([gossip.rounds.mixed, gossip.deliveries, gossip.rejected], [48, 48, {}]);
    }
    const redrawn = await run('network.topology={kind: regular, degree: 3, redrawn: true}');
    assert.ok(redrawn.gossip.rounds.mixed >= 24);
  });

  it('writes the same summary.json but for times and memory with one worker and with two, whatever is asked for', async () => {
    const all = [
      churn,
      'baselines=[fedavg, local, statistic]',
      'seeds=[1, 2]',
      'evaluate.everyRounds=2',
      'evaluate.targetAuroc=0.6',
      'network.loss=0.1',
      'network.duplication=0.1',
      'network.speedSpread=0.3',
      'network.latency={distribution: log-normal, medianMs: 5, sigma: 1}',
    ];
    const kinds = [
      ['gossip.sparsifier=top-k', 'gossip.keep=0.2', 'gossip.encoding=int8'],
      ['gossip.sparsifier=random-k', 'gossip.encoding=float16', 'gossip.mixing=loss-weighted'],
      ['gossip.mixing=push-sum'],
    ];
    for (const kind of kinds) {
      await run(...all, ...kind, 'train.workers=1');
      const one = await lastingText();
      assert.match(one, /"traceHash": "[0-9a-f]{64}"/);
      await run(...all, ...kind, 'train.workers=2');
      assert.equal(await lastingText(), one, kind.join(' '));
    }
  });

  /** The summary.json of the latest run without what a clock or the machine says. */
  async function lastingText(): Promise<string> {
    const text = await readFile(join(folderOf(runs - 1), 'summary.json'), 'utf8');
    const lasting = text.replaceAll(/"(wallSeconds|cpuSeconds|peakRssBytes)": [0-9.e+-]+/g, '"$1": 0');
    assert.notEqual(lasting, text);
    return lasting;
  }
});
