// Windows to feature rows in raw units. Owns names, order and arithmetic of features; scaling is elsewhere.
import { OperatorError } from '../lib/errors.ts';
import type { FeatureTable, Recording } from './types.ts';
import { type WindowSpec, windowLabel, windowRows, windowsOf } from './windows.ts';

/** raw: the window's values; summary: mean, deviation, slope and residual of each sensor. */
export type FeatureKind = 'raw' | 'summary';

const statistics = ['mean', 'deviation', 'slope', 'residual'] as const;

/**
 * Feature names in column order. summary: 'P-TPT.mean', '.deviation', '.slope', '.residual', sensor by sensor.
 * raw: the sensors themselves for windows of one row, else 'P-TPT[0]' … row by row.
 */
export function featureNames(sensors: readonly string[], kind: FeatureKind, windowLength: number): string[] {
  if (kind === 'summary') return sensors.flatMap((sensor) => statistics.map((statistic) => `${sensor}.${statistic}`));
  if (windowLength === 1) return [...sensors];
  return Array.from({ length: windowLength }, (_, row) => sensors.map((sensor) => `${sensor}[${row}]`)).flat();
}

/** The sensor that a feature is made of; undefined where the feature is of none of `sensors`. */
export function sensorOfFeature(feature: string, sensors: readonly string[]): string | undefined {
  if (sensors.includes(feature)) return feature;
  const sensor = feature.replace(/(?:\.(?:mean|deviation|slope|residual)|\[\d+\])$/, '');
  return sensors.includes(sensor) ? sensor : undefined;
}

/**
 * The lowest and highest raw value of a feature, from its sensor's in `ranges`: a summary feature takes that range, shifted
 * to 0 for all but the mean. Undefined where the sensor has no range.
 */
export function rangeOfFeature(
  feature: string,
  ranges: Readonly<Record<string, readonly [number, number]>>,
): readonly [number, number] | undefined {
  const sensor = sensorOfFeature(feature, Object.keys(ranges));
  const range = sensor === undefined ? undefined : ranges[sensor];
  if (range === undefined || !/\.(deviation|slope|residual)$/.test(feature) || sensor === feature) return range;
  const half = (range[1] - range[0]) / 2;
  return [-half, half];
}

/** What decides a feature table besides the recordings. */
export interface FeatureConfig {
  window: WindowSpec;
  features: FeatureKind;
}

/**
 * Checks that the windows of `recordings`, each of which holds at least one, can become features, and returns the rows of
 * the first window; `name` is for errors. Throws OperatorError when a summary window has under three rows (its line would
 * leave no residual), or when raw windows differ in length, as from recordings with different sampling steps.
 *
 * @param expected rows of a raw window elsewhere, where that is known
 */
export function checkWindows(
  recordings: readonly Recording[],
  config: FeatureConfig,
  name: string,
  expected?: number,
): number | undefined {
  let first = expected;
  for (const recording of recordings) {
    const { length } = windowRows(config.window, recording.timesMs, `${name}, ${recording.instance}`);
    first ??= length;
    if (config.features === 'summary' && length < 3) {
      throw new OperatorError(
        `data.features: summary needs windows of at least 3 rows, and those of ${name} have ${length}; raise data.window.length or use raw`,
      );
    }
    if (config.features === 'raw' && length !== first) {
      throw new OperatorError(
        `data.window: ${name}, ${recording.instance} gives windows of ${length} rows and others of ${first}, and raw features need one length; set data.window.unit to samples or use summary`,
      );
    }
  }
  return first;
}

/**
 * One row for each window of `recordings`, in order. A sensor that is masked, or has fewer than half its values in a window,
 * is NaN in all its features of that window.
 *
 * @param features names from featureNames; for raw they also say how many rows a window has
 * @param masked for each sensor, whether to treat it as missing
 * @param name whose recordings they are, for errors as in windowRows
 */
