import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperatorError } from '../../src/lib/errors.ts';
import { loadScenario } from '../../src/scenario/load.ts';

describe('faults and changing topologies of a scenario', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-faults-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function load(rest: string) {
    const file = join(folder, 'plant.yaml');
    await writeFile(file, `name: plant\ndata: { source: petrobras-3w }\n${rest}`);
    return loadScenario(file);
  }

  const base = 'network: { transport: sim, topology: { kind: base, degree: 1 } }\n';
  const graph = 'gossip: { mixing: graph, rounds: synchronous }\n';
  const timeline = (fault: string) => `network: { transport: sim }\nfaults:\n  timeline:\n    - ${fault}\n`;
  const refused: [what: string, yaml: string, sentence: RegExp][] = [
    [
      'faults on real sockets',
      'faults: { detectionMs: 500 }',
      /:3: faults would be ignored: it is for transport sim; remove it, or choose transport sim$/,
    ],
    [
      'a crash of nobody',
      timeline('{ atMs: 5, action: crash }'),
      /:6: faults\.timeline\[0\] is a crash with neither nodes nor share; give one of them$/,
    ],
    [
      'nodes beside a share',
      timeline('{ atMs: 5, action: slow, nodes: [0], share: 0.5, factor: 2 }'),
      /faults\.timeline\[0\] is a slow with both nodes and share; give one of them$/,
    ],
    [
      'groups that overlap',
      timeline('{ atMs: 5, action: partition, groups: [[0, 1], [1, 2]] }'),
      /is a partition that names node 1 twice in its groups; name it once$/,
    ],
    [
      'a node that is named twice',
      timeline('{ atMs: 5, action: restart, nodes: [3, 3] }'),
      /is a restart that names node 3 twice; name it once$/,
    ],
    [
      'an action that there is not',
      timeline('{ atMs: 5, action: explode }'),
      /faults\.timeline\[0\]\.action is 'explode'; .*crash, restart, partition, heal, slow, join$/,
    ],
    [
      'a key of another action',
      timeline('{ atMs: 5, action: crash, nodes: [0], factor: 2 }'),
      /faults\.timeline\[0\]\.factor is not a known key/,
    ],
    [
      'a time below zero',
      timeline('{ atMs: -1, action: heal }'),
      /atMs is -1; it must be a number from 0 to 86400000$/,
    ],
    [
      'a graph with weights of its own under another rule',
      base,
      /gossip\.mixing metropolis cannot go with network\.topology base, .*set gossip\.mixing: graph$/,
    ],
    [
      'weights of a graph that prescribes none',
      `network: { transport: sim, topology: { kind: ring } }\n${graph}`,
      /:4: gossip\.mixing graph takes the weights that a topology prescribes, and network\.topology ring prescribes none/,
    ],
    [
      'weights of a graph on real sockets',
      graph,
      /gossip\.mixing graph takes .* network\.transport tcp prescribes none; choose transport sim/,
    ],
    [
      'weights of a round for models of any round',
      `${base}gossip: { mixing: graph }\n`,
      /gossip\.rounds barrier-free cannot go with gossip\.mixing graph: .* set gossip\.rounds: synchronous$/,
    ],
    [
      'a crash where all nodes of a round are needed',
      `${base}${graph}faults: { timeline: [{ atMs: 5, action: crash, nodes: [0] }] }\n`,
      /:5: faults with crash cannot go with network\.topology base, .* or choose another topology$/,
    ],
    [
      'churn where all nodes of a round are needed',
      `${base}${graph}faults: { churn: { meanUpMs: 9, meanDownMs: 9, untilMs: 99 } }\n`,
      /faults with churn cannot go with network\.topology base/,
    ],
  ];
  for (const [what, yaml, sentence] of refused) {
    it(`loadScenario() refuses ${what}`, () =>
      assert.rejects(load(yaml), (error) => error instanceof OperatorError && sentence.test(error.message)));
  }

  it('loadScenario() accepts what can be, and takes it back unchanged', async () => {
    const slow = 'faults: { timeline: [{ atMs: 5, action: slow, nodes: [0], factor: 3 }], clockDriftPpm: 100 }\n';
    const { faults } = await load(`${base}${graph}${slow}`);
    assert.deepEqual(faults, {
      timeline: [{ atMs: 5, action: 'slow', nodes: [0], factor: 3 }],
      clockDriftPpm: 100,
      detectionMs: 1000,
    });
    assert.deepEqual((await load(`${base}${graph}faults: ${JSON.stringify(faults)}`)).faults, faults);
    await load('network: { transport: sim, topology: { kind: regular, degree: 4, redrawn: true } }');
    await load(`network: { transport: sim, topology: { kind: one-peer-exponential } }\n${graph}`);
  });
});
