// How long to wait before the next attempt to connect. Owns the delays; connects to nothing.
import { setTimeout as delay } from 'node:timers/promises';
import { type BackOffLimits, backOffMs } from '../../lib/back-off.ts';
import type { Prng } from '../../lib/prng.ts';

/** Milliseconds. Chosen by reasoning: a broker that restarts is back in seconds, and a plant's gateways must not all ask at once. */
const sourceLimits: BackOffLimits = { shortestMs: 500, longestMs: 30_000 };

/** The delays of one connection, as backOffMs() gives them: for sources half a second to half a minute. */
export class BackOff {
  private readonly prng: Prng;
  private readonly limits: BackOffLimits;
  private failures = 0;

  constructor(prng: Prng, limits: BackOffLimits = sourceLimits) {
    this.prng = prng;
    this.limits = limits;
  }

  /** After a success: the next delay is the shortest again. */
  reset(): void {
    this.failures = 0;
  }

  nextMs(): number {
    this.failures++;
    return backOffMs(this.failures, this.limits, this.prng);
  }

  /** Waits for the next delay, or until `signal` aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    await sleep(this.nextMs(), signal);
  }
}

/** Resolves after `ms`, or as soon as `signal` aborts. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
