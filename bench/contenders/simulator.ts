// A simulated fleet with real training: rounds of nodes by the second.
import { collectInProportion } from '../../src/lib/garbage-collection.ts';
import { Prng } from '../../src/lib/prng.ts';
import { EnginePool } from '../../src/model/engine-pool.ts';
import { createVectorKernel } from '../../src/model/vectors.ts';
import { weightShapes } from '../../src/model/weights.ts';
import { PoolLearner } from '../../src/scenario/learner.ts';
import { meshNeighbours } from '../../src/sim/mesh.ts';
import { type SimulatedNode, simulate } from '../../src/sim/simulation.ts';
import { freshModel, notMine, settingsFor } from '../models.ts';
import type { Contender, Job, Work } from '../protocol.ts';

const degree = 6;
const rowsPerNode = 64;

const coreDefaults = {
  exchange: 'mesh',
  mixing: 'metropolis',
  rounds: 'barrier-free',
  encoding: 'float32',
  sparsifier: 'none',
  keep: 1,
  fanout: 1,
  stalenessMaxRounds: 3,
  aheadMaxRounds: 1000,
  roundIntervalMs: 0,
  roundTimeoutMs: 1000,
  inlinePayloadBytesMax: 2 ** 20,
  scaler: undefined,
  originsExpected: 0,
  settleMs: 1,
  spreadMs: 1,
} as const;

/** Loads nothing: the pool depends on the job. */
export function load(): Contender {
  return { version: '', prepare };
}

async function prepare(job: Job): Promise<Work> {
  if (job.kind !== 'simulate') throw notMine(job);
  const { spec, batch, steps, nodes: count, rounds, workers } = job;
  const settings = settingsFor(batch);
  if (count >= 512) collectInProportion();
  const pool = await EnginePool.create({ spec, settings, engine: 'simd', workers });
  const vectors = createVectorKernel();
  const features = Array.from({ length: spec.features }, (_, i) => `x${i}`);
  const scale = { mean: new Float64Array(spec.features), deviation: new Float64Array(spec.features).fill(1) };
  const { weights } = freshModel(spec, 1);
  const shapes = weightShapes(spec);
  const nodes = Array.from({ length: count }, (_, i): SimulatedNode => {
    const prng = new Prng(`node ${i}`);
    const values = Float64Array.from({ length: rowsPerNode * spec.features }, () => prng.nextGaussian());
    const train = { features, rows: rowsPerNode, values, labels: new Uint8Array(rowsPerNode) };
    const learner = new PoolLearner({
      ...{ pool, spec, settings, stepsPerRound: steps, seed: 'bench', scale },
      data: { name: String(i), train },
    });
    return {
      settings: { ...coreDefaults, self: `node-${i}`, shapes, vectors, stepsPerRound: steps, roundsMax: rounds },
      createLearner: () => Object.assign(learner, { isDivergence: () => false }),
      weights,
      samples: rowsPerNode,
      trainMs: steps,
    };
  });
  return async (units) => {
    for (let unit = 0; unit < units; unit++) {
      const prng = new Prng('simulator');
      await simulate({
        federation: new Uint8Array(32),
        nodes,
        neighbours: meshNeighbours(count, degree, prng),
        network: { latency: { distribution: 'constant', ms: 1 }, bandwidthMbps: 1000, loss: 0, duplication: 0 },
        prng,
        signal: new AbortController().signal,
        onEvent: () => undefined,
      });
    }
    return units * count * rounds;
  };
}
