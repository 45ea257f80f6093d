// Means and Student's t intervals over seeds. Owns every interval that a result shows; reads no files.
import assert from 'node:assert/strict';
import type { Statistic } from './results.ts';

/** One device's value of a metric on one seed; null where its test data lack normal or anomalous rows. */
export interface DeviceValue {
  device: string;
  value: number | null;
}

/** A paired difference over seeds. `perSeed` holds the seeds where both methods have a value, in order. */
export interface Gap {
  mean: number;
  ci95: [number, number] | null;
  perSeed: number[];
}

/**
 * Summarises a metric given as one list of device values a seed: mean over devices then over seeds, the worst device of a
 * seed (`worstIs` says which end is bad) averaged over seeds, a 95 % interval of the mean over seeds, and each device's
 * mean over seeds, of those that are `isListed`. Null values are left out; a figure with nothing left is null.
 */
export function summariseMetric(
  perSeed: readonly (readonly DeviceValue[])[],
  worstIs: 'lowest' | 'highest',
  isListed: (device: string) => boolean = () => true,
): Statistic {
  const seedMeans: number[] = [];
  const seedWorsts: number[] = [];
  const byDevice = new Map<string, number[]>();
  for (const devices of perSeed) {
    const values: number[] = [];
    for (const { device, value } of devices) {
      const known = byDevice.get(device) ?? [];
      if (isListed(device)) byDevice.set(device, known);
      if (value === null) continue;
      assert(Number.isFinite(value), `metric of ${device} is ${value}`);
      known.push(value);
      values.push(value);
    }
    if (values.length === 0) continue;
    seedMeans.push(mean(values));
    seedWorsts.push(worstIs === 'lowest' ? Math.min(...values) : Math.max(...values));
  }
  return {
    mean: seedMeans.length === 0 ? null : mean(seedMeans),
    worst: seedWorsts.length === 0 ? null : mean(seedWorsts),
    ci95: interval95(seedMeans),
    perDevice: Object.fromEntries(
      [...byDevice].map(([device, values]) => [device, values.length === 0 ? null : mean(values)]),
    ),
  };
}

/**
 * The baseline's metric minus gossip's, paired by seed (index i is the same seed in both), with the 95 % interval of the
 * mean difference. Seeds where either is null are left out; null where none is left.
 */
export function pairedGap(
  baselinePerSeed: readonly (number | null)[],
  gossipPerSeed: readonly (number | null)[],
): Gap | null {
  assert.equal(baselinePerSeed.length, gossipPerSeed.length);
  const perSeed: number[] = [];
  for (const [index, baseline] of baselinePerSeed.entries()) {
    const gossip = gossipPerSeed[index] ?? null;
    if (baseline !== null && gossip !== null) perSeed.push(baseline - gossip);
  }
  if (perSeed.length === 0) return null;
  return { mean: mean(perSeed), ci95: interval95(perSeed), perSeed };
}

/** Two-sided 95 % interval of the mean of `values` by Student's t; null with fewer than two values. */
export function interval95(values: readonly number[]): [number, number] | null {
  if (values.length < 2) return null;
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  const standardError = Math.sqrt(squares / (values.length - 1) / values.length);
  const half = studentQuantile95(values.length - 1) * standardError;
  return [centre - half, centre + half];
}

/**
 * The t with P(|T| ≤ t) = 0.95 for `degrees` ≥ 1 degrees of freedom, to 1e-9: the exact finite sums of Abramowitz and
 * Stegun 26.7.3 and 26.7.4, inverted by bisection.
 */
export function studentQuantile95(degrees: number): number {
  assert(Number.isInteger(degrees) && degrees >= 1, `degrees of freedom must be a positive integer, not ${degrees}`);
  let low = 1.9;
  let high = 13;
  while (high - low > 1e-10) {
    const middle = (low + high) / 2;
    if (twoSidedProbability(middle, degrees) < 0.95) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function twoSidedProbability(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const cosine = Math.cos(angle);
  const odd = degrees % 2 === 1;
  let term = odd ? cosine : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let k = odd ? 3 : 2; k <= degrees - 2; k += 2) {
    term *= ((k - 1) / k) * cosine * cosine;
    sum += term;
  }
  return odd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}

/** The mean of at least one value. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
