// Where windows start and what their labels are. Owns the gap rule; computes no features.
import { OperatorError } from '../lib/errors.ts';
import type { Recording } from './types.ts';

/** Length and stride of windows, both at least 1. */
export interface WindowSpec {
  length: number;
  stride: number;
  unit: 'samples' | 'seconds';
}

/** Windows of one recording: each covers rows [start, start + length). */
export interface Windows {
  length: number;
  starts: number[];
}

/** A step longer than this many median steps is a gap. */
const gapFactor = 1.5;

/** The median step between rows in milliseconds (the lower one of two middles); 0 with fewer than two rows. */
export function medianStepMs(timesMs: Float64Array): number {
  if (timesMs.length < 2) return 0;
  const steps = new Float64Array(timesMs.length - 1);
  for (let i = 0; i < steps.length; i++) steps[i] = timesMs[i + 1]! - timesMs[i]!;
  return steps.sort()[(steps.length - 1) >> 1]!;
}

/**
 * The rows at which a piece without gaps begins, row 0 first: a gap is a step over 1.5 times the median step.
 * With a median of 0 (several rows share a time stamp) nothing is a gap. Empty for no rows.
 */
export function pieceStarts(timesMs: Float64Array): number[] {
  if (timesMs.length === 0) return [];
  const longest = gapFactor * medianStepMs(timesMs);
  const starts = [0];
  for (let i = 1; longest > 0 && i < timesMs.length; i++) {
    if (timesMs[i]! - timesMs[i - 1]! > longest) starts.push(i);
  }
  return starts;
}

/**
 * Length and stride in rows. Seconds are turned into rows by the median step of `timesMs`, rounded, at least one row.
 * Throws OperatorError when seconds are asked for and the rows have no step to measure by; `name` says whose rows.
 */
export function windowRows(
  window: WindowSpec,
  timesMs: Float64Array,
  name: string,
): { length: number; stride: number } {
  if (window.unit === 'samples') return { length: window.length, stride: window.stride };
  const stepMs = medianStepMs(timesMs);
  if (stepMs === 0 && timesMs.length > 1) {
    throw new OperatorError(
      `${name}: most rows share a time stamp, so data.window cannot be measured in seconds; set data.window.unit to samples`,
    );
  }
  // A lone row has no step; as it makes no window of two rows or more, any step will do.
  const rows = (seconds: number): number => Math.max(1, Math.round((seconds * 1000) / (stepMs || 1)));
  return { length: rows(window.length), stride: rows(window.stride) };
}

/** The windows of a recording, ascending, never across a gap; `name` is for errors as in windowRows. */
export function windowsOf(recording: Recording, window: WindowSpec, name: string): Windows {
  const { timesMs } = recording;
  const { length, stride } = windowRows(window, timesMs, name);
  const starts: number[] = [];
  const pieces = pieceStarts(timesMs);
  for (let p = 0; p < pieces.length; p++) {
    const end = pieces[p + 1] ?? timesMs.length;
    for (let start = pieces[p]!; start + length <= end; start += stride) starts.push(start);
  }
  return { length, starts };
}

/** 1 if any of the rows [start, start + length) is anomalous, else 0. */
export function windowLabel(labels: Uint8Array, start: number, length: number): 0 | 1 {
  for (let row = start; row < start + length; row++) if (labels[row] === 1) return 1;
  return 0;
}
