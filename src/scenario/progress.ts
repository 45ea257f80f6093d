// What passes between the runner and whoever started it: progress while a run goes on, and its options. Types only.
import type { MethodName } from './results.ts';

/** One moment of a run, for people to watch. */
export interface RunProgress {
  /** From 0. */
  seedIndex: number;
  /** How many seeds the run has. */
  seeds: number;
  method: MethodName;
  /** Rounds done by this method on this seed, from 0 to `rounds`. */
  round: number;
  rounds: number;
  /** Mean training loss of the latest round over the nodes; null where there is none. */
  loss: number | null;
  /** Root mean square distance of the nodes' weights from their mean; null for methods without peers. */
  consensusDistance: number | null;
  /** Updates that have reached a node so far on this seed. */
  delivered: number;
  /** Share of the whole run that is done, in [0, 1]. */
  fractionDone: number;
}

/** What the runner is given beside the scenario. */
export interface RunOptions {
  /** Where the results go; the runner creates it once the data have been loaded. */
  folder: string;
  /** Fires when the run must stop: the runner then writes what is finished, marked incomplete. */
  signal: AbortSignal;
  onProgress(progress: RunProgress): void;
  environment: NodeJS.ProcessEnv;
  /** The folder of the scenario file: relative paths in the scenario start here. */
  scenarioFolder: string;
}
