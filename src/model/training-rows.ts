// Raw rows as an engine can be trained on them.
import assert from 'node:assert/strict';

/**
 * `values` of `rows` rows, at least one, repeated until there are as many rows as a batch has: an engine wants that many. Batches are drawn with
 * replacement, so whole copies change no probability. The same array where there are enough.
 */
export function rowsForBatches(values: Float64Array, rows: number, batchSize: number): Float64Array {
  assert(rows > 0, 'there are no rows to train on');
  const copies = Math.ceil(batchSize / rows);
  if (copies <= 1) return values;
  return Float64Array.from({ length: copies * values.length }, (_, i) => values[i % values.length] as number);
}
