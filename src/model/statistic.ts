// The baseline without a model: how far a row is from the scale's mean.
import type { Dataset } from './engine.ts';

/** Mean squared z-score of each row over its present values; 0 for a row with none. The data must be scaled. */
export function statisticScores(data: Dataset): Float32Array {
  return Float32Array.from({ length: data.rows }, (_, row) => {
    let sum = 0;
    let present = 0;
    for (let i = row * data.columns; i < (row + 1) * data.columns; i++) {
      if (data.mask[i] === 0) continue;
      sum += (data.values[i] as number) ** 2;
      present++;
    }
    return present === 0 ? 0 : sum / present;
  });
}
