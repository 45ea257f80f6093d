// Where a score becomes an alert, from the errors of held-out normal rows alone. Never sees a label.
import assert from 'node:assert/strict';

/** How the threshold is found; thresholdSchema of settings.ts reads it. */
export type ThresholdRule =
  | { method: 'quantile'; quantile: number }
  | { method: 'sigma'; sigmas: number }
  | { method: 'pot'; initialQuantile: number; risk: number };

/** Fewest peaks that a tail is fitted to; with fewer its shape is noise. Chosen by us. */
const peaksMin = 10;

/** The threshold for errors of normal rows, at least one of them, none NaN. */
export function thresholdOf(errors: ArrayLike<number>, rule: ThresholdRule): number {
  assert(errors.length > 0, 'a threshold needs errors of held-out normal rows');
  const sorted = Float64Array.from(errors).sort();
  switch (rule.method) {
    case 'quantile':
      return quantile(sorted, rule.quantile);
    case 'sigma':
      return meanPlusSigmas(sorted, rule.sigmas);
    case 'pot':
      return peaksOverThreshold(sorted, rule.initialQuantile, rule.risk);
  }
}

/** The quantile of ascending values, linear between neighbours (Hyndman and Fan's type 7, as in NumPy and R). */
export function quantile(sorted: Float64Array, share: number): number {
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  // Without this an infinite neighbour of weight 0 would give NaN.
  return position === below ? low : low + (high - low) * (position - below);
}

function meanPlusSigmas(values: Float64Array, sigmas: number): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return mean + sigmas * Math.sqrt(variance);
}

/**
 * Peaks over threshold (Siffer et al., KDD 2017, section 3, algorithm 1): a generalised Pareto tail is fitted to the
 * excesses over the initial quantile, and the result is the value that a normal row passes with probability `risk`.
 * Where there are fewer than ten excesses, or the initial quantile already lies above 1 − risk, it is the plain
 * quantile 1 − risk.
 */
function peaksOverThreshold(sorted: Float64Array, initialQuantile: number, risk: number): number {
  const initial = quantile(sorted, initialQuantile);
  const peaks = sorted.filter((value) => value > initial).map((value) => value - initial);
  const ratio = (risk * sorted.length) / peaks.length;
  if (peaks.length < peaksMin || ratio >= 1) return quantile(sorted, 1 - risk);
  const { shape, scale } = fitParetoTail(peaks);
  // The quantile is initial + scale / shape · (ratio^−shape − 1); expm1 keeps its digits where the shape is near 0.
  const exponent = -Math.log(ratio);
  return initial + scale * (shape === 0 ? exponent : Math.expm1(shape * exponent) / shape);
}

/**
 * Maximum likelihood of the generalised Pareto distribution. As Grimshaw (Technometrics 35(2), 1993) shows, at
 * x = shape / scale the best shape is mean(log(1 + x·y)), which leaves one unknown: it is searched on a grid and then
 * by golden section. The shape stays above −1, where the likelihood has a bound, and x at most 10 / mean, which
 * reaches shapes of 0.9: a tail without a mean would put the threshold out of reach.
 */
function fitParetoTail(peaks: Float64Array): { shape: number; scale: number } {
  const mean = peaks.reduce((sum, peak) => sum + peak, 0) / peaks.length;
  const highest = peaks.at(-1) as number;
  const shapeAt = (x: number) => peaks.reduce((sum, peak) => sum + Math.log1p(x * peak), 0) / peaks.length;
  const cost = (x: number) => {
    if (x === 0) return Math.log(mean);
    const shape = shapeAt(x);
    return shape > -1 ? Math.log(shape / x) + shape : Number.POSITIVE_INFINITY;
  };
  const steps = Array.from({ length: 41 }, (_, i) => 10 ** (-4 + i / 8));
  const grid = [
    ...steps.map((step) => -1 / (highest * (1 + step))).sort((a, b) => a - b),
    ...steps.map((step) => step / mean),
  ];
  const costs = grid.map(cost);
  const best = costs.indexOf(Math.min(...costs));
  const x = goldenSection(
    cost,
    grid[Math.max(0, best - 1)] as number,
    grid[Math.min(grid.length - 1, best + 1)] as number,
  );
  if (!(cost(x) < cost(0))) return { shape: 0, scale: mean };
  const shape = shapeAt(x);
  return { shape, scale: shape / x };
}

/** The place of the least cost between two bounds. */
function goldenSection(cost: (x: number) => number, from: number, to: number): number {
  const golden = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [from, to];
  for (let i = 0; i < 60; i++) {
    const left = high - golden * (high - low);
    const right = low + golden * (high - low);
    if (cost(left) < cost(right)) high = right;
    else low = left;
  }
  return (low + high) / 2;
}
