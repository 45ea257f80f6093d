// Push-sum, CHOCO and mixing by loss in whole runs, with real training.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadScenario } from '../../src/scenario/load.ts';
import { metricsEventSchema, type Summary } from '../../src/scenario/results.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { interval95 } from '../../src/scenario/statistics.ts';

/** Without well 2, which has three quarters of all rows. */
const wells = `
name: wells
data: { source: petrobras-3w, devices: [WELL-00001, WELL-00003, WELL-00004, WELL-00005, WELL-00006, WELL-00007, WELL-00008] }
train: { rounds: 6, learningRate: 0.003 }
network: { transport: sim }
baselines: []
seeds: [1, 2]
`;

/** Eight machines that differ, each with data enough to do best alone, and a scaler of its own. */
const machines = `
name: machines
data: { source: synthetic, fleetSeed: 3 }
federation: { scaler: local }
train: { rounds: 30 }
network: { transport: sim }
baselines: [local]
seeds: [1, 2, 3, 4, 5]
`;

/** What a network does to updates that are as they should be. */
const harmless = new Set(['stale', 'duplicate', 'wrong-scaler']);

describe('mixing in whole runs', function () {
  this.timeout(60_000);
  let base: string;
  let runs = 0;

  before(async () => {
    base = await mkdtemp(join(tmpdir(), 'rumormill-mixing-'));
    await writeFile(join(base, 'wells.yaml'), wells);
    await writeFile(join(base, 'machines.yaml'), machines);
  });
  after(() => rm(base, { recursive: true }));

  async function run(name: 'wells' | 'machines', ...changes: string[]): Promise<Summary> {
    const scenario = await loadScenario(join(base, `${name}.yaml`), { set: changes });
    return runScenario(scenario, {
      folder: join(base, String(runs++)),
      scenarioFolder: base,
      environment: {},
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
  }

  const gossipOf = ({ methods }: Summary) => methods.gossip as NonNullable<typeof methods.gossip>;
  const aurocOf = (summary: Summary, set: 'own' | 'fleet') => gossipOf(summary)[set].auroc.mean as number;

  const fourRegular = 'network.topology={kind: regular, degree: 4}';
  const choco = [
    'gossip={mixing: choco, consensusStep: 0.3, rounds: synchronous, sparsifier: top-k, keep: 0.1, encoding: int8}',
  ];
  const rules: { what: string; network?: string[]; rule: string[]; beside?: string[]; bytesMost: number }[] = [
    {
      what: 'push-sum on a ring that loses a fifth of the updates',
      network: ['network.topology={kind: ring}', 'network.loss=0.2'],
      rule: ['gossip.mixing=push-sum'],
      bytesMost: 1,
    },
    {
      what: 'choco with a tenth of the weights',
      network: [fourRegular],
      rule: choco,
      beside: ['gossip.rounds=synchronous'],
      bytesMost: 0.05,
    },
    { what: 'loss-weighted', rule: ['gossip.mixing=loss-weighted'], bytesMost: 1 },
  ];
  for (const { what, network = [], rule, beside = [], bytesMost } of rules) {
    it(`${what} is the same in each run, and detects as well as metropolis`, async () => {
      const [one, two] = [await run('wells', ...network, ...rule), await run('wells', ...network, ...rule)];
      assert.match(one.traceHash ?? '', /^[0-9a-f]{64}$/);
      assert.equal(two.traceHash, one.traceHash);
      assert.deepEqual(gossipOf(two).own, gossipOf(one).own);
      const unfit = Object.keys(one.gossip.rejected).filter((code) => !harmless.has(code));
      assert.deepEqual(unfit, [], JSON.stringify(one.gossip.rejected));
      const metropolis = await run('wells', ...network, ...beside);
      assert.notEqual(metropolis.traceHash, one.traceHash);
      // As near as one rule is to itself on two transports: two seeds of one rule differ by up to 0.01.
      const apart = aurocOf(one, 'own') - aurocOf(metropolis, 'own');
      assert.ok(Math.abs(apart) <= 0.01, `own AUROC is ${apart} from that of metropolis`);
      // A well that learns alone, with a scaler of its own, has 0.66 on the others' data.
      assert.ok(aurocOf(one, 'fleet') > 0.9, `fleet AUROC ${aurocOf(one, 'fleet')}`);
      const payload = (summary: Summary) => gossipOf(summary).bytesSentPerNode.split.payload;
      const share = payload(one) / payload(metropolis);
      assert.ok(share <= bytesMost, `${share} of metropolis's bytes`);
    });
  }

  it('push-sum and choco draw the models together, far closer than they are where nothing comes through', async () => {
    const settings = ['federation.scaler=local', 'seeds=[1]'];
    const apart = async (...changes: string[]) =>
      (await run('wells', ...settings, ...changes)).gossip.consensusDistance.at(-1) as number;
    const pushSum = ['gossip.mixing=push-sum', 'network.topology={kind: ring}'];
    const sums = (await apart(...pushSum, 'network.loss=0.2')) / (await apart(...pushSum, 'network.loss=0.99'));
    assert.ok(sums < 0.75, `push-sum: ${sums}`);
    const chosen = [fourRegular, ...choco];
    const estimates = (await apart(...chosen)) / (await apart(...chosen, 'gossip.consensusStep=0.001'));
    assert.ok(estimates < 0.75, `choco: ${estimates}`);
  });

  it('choco comes to the same models however late, often and out of order its messages arrive', async () => {
    const wild = ['network.latency={distribution: uniform, lowMs: 0, highMs: 300}', 'network.duplication=0.3'];
    const settings = [fourRegular, ...choco, 'federation.scaler=local', 'seeds=[1]'];
    const calm = await run('wells', ...settings);
    const late = await run('wells', ...settings, ...wild, 'network.speedSpread=0.5');
    assert.deepEqual(Object.keys(late.gossip.rejected), ['duplicate']);
    assert.deepEqual(gossipOf(late).own, gossipOf(calm).own);
  });

  for (const [mixing, transport] of [
    ['push-sum', 'memory'],
    ['loss-weighted', 'tcp'],
  ]) {
    it(`${mixing} goes over real sockets (${transport}): no peer refuses what another sends`, async () => {
      const summary = await run(
        'wells',
        `gossip.mixing=${mixing}`,
        `network.transport=${transport}`,
        'data.devices=[WELL-00001, WELL-00004, WELL-00005]',
        'seeds=[1]',
      );
      const { rejected, rounds } = summary.gossip;
      assert.ok(rounds.mixed > 0);
      const unfit = Object.keys(rejected).filter((code) => !harmless.has(code));
      assert.deepEqual(unfit, [], JSON.stringify(rejected));
      assert.ok(aurocOf(summary, 'own') > 0.9, `own AUROC ${aurocOf(summary, 'own')}`);
    });
  }

  /** Devices whose own AUROC is below that of training alone, beyond the interval over seeds of the paired difference. */
  async function worseThanAlone(...changes: string[]): Promise<string[]> {
    await run('machines', ...changes);
    const lines = (await readFile(join(base, String(runs - 1), 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
    const aurocs = new Map<string, number>();
    const devices = new Set<string>();
    for (const line of lines) {
      const event = metricsEventSchema.parse(JSON.parse(line));
      if (event.event !== 'evaluation' || event.set !== 'own') continue;
      devices.add(event.device);
      aurocs.set(`${event.seed} ${event.method} ${event.device}`, event.auroc as number);
    }
    assert.equal(devices.size, 8);
    return [...devices].filter((device) => {
      const differences = [1, 2, 3, 4, 5].map(
        (seed) =>
          (aurocs.get(`${seed} gossip ${device}`) as number) - (aurocs.get(`${seed} local ${device}`) as number),
      );
      const [, high] = interval95(differences) as [number, number];
      return high < 0;
    });
  }

  it('loss-weighted leaves no device worse than alone beyond noise, where metropolis leaves several', async () => {
    assert.deepEqual(await worseThanAlone('gossip.mixing=loss-weighted'), []);
    const worse = await worseThanAlone('gossip.mixing=metropolis');
    assert.ok(worse.length >= 3, `${worse}`);
  });
});
