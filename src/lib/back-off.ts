// How long to wait before something is tried again. Owns the formula; waits for nothing.
import type { Prng } from './prng.ts';

/** In milliseconds, the shortest above 0. */
export interface BackOffLimits {
  shortestMs: number;
  longestMs: number;
}

/**
 * Milliseconds until the next attempt after `failures` (at least 1) in a row: the shortest, doubled with each up to the longest, of
 * which between half and all is waited, so that those who lost the same thing together do not come back together.
 */
export function backOffMs(failures: number, { shortestMs, longestMs }: BackOffLimits, prng: Prng): number {
  const wholeMs = Math.min(longestMs, shortestMs * 2 ** (failures - 1));
  return wholeMs * (0.5 + 0.5 * prng.nextFloat());
}
