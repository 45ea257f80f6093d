// One node's training in a scenario: its rows, its scale, its optimiser. Every method that trains a node uses this one.
import { strict as assert } from 'node:assert';
import type { FeatureTable, NodeData } from '../data/types.ts';
import type { Moments } from '../gossip/moments.ts';
import type { AutoencoderSpec, Dataset, Engine, OptimiserState, TrainSettings } from '../model/engine.ts';
import { EngineError } from '../model/engine-error.ts';
import { slotCount } from '../model/engine-input.ts';
import type { EnginePool, TrainingSite } from '../model/engine-pool.ts';
import { applyScale, type Scale, scaleFromMoments } from '../model/scaler.ts';
import { sharedFloats } from '../model/shared-memory.ts';
import { rowsForBatches } from '../model/training-rows.ts';
import { weightCount } from '../model/weights.ts';
import { type Learner, TrainingDiverged } from '../node/federation-node.ts';

/** What one node trains on, and with what. */
export interface PoolLearnerOptions {
  pool: EnginePool;
  spec: AutoencoderSpec;
  settings: TrainSettings;
  stepsPerRound: number;
  /** Names the run's seed and the node; batches, noise and dropout follow from it and the round alone. */
  seed: string;
  data: Pick<NodeData, 'name' | 'train'>;
  /** What lossOf() measures by: an engine on this thread, and normal rows. */
  lossOn?: { engine: Engine; table: FeatureTable } | undefined;
  /** Given where the scale is known from the start; otherwise `rescale` comes first. */
  scale?: Scale;
}

/** Held-out rows that lossOf() scores, at most: it runs between two rounds, for each neighbour's model. */
const heldOutRowsMax = 256;

/** Trains on a pool's threads. */
export class PoolLearner implements Learner {
  private readonly options: PoolLearnerOptions;
  private readonly weights: Float32Array;
  private readonly optimiser: OptimiserState;
  private site: TrainingSite | undefined;
  private current: Scale | undefined;
  private heldOut: Dataset | undefined;

  constructor(options: PoolLearnerOptions) {
    this.options = options;
    this.weights = sharedFloats(weightCount(options.spec));
    this.optimiser = { step: 0, slots: sharedFloats(slotCount(options.spec, options.settings)) };
    if (options.scale) this.scaleRows(options.scale);
  }

  rescale(moments: Moments): void {
    this.scaleRows(scaleFromMoments(moments));
  }

  /** `steps` is given by methods that train more or less than a round at once. */
  async train(round: number, weights: Float32Array, signal: AbortSignal, steps = this.options.stepsPerRound) {
    const { site, options } = this;
    assert(site !== undefined, 'training began before the scale was known');
    this.weights.set(weights);
    try {
      const seed = `${options.seed}/${options.data.name}/${round}`;
      const loss = await options.pool.train(site, { steps, seed }, signal);
      return { weights: new Float32Array(this.weights), loss };
    } catch (error) {
      if (!(error instanceof EngineError && error.code === 'diverged')) throw error;
      throw new TrainingDiverged(
        `training of ${options.data.name} diverged in round ${round}: loss or weights are not finite; lower train.learningRate`,
      );
    }
  }

  /** Mean score of `weights` on the rows of `lossOn`; of many rows, on 256 at equal distances. */
  lossOf(weights: Float32Array): number {
    const { lossOn } = this.options;
    assert(lossOn !== undefined && this.heldOut !== undefined, 'lossOf() needs lossOn and a scale');
    const scores = lossOn.engine.score(weights, this.heldOut);
    return scores.reduce((sum, score) => sum + score, 0) / scores.length;
  }

  /** The scale in use; undefined until the nodes have agreed on one. */
  get scale(): Scale | undefined {
    return this.current;
  }

  private scaleRows(scale: Scale): void {
    this.current = scale;
    const { data, settings, lossOn } = this.options;
    if (lossOn) this.heldOut = scaledSample(lossOn.table, scale);
    const { values, rows, features } = data.train;
    const enough = rowsForBatches(values, rows, settings.batchSize);
    const { weights, optimiser } = this;
    this.site = { weights, optimiser, data: applyScale(enough, features.length, scale) };
  }
}

function scaledSample({ values, rows, features: { length } }: FeatureTable, scale: Scale): Dataset {
  const count = Math.min(rows, heldOutRowsMax);
  const sample = new Float64Array(count * length);
  for (let i = 0; i < count; i++) {
    const from = Math.floor((i * rows) / count) * length;
    sample.set(values.subarray(from, from + length), i * length);
  }
  return applyScale(sample, length, scale);
}
