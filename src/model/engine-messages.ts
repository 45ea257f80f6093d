// What the engine pool and its worker threads say to each other. Types only.
import type { AutoencoderSpec, Dataset, OptimiserState, TrainSettings } from './engine.ts';
import type { TfjsBackend } from './tfjs-engine.ts';

/** What a worker needs to build its engine: its workerData. */
export interface WorkerSetup {
  spec: AutoencoderSpec;
  settings: TrainSettings;
  engine: TfjsBackend;
}

/** One call of the engine. A worker gets the next one only after it answered. */
export type WorkerJob =
  | {
      kind: 'train';
      weights: Float32Array;
      optimiser: OptimiserState;
      data: Dataset;
      steps: number;
      /** Seed of the generator that draws batches, noise and dropout. */
      seed: string;
    }
  | { kind: 'score'; weights: Float32Array; data: Dataset };

/** A worker's words: one ready or refused, then one answer to each job. */
export type WorkerReply =
  | { kind: 'ready'; name: string }
  | { kind: 'refused'; message: string; isOperatorError: boolean }
  | { kind: 'trained'; weights: Float32Array; optimiser: OptimiserState; loss: number }
  | { kind: 'scored'; errors: Float32Array }
  | { kind: 'failed'; message: string };
