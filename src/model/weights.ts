// The layout of a dense autoencoder's weights in one flat Float32Array. Owns shapes, counts and the first values.
import type { Prng } from '../lib/prng.ts';
import type { AutoencoderSpec } from './engine.ts';

/** Shape of one weight matrix; a bias is a matrix of one row. */
export interface WeightShape {
  rows: number;
  columns: number;
}

/** Widths of the layers from input to output: [features, ...hidden, features]. */
export function layerSizes(spec: AutoencoderSpec): number[] {
  return [spec.features, ...spec.hidden, spec.features];
}

/** Shapes in the order of the flat weights: for each layer the kernel (inputs × outputs), then the bias (1 × outputs). */
export function weightShapes(spec: AutoencoderSpec): WeightShape[] {
  const sizes = layerSizes(spec);
  return sizes.slice(1).flatMap((outputs, layer) => [
    { rows: sizes[layer] as number, columns: outputs },
    { rows: 1, columns: outputs },
  ]);
}

/** Length of the flat weights. */
export function weightCount(spec: AutoencoderSpec): number {
  return weightShapes(spec).reduce((sum, { rows, columns }) => sum + rows * columns, 0);
}

/**
 * Fresh weights: kernels uniform in ±√(6 / (inputs + outputs)) (Glorot and Bengio, AISTATS 2010, equation 16), biases 0.
 * The same generator state gives the same bytes.
 */
export function initialWeights(spec: AutoencoderSpec, prng: Prng): Float32Array {
  const weights = new Float32Array(weightCount(spec));
  let offset = 0;
  weightShapes(spec).forEach(({ rows, columns }, index) => {
    const length = rows * columns;
    const isKernel = index % 2 === 0;
    if (isKernel) {
      const limit = Math.sqrt(6 / (rows + columns));
      for (let i = offset; i < offset + length; i++) weights[i] = (2 * prng.nextFloat() - 1) * limit;
    }
    offset += length;
  });
  return weights;
}
