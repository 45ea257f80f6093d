import assert from 'node:assert/strict';
import fc from 'fast-check';
import { apportion } from '../../src/data/apportion.ts';

const free = { min: 0, max: 1000 };

describe('apportion()', () => {
  it('gives the largest remainders the rest', () => {
    assert.deepEqual(apportion(10, [6, 1.4, 2.6], [free, free, free]), [6, 1, 3]);
    assert.deepEqual(apportion(5, [1, 1, 1], [free, free, free]), [2, 2, 1]);
  });

  it('takes from the part with the smallest claim what a lower bound gives', () => {
    assert.deepEqual(apportion(4, [98, 1, 1], [free, { min: 1, max: 9 }, { min: 1, max: 9 }]), [2, 1, 1]);
  });

  it('passes on what an upper bound refuses', () => {
    assert.deepEqual(apportion(6, [5, 1], [{ min: 0, max: 2 }, free]), [2, 4]);
  });

  it('always gives out the total within the bounds, and by the quota rule where bounds are free', () => {
    const part = fc.record({ weight: fc.integer({ min: 0, max: 50 }), min: fc.nat(4), more: fc.nat(30) });
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 8 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (parts, at) => {
          const bounds = parts.map(({ min, more }) => ({ min, max: min + more }));
          const [least, most] = [bounds.reduce((s, b) => s + b.min, 0), bounds.reduce((s, b) => s + b.max, 0)];
          const total = least + Math.floor(at * (most - least));
          const weights = parts.map(({ weight }) => weight);
          const shares = apportion(total, weights, bounds);
          assert.equal(
            shares.reduce((a, b) => a + b, 0),
            total,
          );
          for (const [i, share] of shares.entries()) assert.ok(share >= bounds[i]!.min && share <= bounds[i]!.max);
          const sum = weights.reduce((a, b) => a + b, 0);
          if (sum === 0) return;
          const unbound = apportion(
            total,
            weights,
            parts.map(() => ({ min: 0, max: total })),
          );
          for (const [i, share] of unbound.entries()) assert.ok(Math.abs(share - (total * weights[i]!) / sum) < 1);
        },
      ),
    );
  });
});
