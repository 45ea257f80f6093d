import assert from 'node:assert/strict';
import fc from 'fast-check';
import { mixingRules, plainVectors } from '../../src/gossip/mixing.ts';
import { mine, ownArbitrary, receivedArbitrary, size, update } from './mixing-fixtures.ts';

const rule = mixingRules['loss-weighted'];
const small = fc.float32Array({ minLength: size, maxLength: size, min: -10, max: 10, noNaN: true });

/** Squared distance from `target` and a loss that no model gets below. */
function lossFrom(target: number) {
  return (weights: Float32Array) => weights.reduce((sum, value) => sum + (value - target) ** 2, 0.1);
}

describe('loss-weighted mixing', () => {
  it('agrees with a naive oracle', () => {
    fc.assert(
      fc.property(ownArbitrary(small), receivedArbitrary(undefined, small), (own, received) => {
        const lossOf = lossFrom(1);
        const merits = received.map(({ weights }) =>
          Math.min(1, Math.E ** (1 - lossOf(weights) / lossOf(own.weights))),
        );
        const total = 1 + merits.reduce((sum, merit) => sum + merit, 0);
        const mean = own.weights.map(
          (value, k) =>
            (value +
              received.reduce((sum, { weights }, j) => sum + (merits[j] as number) * (weights[k] as number), 0)) /
            total,
        );
        const [better, worse] = [lossOf(mean), lossOf(own.weights)].sort((a, b) => a - b) as [number, number];
        // Rounding may decide between two that are equally good.
        fc.pre(received.length > 0 && worse - better > 1e-5 * worse);
        const expected = lossOf(mean) < lossOf(own.weights) ? mean : own.weights;
        const mixed = rule(own, received, plainVectors, { lossOf });
        for (const [k, value] of expected.entries()) assert.ok(Math.abs(value - (mixed[k] as number)) < 1e-5);
      }),
    );
  });

  it('never gives a model that does worse on my data than mine, whatever arrives', () => {
    fc.assert(
      fc.property(ownArbitrary(), receivedArbitrary(), fc.integer({ min: -5, max: 5 }), (own, received, target) => {
        const lossOf = lossFrom(target);
        const before = lossOf(own.weights);
        fc.pre(Number.isFinite(before));
        assert.ok(lossOf(rule(own, received, plainVectors, { lossOf })) <= before);
      }),
    );
  });

  it('takes a model as good as mine for as much, and one that does not fit hardly at all', () => {
    const lossOf = lossFrom(0);
    const [mixed] = rule(mine(1), [update('a', -1)], plainVectors, { lossOf });
    assert.equal(mixed, 0);
    const [barely] = rule(mine(1), [update('a', -1), update('b', 30)], plainVectors, { lossOf });
    assert.ok(Math.abs(barely as number) < 1e-6);
  });

  it('leaves out a model whose loss is not finite', () => {
    const lossOf = ([value]: Float32Array) => ((value as number) > 5 ? Number.NaN : 1 + (value as number) ** 2);
    const received = [update('a', 0), update('b', 9)];
    assert.deepEqual(
      rule(mine(1), received, plainVectors, { lossOf }),
      rule(mine(1), received.slice(0, 1), plainVectors, { lossOf }),
    );
  });

  it('asserts that it can measure a loss', () => {
    assert.throws(() => rule(mine(0), []), assert.AssertionError);
  });
});
