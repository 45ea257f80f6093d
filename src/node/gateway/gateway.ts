// A gateway at work: node, learning, source and control put together on a network and a store that are open. Owns what follows
// from one for another; what each does is its own.
import assert from 'node:assert/strict';
import { federationText } from '../../gossip/manifest.ts';
import { plainVectors } from '../../gossip/mixing.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Prng } from '../../lib/prng.ts';
import { createEngine } from '../../model/create-engine.ts';
import type { Engine } from '../../model/engine.ts';
import { EnginePool } from '../../model/engine-pool.ts';
import { applyScale, scaleFromMoments } from '../../model/scaler.ts';
import { createVectorKernel } from '../../model/vectors.ts';
import { coreSettings } from '../core-settings.ts';
import { Intake } from '../intake/intake.ts';
import type { AlertChange } from '../learning/alert-book.ts';
import { CpuBudget, processCpuSeconds } from '../learning/cpu-budget.ts';
import { OnlineLearner } from '../learning/online-learner.ts';
import { RowScorer } from '../learning/row-scorer.ts';
import type { Manifest, ManifestAgreement } from '../manifest.ts';
import type { Network } from '../peers/network.ts';
import type { SourceSink } from '../sources/source.ts';
import type { Store } from '../store/store.ts';
import { alertText } from './alert-text.ts';
import { LearningNode, type Round } from './learning-node.ts';
import { Monitor } from './monitor.ts';

export interface GatewayOptions {
  manifest: Manifest;
  agreement: ManifestAgreement;
  /** Started; the caller stops it. */
  network: Network;
  /** Open; the caller closes it. */
  store: Store;
  /** Of one core, for the whole process; undefined for no limit. */
  cpuShareMax: number | undefined;
  clock: Clock;
  /** Milliseconds since the epoch. */
  wallClockMs(): number;
  prng: Prng;
  /** Takes what an operator wants to read, one sentence each. */
  say(sentence: string): void;
  /** Takes what windows do to alerts, after it was said. */
  onAlert(change: AlertChange): void;
  /** Whether every round is worth a sentence. */
  verbose: boolean;
}

/** It needs no addon, and runs wherever there are vectors of 128 bits. */
const engineName = 'simd';
/** Without an answer from a neighbour for so long, a gateway begins with its own model. */
const settleMs = 5000;
/** What a crash may take of windows and counts; learning itself is stored after each round. */
const saveIntervalMs = 2000;

/** One gateway, from start() to stop(). */
export class Gateway {
  readonly options: GatewayOptions;
  readonly monitor: Monitor;
  readonly node: LearningNode;
  /** The model as it was after the latest round; undefined before the first one. */
  round: Round | undefined;
  private readonly pool: EnginePool;
  private readonly engine: Engine;
  private readonly scorer: RowScorer;
  private readonly intake: Intake;
  private readonly saving: NodeJS.Timeout;
  private readonly counted: Record<string, number> = {};

  /** @param pool of one thread; @param engine for this thread. The gateway ends both. */
  private constructor(options: GatewayOptions, pool: EnginePool, engine: Engine) {
    const { manifest, agreement, network, store, clock, prng, say } = options;
    const { spec, sensors, federation } = agreement;
    this.options = options;
    this.pool = pool;
    this.engine = engine;
    this.scorer = new RowScorer({ engine, spec, sensors });
    const { length, stride } = manifest.window;
    const { intervalMs } = manifest.sampling;
    this.monitor = new Monitor({
      store,
      scorer: this.scorer,
      features: spec.features,
      window: { lengthMs: length * intervalMs, strideMs: stride * intervalMs },
      threshold: { rule: manifest.threshold, clock },
      prng: prng.fork('reservoir'),
      wallClockMs: options.wallClockMs,
      onAlert: (change) => {
        const sentence = alertText(change);
        if (sentence !== undefined) say(sentence);
        options.onAlert(change);
      },
      onDrift: () => this.publishData(),
    });
    const budget = new CpuBudget({ share: options.cpuShareMax, cpuSeconds: processCpuSeconds, clock });
    this.node = new LearningNode({
      network,
      federation,
      settings: {
        ...coreSettings({
          self: network.self,
          spec,
          gossip: manifest.gossip,
          sharesScaler: manifest.scaler === 'federated',
          stepsPerRound: manifest.train.stepsPerRound,
          roundsMax: Number.POSITIVE_INFINITY,
          roundIntervalMs: manifest.gossip.roundIntervalMs,
          originsExpected: 0,
          settleMs,
        }),
        vectors: pool.name.startsWith('simd') ? createVectorKernel() : plainVectors,
        lossOf: (weights) => this.lossOf(weights),
      },
      features: spec.features,
      weights: agreement.weights,
      ...(manifest.scaler !== 'federated' && {
        ownScale: ({ moments }) => agreement.scale ?? scaleFromMoments(moments),
      }),
      createLearner: (optimiser) =>
        new OnlineLearner({
          pool,
          spec,
          settings: agreement.settings,
          stepsPerRound: manifest.train.stepsPerRound,
          seed: `${federationText(federation)}/${network.self}`,
          rows: this.monitor.reservoir,
          budget,
          cpuSeconds: processCpuSeconds,
          optimiser,
        }),
      store,
      clock,
      prng: prng.fork('gossip'),
      onRound: (round) => this.onRound(round),
      say,
    });
    this.intake = new Intake(manifest, manifest.sensors, (row) => {
      this.monitor.take(row);
      if (!this.node.hasBegun) this.beginIfReady();
    });
    this.saving = setInterval(() => this.save(), saveIntervalMs);
  }

