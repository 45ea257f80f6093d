// The swarm: drawn runs one after the other until one fails. Owns the order of seeds and the second runs; prints nothing.
import { isDeepStrictEqual } from 'node:util';
import { Prng } from '../../src/lib/prng.ts';
import type { SimulationOptions } from '../../src/sim/simulation.ts';
import { type Draw, drawRun } from './draw.ts';
import { type Ran, runDraw } from './run.ts';

/** Of all runs so far, second runs of the same draw not counted. */
export interface SwarmProgress {
  runs: number;
  /** Runs that were run twice and came out the same. */
  repeated: number;
  events: number;
  simulatedMs: number;
}

/** A run that found a bug. */
export interface SwarmFailure {
  draw: Draw;
  error: unknown;
}

export interface SwarmOptions {
  /** The seed of the first run, an integer in [0, 2³²); the others follow one by one. */
  seed: number;
  /** Asked after each run that was right. */
  goesOn(progress: SwarmProgress): boolean;
  /** When aborted, the swarm ends without a failure. */
  signal: AbortSignal;
  /** What nodes run on; tests plant bugs. */
  createCore?: SimulationOptions['createCore'];
}

/** Share of runs that are run twice: the same draw must give the same trace. */
const repeatedShare = 0.05;

/** Runs until one fails, which it gives, or until nothing goes on. */
export async function swarm(options: SwarmOptions): Promise<SwarmFailure | undefined> {
  const { goesOn, signal, createCore } = options;
  const progress: SwarmProgress = { runs: 0, repeated: 0, events: 0, simulatedMs: 0 };
  for (let { seed } = options; !signal.aborted; seed = (seed + 1) % 2 ** 32) {
    const draw = drawRun(seed);
    try {
      const ran = await runDraw(draw, signal, createCore);
      if (new Prng(`repeat ${seed}`).nextFloat() < repeatedShare) {
        compare(ran, await runDraw(drawRun(seed), signal, createCore));
        progress.repeated++;
      }
      progress.runs++;
      progress.events += ran.events;
      progress.simulatedMs += ran.simulatedMs;
    } catch (error) {
      return signal.aborted ? undefined : { draw, error };
    }
    if (!goesOn(progress)) return undefined;
  }
  return undefined;
}

function compare(first: Ran, second: Ran): void {
  if (isDeepStrictEqual(first, second)) return;
  throw new Error(`two runs of one draw differ: ${JSON.stringify(first)}, then ${JSON.stringify(second)}`);
}
