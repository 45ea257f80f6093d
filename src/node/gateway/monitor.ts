// What a gateway makes of each window: scores it, raises alerts, and keeps what is normal to learn from. Owns the order of
// these; trains nothing and sends nothing.
import type { Prng } from '../../lib/prng.ts';
import type { Moments } from '../../model/scaler.ts';
import type { FeatureRow } from '../intake/feature-row.ts';
import { AlertBook, type AlertChange } from '../learning/alert-book.ts';
import { ContaminationGuard } from '../learning/contamination-guard.ts';
import { LiveThreshold, type LiveThresholdOptions } from '../learning/live-threshold.ts';
import { Reservoir } from '../learning/reservoir.ts';
import type { RowScorer } from '../learning/row-scorer.ts';
import { hasDrifted } from '../learning/scaler-drift.ts';
import type { Store } from '../store/store.ts';

/** Windows kept to train on: at one a minute a day and a half. */
const trainRows = 2048;
/** Windows held out for the threshold. */
const validateRows = 512;
/** A full reservoir's windows are this old on average, in windows that came since: at one a minute six days. */
const horizonRows = 4 * trainRows;
/** Windows above the threshold that are withheld in a row before they count as the new normal. */
const withheldMax = trainRows / 5;
/** Strides of a window in a block of time that goes to one kind; two windows at each end of a kind are lost. */
const blockStrides = 8;
/** Held-out windows that a threshold takes. With fewer it would be little more than the largest of a handful. */
const thresholdRowsMin = 20;
const thresholdIntervalMs = 5000;

export interface MonitorOptions {
  store: Store;
  scorer: RowScorer;
  /** Of a row. */
  features: number;
  /** Windows in milliseconds of data. */
  window: { lengthMs: number; strideMs: number };
  threshold: Pick<LiveThresholdOptions, 'rule' | 'clock'>;
  prng: Prng;
  /** Milliseconds since the epoch. */
  wallClockMs(): number;
  onAlert(change: AlertChange): void;
  /** The moments of the rows to train on have moved far from those published last. */
  onDrift(moments: Moments): void;
}

/** Takes windows in order of time. Everything that it knows is in the store, so that a restart goes on from there. */
export class Monitor {
  /** Score of the newest window; undefined until there is a model. */
  score: number | undefined;
  readonly reservoir: Reservoir;
  private readonly options: MonitorOptions;
  private readonly guard: ContaminationGuard;
  private readonly thresholds: LiveThreshold;
  private readonly book: AlertBook;
  private published: Moments | undefined;
  /** End of the newest window, of this run and of the one before; the latter until a later one comes. */
  private newestMs: number | undefined;
  private resumedMs: number | undefined;

  constructor(options: MonitorOptions) {
    const { store, prng, features, window, threshold } = options;
    this.options = options;
    const { lengthMs, strideMs } = window;
    this.reservoir = new Reservoir({
      slots: store.windows,
      prng,
      features,
      trainRows,
      validateRows,
      horizonRows,
      blockMs: Math.max(blockStrides * strideMs, 2 * lengthMs),
    });
    this.guard = new ContaminationGuard(withheldMax, store.facts.getJson('guard'));
    const known = store.facts.getJson('threshold');
    this.thresholds = new LiveThreshold({
      ...threshold,
      rowsMin: thresholdRowsMin,
      intervalMs: thresholdIntervalMs,
      value: typeof known === 'number' ? known : undefined,
    });
    this.book = new AlertBook(store.alerts);
    const newestMs = store.facts.getJson('newestMs');
    this.resumedMs = typeof newestMs === 'number' ? newestMs : undefined;
  }

  /** Score above which a window is not normal; undefined until there are windows enough held out. */
  get threshold(): number | undefined {
    return this.thresholds.value;
  }

  /** The moments that the federation has of this gateway from now on. */
  publishes(moments: Moments): void {
    this.published = moments;
  }

  take(row: FeatureRow): void {
    const { store, scorer, onAlert, onDrift } = this.options;
    if (this.isKnown(row)) {
      store.counters.add('windows.known');
      return;
    }
    this.newestMs = row.endMs;
    this.score = scorer.score(row.values);
    if (this.score !== undefined && this.threshold !== undefined) {
      const change = this.book.take(row, this.score, this.threshold, () => scorer.sensorsOf(row.values));
      if (change) onAlert(change);
    }
    const admission = this.score === undefined ? 'normal' : this.guard.judge(this.score, this.threshold);
    store.counters.add(`windows.${admission}`);
    if (admission === 'withheld') return;
    store.counters.add(`windows.${this.reservoir.add(row)}`);
    const { published } = this;
    if (published && this.reservoir.trainCount > 0 && hasDrifted(published, this.reservoir.trainMoments())) {
      onDrift(this.reservoir.trainMoments());
    }
  }

  /**
   * True for a window that came before a restart, as where a file is read again from its beginning. A time in the future was
   * a clock that went wrong, and means nothing.
   */
  private isKnown({ endMs }: FeatureRow): boolean {
    const { resumedMs } = this;
    if (resumedMs === undefined) return false;
    if (endMs <= resumedMs && resumedMs <= this.options.wallClockMs()) return true;
    this.resumedMs = undefined;
    return false;
  }

  /** After a round: the scorer has the new model. */
  afterRound(): void {
    const { scorer } = this.options;
    this.thresholds.update(this.reservoir.validateCount, () => scorer.scores(this.reservoir.validateValues()));
  }

  /** Hands the store what only memory has. */
  save(): void {
    const { facts } = this.options.store;
    facts.setJson('guard', this.guard.state());
    if (this.threshold !== undefined) facts.setJson('threshold', this.threshold);
    if (this.newestMs !== undefined) facts.setJson('newestMs', this.newestMs);
  }
}
