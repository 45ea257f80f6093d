// Dividing a whole number by weights. Owns the rounding; knows nothing of what is divided.
import assert from 'node:assert/strict';

/** How few and how many of the whole one part may get. */
export interface Bounds {
  min: number;
  max: number;
}

/**
 * Divides `total` into whole parts in proportion to `weights` by the largest remainder (Hamilton's method), each part
 * within its bounds; ties go to the lower index. Asserts that the bounds leave room for the total.
 */
export function apportion(total: number, weights: readonly number[], bounds: readonly Bounds[]): number[] {
  assert(weights.length === bounds.length, 'one pair of bounds for each weight');
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  assert(sum(bounds.map((b) => b.min)) <= total && total <= sum(bounds.map((b) => b.max)), 'bounds leave no room');
  const weight = sum(weights);
  const quotas = weights.map((w) => (weight > 0 ? (total * w) / weight : total / weights.length));
  const parts = quotas.map((quota, i) => Math.min(Math.max(Math.floor(quota), bounds[i]!.min), bounds[i]!.max));
  for (let left = total - sum(parts); left !== 0; left += left > 0 ? -1 : 1) {
    const step = Math.sign(left);
    let best = -1;
    for (let i = 0; i < parts.length; i++) {
      if (step > 0 ? parts[i]! >= bounds[i]!.max : parts[i]! <= bounds[i]!.min) continue;
      const lack = (j: number): number => step * (quotas[j]! - parts[j]!);
      if (best < 0 || lack(i) > lack(best)) best = i;
    }
    parts[best] = parts[best]! + step;
  }
  return parts;
}
