import assert from 'node:assert/strict';
import { monotonicClock } from '../../../src/lib/clock.ts';
import { Prng } from '../../../src/lib/prng.ts';
import type { AutoencoderSpec, OptimiserState, TrainSettings } from '../../../src/model/engine.ts';
import { EnginePool, type TrainCall, type TrainingSite } from '../../../src/model/engine-pool.ts';
import { applyScale, type Moments, momentsOf, scaleFromMoments } from '../../../src/model/scaler.ts';
import { createSimdEngine } from '../../../src/model/simd-engine.ts';
import { initialWeights } from '../../../src/model/weights.ts';
import { TrainingDiverged } from '../../../src/node/federation-node.ts';
import type { FeatureRow } from '../../../src/node/intake/feature-row.ts';
import { CpuBudget, processCpuSeconds } from '../../../src/node/learning/cpu-budget.ts';
import { OnlineLearner, type OnlineLearnerOptions } from '../../../src/node/learning/online-learner.ts';
import { Reservoir } from '../../../src/node/learning/reservoir.ts';
import { adam, optimiserState, plain } from '../../contract/engine-fixtures.ts';

const spec: AutoencoderSpec = { ...plain, features: 2, hidden: [3] };
const settings: TrainSettings = { ...adam, batchSize: 8 };
const stepsPerRound = 30;
const never = new AbortController().signal;

/** Rows to train on that a test sets. */
class Rows {
  version = 0;
  values: Float64Array = new Float64Array();

  set(count: number, seed: string): void {
    const prng = new Prng(seed);
    this.values = Float64Array.from({ length: 2 * count }, () => prng.nextGaussian());
    this.version++;
  }
  get trainCount(): number {
    return this.values.length / 2;
  }
  trainValues(): Float64Array {
    return this.values;
  }
}

