import assert from 'node:assert/strict';
import { Prng } from '../../src/lib/prng.ts';
import type { AutoencoderSpec } from '../../src/model/engine.ts';
import { initialWeights, layerSizes, weightCount, weightShapes } from '../../src/model/weights.ts';

const spec: AutoencoderSpec = {
  features: 3,
  hidden: [4, 2],
  activation: 'tanh',
  outputActivation: 'linear',
  noise: 0,
  dropout: 0,
  l2: 0,
};

describe('weights', () => {
  it('weightShapes() lists the kernel, then the bias of each layer', () => {
    assert.deepEqual(layerSizes(spec), [3, 4, 2, 3]);
    assert.deepEqual(weightShapes(spec), [
      { rows: 3, columns: 4 },
      { rows: 1, columns: 4 },
      { rows: 4, columns: 2 },
      { rows: 1, columns: 2 },
      { rows: 2, columns: 3 },
      { rows: 1, columns: 3 },
    ]);
    assert.equal(weightCount(spec), 12 + 4 + 8 + 2 + 6 + 3);
  });

  it('initialWeights() fills kernels up to the Glorot limit and leaves biases 0', () => {
    const weights = initialWeights({ ...spec, features: 40, hidden: [56] }, new Prng(1));
    const kernel = weights.subarray(0, 40 * 56);
    const limit = Math.sqrt(6 / 96);
    assert(kernel.every((value) => Math.abs(value) <= limit));
    assert(kernel.some((value) => value > 0.99 * limit) && kernel.some((value) => value < -0.99 * limit));
    assert(weights.subarray(40 * 56, 40 * 56 + 56).every((value) => value === 0));
    assert(weights.subarray(-40).every((value) => value === 0));
  });

  it('initialWeights() gives the same weights from the same seed, others from another', () => {
    assert.deepEqual(initialWeights(spec, new Prng('a')), initialWeights(spec, new Prng('a')));
    assert.notDeepEqual(initialWeights(spec, new Prng('a')), initialWeights(spec, new Prng('b')));
  });
});
