import assert from 'node:assert/strict';
import { sensorStates } from '../../src/data/masks.ts';
import { recording } from './fixtures.ts';

const { NaN: missing } = Number;

describe('sensorStates()', () => {
  it('tells empty, frozen and living sensors apart', () => {
    const rows = [
      [missing, 5, 1],
      [missing, missing, 2],
      [missing, 5, 1],
    ];
    assert.deepEqual(sensorStates([recording('a', rows)], 3), ['empty', 'frozen', undefined]);
  });

  it('finds a sensor frozen at another value in each recording', () => {
    assert.deepEqual(sensorStates([recording('a', [[0], [0]]), recording('b', [[7], [7]])], 1), ['frozen']);
  });

  it('goes by most of the recordings, and lets a tie live', () => {
    const [still, moving] = [recording('s', [[0], [0]]), recording('m', [[0], [1]])];
    assert.deepEqual(sensorStates([still, still, moving], 1), ['frozen']);
    assert.deepEqual(sensorStates([still, moving], 1), [undefined]);
  });

  it('compares recordings with each other when none has two values', () => {
    assert.deepEqual(sensorStates([recording('a', [[0, 3]]), recording('b', [[1, 3]])], 2), [undefined, 'frozen']);
  });
});
