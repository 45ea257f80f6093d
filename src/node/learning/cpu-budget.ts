// How much of a processor core learning may take. Owns when the next slice of training may begin; measures nothing itself.
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../lib/clock.ts';

/** The budget and what it is measured by. */
export interface CpuBudgetOptions {
  /** Share of one core for the whole process, above 0; undefined for no limit. */
  share: number | undefined;
  /** Processor time of the whole process so far, in seconds; see processCpuSeconds. */
  cpuSeconds(): number;
  clock: Clock;
  /** Resolves after so long, rejects when the signal aborts; a timer unless given. */
  wait?(ms: number, signal: AbortSignal): Promise<unknown>;
}

/** Processor time of this process and all its threads since it started, in seconds. */
export function processCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Longest slice of training, in seconds of processor time. A signal or a stop waits no longer than this. */
const sliceSecondsMax = 0.05;
/** Time over which the share is kept. */
const windowSeconds = 10;

/**
 * Time is earned at the given rate and paid when it is known what a slice took: a slice begins once nothing is owed. What is not
 * used is not saved, so that there are no bursts. Over any ten seconds the process then takes at most what it earned
 * and one slice; the rate is lower than the share by a tenth of a slice a second, which makes that the share at most. What else the process does is
 * paid by training alone, back to ten seconds: a gateway that is busy with its samples learns slowly, and goes on
 * learning when it is not.
 */
export class CpuBudget {
  /** Longest slice of training in seconds of processor time. */
  readonly sliceSeconds: number;
  private readonly options: CpuBudgetOptions;
  private readonly rate: number;
  private balance = 0;
  private atMs: number;
  private used: number;

  constructor(options: CpuBudgetOptions) {
    this.options = options;
    const share = options.share ?? Number.POSITIVE_INFINITY;
    this.sliceSeconds = Math.min(sliceSecondsMax, share);
    this.rate = share - this.sliceSeconds / windowSeconds;
    this.atMs = options.clock.nowMs();
    this.used = options.cpuSeconds();
  }

  /** Resolves when the next slice may begin; rejects with the signal's reason when aborted. */
  async turn(signal: AbortSignal): Promise<void> {
    const { share, wait = waitFor } = this.options;
    signal.throwIfAborted();
    if (share === undefined) return;
    for (let owed = this.owed(); owed > 0; owed = this.owed()) {
      await wait(Math.ceil((1000 * owed) / this.rate), signal);
      signal.throwIfAborted();
    }
  }

  /** Seconds that were used and not yet earned. */
  private owed(): number {
    const nowMs = this.options.clock.nowMs();
    const used = this.options.cpuSeconds();
    const earned = (this.rate * (nowMs - this.atMs)) / 1000;
    const balance = this.balance + earned - (used - this.used);
    this.balance = Math.max(Math.min(0, balance), -this.rate * windowSeconds);
    this.atMs = nowMs;
    this.used = used;
    return -this.balance;
  }
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
