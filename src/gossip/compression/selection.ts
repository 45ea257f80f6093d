// Which coordinates of a vector an update carries: the largest, or random ones. Pure; knows neither payloads nor rounds.
import assert from 'node:assert/strict';
import type { Prng } from '../../lib/prng.ts';

/** Bits of a magnitude that each pass of largest() looks at, from the highest on: 31 together. */
const passes = [
  { shift: 20, width: 11 },
  { shift: 10, width: 10 },
  { shift: 0, width: 10 },
] as const;

/** How many of `count` coordinates a share of `keep` in (0, 1] is: rounded, at least 1. */
export function keptOf(count: number, keep: number): number {
  return Math.max(1, Math.round(keep * count));
}

/**
 * Indices, ascending, of the k values that are largest in magnitude; of equal ones the lower index. No NaN, k in
 * [0, values.length]. O(n): the bits of a positive float are in the order of its value, so counting them by their upper
 * bits, and within the class of the k-th by the next (radix selection), finds the k-th magnitude.
 */
export function largest(values: Float32Array, k: number): Uint32Array {
  const { length } = values;
  assert.ok(Number.isInteger(k) && k >= 0 && k <= length, `${k} of ${length}`);
  const bits = new Uint32Array(values.buffer, values.byteOffset, length);
  const counts = new Uint32Array(2 ** 11);
  let prefix = 0;
  // Of the values that begin with the prefix, how many are to be taken.
  let left = k;
  for (const { shift, width } of passes) {
    counts.fill(0);
    const mask = 2 ** width - 1;
    for (let i = 0; i < length; i++) {
      const magnitude = (bits[i] as number) & 0x7fffffff;
      if (magnitude >>> (shift + width) !== prefix) continue;
      const digit = (magnitude >>> shift) & mask;
      counts[digit] = (counts[digit] as number) + 1;
    }
    let digit = mask;
    while ((counts[digit] as number) < left) left -= counts[digit--] as number;
    prefix = (prefix << width) | digit;
  }
  const indices = new Uint32Array(k);
  for (let i = 0, at = 0; i < length && at < k; i++) {
    const magnitude = (bits[i] as number) & 0x7fffffff;
    // The prefix is a whole magnitude now: that of the k-th.
    if (magnitude > prefix || (magnitude === prefix && left-- > 0)) indices[at++] = i;
  }
  return indices;
}

/** Coordinates (start + step · j) mod n: as many different ones as wanted, up to n, where step and n have no common divisor. */
export interface Progression {
  /** In [1, max(1, n − 1)]. */
  step: number;
  /** In [0, n). */
  start: number;
}

/** A random progression through n ≥ 1 coordinates: each coordinate is as likely as another to be among the first k. */
export function drawProgression(n: number, prng: Prng): Progression {
  let step: number;
  do step = 1 + prng.nextInt(Math.max(1, n - 1));
  while (commonDivisor(step, n) !== 1);
  return { step, start: prng.nextInt(n) };
}

/** True where the progression goes through all n coordinates. */
export function isProgression({ step, start }: Progression, n: number): boolean {
  return step >= 1 && step <= Math.max(1, n - 1) && start < n && commonDivisor(step, n) === 1;
}

/** Its first k coordinates, in its order. */
export function coordinatesOf({ step, start }: Progression, n: number, k: number): Uint32Array {
  const indices = new Uint32Array(k);
  for (let j = 0, index = start; j < k; j++) {
    indices[j] = index;
    index += step;
    if (index >= n) index -= n;
  }
  return indices;
}

function commonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
