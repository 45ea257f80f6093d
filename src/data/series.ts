// Rows as they arrive from a file, in memory that grows with the numbers. Owns the buffers; parses no text.
import type { Recording } from './types.ts';

/** The split of a row before it is known to be one for a whole recording. */
export type Split = 'train' | 'test' | undefined;

/** Rows of one device or of one instance of it, in order. */
export class Series {
  private readonly sensorCount: number;
  private times: Float64Array = new Float64Array(initialRows);
  private values: Float64Array;
  private labels: Uint8Array = new Uint8Array(initialRows);
  private count = 0;
  /** Rows at which the split changes, with the split from there on. */
  readonly splits: { row: number; split: Split }[] = [];

  /** What to add to times as written, because the clock was set back since the first row. */
  clockSetBackMs = 0;

  constructor(sensorCount: number) {
    this.sensorCount = sensorCount;
    this.values = new Float64Array(initialRows * sensorCount);
  }

  get rows(): number {
    return this.count;
  }

  /** Time of the last row in milliseconds; −Infinity before the first. */
  get lastTimeMs(): number {
    return this.count === 0 ? Number.NEGATIVE_INFINITY : this.times[this.count - 1]!;
  }

  /** Adds a row; `row` holds one value a sensor, NaN where missing, and is copied. */
  push(timeMs: number, row: Float64Array, label: 0 | 1, split: Split): void {
    if (this.count === this.times.length) this.grow();
    this.times[this.count] = timeMs;
    this.values.set(row, this.count * this.sensorCount);
    this.labels[this.count] = label;
    if (this.splits.length === 0 || this.splits.at(-1)!.split !== split) this.splits.push({ row: this.count, split });
    this.count += 1;
  }

  /** The rows [from, to) as a recording; shares memory with the series, so push no more afterwards. */
  recording(instance: string, from: number, to: number, split: Split): Recording {
    return {
      instance,
      timesMs: this.times.subarray(from, to),
      values: this.values.subarray(from * this.sensorCount, to * this.sensorCount),
      labels: this.labels.subarray(from, to),
      split,
    };
  }

  /** Gives back the memory kept for rows that did not come. */
  trim(): void {
    this.times = this.times.slice(0, this.count);
    this.values = this.values.slice(0, this.count * this.sensorCount);
    this.labels = this.labels.slice(0, this.count);
  }

  private grow(): void {
    const [times, values, labels] = [this.times, this.values, this.labels];
    this.times = new Float64Array(times.length * 2);
    this.values = new Float64Array(values.length * 2);
    this.labels = new Uint8Array(labels.length * 2);
    this.times.set(times);
    this.values.set(values);
    this.labels.set(labels);
  }
}

const initialRows = 64;
