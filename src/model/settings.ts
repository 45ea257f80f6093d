// The sections of a configuration file on model, training and threshold: every key, its range, its default and where the
// default is from, and what cannot go together. No I/O.
import { z } from 'zod';
import type { ConditionalKey } from '../lib/config/unread-keys.ts';
import type { AutoencoderSpec } from './engine.ts';
import type { ThresholdRule } from './threshold.ts';

const positiveInt = z.number().int().min(1);
const activation = z.enum(['tanh', 'relu', 'linear', 'sigmoid']);

/** How an autoencoder is built, but for its features. */
export const modelSchema = z.strictObject({
  hidden: z.array(positiveInt.max(4096)).min(1).max(16).default([64, 8, 64]),
  activation: activation.default('tanh'),
  outputActivation: activation.default('linear'),
  noise: z.number().min(0).max(10).default(0).describe('denoising: deviation of the input noise, in scaled units'),
  dropout: z.number().min(0).lt(1).default(0),
  l2: z.number().min(0).max(1).default(0),
});

/** How, and how long, a model is trained. */
export const trainSchema = z.strictObject({
  engine: z
    .enum(['simd', 'simd-plain', 'tfjs', 'tfjs-node', 'tfjs-wasm', 'tfjs-cpu'])
    .default('simd')
    .describe('simd: WebAssembly kernel; simd-plain: the same without fused multiply-add, alike on every machine'),
  optimiser: z.enum(['adam', 'sgd']).default('adam'),
  learningRate: z.number().gt(0).max(10).default(0.001).describe('Adam, arXiv 1412.6980, section 2'),
  learningRateDecay: z.number().min(0).max(1).default(0),
  momentum: z.number().min(0).lt(1).default(0.9),
  weightDecay: z.number().min(0).max(1).default(0).describe('decoupled weight decay, arXiv 1711.05101'),
  clipNorm: z.number().min(0).max(1e6).default(0).describe("largest norm of a batch's gradient; 0: no bound"),
  batchSize: positiveInt.max(65_536).default(32),
  stepsPerRound: positiveInt.max(100_000).default(20),
  rounds: positiveInt.max(100_000).default(60),
  workers: positiveInt.max(256).optional().describe('training threads; default: one for each core'),
});

/** How the threshold of the scores is found; a ThresholdRule. */
export const thresholdSchema = z.discriminatedUnion('method', [
  z.strictObject({ method: z.literal('quantile'), quantile: z.number().gt(0).lt(1).default(0.99) }),
  z.strictObject({ method: z.literal('sigma'), sigmas: z.number().gt(0).max(100).default(3) }),
  z.strictObject({
    method: z.literal('pot'),
    initialQuantile: z.number().gt(0).lt(1).default(0.9),
    risk: z.number().gt(0).lt(1).default(0.001),
  }),
]);

/** Keys of a section `train` that its other settings do not read. */
export function conditionalTrainKeys(
  train: Pick<z.output<typeof trainSchema>, 'momentum' | 'optimiser'>,
): ConditionalKey[] {
  return [
    { path: ['train', 'momentum'], value: train.momentum, isUnread: train.optimiser !== 'sgd', needs: 'optimiser sgd' },
  ];
}

/** Why a model cannot go with a shared scaler, whose key is at `scaler`; undefined where it can. */
export function sharedScalerProblem(
  model: Pick<AutoencoderSpec, 'outputActivation'>,
  scaler: string,
): string | undefined {
  if (model.outputActivation === 'linear') return undefined;
  return `model.outputActivation ${model.outputActivation} cannot go with ${scaler} federated: when the shared scaler changes, only a linear output can be adjusted exactly; use linear, or scaler local or fixed`;
}

/** What is wrong with a threshold whose keys are right by themselves, after the name of its section; undefined for nothing. */
export function thresholdProblem(threshold: ThresholdRule): string | undefined {
  if (threshold.method !== 'pot' || threshold.risk < 1 - threshold.initialQuantile) return undefined;
  return `has risk ${threshold.risk}, which must be below 1 − initialQuantile; lower one of them`;
}
