// Samples at any time to a regular series: one row an interval, or none. Owns lateness, holding, gaps and times that cannot be;
// makes no windows. Pure: the wall clock is an argument.
import { OperatorError } from '../../lib/errors.ts';
import type { Sample } from '../sources/source.ts';
import { Cell } from './cell.ts';
import type { Sampling } from './feature-row.ts';
import type { IntakeCounts } from './intake-counts.ts';

/** A time so far ahead of the newest one and of the wall clock cannot be, nor one so far behind the newest. Chosen by reasoning: more than any time zone, less than a lost year. */
const implausibleMs = 86_400_000;

/** Range of a JavaScript date. */
const timeMaxMs = 8.64e15;

/** So many late samples in a row mean that the source's clock was set back: ten minutes at one a second. Chosen by reasoning. */
const lateInRowMax = 600;

/** Intervals that are open, or that a value is held for, at most: they bound memory and the work of one sample. */
const intervalsMax = 100_000;

/** Where rows go: in order of time but after a clock was set back. */
export interface GridSink {
  /** @param values one a sensor, NaN where missing; the array is used again */
  row(startMs: number, values: Float64Array): void;
  /** The next row does not continue the last one. */
  gap(): void;
}

/** Puts samples on the grid of `intervalMs`. An interval is closed when the newest time is `latenessMs` past its end. */
export class Grid {
  private readonly sampling: Sampling;
  private readonly sink: GridSink;
  private readonly counts: IntakeCounts;
  private readonly open = new Map<number, Cell>();
  private newestMs = Number.NEGATIVE_INFINITY;
  /** Number of the first interval that is not closed. */
  private boundary = Number.NEGATIVE_INFINITY;
  /** The last interval with a row, or a missing one after it; undefined where there was no row yet. */
  private lastClosed: number | undefined;
  private isInGap = false;
  private lateInRow = 0;
  private readonly seenMs: Float64Array;
  private readonly heldMs: Float64Array;
  private readonly heldValues: Float64Array;
  private readonly values: Float64Array;

  /** Throws OperatorError where lateness or hold are more than a hundred thousand intervals. */
  constructor(sampling: Sampling, sensors: number, sink: GridSink, counts: IntakeCounts) {
    for (const key of ['latenessMs', 'holdMs'] as const) {
      if (sampling[key] / sampling.intervalMs > intervalsMax) {
        throw new OperatorError(
          `sampling.${key}: ${sampling[key]} is over ${intervalsMax} intervals of ${sampling.intervalMs} ms; lower it or raise sampling.intervalMs`,
        );
      }
    }
    this.sampling = sampling;
    this.sink = sink;
    this.counts = counts;
    this.seenMs = new Float64Array(sensors).fill(Number.NEGATIVE_INFINITY);
    this.heldMs = new Float64Array(sensors).fill(Number.NEGATIVE_INFINITY);
    this.heldValues = new Float64Array(sensors);
    this.values = new Float64Array(sensors);
  }

  /** Intervals in memory. */
  get openIntervals(): number {
    return this.open.size;
  }

  /** Takes a sample; `wallMs` is the gateway's own time. */
  add(sample: Sample, wallMs: number): void {
    const { timeMs } = sample;
    if (!this.isPossible(timeMs, wallMs)) {
      this.counts.implausibleTime += 1;
      return;
    }
    const { intervalMs, latenessMs } = this.sampling;
    const interval = Math.floor(timeMs / intervalMs);
    if (interval < this.boundary) {
      this.lateInRow += 1;
      if (this.lateInRow < lateInRowMax) {
        if (timeMs < this.newestMs - implausibleMs) this.counts.implausibleTime += 1;
        else this.counts.late += 1;
        return;
      }
      this.beginAnew();
    }
    this.lateInRow = 0;
    if (timeMs < this.newestMs) this.counts.outOfOrder += 1;
    this.put(interval, sample);
    if (timeMs <= this.newestMs) return;
    this.newestMs = timeMs;
    this.closeUpTo(Math.floor((timeMs - latenessMs) / intervalMs));
  }

