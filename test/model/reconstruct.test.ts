import assert from 'node:assert/strict';
import { Prng } from '../../src/lib/prng.ts';
import type { AutoencoderSpec } from '../../src/model/engine.ts';
import { reconstruct } from '../../src/model/reconstruct.ts';
import { createSimdEngine } from '../../src/model/simd-engine.ts';
import { rowsForBatches } from '../../src/model/training-rows.ts';
import { initialWeights, weightCount } from '../../src/model/weights.ts';
import { adam, plain, randomData } from '../contract/engine-fixtures.ts';

describe('reconstruct()', () => {
  for (const [activation, outputActivation] of [
    ['tanh', 'linear'],
    ['relu', 'sigmoid'],
    ['sigmoid', 'tanh'],
    ['linear', 'relu'],
  ] as const) {
    it(`gives the errors of which the engine gives the mean: ${activation}, then ${outputActivation}`, () => {
      const spec: AutoencoderSpec = { ...plain, features: 6, hidden: [5, 3, 4], activation, outputActivation };
      const prng = new Prng('biases');
      const weights = initialWeights(spec, prng).map((weight) => weight + 0.3 * prng.nextGaussian());
      assert.equal(weights.length, weightCount(spec));
      const data = randomData(20, 6, 0.2);
      const scores = createSimdEngine(spec, adam).score(weights, data);
      scores.forEach((score, i) => {
        const row = data.values.subarray(6 * i, 6 * i + 6);
        const made = reconstruct(spec, weights, row);
        const errors = [...row].flatMap((value, j) => (data.mask[6 * i + j] === 0 ? [] : [(value - made[j]!) ** 2]));
        const mean = errors.reduce((sum, error) => sum + error, 0) / Math.max(1, errors.length);
        assert(Math.abs(mean - score) <= 1e-4 * Math.max(1, score), `row ${i}: ${mean} and ${score}`);
      });
    });
  }
});

describe('rowsForBatches()', () => {
  it('repeats whole rows until there are as many as a batch has, and no more', () => {
    const values = Float64Array.of(1, 2, 3, 4);
    assert.deepEqual([...rowsForBatches(values, 2, 5)], [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]);
    assert.equal(rowsForBatches(values, 2, 2), values);
    assert.equal(rowsForBatches(values, 4, 2), values);
    assert.throws(() => rowsForBatches(new Float64Array(), 0, 2), /no rows/);
  });
});
