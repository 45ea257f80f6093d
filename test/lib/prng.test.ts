import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Prng } from '../../src/lib/prng.ts';

const draw = (prng: Prng, count: number) => Array.from({ length: count }, () => prng.nextFloat());

describe('Prng', () => {
  it('gives the same numbers on every machine', () => {
    const prng = new Prng('rumormill');
    assert.deepEqual(
      Array.from({ length: 4 }, () => prng.nextUint32()),
      [3138267696, 3246492424, 2105219882, 4224589537],
    );
  });

  it('gives the same sequence for the same seed and another for another', () => {
    assert.deepEqual(draw(new Prng(7), 5), draw(new Prng('7'), 5));
    assert.notDeepEqual(draw(new Prng(7), 5), draw(new Prng(8), 5));
  });

  it('fork() does not depend on what was drawn, and differs by label', () => {
    const drawn = new Prng(1);
    draw(drawn, 10);
    assert.deepEqual(draw(drawn.fork('a'), 5), draw(new Prng(1).fork('a'), 5));
    assert.notDeepEqual(draw(new Prng(1).fork('a'), 5), draw(new Prng(1).fork('b'), 5));
  });

  it('nextInt() is uniform over its range', () => {
    const prng = new Prng('uniform');
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) {
      const value = prng.nextInt(10);
      counts[value] = (counts[value] as number) + 1;
    }
    // Chi-squared with 9 degrees of freedom: 27.9 is passed by chance once in a thousand seeds.
    const chiSquared = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    assert.ok(chiSquared < 27.9, `${chiSquared}`);
  });

  it('nextInt() refuses a bound that is not in [1, 2^32]', () => {
    for (const bound of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN])
      assert.throws(() => new Prng(1).nextInt(bound), RangeError);
  });

  it('nextGaussian() has mean 0 and variance 1', () => {
    const prng = new Prng('gauss');
    const values = Array.from({ length: 100_000 }, () => prng.nextGaussian());
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    assert.ok(Math.abs(mean) < 0.015, `mean ${mean}`);
    assert.ok(Math.abs(variance - 1) < 0.02, `variance ${variance}`);
  });

  it('shuffled() is a permutation and leaves its argument alone', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
        const before = [...items];
        const shuffled = new Prng(seed).shuffled(items);
        assert.deepEqual(items, before);
        assert.deepEqual(shuffled.toSorted(), before.toSorted());
      }),
    );
  });
});
