// What the benchmark and its contenders' processes say to each other: one JSON object a line. Types only.
import type { Encoding } from '../src/gossip/payload.ts';
import type { AutoencoderSpec } from '../src/model/engine.ts';

/** Work that a contender can be asked for. It is done in units; `amount` of the answer is what the units came to. */
export type Job =
  /** A unit is one step; the amount is samples. Our engines alone know an optimiser other than Adam, and fewer rows of data. */
  | { kind: 'train'; spec: AutoencoderSpec; batch: number; optimiser?: 'sgd'; rows?: number }
  /** Fresh weights, then `steps` steps; the amount is the mean loss over them. */
  | { kind: 'loss'; spec: AutoencoderSpec; batch: number; steps: number }
  /** A unit is one pass over `rows` rows; the amount is rows. */
  | { kind: 'score'; spec: AutoencoderSpec; rows: number }
  /** A unit is `steps` steps of one model; `nodes` models take turns. The amount is steps. */
  | { kind: 'turns'; spec: AutoencoderSpec; batch: number; steps: number; nodes: number }
  /** As turns, on a pool of worker threads; the amount is samples. */
  | { kind: 'pool'; spec: AutoencoderSpec; batch: number; steps: number; nodes: number; workers: number }
  /** A unit is a simulation of `rounds` rounds of `nodes` nodes; the amount is rounds of nodes. */
  | {
      kind: 'simulate';
      spec: AutoencoderSpec;
      batch: number;
      steps: number;
      nodes: number;
      rounds: number;
      workers: number;
    }
  /** A unit is one update with all its weights; the amount is bytes of the weights as float32. */
  | { kind: 'encode' | 'decode'; spec: AutoencoderSpec; encoding: Encoding }
  /** A unit is one mix of my model and those of `neighbours`; the amount is bytes of weights read. */
  | { kind: 'mix'; weights: number; neighbours: number }
  /** A unit is a loop of multiply-adds in registers; the amount is floating-point operations. */
  | { kind: 'multiply-adds' }
  /** A unit is every matrix product of one training step; the amount is floating-point operations. */
  | { kind: 'products'; spec: AutoencoderSpec; batch: number }
  /**
   * Starts `hosts` gateways' hosts in this process. The amount is what a host adds to the process in bytes, or its share of a
   * core at rest, or the CPU seconds of a delivered update beyond that, or the seconds until an update has reached its whole mesh.
   */
  | { kind: 'hosts'; spec: AutoencoderSpec; hosts: number; figure: 'bytes' | 'rest' | 'cpu' | 'delay' }
  /** Makes `models` models with their optimiser's state and trains each one step; the amount is bytes a model. */
  | { kind: 'idle'; spec: AutoencoderSpec; models: number };

/**
 * A line to a contender. The first request of a job prepares it and repeats it for `seconds`, which is the warm-up and finds
 * how many units fill that time; every later one is a repetition of so many units. With `seconds` 0 one unit is done.
 */
export interface Request {
  /** Jobs of the column measured before are forgotten. */
  column: string;
  job: Job;
  seconds: number;
}

/** A line from a contender: ready or missing first, then one answer to each request. */
export type Reply =
  /** Loaded; what it runs on, such as 'PyTorch 2.13.0', and nothing where that is this project alone. */
  | { kind: 'ready'; version: string }
  /** Why it cannot run here, and the mend. */
  | { kind: 'missing'; reason: string }
  | { kind: 'done'; amount: number; seconds: number; cpuSeconds: number }
  | { kind: 'failed'; reason: string };

/** Does so many units and gives the amount they came to. */
export type Work = (units: number) => number | Promise<number>;

/** One thing to measure, loaded in a process of its own. */
export interface Contender {
  /** As in the reply. */
  version: string;
  /** Builds what a job needs. Throws OperatorError for a job that is not its own. */
  prepare(job: Job): Work | Promise<Work>;
}
