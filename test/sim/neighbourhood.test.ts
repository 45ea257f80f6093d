// Topologies whose neighbours change, through real cores.
import assert from 'node:assert/strict';
import { Prng } from '../../src/lib/prng.ts';
import { Links } from '../../src/sim/links.ts';
import { edgeWeight, linksOf } from '../../src/sim/neighbourhood.ts';
import { createTopology, type TopologySpec } from '../../src/sim/topology.ts';
import { faultPlan, roundsOf, runFleet, type ToyOptions, toyNode, upTo } from '../support/toy-fleet.ts';

/** Training changes nothing, so that all that is left is averaging. Node i starts from i², with a sign for each weight. */
function averaging(spec: TopologySpec, count: number, roundsMax: number, options: ToyOptions = {}) {
  const topology = createTopology(spec, count, new Prng(1));
  const nodes = Array.from({ length: count }, (_, i) => {
    const learner = {
      train: async (_round: number, weights: Float32Array) => ({ weights: new Float32Array(weights), loss: 0 }),
      rescale: () => undefined,
      isDivergence: () => false,
    };
    const node = toyNode(
      i,
      {
        mixing: topology.ownsWeights ? 'graph' : 'metropolis',
        rounds: 'synchronous',
        roundsMax,
        edgeWeight: (peer, round) => edgeWeight(topology, Number(peer.slice(1)), i, round),
      },
      learner,
    );
    return { ...node, weights: Float32Array.of(i * i, -i, i % 3) };
  });
  return runFleet(nodes, { ...linksOf(topology), ...options });
}

function errorsByRound(run: Awaited<ReturnType<typeof averaging>>, count: number, roundsMax: number): number[] {
  const mean = Array.from({ length: count }, (_, i) => i * i).reduce((sum, value) => sum + value, 0) / count;
  return Array.from(
    { length: roundsMax },
    (_, i) =>
      Math.max(
        ...run.rounds
          .filter(({ round }) => round === i + 1)
          .map(({ weights }) => Math.abs((weights[0] as number) - mean)),
      ) / mean,
  );
}

describe('simulate() on a topology that changes', () => {
  const exact: [TopologySpec, number][] = [
    ...[5, 6, 10, 25].flatMap((count): [TopologySpec, number][] =>
      [1, 2, 4].map((degree) => [{ kind: 'base', degree }, count]),
    ),
    [{ kind: 'one-peer-exponential' }, 8],
    [{ kind: 'one-peer-exponential' }, 16],
  ];
  for (const [spec, count] of exact) {
    const name = spec.kind === 'base' ? `Base-${spec.degree + 1}` : spec.kind;
    it(`averages ${count} nodes exactly in one period of ${name}, and not before`, async () => {
      const { periodRounds } = createTopology(spec, count, new Prng(1));
      const run = await averaging(spec, count, periodRounds);
      assert.equal(run.rounds.length, count * periodRounds);
      const errors = errorsByRound(run, count, periodRounds);
      assert.ok((errors.at(-1) as number) < 1e-5, `${errors}`);
      if (periodRounds > 1) assert.ok((errors.at(-2) as number) > 1e-3, `${errors}`);
    });
  }

  it('sends to the neighbours of the round, and waits for its sources', async () => {
    const run = await averaging({ kind: 'one-peer-exponential' }, 8, 6);
    for (const { node, round, mixed } of run.rounds) {
      const source = (node - 2 ** ((round - 1) % 3) + 8) % 8;
      assert.deepEqual(mixed, [{ peer: `n${source}`, round, stalenessRounds: 0 }]);
    }
    for (const { updatesSent } of run.traffic) assert.equal(updatesSent, 6);
  });

  it('is exact however unevenly messages travel', async () => {
    const spec: TopologySpec = { kind: 'base', degree: 1 };
    const { periodRounds } = createTopology(spec, 10, new Prng(1));
    const uneven = await averaging(spec, 10, periodRounds, {
      network: { latency: { distribution: 'uniform', lowMs: 1, highMs: 9 } },
    });
    assert.ok((errorsByRound(uneven, 10, periodRounds).at(-1) as number) < 1e-5);
  });

  it('draws a new graph each round where it is redrawn', async () => {
    const spec: TopologySpec = { kind: 'regular', degree: 2, redrawn: true };
    const topology = createTopology(spec, 8, new Prng(1));
    const run = await averaging(spec, 8, 12);
    for (const { node, round, mixed } of run.rounds) {
      assert.deepEqual(
        mixed.map(({ peer }) => peer),
        topology.neighbours(node, round).map((peer) => `n${peer}`),
      );
    }
    assert.ok((errorsByRound(run, 8, 12).at(-1) as number) < 0.01);
  });
});

describe('Links of a topology that changes', () => {
  it('lets a node that restarts meet its neighbours of a whole period again, and sends to them', () => {
    const topology = createTopology({ kind: 'regular', degree: 2, redrawn: true }, 8, new Prng(1));
    const settings = linksOf(topology);
    const links = new Links(settings, new Prng(1), () => undefined);
    const all = [...settings.neighbours.keys()];
    links.cameUp(all);
    for (const node of all) links.meetAll(node);
    assert.deepEqual(links.recipientsOf(3), settings.neighbours[3]);
    links.beginRound(3, 5);
    assert.deepEqual(links.peersOf(3), topology.sources(3, 5));
    assert.deepEqual(links.recipientsOf(3), topology.neighbours(3, 5));
    links.wentDown([3]);
    links.cameUp([3]);
    links.meetAll(3);
    assert.deepEqual([links.peersOf(3), links.recipientsOf(3)], [settings.neighbours[3], settings.neighbours[3]]);
  });

  it('lets every node do its rounds under churn', async () => {
    const faults = faultPlan({ churn: { meanUpMs: 60, meanDownMs: 20, untilMs: 200 } }, 8);
    const run = await averaging({ kind: 'regular', degree: 3, redrawn: true }, 8, 12, { faults });
    for (let node = 0; node < 8; node++) assert.deepEqual(roundsOf(run, node), upTo(12));
  });
});

describe('linksOf()', () => {
  it('lets a node of a changing topology meet its neighbours of a whole period', () => {
    const base = createTopology({ kind: 'base', degree: 1 }, 5, new Prng(1));
    const { neighbours, topology } = linksOf(base);
    assert.equal(topology, base);
    assert.ok(neighbours.every((peers) => peers.length > 0));
    const exponential = linksOf(createTopology({ kind: 'one-peer-exponential' }, 8, new Prng(1)));
    assert.deepEqual(exponential.neighbours[0], [1, 2, 4, 6, 7]);
  });

  it('leaves a topology that stays as it is', () => {
    const ring = createTopology({ kind: 'ring' }, 4, new Prng(1));
    assert.deepEqual(linksOf(ring), {
      neighbours: [
        [1, 3],
        [0, 2],
        [1, 3],
        [0, 2],
      ],
    });
  });
});