  /** Starts engine and threads, and trains where there are windows from before. */
  static async start(options: GatewayOptions): Promise<Gateway> {
    const { spec, settings } = options.agreement;
    const pool = await EnginePool.create({ engine: engineName, spec, settings, workers: 1 });
    const gateway = new Gateway(options, pool, await createEngine(engineName, spec, settings));
    gateway.beginIfReady();
    return gateway;
  }

  /** Windows that training takes before it can begin. */
  get rowsNeeded(): number {
    return this.options.agreement.settings.batchSize;
  }

  /** Counts of the source and of the intake, by name. */
  get sourceCounts(): Readonly<Record<string, number>> {
    return this.counted;
  }

  get intakeCounts(): Record<string, number> {
    const { store } = this.options;
    const outOfRange = Object.values(this.intake.outOfRangeCounts).reduce((sum, count) => sum + count, 0);
    const kept = Object.entries(store.counters.all()).filter(([name]) => name.startsWith('windows.'));
    return {
      ...this.intake.counts,
      outOfRange,
      ...Object.fromEntries(kept.map(([name, count]) => [name.slice('windows.'.length), count])),
    };
  }

  /** Where a source's samples and troubles go. */
  get sink(): SourceSink {
    const { say, wallClockMs } = this.options;
    return {
      take: (sample) => this.intake.add(sample, wallClockMs()),
      count: (counter, by = 1) => {
        this.counted[counter] = (this.counted[counter] ?? 0) + by;
      },
      say,
    };
  }

  /** There will be no more samples. */
  sourceEnded(): void {
    this.intake.flush();
    this.options.say('the source is at its end; this gateway goes on learning from what it has kept');
  }

  /** Stores what is not stored yet. */
  save(): void {
    this.monitor.save();
    this.options.store.flush();
  }

  async stop(): Promise<void> {
    clearInterval(this.saving);
    await this.node.stop();
    await this.pool.close();
    this.engine.dispose();
    this.save();
  }

  private beginIfReady(): void {
    const { reservoir } = this.monitor;
    if (reservoir.trainCount < this.rowsNeeded) return;
    const moments = reservoir.trainMoments();
    this.monitor.publishes(moments);
    this.node.begin({ samples: reservoir.trainCount, moments });
  }

  private publishData(): void {
    const { reservoir } = this.monitor;
    const moments = reservoir.trainMoments();
    this.monitor.publishes(moments);
    this.node.dataChanged({ samples: reservoir.trainCount, moments });
  }

  private onRound(round: Round): void {
    const { say, verbose } = this.options;
    this.round = round;
    this.scorer.use(round.weights, round.scale);
    this.monitor.afterRound();
    const { loss, mixed } = round;
    if (verbose && loss !== undefined) say(`round ${round.round}: loss ${loss.toPrecision(4)}, ${mixed} updates mixed`);
  }

  /** Mean score of a neighbour's model on windows that were held out, or on those to train on where there are none. */
  private lossOf(weights: Float32Array): number {
    const { reservoir } = this.monitor;
    const { scale } = this.node;
    assert(scale !== undefined, 'a model is measured before there is a scale');
    const { features } = this.options.agreement.spec;
    const rows = reservoir.validateCount > 0 ? reservoir.validateValues() : reservoir.trainValues();
    const scores = this.engine.score(weights, applyScale(rows, features, scale));
    return scores.reduce((sum, score) => sum + score, 0) / scores.length;
  }
}
