// Which rows learning may see. Owns the decision and its bound; knows scores only, no rows.
import { z } from 'zod';

/** What becomes of a row: 'drift' is admitted too, since too many were withheld. */
export type Admission = 'normal' | 'withheld' | 'drift';

const stateSchema = z.strictObject({ tokens: z.number().nonnegative() });

/**
 * Keeps rows above the threshold out of training, up to a bound: what stays different for long is how the machine runs now.
 * A token bucket: each withheld row takes a token, each normal row gives a quarter of one back. So of any n rows at most
 * `withheldMax` + n / 5 are withheld, and after a lasting change no more than `withheldMax`.
 */
export class ContaminationGuard {
  private readonly withheldMax: number;
  private tokens: number;

  /**
   * @param withheldMax rows withheld in a row at most, such as a fifth of the reservoir's
   * @param state what state() gave before a restart; anything else begins anew.
   */
  constructor(withheldMax: number, state?: unknown) {
    this.withheldMax = withheldMax;
    const read = stateSchema.safeParse(state);
    this.tokens = Math.min(read.success ? read.data.tokens : withheldMax, withheldMax);
  }

  /** `threshold` is undefined where there is none yet: every row is then normal. */
  judge(score: number, threshold: number | undefined): Admission {
    if (threshold === undefined || score <= threshold) {
      this.tokens = Math.min(this.withheldMax, this.tokens + refillPerNormalRow);
      return 'normal';
    }
    if (this.tokens < 1) return 'drift';
    this.tokens--;
    return 'withheld';
  }

  /** To be kept as a fact. */
  state(): z.infer<typeof stateSchema> {
    return { tokens: this.tokens };
  }
}

/** With it a fifth of all rows can be withheld for ever. */
const refillPerNormalRow = 1 / 4;
