// A gateway's training: rounds on whatever rows the reservoir holds, within a budget of processor time. Owns the scaled rows and the
// optimiser; which rows there are is the reservoir's, and weights are given and taken.
import assert from 'node:assert/strict';
import type { Moments } from '../../gossip/moments.ts';
import type { AutoencoderSpec, OptimiserState, TrainSettings } from '../../model/engine.ts';
import { EngineError } from '../../model/engine-error.ts';
import { slotCount } from '../../model/engine-input.ts';
import type { EnginePool, TrainingSite } from '../../model/engine-pool.ts';
import { applyScale, type Scale, scaleFromMoments, scaleInto } from '../../model/scaler.ts';
import { sharedFloats } from '../../model/shared-memory.ts';
import { rowsForBatches } from '../../model/training-rows.ts';
import { weightCount } from '../../model/weights.ts';
import { type Learner, TrainingDiverged } from '../federation-node.ts';
import type { CpuBudget } from './cpu-budget.ts';

/** Rows to train on; a Reservoir. */
export interface TrainingRows {
  /** Changes whenever the rows do. */
  readonly version: number;
  readonly trainCount: number;
  /** Rows × features, row-major, raw, NaN where missing. */
  trainValues(): Float64Array;
}

/** With what and how a gateway trains. */
export interface OnlineLearnerOptions {
  /** One worker is enough: a gateway has one model. */
  pool: Pick<EnginePool, 'train'>;
  spec: AutoencoderSpec;
  settings: TrainSettings;
  stepsPerRound: number;
  /** Names federation and gateway; batches, noise and dropout follow from it and the round. */
  seed: string;
  rows: TrainingRows;
  budget: CpuBudget;
  /** Processor time of the process so far, in seconds. */
  cpuSeconds(): number;
  /** Of the last checkpoint, where there is one. */
  optimiser?: OptimiserState | undefined;
}

/** Trains a round in slices, before each of which the budget is asked. */
export class OnlineLearner implements Learner {
  private readonly options: OnlineLearnerOptions;
  private site: TrainingSite;
  private done: OptimiserState;
  private current: Scale | undefined;
  /** What the site's data were made of. */
  private made: { version: number; scale: Scale } | undefined;
  private secondsPerStep = 0;
  private sliceSteps = 0;

  constructor(options: OnlineLearnerOptions) {
    this.options = options;
    const { spec, settings, optimiser } = options;
    const slots = slotCount(spec, settings);
    assert(optimiser === undefined || optimiser.slots.length === slots, 'the optimiser state is of another model');
    this.done = { step: optimiser?.step ?? 0, slots: optimiser?.slots.slice() ?? new Float32Array(slots) };
    this.site = this.freshSite();
  }

  /** The scale in use; undefined until the federation has agreed on one. */
  get scale(): Scale | undefined {
    return this.current;
  }

  /** The optimiser after the last round that was trained whole: what a checkpoint keeps. Not to be changed. */
  get optimiser(): Readonly<OptimiserState> {
    return this.done;
  }

  rescale(moments: Moments): void {
    this.scaleBy(scaleFromMoments(moments));
  }

  /** As rescale(), where the scale is not from moments. */
  scaleBy(scale: Scale): void {
    this.current = scale;
  }

  /**
   * One round on the rows there are as it begins, at least one. A round that is aborted or diverges leaves the optimiser as it was before the
   * round. An abort is followed at the end of the slice that runs, within CpuBudget.sliceSeconds for all but the largest models.
   */
  async train(
    round: number,
    weights: Float32Array,
    signal: AbortSignal,
  ): Promise<{ weights: Float32Array; loss: number }> {
    const { options } = this;
    try {
      this.bringRows();
      this.site.weights.set(weights);
      const loss = await this.trainSlices(round, signal);
      const { optimiser } = this.site;
      this.done = { step: optimiser.step, slots: new Float32Array(optimiser.slots) };
      return { weights: new Float32Array(this.site.weights), loss };
    } catch (error) {
      // A thread may still be at work on the memory of an aborted slice.
      this.site = this.freshSite();
      this.made = undefined;
      if (!(error instanceof EngineError && error.code === 'diverged')) throw error;
      throw new TrainingDiverged(
        `training diverged in round ${round}: loss or weights are not finite; lower the learning rate ${options.settings.learningRate} of the manifest`,
      );
    }
  }

  /** Mean loss over the round's steps. */
  private async trainSlices(round: number, signal: AbortSignal): Promise<number> {
    const { pool, stepsPerRound, seed, budget, cpuSeconds } = this.options;
    let lossSum = 0;
    let steps = 0;
    for (let done = 0; done < stepsPerRound; done += steps) {
      await budget.turn(signal);
      steps = Math.min(this.planSlice(), stepsPerRound - done);
      const before = cpuSeconds();
      lossSum += steps * (await pool.train(this.site, { steps, seed: `${seed}/${round}/${done}` }, signal));
      this.secondsPerStep = (cpuSeconds() - before) / steps;
    }
    return lossSum / stepsPerRound;
  }

  /** As many steps as fit by what the last slice took, at most twice as many as before: the first one is a guess. */
  private planSlice(): number {
    const fitting = Math.floor(this.options.budget.sliceSeconds / Math.max(this.secondsPerStep, 1e-6));
    this.sliceSteps = Math.max(1, Math.min(fitting, 2 * this.sliceSteps));
    return this.sliceSteps;
  }

  /** The site stays the same while its number of rows does, so that memory does not grow with the rounds. */
  private bringRows(): void {
    const { rows, spec, settings } = this.options;
    const { current: scale, made } = this;
    assert(scale !== undefined, 'training began before the scale was known');
    if (made?.version === rows.version && made.scale === scale) return;
    const values = rowsForBatches(rows.trainValues(), rows.trainCount, settings.batchSize);
    const { data } = this.site;
    if (data.values.length === values.length) scaleInto(data, values, scale);
    else this.site = { ...this.site, data: applyScale(values, spec.features, scale) };
    this.made = { version: rows.version, scale };
  }

  private freshSite(): TrainingSite {
    const { spec } = this.options;
    const slots = sharedFloats(this.done.slots.length);
    slots.set(this.done.slots);
    const data = applyScale(new Float64Array(), spec.features, noScale(spec.features));
    return { weights: sharedFloats(weightCount(spec)), optimiser: { step: this.done.step, slots }, data };
  }
}

function noScale(features: number): Scale {
  return { mean: new Float64Array(features), deviation: new Float64Array(features).fill(1) };
}
