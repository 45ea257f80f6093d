// Which rows learning may see. Owns the decision and its bound; knows scores only, no rows.
import { z } from 'zod';

/** What becomes of a row: 'drift' is admitted too, since too many were withheld. */
export type Admission = 'normal' | 'withheld' | 'drift';

const stateSchema = z.strictObject({ tokens: z.number().nonnegative(), spared: z.number().nonnegative() });

/**
 * Keeps rows above the threshold out of training, up to a bound: what stays different for long is how the machine runs now.
 * A token bucket: each withheld row takes a token, each normal row gives a quarter of one back. So of any n rows at most
 * `withheldMax` + n / 5 are withheld, and after a lasting change no more than `withheldMax`.
 *
 * A few rows a little above are normal all the same: up to eight after each other, and one for each fifty at or below. A threshold
 * that is a quantile has normal rows above it, and is found from the rows let in here: with all of them left out it falls
 * from one reservoir to the next, until the bound is all that holds it, at a false alert for every fifth window.
 */
export class ContaminationGuard {
  private readonly withheldMax: number;
  private tokens: number;
  /** Rows above the threshold that may still be let in. */
  private spared: number;

  /**
   * @param withheldMax rows withheld in a row at most, such as a fifth of the reservoir's
   * @param state what state() gave before a restart; anything else begins anew.
   */
  constructor(withheldMax: number, state?: unknown) {
    this.withheldMax = withheldMax;
    const read = stateSchema.safeParse(state);
    this.tokens = Math.min(read.success ? read.data.tokens : withheldMax, withheldMax);
    this.spared = Math.min(read.success ? read.data.spared : 0, sparedMax);
  }

  /** `threshold` is undefined where there is none yet: every row is then normal. */
  judge(score: number, threshold: number | undefined): Admission {
    if (threshold === undefined || score <= threshold) {
      this.tokens = Math.min(this.withheldMax, this.tokens + refillPerNormalRow);
      this.spared = Math.min(sparedMax, this.spared + sparedPerNormalRow);
      return 'normal';
    }
    if (this.spared >= 1 && score <= sparedFactor * threshold) {
      this.spared--;
      return 'normal';
    }
    if (this.tokens < 1) return 'drift';
    this.tokens--;
    return 'withheld';
  }

  /** To be kept as a fact. */
  state(): z.infer<typeof stateSchema> {
    return { tokens: this.tokens, spared: this.spared };
  }
}

/** With it a fifth of all rows can be withheld for ever. */
const refillPerNormalRow = 1 / 4;

/**
 * Twice what passes the usual threshold, a quantile of 0.99: with less the share that is let in would hold the threshold
 * down, and with more an anomaly that comes back seldom would lift it.
 */
const sparedPerNormalRow = 1 / 50;
/** A window that overlaps the next brings a few above at once; of a fault that begins no more than these are learnt. */
const sparedMax = 8;
/** Normal rows that pass a threshold pass it by little; a fault that is far above it is never learnt as one of them. Chosen by us. */
const sparedFactor = 2;
