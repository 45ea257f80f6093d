// Cuts a continuous series into instances, for sources that name none. Owns the rule; the split by instance is elsewhere.
import type { Series } from './series.ts';
import type { Recording } from './types.ts';
import { pieceStarts, type WindowSpec, windowRows } from './windows.ts';

/** Blocks aimed at for each device: with the default shares, twelve to train on, three to validate, five to test. Chosen by reasoning. */
const blocksAimed = 20;

/**
 * The instances of a series that has no instance column.
 *
 * With windows of one sample each row is an instance: such rows are taken as independent. Otherwise the series is cut where
 * there is a gap, where the publisher's split changes, and one window before and after each run of anomalous rows (so that
 * windows over its edges remain, and what lies between runs stays normal); each piece is then cut in time order into blocks
 * of about a twentieth of the series, a whole number of strides long, never shorter than a window. `name` is for
 * errors.
 */
export function cutIntoInstances(series: Series, window: WindowSpec, name: string): Recording[] {
  const whole = series.recording(name, 0, series.rows, undefined);
  const { length, stride } = windowRows(window, whole.timesMs, name);
  const cuts = new Set<number>(series.splits.map(({ row }) => row));
  if (length === 1) {
    for (let row = 0; row < series.rows; row++) cuts.add(row);
  } else {
    for (const row of pieceStarts(whole.timesMs)) cuts.add(row);
    for (const row of edgesOfAnomalies(whole.labels, length)) cuts.add(row);
  }
  const strides = Math.max(0, Math.floor((series.rows / blocksAimed - length) / stride));
  const blockRows = length + strides * stride;

  const recordings: Recording[] = [];
  const starts = [...cuts].sort((a, b) => a - b);
  let splitIndex = 0;
  for (let i = 0; i < starts.length; i++) {
    const end = starts[i + 1] ?? series.rows;
    while ((series.splits[splitIndex + 1]?.row ?? Number.POSITIVE_INFINITY) <= starts[i]!) splitIndex += 1;
    for (let from = starts[i]!; from < end; from += blockRows) {
      const to = Math.min(from + blockRows, end);
      recordings.push(series.recording(`rows-${from + 1}-${to}`, from, to, series.splits[splitIndex]?.split));
    }
  }
  return recordings;
}

/** Rows at which 'within `margin` rows of an anomaly' turns true or false. */
function edgesOfAnomalies(labels: Uint8Array, margin: number): number[] {
  const edges: number[] = [];
  let nearUntil = 0;
  for (let row = 0; row < labels.length; row++) {
    if (labels[row] !== 1) continue;
    const nearFrom = Math.max(0, row - margin);
    if (nearFrom > nearUntil || edges.length === 0) {
      if (edges.length > 0) edges.push(nearUntil);
      edges.push(nearFrom);
    }
    nearUntil = Math.min(row + margin + 1, labels.length);
  }
  if (edges.length > 0 && nearUntil < labels.length) edges.push(nearUntil);
  return edges;
}
