// Exchanges in which everyone is everyone's peer, in whole simulated runs.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { payloadBytesOf } from '../../src/gossip/payload.ts';
import { weightShapes } from '../../src/model/weights.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { metricsEventSchema } from '../../src/scenario/results.ts';
import { runScenario } from '../../src/scenario/run.ts';

const [nodes, rounds, features] = [8, 6, 36];

/** Eight machines with little data, whose training takes long beside a message. */
const plant = `
name: plant
data: { source: synthetic, recordings: 6, samplesPerRecording: 45 }
model: { hidden: [8, 4, 8] }
train: { rounds: ${rounds} }
network: { transport: sim, stepMs: 50 }
baselines: [fedavg]
`;

describe('exchanges with everyone in a simulation', function () {
  this.timeout(60_000);
  let base: string;
  let runs = 0;

  before(async () => {
    base = await mkdtemp(join(tmpdir(), 'rumormill-exchanges-'));
    await writeFile(join(base, 'plant.yaml'), plant);
  });
  after(() => rm(base, { recursive: true }));

  async function run(...changes: string[]) {
    const scenario = await loadScenario(join(base, 'plant.yaml'), { set: changes });
    const folder = join(base, String(runs++));
    const summary = await runScenario(scenario, {
      folder,
      scenarioFolder: base,
      environment: {},
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    const lines = (await readFile(join(folder, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
    const events = lines.map((line) => metricsEventSchema.parse(JSON.parse(line)));
    const edges = events.flatMap((event) => (event.event === 'mixing-graph' ? event.edges : []));
    const traffic = events.flatMap((event) => (event.event === 'node-traffic' ? [event] : []));
    return {
      summary,
      edges,
      traffic,
      payloadBytes: payloadBytesOf(weightShapes({ ...scenario.model, features }), 'float32'),
    };
  }

  it('random pushes each update to fanout peers drawn from all others, the same in each run', async () => {
    const changes = ['gossip={exchange: random, mixing: epidemic, fanout: 2}', 'baselines=[]'];
    const [one, two] = [await run(...changes), await run(...changes)];
    assert.match(one.summary.traceHash ?? '', /^[0-9a-f]{64}$/);
    assert.equal(two.summary.traceHash, one.summary.traceHash);
    assert.deepEqual(two.summary.gossip, one.summary.gossip);
    for (const { updatesSent, split } of one.traffic) {
      assert.equal(updatesSent, 2 * rounds);
      assert.equal(split.payload, updatesSent * one.payloadBytes);
    }
    // Of the last round some are still under way at the end.
    const { deliveries } = one.summary.gossip;
    assert.ok(deliveries > nodes * 2 * (rounds - 1) && deliveries <= nodes * 2 * rounds, `${deliveries}`);
    // Two of seven others a round: after six rounds hardly any pair has not met in one direction.
    const senders = new Map(one.edges.map(({ to }) => [to, new Set<string>()]));
    for (const { from, to } of one.edges) senders.get(to)?.add(from);
    assert.equal(senders.size, nodes);
    for (const [node, known] of senders) assert.ok(known.size >= 4, `${node} mixed with ${[...known]}`);
    // No graph stays from round to round.
    assert.equal(one.summary.gossip.spectralGap, null);
  });

  it('broadcast brings every update to everyone, sent by its origin: with fedavg-all in step it is FedAvg', async () => {
    const { summary, traffic, payloadBytes } = await run(
      'gossip={exchange: broadcast, mixing: fedavg-all, rounds: synchronous}',
    );
    assert.deepEqual(summary.gossip.rejected, {});
    assert.equal(summary.gossip.deliveries, nodes * (nodes - 1) * rounds);
    for (const { updatesSent, split } of traffic) {
      assert.equal(updatesSent, (nodes - 1) * rounds);
      assert.deepEqual([split.payload, split.duplicates], [updatesSent * payloadBytes, 0]);
    }
    assert.ok((summary.gossip.spectralGap as number) > 1 - 1e-9);
    const { gossip, fedavg } = summary.methods;
    assert.ok(gossip && fedavg);
    // Each node adds its own model last, so that models differ in their last bits.
    for (const distance of summary.gossip.consensusDistance) assert.ok(distance < 1e-5, `${distance}`);
    for (const [device, auroc] of Object.entries(fedavg.own.auroc.perDevice)) {
      const apart = (gossip.own.auroc.perDevice[device] as number) - (auroc as number);
      assert.ok(Math.abs(apart) < 1e-3, `${device} is ${apart} from FedAvg`);
    }
  });

  it('broadcast without barriers mixes what came in, and loses what the network loses', async () => {
    const { summary, traffic } = await run(
      'gossip={exchange: broadcast, mixing: fedavg-all}',
      'network.loss=0.5',
      'baselines=[]',
    );
    const sent = traffic.reduce((sum, { updatesSent }) => sum + updatesSent, 0);
    assert.equal(sent, nodes * (nodes - 1) * rounds);
    const share = summary.gossip.deliveries / sent;
    assert.ok(share > 0.4 && share < 0.6, `${share} arrived`);
    assert.ok(summary.gossip.rounds.mixed > 0);
  });

  it('is refused for more nodes than can all know each other where only the data tell, and leaves no folder', async () => {
    const changes = [
      'data.machines=1001',
      'data.recordings=2',
      'data.samplesPerRecording=15',
      'federation.scaler=local',
      'gossip.exchange=random',
    ];
    await assert.rejects(
      run(...changes),
      /^OperatorError: gossip\.exchange random with 1001 nodes cannot be simulated/,
    );
    assert.equal(existsSync(join(base, String(runs - 1))), false);
  });
});
