// What the engine pool and its worker threads say to each other. Types only.
import type { AutoencoderSpec, Dataset, EngineName, TrainSettings } from './engine.ts';
import type { EngineErrorCode } from './engine-error.ts';

/** What a worker needs to build its engine: its workerData. */
export interface WorkerSetup {
  spec: AutoencoderSpec;
  settings: TrainSettings;
  engine: EngineName;
}

/** What one model is trained on and into, in shared memory: a worker reads and changes it in place. */
export interface WorkerSite {
  weights: Float32Array;
  /** The optimiser's slots. */
  slots: Float32Array;
  data: Dataset;
}

/** One call of the engine. */
export type WorkerJob =
  | {
      kind: 'train';
      /** Names the site from now on; comes with it the first time that this worker hears of it. */
      site: number;
      setUp?: WorkerSite;
      /** Optimiser steps done before. */
      step: number;
      steps: number;
      /** Seed of the generator that draws batches, noise and dropout. */
      seed: string;
    }
  | { kind: 'score'; weights: Float32Array; data: Dataset };

/** What a worker is sent: jobs to do in order, after it has forgotten the sites that are no more. */
export interface WorkerMessage {
  jobs: WorkerJob[];
  gone: number[];
}

/** A worker's first words. */
export type WorkerGreeting =
  | { kind: 'ready'; name: string }
  | { kind: 'refused'; message: string; isOperatorError: boolean; code: EngineErrorCode | undefined };

/** What came of a job. A worker answers a message with as many of these, in the order of its jobs. */
export type WorkerAnswer =
  | { kind: 'trained'; loss: number }
  | { kind: 'scored'; errors: Float32Array }
  | { kind: 'failed'; message: string; code: EngineErrorCode | undefined };