  /** Closes every interval that has a value, as at the end of a file. */
  flush(): void {
    if (this.open.size > 0) this.closeUpTo(Math.max(...this.open.keys()) + 1);
  }

  private isPossible(timeMs: number, wallMs: number): boolean {
    if (!(Math.abs(timeMs) <= timeMaxMs)) return false;
    return timeMs <= this.newestMs + implausibleMs || timeMs <= wallMs + implausibleMs;
  }

  private put(interval: number, { timeMs, values, stale = [] }: Sample): void {
    let cell = this.open.get(interval);
    if (cell === undefined) {
      cell = new Cell(values.length);
      this.open.set(interval, cell);
    }
    for (const s of stale) cell.add(s, timeMs, Number.NaN);
    for (let s = 0; s < values.length; s++) {
      const value = values[s]!;
      if (Number.isNaN(value)) continue;
      if (timeMs === this.seenMs[s]) this.counts.duplicates += 1;
      else cell.add(s, timeMs, value);
      if (timeMs > this.seenMs[s]!) this.seenMs[s] = timeMs;
    }
  }

  private closeUpTo(end: number): void {
    if (end <= this.boundary) return;
    this.boundary = end;
    const ready = [...this.open.keys()].filter((interval) => interval < end).sort((a, b) => a - b);
    for (const interval of ready) {
      this.fillUpTo(interval);
      const cell = this.open.get(interval)!;
      this.open.delete(interval);
      this.close(interval, cell);
    }
    this.fillUpTo(end);
  }

  /** Intervals without a sample before `end`: held values while there are any, then nothing. */
  private fillUpTo(end: number): void {
    if (this.lastClosed === undefined) return;
    let interval = this.lastClosed + 1;
    while (interval < end && this.isHeld(interval)) {
      this.close(interval, undefined);
      interval += 1;
    }
    if (interval < end) this.miss(end - interval, end - 1);
  }

  private isHeld(interval: number): boolean {
    return this.heldMs.some((_, s) => !Number.isNaN(this.heldAt(s, interval)));
  }

  /** The value that stands for sensor `s` at the start of an interval; NaN where none does. */
  private heldAt(s: number, interval: number): number {
    const { intervalMs, holdMs } = this.sampling;
    return interval * intervalMs <= this.heldMs[s]! + holdMs ? this.heldValues[s]! : Number.NaN;
  }

  private close(interval: number, cell: Cell | undefined): void {
    let present = 0;
    for (let s = 0; s < this.values.length; s++) {
      const mean = cell?.mean(s) ?? Number.NaN;
      const isSilent = cell === undefined || cell.lastTimeMs(s) === Number.NEGATIVE_INFINITY;
      this.values[s] = isSilent ? this.heldAt(s, interval) : mean;
      if (!Number.isNaN(this.values[s]!)) present += 1;
      if (!isSilent) {
        this.heldMs[s] = cell.lastTimeMs(s);
        this.heldValues[s] = cell.lastValue(s);
      }
    }
    if (present === 0) {
      if (this.lastClosed !== undefined) this.miss(1, interval);
      return;
    }
    this.lastClosed = interval;
    this.isInGap = false;
    this.counts.rows += 1;
    this.sink.row(interval * this.sampling.intervalMs, this.values);
  }

  private miss(intervals: number, last: number): void {
    this.counts.missedIntervals += intervals;
    this.lastClosed = last;
    this.breakOff();
  }

  private breakOff(): void {
    if (this.isInGap) return;
    this.isInGap = true;
    this.counts.gaps += 1;
    this.sink.gap();
  }

  /** Takes the source's clock as set back: what was before is over. */
  private beginAnew(): void {
    this.flush();
    this.counts.clockSetBack += 1;
    if (this.lastClosed !== undefined) this.breakOff();
    this.lastClosed = undefined;
    this.newestMs = Number.NEGATIVE_INFINITY;
    this.boundary = Number.NEGATIVE_INFINITY;
    this.seenMs.fill(Number.NEGATIVE_INFINITY);
    this.heldMs.fill(Number.NEGATIVE_INFINITY);
  }
}
