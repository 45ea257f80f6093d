// Memory for scaled rows that worker threads read without a copy.
import type { Dataset } from './engine.ts';

/** A dataset of rows × columns in shared memory, every value missing. */
export function sharedDataset(rows: number, columns: number): Dataset {
  const length = rows * columns;
  return {
    rows,
    columns,
    values: new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT)),
    mask: new Uint8Array(new SharedArrayBuffer(length)),
  };
}
