// What a model costs while it does nothing: how much a fresh process grows by holding many, each trained one step.
import { Prng } from '../../src/lib/prng.ts';
import { createEngine } from '../../src/model/create-engine.ts';
import { initialWeights } from '../../src/model/weights.ts';
import { normalRows, notMine, settingsFor } from '../models.ts';
import type { Contender, Job, Work } from '../protocol.ts';
import { residentMeter } from '../resident.ts';
import { tensorflowVersion } from './engine.ts';
import { compiledModel, rowsTensor, startBackend } from './layers.ts';

const batch = 32;

/** Models of the engine: 'simd', or LayersModels on TensorFlow.js's wasm backend: 'layers'. */
export async function load(kind: string): Promise<Contender> {
  if (kind === 'simd') return { version: '', prepare: (job) => prepare(job, simdModels) };
  await startBackend('tfjs-wasm');
  return { version: await tensorflowVersion(), prepare: (job) => prepare(job, layersModels) };
}

type IdleJob = Extract<Job, { kind: 'idle' }>;

/** Gives a function that makes and trains one more model, and what it returns must be kept. */
type Maker = (job: IdleJob) => Promise<(index: number) => unknown>;

async function prepare(job: Job, maker: Maker): Promise<Work> {
  if (job.kind !== 'idle') throw notMine(job);
  const make = await maker(job);
  const residentBytes = residentMeter();
  return async () => {
    // The first one brings what all share.
    const models = [await make(0)];
    const before = residentBytes();
    for (let i = 1; i <= job.models; i++) models.push(await make(i));
    const growth = residentBytes() - before;
    return growth / (models.length - 1);
  };
}

async function simdModels({ spec }: IdleJob): Promise<(index: number) => unknown> {
  const engine = await createEngine('simd', spec, settingsFor(batch));
  const data = normalRows(batch, spec.features);
  const prng = new Prng('idle');
  return () => {
    const weights = initialWeights(spec, prng);
    const optimiser = { step: 0, slots: new Float32Array(2 * weights.length) };
    engine.train(weights, optimiser, data, 1, prng);
    return { weights, optimiser };
  };
}

async function layersModels({ spec }: IdleJob): Promise<(index: number) => unknown> {
  const rows = await rowsTensor(batch, spec.features);
  return async () => {
    const model = await compiledModel(spec);
    await model.trainOnBatch(rows, rows);
    return model;
  };
}