export function tabulate(
  recordings: readonly Recording[],
  sensors: readonly string[],
  features: readonly string[],
  config: FeatureConfig,
  masked: readonly boolean[],
  name: string,
): FeatureTable {
  const windows = recordings.map((recording) => windowsOf(recording, config.window, `${name}, ${recording.instance}`));
  const rows = windows.reduce((sum, { starts }) => sum + starts.length, 0);
  const values = new Float64Array(rows * features.length);
  const labels = new Uint8Array(rows);
  const column = new Float64Array(Math.max(0, ...windows.map((window) => window.length)));
  let row = 0;
  for (const [index, recording] of recordings.entries()) {
    const window = windows[index]!;
    if (window.starts.length === 0) continue;
    // Read once: a synthetic recording makes them at each reading.
    const { values: readings } = recording;
    for (const start of window.starts) {
      labels[row] = windowLabel(recording.labels, start, window.length);
      const rowsOf = { values: readings, start, length: window.length, sensors: sensors.length };
      writeFeatures(rowsOf, config.features, masked, column, values, row * features.length);
      row += 1;
    }
  }
  return { features, rows, values, labels };
}

/** Rows [start, start + length) of a series of `sensors` values a row, row-major; NaN where missing. */
export interface WindowRows {
  values: Float64Array;
  start: number;
  length: number;
  sensors: number;
}

/**
 * Writes the features of one window to `out` from `at` on, in the order of featureNames(). A sensor that is masked, or has
 * fewer than half its values, is NaN in all its features.
 *
 * @param column scratch memory of at least `length` numbers
 */
export function writeFeatures(
  { values, start, length, sensors }: WindowRows,
  kind: FeatureKind,
  masked: readonly boolean[],
  column: Float64Array,
  out: Float64Array,
  at: number,
): void {
  const width = kind === 'summary' ? statistics.length : 1;
  for (let s = 0; s < sensors; s++) {
    const from = at + s * width;
    const present = masked[s] ? 0 : gather(values, start, length, sensors, s, column);
    const isMissing = present === 0 || 2 * present < length;
    if (kind === 'summary') {
      if (isMissing) out.fill(Number.NaN, from, from + width);
      else summarise(column, length, present, out, from);
    } else {
      for (let t = 0; t < length; t++) out[from + t * sensors] = isMissing ? Number.NaN : column[t]!;
    }
  }
}

/** The table with only the features at `keep`, in that order. */
export function selectFeatures(table: FeatureTable, keep: readonly number[]): FeatureTable {
  const values = new Float64Array(table.rows * keep.length);
  for (let row = 0; row < table.rows; row++) {
    for (let i = 0; i < keep.length; i++)
      values[row * keep.length + i] = table.values[row * table.features.length + keep[i]!]!;
  }
  return { features: keep.map((i) => table.features[i]!), rows: table.rows, values, labels: table.labels };
}

/** Copies one sensor's window into `column` and returns how many values are present. */
function gather(
  values: Float64Array,
  start: number,
  length: number,
  sensors: number,
  s: number,
  column: Float64Array,
): number {
  let present = 0;
  for (let t = 0; t < length; t++) {
    const value = values[(start + t) * sensors + s]!;
    column[t] = value;
    if (!Number.isNaN(value)) present += 1;
  }
  return present;
}

/**
 * Writes mean, population deviation, least-squares slope per sample, and root mean square around that line, over the present
 * values, of which there are two or more. Works on differences from the first present value, as 1e8 Pa squared would eat the digits that matter.
 */
function summarise(column: Float64Array, length: number, present: number, out: Float64Array, at: number): void {
  let origin = 0;
  while (Number.isNaN(column[origin]!)) origin += 1;
  const base = column[origin]!;
  let sumT = 0;
  let sumX = 0;
  for (let t = origin; t < length; t++) {
    const value = column[t]!;
    if (Number.isNaN(value)) continue;
    sumT += t;
    sumX += value - base;
  }
  const meanT = sumT / present;
  const meanX = sumX / present;
  let sumTT = 0;
  let sumTX = 0;
  let sumXX = 0;
  for (let t = origin; t < length; t++) {
    const value = column[t]!;
    if (Number.isNaN(value)) continue;
    const x = value - base - meanX;
    sumTT += (t - meanT) * (t - meanT);
    sumTX += (t - meanT) * x;
    sumXX += x * x;
  }
  const slope = sumTX / sumTT;
  let sumRR = 0;
  for (let t = origin; t < length; t++) {
    const value = column[t]!;
    if (Number.isNaN(value)) continue;
    const residual = value - base - meanX - slope * (t - meanT);
    sumRR += residual * residual;
  }
  out[at] = base + meanX;
  out[at + 1] = Math.sqrt(sumXX / present);
  out[at + 2] = slope;
  out[at + 3] = Math.sqrt(sumRR / present);
}
