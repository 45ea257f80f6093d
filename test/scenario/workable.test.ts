import assert from 'node:assert/strict';
import { linksMax } from '../../src/gossip/push-sum.ts';
import { scenarioSchema } from '../../src/scenario/schema.ts';
import { topologyPrng } from '../../src/scenario/simulation-prng.ts';
import { checkTopology } from '../../src/scenario/workable.ts';
import { createTopology } from '../../src/sim/topology.ts';

describe('checkTopology()', () => {
  const scenario = (mixing: string, redrawn: boolean) =>
    scenarioSchema.parse({
      name: 'plant',
      data: { source: 'synthetic' },
      gossip: { mixing },
      network: { transport: 'sim', topology: { kind: 'regular', degree: 4, redrawn } },
    });

  it('refuses push-sum where a node meets more peers than it remembers', () => {
    assert.throws(
      () => checkTopology(scenario('push-sum', true), linksMax + 2),
      /^OperatorError: network\.topology: regular is drawn anew .* each of 66 nodes .* over 64 links; take at most 65/,
    );
  });

  it('takes push-sum where a node remembers all whom it meets, and other rules anywhere', () => {
    checkTopology(scenario('push-sum', true), linksMax + 1);
    checkTopology(scenario('push-sum', false), linksMax + 2);
    checkTopology(scenario('metropolis', true), linksMax + 2);
  });

  it('looks at the very graphs that the seeds of the run will have', () => {
    const topology = { kind: 'erdos-renyi', probability: 0.55, redrawn: false } as const;
    let refused = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const sparse = scenarioSchema.parse({
        name: 'plant',
        data: { source: 'synthetic' },
        gossip: { mixing: 'trimmed-mean', byzantine: 1 },
        network: { transport: 'sim', topology },
        seeds: [seed, seed + 1],
      });
      const graphs = sparse.seeds.map((each) => createTopology(topology, 10, topologyPrng(each)));
      const fewest = Math.min(
        ...graphs.flatMap((graph) => Array.from({ length: 10 }, (_, i) => graph.sources(i, 1).length)),
      );
      if (fewest >= 2) checkTopology(sparse, 10);
      else {
        assert.throws(
          () => checkTopology(sparse, 10),
          /erdos-renyi gives some node 1 neighbours, and gossip\.mixing trimmed-mean needs 2/,
        );
        refused++;
      }
    }
    assert.ok(refused > 0 && refused < 40, `${refused} refused`);
  });
});
