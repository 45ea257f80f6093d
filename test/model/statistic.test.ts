import assert from 'node:assert/strict';
import { statisticScores } from '../../src/model/statistic.ts';

describe('statisticScores()', () => {
  it('statisticScores() is the mean square over present values, 0 for a row with none', () => {
    const data = {
      rows: 3,
      columns: 2,
      values: Float32Array.of(3, -1, 4, 0, 0, 0),
      mask: Uint8Array.of(1, 1, 1, 0, 0, 0),
    };
    assert.deepEqual(statisticScores(data), Float32Array.of(5, 16, 0));
  });
});
