// Whether numbers are numbers.

/** True where no value is NaN or infinite. */
export function allFinite(values: Float32Array): boolean {
  // NaN and the infinities, and only they, do not give 0 when multiplied by 0; adding spares a branch a value. Four sums,
  // since in one each addition would wait for the one before.
  let [a, b, c, d] = [0, 0, 0, 0];
  const { length } = values;
  const even = length - (length % 4);
  for (let i = 0; i < even; i += 4) {
    a += (values[i] as number) * 0;
    b += (values[i + 1] as number) * 0;
    c += (values[i + 2] as number) * 0;
    d += (values[i + 3] as number) * 0;
  }
  for (let i = even; i < length; i++) a += (values[i] as number) * 0;
  return a + b + c + d === 0;
}
