import assert from 'node:assert/strict';
import fc from 'fast-check';
import { mixingRules, plainVectors } from '../../src/gossip/mixing.ts';
import { mine, ownArbitrary, receivedArbitrary, size, update } from './mixing-fixtures.ts';

const { graph } = mixingRules;

describe('graph mixing', () => {
  it('agrees with a sum over the edges of my round', () => {
    const small = fc.float32Array({ minLength: size, maxLength: size, min: -100, max: 100, noNaN: true });
    fc.assert(
      fc.property(
        ownArbitrary(small),
        receivedArbitrary({ maxLength: 8 }, small),
        fc.array(fc.double({ min: 0, max: 0.125, noNaN: true }), { minLength: 8, maxLength: 8 }),
        (own, received, shares) => {
          const weightOf = new Map(received.map(({ peer }, i) => [peer, shares[i] as number]));
          const edgeWeight = (peer: string, round: number) => (round === own.round ? (weightOf.get(peer) ?? 0) : 2);
          const mixed = graph(own, received, plainVectors, { edgeWeight });
          own.weights.forEach((value, k) => {
            const moved = received.reduce(
              (sum, { peer, weights }) => sum + (weightOf.get(peer) as number) * ((weights[k] as number) - value),
              value,
            );
            assert.ok(Math.abs((mixed[k] as number) - moved) < 1e-3);
          });
        },
      ),
    );
  });

  it('leaves the weight of what did not arrive to my own model', () => {
    const edgeWeight = (peer: string) => ({ a: 0.25, b: 0.5 })[peer] ?? 0;
    const mixed = (...peers: string[]) =>
      graph(
        mine(0),
        peers.map((peer) => update(peer, 8)),
        plainVectors,
        { edgeWeight },
      )[0];
    assert.deepEqual([mixed('a', 'b'), mixed('b'), mixed('a', 'b', 'stranger')], [6, 4, 6]);
  });

  it('asserts that weights are prescribed', () => {
    assert.throws(() => graph(mine(0), [update('a', 1)], plainVectors, {}), /no edgeWeight/);
  });
});
