// A gateway's training: rounds on whatever rows the reservoir holds, within a budget of processor time. Owns the scaled rows and the
// optimiser; which rows there are is the reservoir's, and weights are given and taken.
import assert from 'node:assert/strict';
import type { Moments } from '../../gossip/moments.ts';
import type { AutoencoderSpec, Dataset, OptimiserState, TrainSettings } from '../../model/engine.ts';
import { EngineError } from '../../model/engine-error.ts';
import { slotCount } from '../../model/engine-input.ts';
import type { EnginePool, TrainingSite } from '../../model/engine-pool.ts';
import { type Scale, scaleFromMoments, scaleInto } from '../../model/scaler.ts';
import { sharedDataset, sharedFloats } from '../../model/shared-memory.ts';
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
  /** Memory for the site's data, and more. */
  private room!: Dataset;
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

  /** Brings the reservoir's rows, where they or their scale have changed. */
  private bringRows(): void {
    const { rows, spec, settings } = this.options;
    const { current: scale, made } = this;
    assert(scale !== undefined, 'training began before the scale was known');
    if (made?.version === rows.version && made.scale === scale) return;
    const values = rowsForBatches(rows.trainValues(), rows.trainCount, settings.batchSize);
    const count = values.length / spec.features;
    if (this.site.data.rows !== count) this.site = { ...this.site, data: this.roomFor(count) };
    scaleInto(this.site.data, values, scale);
    this.made = { version: rows.version, scale };
  }

  /**
   * A dataset of `rows` rows in memory that is used again and again: shared memory is freed only once every thread has forgotten it,
   * and while the reservoir fills there is one row more each time.
   */
  private roomFor(rows: number): Dataset {
    const { features } = this.options.spec;
    if (this.room.rows < rows) this.room = sharedDataset(Math.max(rows, 2 * this.room.rows), features);
    const { values, mask } = this.room;
    const length = rows * features;
    return { rows, columns: features, values: values.subarray(0, length), mask: mask.subarray(0, length) };
  }

  private freshSite(): TrainingSite {
    const { spec } = this.options;
    const slots = sharedFloats(this.done.slots.length);
    slots.set(this.done.slots);
    this.room = sharedDataset(0, spec.features);
    return { weights: sharedFloats(weightCount(spec)), optimiser: { step: this.done.step, slots }, data: this.room };
  }
}
