// A model on disk in TensorFlow.js's LayersModel format: model.json (topology, weight manifest) and weights.bin.
// Written and read without TensorFlow.js; any TensorFlow.js or its converter can load the folder.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import { messageOf, OperatorError } from '../lib/errors.ts';
import type { AutoencoderSpec } from './engine.ts';
import { weightCount, weightShapes } from './weights.ts';

/** A model read from disk. */
export interface SavedModel {
  spec: AutoencoderSpec;
  weights: Float32Array;
}

const activation = z.enum(['tanh', 'relu', 'linear', 'sigmoid']);
const inputShape = z.tuple([z.null(), z.number().int().min(1)]).optional();
const regularizer = z.object({ class_name: z.literal('L1L2'), config: z.object({ l1: z.literal(0), l2: z.number() }) });

const layerSchema = z.discriminatedUnion('class_name', [
  z.object({
    class_name: z.literal('Dense'),
    config: z.object({
      units: z.number().int().min(1),
      activation,
      use_bias: z.literal(true),
      batch_input_shape: inputShape,
      kernel_regularizer: regularizer.nullable(),
    }),
  }),
  z.object({ class_name: z.literal('Dropout'), config: z.object({ rate: z.number().min(0).lt(1) }) }),
  z.object({
    class_name: z.literal('GaussianNoise'),
    config: z.object({ stddev: z.number().min(0), batch_input_shape: inputShape }),
  }),
]);

const modelSchema = z.object({
  format: z.literal('layers-model'),
  modelTopology: z.object({
    model_config: z.object({
      class_name: z.literal('Sequential'),
      config: z.object({ layers: z.array(layerSchema).min(2) }),
    }),
  }),
  weightsManifest: z.tuple([
    z.object({
      paths: z.tuple([z.literal('weights.bin')]),
      weights: z.array(z.object({ shape: z.array(z.number().int().min(1)), dtype: z.literal('float32') })),
    }),
  ]),
});

type ModelFile = z.infer<typeof modelSchema>;
type LayerConfig<Name extends string> = Extract<z.infer<typeof layerSchema>, { class_name: Name }>['config'];

/** Writes model.json and weights.bin into `folder`, which is made where it is missing; weights.bin comes first. */
export async function saveLayersModel(folder: string, { spec, weights }: SavedModel): Promise<void> {
  assert.equal(weights.length, weightCount(spec), 'weights do not fit the spec');
  await mkdir(folder, { recursive: true });
  const bytes = new Uint8Array(weights.length * 4);
  const view = new DataView(bytes.buffer);
  weights.forEach((value, i) => {
    view.setFloat32(4 * i, value, true);
  });
  await writeFileAtomic(join(folder, 'weights.bin'), bytes);
  await writeFileAtomic(join(folder, 'model.json'), `${JSON.stringify(modelFile(spec), null, 2)}\n`);
}

/** Reads what saveLayersModel wrote. Throws OperatorError where a file is missing, damaged, or another kind of model. */
export async function loadLayersModel(folder: string): Promise<SavedModel> {
  const path = join(folder, 'model.json');
  const text = await read(path);
  let json: unknown;
  try {
    json = JSON.parse(text.toString('utf8'));
  } catch (error) {
    throw new OperatorError(`${path}: not JSON (${messageOf(error)}); give a folder with a saved model.`);
  }
  const parsed = modelSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw notOurs(path, `${issue?.path.join('.')}: ${issue?.message}`);
  }
  const spec = specOf(parsed.data, path);
  return { spec, weights: decodeWeights(await read(join(folder, 'weights.bin')), spec, join(folder, 'weights.bin')) };
}

