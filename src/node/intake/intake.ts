// From live samples to windows of features. Owns the windows over the grid's rows and the counters; pure and synchronous,
// with no clock of its own.
import { type FeatureKind, featureNames, writeFeatures } from '../../data/features.ts';
import type { Sample, Sensor } from '../sources/source.ts';
import type { FeatureRow, IntakeSpec } from './feature-row.ts';
import { Grid } from './grid.ts';
import { type IntakeCounts, zeroCounts } from './intake-counts.ts';

/** Makes feature rows of samples, as tabulate() does of recordings. Memory is bounded by the spec, whatever comes. */
export class Intake {
  /** Names of the values of a row, in order. */
  readonly features: readonly string[];
  private readonly sensors: readonly Sensor[];
  private readonly length: number;
  private readonly stride: number;
  private readonly intervalMs: number;
  private readonly kind: FeatureKind;
  private readonly onRow: (row: FeatureRow) => void;
  private readonly grid: Grid;
  private readonly totals = zeroCounts();
  private readonly outOfRange: Float64Array;
  /** The rows of the newest window, oldest first. */
  private readonly window: Float64Array;
  private readonly column: Float64Array;
  private readonly masked: readonly boolean[];
  /** Rows since the last gap. */
  private rows = 0;

  /** Throws OperatorError where the spec's lateness or hold are out of proportion; `onRow` is called with each window's features. */
  constructor(spec: IntakeSpec, sensors: readonly Sensor[], onRow: (row: FeatureRow) => void) {
    const { sampling, window, features } = spec;
    const names = sensors.map(({ name }) => name);
    this.features = featureNames(names, features, window.length);
    this.sensors = sensors;
    this.length = window.length;
    this.stride = window.stride;
    this.intervalMs = sampling.intervalMs;
    this.kind = features;
    this.onRow = onRow;
    this.outOfRange = new Float64Array(sensors.length);
    this.window = new Float64Array(window.length * sensors.length);
    this.column = new Float64Array(window.length);
    this.masked = sensors.map(() => false);
    const sink = {
      row: (startMs: number, values: Float64Array): void => this.row(startMs, values),
      gap: (): void => {
        this.rows = 0;
      },
    };
    this.grid = new Grid(sampling, sensors.length, sink, this.totals);
  }

  /** Takes a sample; `wallMs` is the gateway's time in milliseconds since the epoch, which a source's time is checked against. */
  add(sample: Sample, wallMs: number): void {
    for (const [s, { range }] of this.sensors.entries()) {
      const value = sample.values[s]!;
      if (range !== undefined && (value < range[0] || value > range[1])) this.outOfRange[s] = this.outOfRange[s]! + 1;
    }
    this.grid.add(sample, wallMs);
  }

  /** Uses what still waits for later samples, as at the end of a file. */
  flush(): void {
    this.grid.flush();
  }

  get counts(): Readonly<IntakeCounts> {
    return this.totals;
  }

  /** Values outside their sensor's range, by sensor; they are used. */
  get outOfRangeCounts(): Record<string, number> {
    return Object.fromEntries(this.sensors.map(({ name }, s) => [name, this.outOfRange[s]!]));
  }

  /** Intervals that wait for late samples. */
  get openIntervals(): number {
    return this.grid.openIntervals;
  }

  private row(startMs: number, values: Float64Array): void {
    const width = values.length;
    if (this.rows >= this.length) this.window.copyWithin(0, width);
    this.window.set(values, Math.min(this.rows, this.length - 1) * width);
    this.rows += 1;
    if (this.rows < this.length || (this.rows - this.length) % this.stride !== 0) return;
    const features = new Float64Array(this.features.length);
    const rows = { values: this.window, start: 0, length: this.length, sensors: width };
    writeFeatures(rows, this.kind, this.masked, this.column, features, 0);
    this.totals.windows += 1;
    this.onRow({ startMs: startMs - (this.length - 1) * this.intervalMs, endMs: startMs, values: features });
  }
}
