// How long to wait before the next attempt to connect. Owns the delays; connects to nothing.
import { setTimeout as delay } from 'node:timers/promises';
import type { Prng } from '../../lib/prng.ts';

/** Milliseconds. Chosen by reasoning: a broker that restarts is back in seconds, and a plant's gateways must not all ask at once. */
const sourceLimits = { shortestMs: 500, longestMs: 30_000 };

/** Doubles from the shortest delay to the longest, for sources half a second to half a minute; each is drawn from its upper half. */
export class BackOff {
  private readonly prng: Prng;
  private readonly limits: { shortestMs: number; longestMs: number };
  private attempts = 0;

  constructor(prng: Prng, limits: { shortestMs: number; longestMs: number } = sourceLimits) {
    this.prng = prng;
    this.limits = limits;
  }

  /** After a success: the next delay is the shortest again. */
  reset(): void {
    this.attempts = 0;
  }

  nextMs(): number {
    const fullMs = Math.min(this.limits.longestMs, this.limits.shortestMs * 2 ** this.attempts);
    this.attempts = Math.min(this.attempts + 1, 16);
    return fullMs * (0.5 + this.prng.nextFloat() / 2);
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
