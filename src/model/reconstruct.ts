// What an autoencoder makes of one row, value by value, in plain TypeScript: engines give the mean error of a row alone.
import type { Activation, AutoencoderSpec } from './engine.ts';
import { layerSizes } from './weights.ts';

const activations: Record<Activation, (x: number) => number> = {
  tanh: Math.tanh,
  relu: (x) => Math.max(0, x),
  linear: (x) => x,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};

/** The model's output, in scaled units, for one scaled row of spec.features values, 0 where missing. */
export function reconstruct(spec: AutoencoderSpec, weights: Float32Array, row: Float32Array): Float64Array {
  const sizes = layerSizes(spec);
  let layer = Float64Array.from(row);
  let kernel = 0;
  for (let l = 1; l < sizes.length; l++) {
    const [inputs, outputs] = [sizes[l - 1] as number, sizes[l] as number];
    const bias = kernel + inputs * outputs;
    const activate = activations[l === sizes.length - 1 ? spec.outputActivation : spec.activation];
    const from = layer;
    layer = Float64Array.from({ length: outputs }, (_, k) => {
      let sum = weights[bias + k] as number;
      for (let j = 0; j < inputs; j++) sum += (from[j] as number) * (weights[kernel + j * outputs + k] as number);
      return activate(sum);
    });
    kernel = bias + outputs;
  }
  return layer;
}