function modelFile(spec: AutoencoderSpec): unknown {
  const widths = [...spec.hidden, spec.features];
  const layers: { class_name: string; config: Record<string, unknown> }[] = [];
  if (spec.noise > 0) layers.push({ class_name: 'GaussianNoise', config: { name: 'noise', stddev: spec.noise } });
  widths.forEach((units, i) => {
    const isHidden = i < spec.hidden.length;
    layers.push({
      class_name: 'Dense',
      config: {
        name: `dense_${i}`,
        units,
        activation: isHidden ? spec.activation : spec.outputActivation,
        use_bias: true,
        // Keras adds l2·‖kernel‖², our loss ½·l2·‖kernel‖².
        kernel_regularizer: spec.l2 > 0 ? { class_name: 'L1L2', config: { l1: 0, l2: spec.l2 / 2 } } : null,
      },
    });
    if (isHidden && spec.dropout > 0) {
      layers.push({ class_name: 'Dropout', config: { name: `dropout_${i}`, rate: spec.dropout } });
    }
  });
  (layers[0] as (typeof layers)[number]).config.batch_input_shape = [null, spec.features];
  return {
    format: 'layers-model',
    generatedBy: 'rumormill',
    convertedBy: null,
    modelTopology: {
      backend: 'tensor_flow.js',
      model_config: { class_name: 'Sequential', config: { name: 'autoencoder', layers } },
    },
    weightsManifest: [
      {
        paths: ['weights.bin'],
        weights: weightShapes(spec).map(({ rows, columns }, i) => ({
          name: `dense_${Math.floor(i / 2)}/${i % 2 === 0 ? 'kernel' : 'bias'}`,
          shape: i % 2 === 0 ? [rows, columns] : [columns],
          dtype: 'float32',
        })),
      },
    ],
  };
}

function specOf(file: ModelFile, path: string): AutoencoderSpec {
  const { layers } = file.modelTopology.model_config.config;
  const configs = <Name extends string>(name: Name) =>
    layers.filter((layer) => layer.class_name === name).map((layer) => layer.config as LayerConfig<Name>);
  const dense = configs('Dense');
  const [output, ...hidden] = [...dense].reverse();
  const first = layers[0]?.config;
  const shape = first !== undefined && 'batch_input_shape' in first ? first.batch_input_shape : undefined;
  if (output === undefined || hidden.length === 0 || shape?.[1] !== output.units) {
    throw notOurs(path, 'its layers are not those of an autoencoder');
  }
  const activations = new Set(hidden.map((layer) => layer.activation));
  const penalties = new Set(dense.map((layer) => layer.kernel_regularizer?.config.l2 ?? 0));
  const rates = new Set(configs('Dropout').map((layer) => layer.rate));
  if (activations.size > 1 || penalties.size > 1 || rates.size > 1) {
    throw notOurs(path, 'its hidden layers differ in activation, penalty or dropout');
  }
  const spec: AutoencoderSpec = {
    features: output.units,
    hidden: hidden.reverse().map((layer) => layer.units),
    activation: [...activations][0] as AutoencoderSpec['activation'],
    outputActivation: output.activation,
    noise: configs('GaussianNoise')[0]?.stddev ?? 0,
    dropout: [...rates][0] ?? 0,
    l2: ([...penalties][0] as number) * 2,
  };
  const expected = weightShapes(spec).map(({ rows, columns }, i) => (i % 2 === 0 ? [rows, columns] : [columns]));
  const stated = file.weightsManifest[0].weights.map(({ shape }) => shape);
  if (JSON.stringify(stated) !== JSON.stringify(expected)) throw notOurs(path, 'its weights do not fit its layers');
  return spec;
}

function decodeWeights(bytes: Buffer, spec: AutoencoderSpec, path: string): Float32Array {
  const count = weightCount(spec);
  if (bytes.length !== 4 * count) {
    throw new OperatorError(
      `${path}: ${bytes.length} bytes where model.json needs ${4 * count}; save the model again.`,
    );
  }
  const weights = Float32Array.from({ length: count }, (_, i) => bytes.readFloatLE(4 * i));
  if (!weights.every(Number.isFinite)) {
    throw new OperatorError(`${path}: holds a weight that is not finite; save the model again.`);
  }
  return weights;
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new OperatorError(`${path}: cannot be read (${messageOf(error)}); give a folder with a saved model.`);
  }
}

function notOurs(path: string, reason: string): OperatorError {
  return new OperatorError(`${path}: not a dense autoencoder of this program (${reason}); give a folder it saved.`);
}
