// What the engine pool and its worker threads say to each other. Types only.
import type { AutoencoderSpec, Dataset, EngineName, OptimiserState, TrainSettings } from './engine.ts';
import type { EngineErrorCode } from './engine-error.ts';

/** What a worker needs to build its engine: its workerData. */
export interface WorkerSetup {
  spec: AutoencoderSpec;
  settings: TrainSettings;
  engine: EngineName;
}

/** One call of the engine. Large arrays are in shared memory: a worker reads and changes them in place. */
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

/** A worker's first words. */
export type WorkerGreeting =
  | { kind: 'ready'; name: string }
  | { kind: 'refused'; message: string; isOperatorError: boolean; code: EngineErrorCode | undefined };

/** What came of a job. A worker is sent an array of jobs and answers with an array as long, in their order. */
export type WorkerAnswer =
  | { kind: 'trained'; loss: number }
  | { kind: 'scored'; errors: Float32Array }
  | { kind: 'failed'; message: string; code: EngineErrorCode | undefined };
