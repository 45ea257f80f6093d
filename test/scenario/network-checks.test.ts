import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperatorError } from '../../src/lib/errors.ts';
import { loadScenario } from '../../src/scenario/load.ts';

describe('network settings of a scenario', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-network-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function load(rest: string) {
    const file = join(folder, 'plant.yaml');
    await writeFile(file, `name: plant\ndata: { source: petrobras-3w }\n${rest}`);
    return loadScenario(file);
  }

  const refused: [what: string, yaml: string, sentence: RegExp][] = [
    [
      'what only a simulation reads, on real sockets',
      'network: { loss: 0.1 }',
      /:3: network\.loss would be ignored: it is for transport sim; remove it, or choose transport sim$/,
    ],
    [
      'a topology on real sockets',
      'network: { topology: { kind: ring } }',
      /network\.topology would be ignored: it is for transport sim/,
    ],
    [
      'a topology where everyone is everyone’s peer',
      'network: { transport: sim, topology: { kind: ring } }\ngossip: { exchange: random }',
      /:3: network\.topology ring cannot go with gossip\.exchange random, in which everyone is .*; remove it, or set gossip\.exchange: mesh$/,
    ],
    [
      'a topology beside a broadcast, also that of everyone',
      'network: { transport: sim, topology: { kind: complete } }\ngossip: { exchange: broadcast }',
      /network\.topology complete cannot go with gossip\.exchange broadcast/,
    ],
    [
      'a mesh degree where everyone is everyone’s peer',
      'network: { transport: sim }\ngossip: { exchange: broadcast, degree: 4 }',
      /:4: gossip\.degree would be ignored: it is for exchange mesh or pull/,
    ],
    [
      'more nodes than can all know each other',
      'federation: { nodes: 1001 }\nnetwork: { transport: sim }\ngossip: { exchange: random }',
      /:5: gossip\.exchange random with 1001 nodes cannot be simulated: .* which above 1000 nodes takes too much memory; take fewer nodes, or set gossip\.exchange: mesh$/,
    ],
    [
      'latencies in the wrong order',
      'network: { transport: sim, latency: { distribution: uniform, lowMs: 5, highMs: 1 } }',
      /network\.latency goes from 5 to 1; give the lower value as lowMs$/,
    ],
    [
      'a mesh degree beside a topology of its own',
      'network: { transport: sim, topology: { kind: ring } }\ngossip: { degree: 4 }',
      /gossip\.degree would be ignored: it is for network\.topology mesh/,
    ],
    ['a loss of everything', 'network: { transport: sim, loss: 1 }', /network\.loss is 1; it must be/],
  ];
  for (const [what, yaml, sentence] of refused) {
    it(`loadScenario() refuses ${what}`, () =>
      assert.rejects(load(yaml), (error) => error instanceof OperatorError && sentence.test(error.message)));
  }

  it('loadScenario() takes every exchange in a simulation, and as many nodes as can know each other', async () => {
    for (const exchange of ['mesh', 'pull', 'random', 'broadcast']) {
      await load(`federation: { nodes: 1000 }\nnetwork: { transport: sim }\ngossip: { exchange: ${exchange} }`);
      await load(`federation: { nodes: 1001 }\ngossip: { exchange: ${exchange} }`);
    }
  });

  it('loadScenario() fills in a simulated network, and takes that back unchanged', async () => {
    const { network } = await load('network: { transport: sim }');
    assert.deepEqual(network, {
      transport: 'sim',
      latency: { distribution: 'log-normal', medianMs: 5, sigma: 0.5 },
      topology: { kind: 'mesh' },
      bandwidthMbps: 100,
      loss: 0,
      duplication: 0,
      stepMs: 1,
      speedSpread: 0,
    });
    assert.deepEqual((await load(`network: ${JSON.stringify(network)}`)).network, network);
  });
});
