// IEEE 754 binary16 ("half"): conversion from and to binary32, also where the runtime has no Float16Array. Knows no payload.

/** 65,504, the largest binary16. */
const largestHalf = 0x7bff;
/** Bits of 65,504 and of 2⁻¹⁴, the least normal binary16, as binary32. */
const saturatedFrom = 0x477fe000;
const normalFrom = 0x38800000;
const infinityBits = 0x7c00;

/**
 * `values`, none of them NaN, as binary16: rounded to nearest, ties to even; what is beyond ±65,504 becomes ±65,504. The
 * relative error is at most 2⁻¹¹ from 2⁻¹⁴ on, the absolute error below that at most 2⁻²⁵.
 */
export function toFloat16(values: Float32Array): Uint16Array {
  const { length } = values;
  const halves = new Uint16Array(length);
  const bits = new Uint32Array(values.buffer, values.byteOffset, length);
  const sum = new Float32Array(1);
  const sumBits = new Uint32Array(sum.buffer);
  for (let i = 0; i < length; i++) {
    const bit = bits[i] as number;
    const magnitude = bit & 0x7fffffff;
    let half: number;
    if (magnitude >= saturatedFrom) half = largestHalf;
    // The exponent changes its bias from 127 to 15. What is added rounds half a unit up where the last bit kept is odd.
    else if (magnitude >= normalFrom) half = (magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;
    else {
      // Beside 0.5 a binary32 has the resolution of the subnormals, so adding rounds as it should.
      sum[0] = 0.5 + Math.abs(values[i] as number);
      half = (sumBits[0] as number) - 0x3f000000;
    }
    halves[i] = ((bit >>> 16) & 0x8000) | half;
  }
  return halves;
}

/** Each binary16 exactly as binary32; NaN for NaN and the infinities alike. */
export function fromFloat16(halves: Uint16Array): Float32Array {
  const { length } = halves;
  const values = new Float32Array(length);
  const bits = new Uint32Array(values.buffer);
  let exponents = 0;
  for (let i = 0; i < length; i++) {
    const half = halves[i] as number;
    // Read as binary32 the exponent is 112 too low, of subnormals too. A loop of its own mends that twice as fast.
    bits[i] = ((half & 0x8000) << 16) | ((half & 0x7fff) << 13);
    // Carries into the sign's bit where all bits of the exponent are set.
    exponents |= (half & infinityBits) + 0x400;
  }
  for (let i = 0; i < length; i++) values[i] = (values[i] as number) * 2 ** 112;
  if ((exponents & 0x8000) === 0) return values;
  return values.map((value, i) => (((halves[i] as number) & infinityBits) === infinityBits ? Number.NaN : value));
}
