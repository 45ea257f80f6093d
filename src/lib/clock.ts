// Time as an argument. Owns the one place that reads the machine's clock.

/** Source of time in milliseconds; monotonic within one process. */
export interface Clock {
  nowMs(): number;
}

/** Milliseconds since the process started, unaffected by changes of the wall clock. */
export const monotonicClock: Clock = { nowMs: () => performance.now() };
