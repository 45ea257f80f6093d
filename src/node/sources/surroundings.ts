// What of the surroundings live sources depend on, as arguments. Owns the process's own ones.
import { hostname } from 'node:os';
import { type Clock, monotonicClock } from '../../lib/clock.ts';
import { Prng } from '../../lib/prng.ts';

/** Given to every source; tests give their own. */
export interface Surroundings {
  /** Milliseconds since the epoch; for values that come without a time stamp. May jump. */
  wallClock: Clock;
  /** For pacing and limits; never jumps. */
  clock: Clock;
  /** For the spread of attempts to connect. */
  prng: Prng;
  environment: Readonly<Record<string, string | undefined>>;
  /** For the source '-'. */
  stdin: AsyncIterable<Uint8Array> & { destroy(): unknown };
  /** Names this gateway at a broker, the same after a restart; undefined for who only looks, and for whom a broker keeps nothing. */
  gateway: string | undefined;
}

/** Those of this process. */
export function processSurroundings(): Surroundings {
  return {
    wallClock: { nowMs: () => Date.now() },
    clock: monotonicClock,
    prng: new Prng(`${process.pid}/${Date.now()}`),
    environment: process.env,
    stdin: process.stdin,
    gateway: hostname(),
  };
}
