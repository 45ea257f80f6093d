import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fromFloat16, toFloat16 } from '../../../src/gossip/compression/float16.ts';

const float16Max = 65_504;

/** The number that 16 bits are, by the definition: sign, 5 bits of exponent, 10 of fraction. */
function numberOf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

const all = Uint16Array.from({ length: 2 ** 16 }, (_, half) => half);

/** The nearest binary16 by trying all of one sign; of two as near the one with an even last bit. */
function nearest(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.min(Math.abs(value), float16Max);
  let best = 0;
  for (let half = 0; half < 0x7c00; half++) {
    const nearer = Math.abs(numberOf(half) - magnitude) - Math.abs(numberOf(best) - magnitude);
    if (nearer < 0 || (nearer === 0 && half % 2 === 0)) best = half;
  }
  return sign | best;
}

describe('float16', () => {
  it('fromFloat16() reads every bit pattern by the definition, and NaN for the infinities', () => {
    const values = fromFloat16(all);
    for (const half of all) assert.ok(Object.is(values[half], Math.fround(numberOf(half))), `half ${half}`);
  });

  it('toFloat16() gives back the bits of every number that is one', () => {
    const finite = all.filter((half) => (half & 0x7c00) !== 0x7c00);
    const back = toFloat16(fromFloat16(finite));
    // Half by half: the difference of two long arrays takes minutes to print.
    for (const [i, half] of finite.entries()) assert.equal(back[i], half);
  });

  it('toFloat16() rounds to the nearest, ties to even, and saturates', () => {
    const between = fc.tuple(fc.integer({ min: 0, max: 0x7bfe }), fc.constantFrom(0.25, 0.5, 0.75), fc.boolean());
    const value = fc.oneof(
      fc.float({ noNaN: true, noDefaultInfinity: true }),
      fc.float({ noNaN: true, min: -1, max: 1 }),
      fc.float({ noNaN: true, min: Math.fround(-1e-4), max: Math.fround(1e-4) }),
      between.map(([half, share, negative]) => {
        const low = numberOf(half);
        return Math.fround((low + share * (numberOf(half + 1) - low)) * (negative ? -1 : 1));
      }),
    );
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 5 }), (values) => {
        assert.deepEqual([...toFloat16(Float32Array.from(values))], values.map(nearest));
      }),
      { numRuns: 200 },
    );
    const edges = [65_504, 65_519.996, 65_520, 1e30, Number.POSITIVE_INFINITY];
    assert.deepEqual([...fromFloat16(toFloat16(Float32Array.from(edges)))], edges.fill(float16Max));
  });

  it('toFloat16() is off by 2^-11 of a normal number at most, and by 2^-25 below', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -float16Max, max: float16Max }), (value) => {
        const [back] = fromFloat16(toFloat16(Float32Array.of(value)));
        assert.ok(Math.abs((back as number) - value) <= Math.max(Math.abs(value) * 2 ** -11, 2 ** -25));
      }),
    );
  });

  it('toFloat16() reads a view at any offset', () => {
    const values = Float32Array.of(9, 1, -2.5, 0.1);
    assert.deepEqual(toFloat16(values.subarray(1)), toFloat16(values).subarray(1));
  });
});
