// From raw values to scaled ones: mergeable moments, scales, and models that follow a change of scale.
import assert from 'node:assert/strict';
import type { AutoencoderSpec, Dataset } from './engine.ts';
import { sharedDataset } from './shared-memory.ts';
import { weightCount } from './weights.ts';

/** Count, mean and sum of squared differences from the mean of each feature, over present values, in raw units. */
export interface Moments {
  count: Float64Array;
  mean: Float64Array;
  m2: Float64Array;
}

/** scaled = (raw − mean) / deviation. An infinite deviation marks a feature that nobody has measured: it scales to missing. */
export interface Scale {
  mean: Float64Array;
  /** Above 0. */
  deviation: Float64Array;
}

/** Relative deviation below which a feature counts as constant: differences there are rounding of the sums. */
const constantBelow = 1e-12;

/** Moments of rows × columns raw values, NaN where missing (Welford's method, Technometrics 4(3), 1962). */
export function momentsOf(values: Float64Array, columns: number): Moments {
  assert(columns > 0 && values.length % columns === 0, 'values are not whole rows');
  const count = new Float64Array(columns);
  const mean = new Float64Array(columns);
  const m2 = new Float64Array(columns);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (Number.isNaN(value)) continue;
    const j = i % columns;
    const n = (count[j] as number) + 1;
    const before = value - (mean[j] as number);
    count[j] = n;
    mean[j] = (mean[j] as number) + before / n;
    m2[j] = (m2[j] as number) + before * (value - (mean[j] as number));
  }
  return { count, mean, m2 };
}

/** Moments of the union of two disjoint sets (Chan, Golub and LeVeque, 1979, equation 2.1). Inputs stay unchanged. */
export function mergeMoments(a: Moments, b: Moments): Moments {
  assert.equal(a.count.length, b.count.length, 'moments of different features');
  const merged = { count: a.count.slice(), mean: a.mean.slice(), m2: a.m2.slice() };
  for (let j = 0; j < a.count.length; j++) {
    const countB = b.count[j] as number;
    if (countB === 0) continue;
    const countA = a.count[j] as number;
    const count = countA + countB;
    const difference = (b.mean[j] as number) - (a.mean[j] as number);
    merged.count[j] = count;
    merged.mean[j] = (a.mean[j] as number) + difference * (countB / count);
    merged.m2[j] = (a.m2[j] as number) + (b.m2[j] as number) + difference * difference * ((countA * countB) / count);
  }
  return merged;
}

/** Mean and population deviation. A constant feature gets deviation 1, one without values an infinite deviation. */
export function scaleFromMoments(moments: Moments): Scale {
  const deviation = Float64Array.from(moments.count, (count, j) => {
    if (count === 0) return Number.POSITIVE_INFINITY;
    const value = Math.sqrt((moments.m2[j] as number) / count);
    return value <= constantBelow * Math.abs(moments.mean[j] as number) ? 1 : value;
  });
  return { mean: moments.mean.slice(), deviation };
}

/** The scale that maps each [lowest, highest] raw range to [−1, 1]. Each range must be finite and not empty. */
export function scaleFromRanges(ranges: readonly (readonly [number, number])[]): Scale {
  for (const [lowest, highest] of ranges) assert(Number.isFinite(highest - lowest) && lowest < highest, 'empty range');
  return {
    mean: Float64Array.from(ranges, ([lowest, highest]) => (lowest + highest) / 2),
    deviation: Float64Array.from(ranges, ([lowest, highest]) => (highest - lowest) / 2),
  };
}

/** Scales rows × columns raw values (NaN where missing) into a dataset in shared memory. */
export function applyScale(values: Float64Array, columns: number, scale: Scale): Dataset {
  assert(values.length % columns === 0, 'values are not whole rows');
  const data = sharedDataset(values.length / columns, columns);
  scaleInto(data, values, scale);
  return data;
}

/** As applyScale(), into a dataset of the same shape, over whatever it held. */
export function scaleInto(data: Dataset, values: Float64Array, scale: Scale): void {
  const { columns } = data;
  assert(values.length === data.values.length && scale.mean.length === columns, 'the scale does not fit the values');
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const j = i % columns;
    const deviation = scale.deviation[j] as number;
    const isPresent = !Number.isNaN(value) && deviation !== Number.POSITIVE_INFINITY;
    data.values[i] = isPresent ? (value - (scale.mean[j] as number)) / deviation : 0;
    data.mask[i] = isPresent ? 1 : 0;
  }
}

/**
 * Weights that do on data scaled with `to` what `weights` does on data scaled with `from`: the function on raw data
 * stays the same, exactly but for rounding. With x_from = a·x_to + b (a = σ_to/σ_from, b = (μ_to − μ_from)/σ_from), the
 * first kernel's rows take a and the first bias b, and the last layer gives (y_from − b) / a. Needs a linear output, and
 * no missing values in the row (a missing value is 0 in either scale). A feature unknown to either scale is left alone.
 */
export function reparameterise(weights: Float32Array, spec: AutoencoderSpec, from: Scale, to: Scale): Float32Array {
  const { features } = spec;
  assert.equal(spec.outputActivation, 'linear', 're-parameterisation needs a linear output');
  assert(from.mean.length === features && to.mean.length === features, 'the scales do not fit the spec');
  assert.equal(weights.length, weightCount(spec), 'weights do not fit the spec');
  const changed = weights.slice();
  const firstWidth = spec.hidden[0] ?? features;
  const lastWidth = spec.hidden.at(-1) ?? features;
  const firstBias = features * firstWidth;
  const lastBias = weights.length - features;
  const lastKernel = lastBias - lastWidth * features;
  const biasShift = new Float64Array(firstWidth);
  for (let j = 0; j < features; j++) {
    const deviationFrom = from.deviation[j] as number;
    const deviationTo = to.deviation[j] as number;
    if (!Number.isFinite(deviationFrom) || !Number.isFinite(deviationTo)) continue;
    const a = deviationTo / deviationFrom;
    const b = ((to.mean[j] as number) - (from.mean[j] as number)) / deviationFrom;
    for (let k = 0; k < firstWidth; k++) {
      const index = j * firstWidth + k;
      biasShift[k] = (biasShift[k] as number) + (weights[index] as number) * b;
      changed[index] = (changed[index] as number) * a;
    }
    for (let k = 0; k < lastWidth; k++) {
      const index = lastKernel + k * features + j;
      changed[index] = (changed[index] as number) / a;
    }
    changed[lastBias + j] = ((changed[lastBias + j] as number) - b) / a;
  }
  for (let k = 0; k < firstWidth; k++) {
    changed[firstBias + k] = (changed[firstBias + k] as number) + (biasShift[k] as number);
  }
  return changed;
}
