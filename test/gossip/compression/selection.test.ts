import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  coordinatesOf,
  drawProgression,
  isProgression,
  keptOf,
  largest,
} from '../../../src/gossip/compression/selection.ts';
import { Prng } from '../../../src/lib/prng.ts';

/** The k largest magnitudes, of equal ones the lower index, by sorting all. */
function sortedLargest(values: Float32Array, k: number): number[] {
  return [...values.keys()]
    .sort((a, b) => Math.abs(values[b] as number) - Math.abs(values[a] as number) || a - b)
    .slice(0, k)
    .sort((a, b) => a - b);
}

describe('selection', () => {
  it('largest() takes the k largest magnitudes, of equal ones the lower index', () => {
    const value = fc.oneof(
      fc.constantFrom(0, -0, 1, -1, 2, -2, 1.0000001, 1e-45, -1e-45, Number.POSITIVE_INFINITY),
      fc.float({ noNaN: true }),
      fc.float({ noNaN: true, min: -1, max: 1 }),
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 60 }), fc.nat(60), (list, wanted) => {
        const values = Float32Array.from([7, ...list]).subarray(1);
        const k = Math.min(wanted, list.length);
        assert.deepEqual([...largest(values, k)], sortedLargest(values, k));
      }),
      { numRuns: 500 },
    );
  });

  it('largest() tells apart values that differ in any single bit', () => {
    for (let bit = 0; bit < 31; bit++) {
      const values = new Float32Array(Uint32Array.of(0x15555555 & ~(1 << bit), 0x15555555 | (1 << bit)).buffer);
      assert.deepEqual([...largest(values, 1)], [1], `bit ${bit}`);
    }
  });

  it('largest() asserts on more than there are', () => {
    assert.throws(() => largest(new Float32Array(2), 3), assert.AssertionError);
  });

  it('keptOf() rounds, and keeps one at least', () => {
    assert.deepEqual(
      [keptOf(1000, 0.1), keptOf(15, 0.1), keptOf(14, 0.1), keptOf(1, 0.001), keptOf(7, 1)],
      [100, 2, 1, 1, 7],
    );
  });

  it('coordinatesOf() goes through every coordinate once before it repeats one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer(), (n, seed) => {
        const progression = drawProgression(n, new Prng(seed));
        assert.ok(isProgression(progression, n));
        const indices = [...coordinatesOf(progression, n, n)];
        assert.deepEqual(
          indices.toSorted((a, b) => a - b),
          [...Array(n).keys()],
        );
        indices.forEach((index, j) => {
          assert.equal(index, (progression.start + progression.step * j) % n);
        });
      }),
    );
  });

  it('coordinatesOf() is exact where step times number passes 2^53', () => {
    const n = 2 ** 30 - 35;
    const indices = coordinatesOf({ step: n - 1, start: 5 }, n, 9);
    assert.deepEqual([...indices], [5, 4, 3, 2, 1, 0, n - 1, n - 2, n - 3]);
  });

  it('drawProgression() takes each coordinate about as often as another', () => {
    const prng = new Prng('draws');
    const counts = new Array<number>(12).fill(0);
    for (let draw = 0; draw < 6000; draw++) {
      for (const index of coordinatesOf(drawProgression(12, prng), 12, 3))
        counts[index] = (counts[index] as number) + 1;
    }
    // 1500 expected of each, deviation 34.
    assert.ok(Math.min(...counts) > 1360 && Math.max(...counts) < 1640, counts.join(' '));
  });

  it('isProgression() refuses what does not go through all', () => {
    const refused = [
      { step: 0, start: 0 },
      { step: 4, start: 0 },
      { step: 10, start: 0 },
      { step: 11, start: 0 },
      { step: 3, start: 10 },
    ];
    for (const progression of refused) assert.equal(isProgression(progression, 10), false);
    assert.equal(isProgression({ step: 3, start: 9 }, 10), true);
    assert.equal(isProgression({ step: 1, start: 0 }, 1), true);
    assert.equal(isProgression({ step: 2, start: 0 }, 1), false);
  });
});
