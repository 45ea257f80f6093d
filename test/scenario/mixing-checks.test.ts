// What push-sum and CHOCO cannot go with: each refusal with its mend.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperatorError } from '../../src/lib/errors.ts';
import { loadScenario } from '../../src/scenario/load.ts';

describe('mixing that remembers earlier rounds', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-mixing-checks-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function load(rest: string) {
    const file = join(folder, 'plant.yaml');
    await writeFile(file, `name: plant\ndata: { source: petrobras-3w }\n${rest}`);
    return loadScenario(file);
  }

  const pushSum = (keys = '') => `gossip: { mixing: push-sum${keys} }\n`;
  const choco = (keys = ', rounds: synchronous, consensusStep: 0.3') => `gossip: { mixing: choco${keys} }\n`;
  const sim = (keys = '') => `network: { transport: sim${keys} }\n`;
  const faults = (spec: string) => `${choco()}${sim()}faults: { ${spec} }\n`;

  const refused: [what: string, yaml: string, sentence: RegExp][] = [
    [
      'push-sum by pulls',
      pushSum(', exchange: pull'),
      /:3: gossip\.mixing push-sum cannot go with exchange pull: each neighbour gets sums of its own, .*; set gossip\.exchange: mesh$/,
    ],
    [
      'push-sum to random peers',
      pushSum(', exchange: random'),
      /gossip\.mixing push-sum cannot go with exchange random: .*; set gossip\.exchange: mesh$/,
    ],
    [
      'push-sum in fewer bytes',
      pushSum(', encoding: int8'),
      /:3: gossip\.mixing push-sum sends sums that grow, .*; set gossip\.encoding: float32 and gossip\.sparsifier: none$/,
    ],
    [
      'push-sum of a share of the weights',
      pushSum(', sparsifier: top-k'),
      /gossip\.mixing push-sum sends sums that grow, .*; set gossip\.encoding: float32 and gossip\.sparsifier: none$/,
    ],
    [
      'choco without barriers',
      `${choco(', consensusStep: 0.3')}${sim()}`,
      /:3: gossip\.mixing choco needs rounds synchronous: no difference may be left out; set gossip\.rounds: synchronous$/,
    ],
    [
      'choco on real sockets',
      choco(),
      /:3: gossip\.mixing choco cannot go with network\.transport tcp: the mesh of a real network changes, .*; set network\.transport: sim, or mix by another rule$/,
    ],
    [
      'choco on a graph that is drawn anew',
      `${choco()}${sim(', topology: { kind: regular, degree: 4, redrawn: true }')}`,
      /gossip\.mixing choco cannot go with network\.topology regular, whose graph changes from round to round: .*; choose one that stays, or another rule$/,
    ],
    [
      'choco on a graph of one peer a round',
      `${choco()}${sim(', topology: { kind: one-peer-exponential }')}`,
      /gossip\.mixing choco cannot go with network\.topology one-peer-exponential, whose graph changes/,
    ],
    [
      'choco on a graph of a few rounds',
      `${choco()}${sim(', topology: { kind: base, degree: 1 }')}`,
      /gossip\.mixing choco cannot go with network\.topology base, whose graph changes/,
    ],
    [
      'choco where nodes crash',
      faults('timeline: [{ atMs: 5, action: slow, nodes: [0], factor: 2 }, { atMs: 9, action: crash, nodes: [0] }]'),
      /:3: gossip\.mixing choco cannot go with faults\.timeline, which has a crash: who misses a difference, or comes back, has no estimate of its neighbours; remove it, or mix by another rule$/,
    ],
    [
      'choco where nodes join late',
      faults('timeline: [{ atMs: 5, action: join, nodes: [0] }]'),
      /gossip\.mixing choco cannot go with faults\.timeline, which has a join:/,
    ],
    [
      'choco where the network splits',
      faults('timeline: [{ atMs: 5, action: partition, parts: 2 }]'),
      /gossip\.mixing choco cannot go with faults\.timeline, which has a partition:/,
    ],
    [
      'choco with churn',
      faults('churn: { meanUpMs: 9, meanDownMs: 9, untilMs: 99 }'),
      /gossip\.mixing choco cannot go with faults\.churn: who misses a difference/,
    ],
    [
      'choco with a trace of faults',
      faults('trace: faults.csv'),
      /gossip\.mixing choco cannot go with faults\.trace: who misses a difference/,
    ],
    [
      'choco where messages get lost',
      `${choco()}${sim(', loss: 0.2')}`,
      /gossip\.mixing choco cannot go with network\.loss 0\.2: a lost difference would leave neighbours with a wrong estimate for ever; set network\.loss: 0, or mix by another rule$/,
    ],
    [
      'choco without its step',
      `${choco(', rounds: synchronous')}${sim()}`,
      /:3: gossip\.mixing choco needs gossip\.consensusStep, which has no default; say how far towards the estimates of the neighbours a round goes$/,
    ],
    [
      'a step that no rule reads',
      'gossip: { consensusStep: 0.3 }\n',
      /:3: gossip\.consensusStep would be ignored: it is for mixing choco; remove it, or choose mixing choco$/,
    ],
    [
      'a step of nothing',
      `${choco(', rounds: synchronous, consensusStep: 0')}${sim()}`,
      /gossip\.consensusStep is 0; it must be a number above 0/,
    ],
    [
      'a step beyond the estimates',
      `${choco(', rounds: synchronous, consensusStep: 1.5')}${sim()}`,
      /gossip\.consensusStep is 1\.5; it must be a number above 0/,
    ],
  ];
  for (const [what, yaml, sentence] of refused) {
    it(`loadScenario() refuses ${what}`, () =>
      assert.rejects(load(yaml), (error: Error) => {
        assert.match(error.message, sentence);
        return error instanceof OperatorError;
      }));
  }

  it('loadScenario() says all that push-sum cannot go with at once', () =>
    assert.rejects(
      load(pushSum(', exchange: broadcast, encoding: float16')),
      /exchange broadcast(.|\n)*sums that grow/,
    ));

  it('loadScenario() accepts what can be: lost sums, other transports, slow nodes', async () => {
    for (const transport of ['sim', 'tcp', 'memory', 'processes']) {
      await load(`${pushSum()}network: { transport: ${transport} }\n`);
      await load(`gossip: { mixing: loss-weighted, encoding: int8 }\nnetwork: { transport: ${transport} }\n`);
    }
    const crash = 'faults: { timeline: [{ atMs: 5, action: crash, nodes: [0] }] }\n';
    await load(`${pushSum()}${sim(', loss: 0.2, topology: { kind: regular, degree: 4, redrawn: true }')}${crash}`);
    const slow = 'faults: { timeline: [{ atMs: 5, action: slow, nodes: [0], factor: 3 }], clockDriftPpm: 100 }\n';
    for (const topology of ['mesh', 'ring', 'regular, degree: 4']) {
      const { gossip } = await load(`${choco()}${sim(`, topology: { kind: ${topology} }`)}${slow}`);
      assert.equal(gossip.consensusStep, 0.3);
    }
  });
});
