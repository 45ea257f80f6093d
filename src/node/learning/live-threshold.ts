// The threshold of a running gateway. Owns when it is found anew; scores come from outside.
import type { Clock } from '../../lib/clock.ts';
import { allFinite } from '../../lib/finite.ts';
import { type ThresholdRule, thresholdOf } from '../../model/threshold.ts';

/** How and how often the threshold is found. */
export interface LiveThresholdOptions {
  rule: ThresholdRule;
  /** Fewest held-out rows that it is found from, at least 1. */
  rowsMin: number;
  /** Shortest time between two findings. */
  intervalMs: number;
  clock: Clock;
  /** The value before a restart, where there was one. */
  value?: number | undefined;
}

/** The score above which a window is not normal; undefined until there are enough held-out rows. */
export class LiveThreshold {
  private readonly options: LiveThresholdOptions;
  private current: number | undefined;
  private foundMs = Number.NEGATIVE_INFINITY;

  constructor(options: LiveThresholdOptions) {
    this.options = options;
    this.current = options.value;
  }

  get value(): number | undefined {
    return this.current;
  }

  /**
   * To be called after a round. Finds the threshold from the scores of the `rows` held-out rows by the current weights, where it is
   * time and there are enough; `scores` is not called otherwise. True where it was found. Scores that are not finite, as of weights that overflow, change nothing.
   */
  update(rows: number, scores: () => Float32Array): boolean {
    const { clock, intervalMs, rowsMin, rule } = this.options;
    if (rows < rowsMin || clock.nowMs() - this.foundMs < intervalMs) return false;
    this.foundMs = clock.nowMs();
    const found = scores();
    if (!allFinite(found)) return false;
    this.current = thresholdOf(found, rule);
    return true;
  }
}