describe('OnlineLearner', () => {
  let pool: EnginePool;
  const start = initialWeights(spec, new Prng('start'));
  const moments: Moments = { count: Float64Array.of(4, 4), mean: Float64Array.of(1, 2), m2: Float64Array.of(16, 1) };
  const scale = scaleFromMoments(moments);
  before(async () => {
    pool = await EnginePool.create({ spec, settings, engine: 'simd', workers: 1 });
  });
  after(() => pool.close());

  const unlimited = () => new CpuBudget({ share: undefined, cpuSeconds: processCpuSeconds, clock: monotonicClock });
  const learnerOn = (rows: OnlineLearnerOptions['rows'], changes: Partial<OnlineLearnerOptions> = {}) => {
    const calls: (TrainCall & { site: TrainingSite })[] = [];
    const train: EnginePool['train'] = (site, call, signal) => {
      calls.push({ site, ...call });
      return pool.train(site, call, signal);
    };
    const learner = new OnlineLearner({
      pool: { train },
      spec,
      settings,
      stepsPerRound,
      seed: 'gateway',
      rows,
      budget: unlimited(),
      cpuSeconds: processCpuSeconds,
      ...changes,
    });
    learner.rescale(moments);
    return { learner, calls };
  };

  /** The same calls by the engine alone. */
  const replayed = (
    values: Float64Array,
    calls: readonly TrainCall[],
    from = start,
    optimiser = optimiserState(spec, settings),
  ) => {
    const weights = from.slice();
    const engine = createSimdEngine(spec, settings);
    for (const { steps, seed } of calls) {
      engine.train(weights, optimiser, applyScale(values, 2, scale), steps, new Prng(seed));
    }
    return { weights, optimiser };
  };

  it('trains a round in slices whose steps are those of the round, each with batches of its own', async () => {
    const rows = new Rows();
    rows.set(20, 'a');
    const { learner, calls } = learnerOn(rows);
    const given = start.slice();
    const { weights, loss } = await learner.train(1, given, never);
    assert.deepEqual(given, start);
    assert.equal(
      calls.reduce((sum, { steps }) => sum + steps, 0),
      stepsPerRound,
    );
    assert(calls.length > 1 && calls[0]?.steps === 1);
    assert.equal(new Set(calls.map(({ seed }) => seed)).size, calls.length);
    const expected = replayed(rows.values, calls);
    assert.deepEqual(weights, expected.weights);
    assert.deepEqual({ ...learner.optimiser }, expected.optimiser);
    assert.equal(learner.optimiser.step, stepsPerRound);
    assert(loss > 0 && Number.isFinite(loss));
  });

  it('takes slices that fit the budget by what the last one took', async () => {
    const rows = new Rows();
    rows.set(20, 'a');
    let cpu = 0;
    // A machine where a step takes 10 ms: slices of 50 ms have five.
    const slow =
      (train: EnginePool['train']): EnginePool['train'] =>
      async (site, call, signal) => {
        cpu += 0.0101 * call.steps;
        return train(site, call, signal);
      };
    const sizes: number[] = [];
    const train = slow((site, call, signal) => {
      sizes.push(call.steps);
      return pool.train(site, call, signal);
    });
    const { learner } = learnerOn(rows, { pool: { train }, cpuSeconds: () => cpu });
    await learner.train(1, start, never);
    await learner.train(2, start, never);
    assert.deepEqual(sizes, [1, 2, 4, 4, 4, 4, 4, 4, 3, 4, 4, 4, 4, 4, 4, 4, 2]);
  });

  it('asks the budget before each slice, and stops with the signal while it waits', async () => {
    const rows = new Rows();
    rows.set(20, 'a');
    const stop = new AbortController();
    let asked = 0;
    const budget = unlimited();
    budget.turn = async (signal) => {
      if (++asked === 3) stop.abort(new Error('stopped'));
      signal.throwIfAborted();
    };
    const { learner, calls } = learnerOn(rows, { budget });
    await assert.rejects(learner.train(1, start, stop.signal), /stopped/);
    assert.equal(calls.length, 2);
    assert.equal(learner.optimiser.step, 0);
    assert(learner.optimiser.slots.every((slot) => slot === 0));
    // Nothing of the aborted round is left for the next one.
    const again = await learner.train(1, start, never);
    assert.deepEqual(again.weights, replayed(rows.values, calls.slice(2)).weights);
  });

  it('is told to its thread once while its rows stay as many, and trains on the rows that there are', async () => {
    const rows = new Rows();
    rows.set(20, 'a');
    const { learner, calls } = learnerOn(rows);
    const first = await learner.train(1, start, never);
    const { length } = calls;
    rows.set(20, 'b');
    const second = await learner.train(2, first.weights, never);
    assert.equal(new Set(calls.map(({ site }) => site)).size, 1);
    const one = replayed(
      Float64Array.from(
        { length: 40 },
        (
          (prng) => () =>
            prng.nextGaussian()
        )(new Prng('a')),
      ),
      calls.slice(0, length),
    );
    assert.deepEqual(first.weights, one.weights);
    assert.deepEqual(second.weights, replayed(rows.values, calls.slice(length), one.weights, one.optimiser).weights);
    rows.set(3, 'c');
    await learner.train(3, second.weights, never);
    assert.equal(new Set(calls.map(({ site }) => site)).size, 2);
    assert.equal(calls.at(-1)?.site.data.rows, 9);
  });

  it('scales the same rows anew when the federation agrees on another scaler', async () => {
    const rows = new Rows();
    rows.set(20, 'a');
    const { learner, calls } = learnerOn(rows);
    const first = await learner.train(1, start, never);
    learner.rescale({ ...moments, mean: Float64Array.of(5, 5) });
    await learner.train(2, first.weights, never);
    const other = scaleFromMoments({ ...moments, mean: Float64Array.of(5, 5) });
    assert.deepEqual(learner.scale, other);
    assert.deepEqual(calls.at(-1)?.site.data.values, applyScale(rows.values, 2, other).values);
  });

  it('goes on after a restart with the optimiser of the checkpoint', async () => {
    const rows = new Rows();
    rows.set(20, 'a');
    const { learner } = learnerOn(rows);
    const first = await learner.train(1, start, never);
    const kept: OptimiserState = { step: learner.optimiser.step, slots: learner.optimiser.slots.slice() };
    const again = learnerOn(rows, { optimiser: kept });
    const second = await again.learner.train(2, first.weights, never);
    const expected = replayed(rows.values, again.calls, first.weights, { step: kept.step, slots: kept.slots.slice() });
    assert.deepEqual(second.weights, expected.weights);
    assert.equal(again.learner.optimiser.step, 2 * stepsPerRound);
  });

  it('rejects with TrainingDiverged and keeps the optimiser as it was before the round', async () => {
    const rows = new Rows();
    rows.set(20, 'a');
    const { learner } = learnerOn(rows);
    const first = await learner.train(1, start, never);
    const slots = learner.optimiser.slots.slice();
    const tooLarge = start.map(() => 3e38);
    await assert.rejects(learner.train(2, tooLarge, never), (error) => {
      assert(error instanceof TrainingDiverged);
      assert.match(error.message, /^training diverged in round 2: .*; lower the learning rate/);
      return true;
    });
    assert.deepEqual(learner.optimiser.slots, slots);
    await learner.train(2, first.weights, never);
    assert.equal(learner.optimiser.step, 2 * stepsPerRound);
  });

  it('does not begin without a scale or rows', async () => {
    const { learner } = learnerOn(new Rows());
    await assert.rejects(learner.train(1, start, never), /no rows to train on/);
    const fresh = new OnlineLearner({
      pool,
      spec,
      settings,
      stepsPerRound,
      seed: 's',
      rows: new Rows(),
      budget: unlimited(),
      cpuSeconds: processCpuSeconds,
    });
    await assert.rejects(fresh.train(1, start, never), /before the scale was known/);
  });

  it('learns what a reservoir holds of a machine', async () => {
    const slots = new Map<number, FeatureRow>();
    const prng = new Prng('machine');
    const options = { slots, prng, features: 2, trainRows: 200, validateRows: 50, horizonRows: 200, blockMs: 100 };
    const rows = new Reservoir(options);
    for (let i = 0; i < 1000; i++) {
      const x = 10 + prng.nextGaussian();
      rows.add({ startMs: 10 * i, endMs: 10 * i + 9, values: Float64Array.of(x, 2 * x + 0.1 * prng.nextGaussian()) });
    }
    const { learner } = learnerOn(rows);
    learner.rescale(rows.trainMoments());
    let weights: Float32Array = start;
    const losses: number[] = [];
    for (let round = 1; round <= 30; round++) {
      const trained = await learner.train(round, weights, never);
      weights = trained.weights;
      losses.push(trained.loss);
    }
    assert(losses.at(-1)! < 0.2 * losses[0]!, losses.join(' '));
    assert.deepEqual(rows.trainMoments(), momentsOf(rows.trainValues(), 2));
  });
});
