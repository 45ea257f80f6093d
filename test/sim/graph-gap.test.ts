import assert from 'node:assert/strict';
import { Prng } from '../../src/lib/prng.ts';
import { graphGap } from '../../src/sim/graph-gap.ts';
import { meshNeighbours } from '../../src/sim/mesh.ts';
import { spectralGap } from '../../src/sim/spectrum.ts';
import { createTopology } from '../../src/sim/topology.ts';

function ring(nodes: number): number[][] {
  return Array.from({ length: nodes }, (_, i) => [(i + nodes - 1) % nodes, (i + 1) % nodes].sort((a, b) => a - b));
}

describe('graphGap()', () => {
  it('graphGap() is that of the ring by its formula, and of a single node 1', () => {
    // Metropolis weights of a ring are all 1/3: the second eigenvalue is (1 + 2 cos(2π/n)) / 3.
    assert.ok(Math.abs((graphGap(ring(20)) ?? 0) - (1 - (1 + 2 * Math.cos(Math.PI / 10)) / 3)) < 1e-7);
    assert.equal(graphGap([[]]), 1);
  });

  it('graphGap() is that of the topology whose neighbours it is given', () => {
    for (const spec of [{ kind: 'star' }, { kind: 'hierarchical', branching: 3 }] as const) {
      const topology = createTopology(spec, 30, new Prng(1));
      const neighbours = Array.from({ length: 30 }, (_, node) => topology.neighbours(node, 1));
      assert.ok(Math.abs((graphGap(neighbours) ?? 0) - spectralGap(topology)) < 1e-7, spec.kind);
    }
  });

  it('graphGap() of a mesh of a thousand nodes is well above 0', () => {
    const gap = graphGap(meshNeighbours(1000, 6, new Prng(1))) ?? 0;
    assert.ok(gap > 0.15 && gap < 0.35, `${gap}`);
  });

  it('graphGap() gives up where the steps that it may take are not enough', () => {
    assert.equal(graphGap(ring(400), 400 * 100 ** 2), undefined);
    assert.ok((graphGap(ring(400), 400 * 400 ** 2) ?? 0) > 0);
  });
});
