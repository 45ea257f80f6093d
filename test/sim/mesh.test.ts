import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Prng } from '../../src/lib/prng.ts';
import { graftPeers, meshBounds, meshNeighbours, prunedPeers } from '../../src/sim/mesh.ts';

describe('meshNeighbours()', () => {
  it('is symmetric, connected, without self-loops, and no node has more than it should', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 1, max: 12 }), fc.nat(), (nodes, degree, seed) => {
        const links = meshNeighbours(nodes, degree, new Prng(seed));
        assert.equal(links.length, nodes);
        links.forEach((peers, node) => {
          assert.deepEqual(
            peers,
            [...new Set(peers)].sort((a, b) => a - b),
          );
          assert.ok(!peers.includes(node));
          assert.ok(peers.length <= Math.max(2, degree), `${peers.length} neighbours`);
          for (const peer of peers) assert.ok(links[peer]?.includes(node), `${peer} does not know ${node}`);
        });
        const reached = new Set([0]);
        for (const node of reached) for (const peer of links[node] as number[]) reached.add(peer);
        assert.equal(reached.size, nodes);
      }),
    );
  });

  it('gives nearly every node of a large fleet its degree', () => {
    const links = meshNeighbours(1000, 6, new Prng(1));
    assert.ok(links.filter(({ length }) => length === 6).length > 990);
  });

  it('is another graph with another seed, and the same with the same', () => {
    const graph = (seed: number) => meshNeighbours(50, 6, new Prng(seed));
    assert.deepEqual(graph(1), graph(1));
    assert.notDeepEqual(graph(1), graph(2));
  });
});

describe('meshBounds()', () => {
  it('is that of gossipsub for D = 6, and never below one neighbour', () => {
    assert.deepEqual(meshBounds(6), { low: 4, degree: 6, high: 12 });
    assert.deepEqual(meshBounds(1), { low: 1, degree: 1, high: 2 });
  });
});

describe('graftPeers() and prunedPeers()', () => {
  const bounds = meshBounds(6);
  const others = Array.from({ length: 20 }, (_, i) => i);

  it('bring a node back to D, with peers chosen at random', () => {
    assert.equal(graftPeers(others, 2, bounds, new Prng(1)).length, 4);
    assert.deepEqual(graftPeers([7], 2, bounds, new Prng(1)), [7]);
    assert.deepEqual(graftPeers(others, 8, bounds, new Prng(1)), []);
    assert.equal(prunedPeers(others, bounds, new Prng(1)).length, 14);
    assert.notDeepEqual(graftPeers(others, 0, bounds, new Prng(1)), graftPeers(others, 0, bounds, new Prng(2)));
  });

  it('prune nothing up to D_high', () => {
    assert.deepEqual(prunedPeers(others.slice(0, 12), bounds, new Prng(1)), []);
    assert.equal(prunedPeers(others.slice(0, 13), bounds, new Prng(1)).length, 7);
  });
});
