// One node's training in a scenario: its rows, its scale, its optimiser. Every method that trains a node uses this one.
import { strict as assert } from 'node:assert';
import type { NodeData } from '../data/types.ts';
import type { Moments } from '../gossip/moments.ts';
import { allFinite } from '../gossip/payload.ts';
import type { AutoencoderSpec, Dataset, OptimiserState, TrainSettings } from '../model/engine.ts';
import type { EnginePool } from '../model/engine-pool.ts';
import { applyScale, type Scale, scaleFromMoments } from '../model/scaler.ts';
import { weightCount } from '../model/weights.ts';
import { type Learner, TrainingDiverged } from '../node/federation-node.ts';

export interface PoolLearnerOptions {
  pool: EnginePool;
  spec: AutoencoderSpec;
  settings: TrainSettings;
  stepsPerRound: number;
  /** Names the run's seed and the node; batches, noise and dropout follow from it and the round alone. */
  seed: string;
  data: Pick<NodeData, 'name' | 'train'>;
  /** Given where the scale is known from the start; otherwise `rescale` comes first. */
  scale?: Scale;
}

/** Trains on a pool's threads. */
export class PoolLearner implements Learner {
  private readonly options: PoolLearnerOptions;
  private optimiser: OptimiserState;
  private rows: Dataset | undefined;
  private current: Scale | undefined;

  constructor(options: PoolLearnerOptions) {
    this.options = options;
    const slots = (options.settings.optimiser === 'adam' ? 2 : 1) * weightCount(options.spec);
    this.optimiser = { step: 0, slots: new Float32Array(slots) };
    if (options.scale) this.scaleRows(options.scale);
  }

  rescale(moments: Moments): void {
    this.scaleRows(scaleFromMoments(moments));
  }

  /** `steps` is given by methods that train more or less than a round at once. */
  async train(round: number, weights: Float32Array, signal: AbortSignal, steps = this.options.stepsPerRound) {
    assert(this.rows !== undefined, 'training began before the scale was known');
    const { pool, seed, data } = this.options;
    const request = {
      weights,
      optimiser: this.optimiser,
      data: this.rows,
      steps,
      seed: `${seed}/${data.name}/${round}`,
    };
    const result = await pool.train(request, signal);
    if (!Number.isFinite(result.loss) || !allFinite(result.weights)) {
      throw new TrainingDiverged(
        `training of ${data.name} diverged in round ${round}: loss or weights are not finite; lower train.learningRate`,
      );
    }
    this.optimiser = result.optimiser;
    return { weights: result.weights, loss: result.loss };
  }

  /** The scale in use; undefined until the nodes have agreed on one. */
  get scale(): Scale | undefined {
    return this.current;
  }

  private scaleRows(scale: Scale): void {
    this.current = scale;
    const { train } = this.options.data;
    this.rows = applyScale(train.values, train.features.length, scale);
  }
}
