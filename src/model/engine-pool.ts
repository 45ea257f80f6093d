// A fixed set of worker threads, each with one engine, so that training never stalls the event loop.
// Owns the queue and the threads; what a job computes depends on the job alone, never on the thread that runs it.
import assert from 'node:assert/strict';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { OperatorError } from '../lib/errors.ts';
import type { Dataset, OptimiserState } from './engine.ts';
import { EngineError, type EngineErrorCode } from './engine-error.ts';
import type { WorkerAnswer, WorkerGreeting, WorkerJob, WorkerMessage, WorkerSetup } from './engine-messages.ts';
import { SiteBook } from './site-book.ts';

/** Spec, settings and name of every thread's engine, and how many threads, at least 1. */
export interface PoolOptions extends WorkerSetup {
  workers: number;
}

/** What one model is trained on and into. Weights, slots and data are in shared memory; no two calls under way may share the first two. */
export interface TrainingSite {
  weights: Float32Array;
  optimiser: OptimiserState;
  data: Dataset;
}

/** How a model is trained in one call. */
export interface TrainCall {
  steps: number;
  /** Of the generator that draws batches, noise and dropout. */
  seed: string;
}

interface QueuedJob {
  /** For that worker: it depends on what it was told before. */
  jobFor(worker: Worker): WorkerJob;
  signal: AbortSignal | undefined;
  resolve(answer: WorkerAnswer): void;
  reject(reason: unknown): void;
}

/** Jobs that a thread is given at once at most: a message costs about as much as training a small model for a step. */
const jobsPerMessageMax = 16;

/** Runs training and scoring on worker threads, first come first served. */
export class EnginePool {
  /** Name of the engine that runs, such as 'simd' or 'tfjs-wasm'. */
  readonly name: string;
  private readonly idle: Worker[];
  private readonly busy = new Map<Worker, readonly QueuedJob[]>();
  private readonly queue: QueuedJob[] = [];
  private readonly threads: Set<Worker>;
  /** Jobs by the signal that ends them: a signal with a listener for each of thousands of jobs takes long to add one more. */
  private readonly abortable = new Map<AbortSignal, Set<QueuedJob>>();
  private readonly sites = new SiteBook<Worker>();
  private readonly closing = new AbortController();

  private constructor(name: string, workers: Worker[]) {
    this.name = name;
    this.idle = [...workers];
    this.threads = new Set(workers);
    for (const worker of workers) {
      worker.on('message', (answers: WorkerAnswer[]) => this.finish(worker, answers));
      worker.on('error', (error) => this.lose(worker, error));
      worker.on('exit', (code) => this.lose(worker, new Error(`a training thread ended with code ${code}`)));
      worker.unref();
    }
  }

  /**
   * Starts the threads and waits until each has its engine. Throws OperatorError where the engine cannot run here,
   * EngineError where the spec or the batch size has no width or the model is too large.
   * @param script what each thread runs; it must speak the messages of engine-messages.ts.
   */
  static async create(options: PoolOptions, script: URL = workerScript()): Promise<EnginePool> {
    const { workers: count, ...setup } = options;
    assert(Number.isInteger(count) && count >= 1, 'a pool needs at least one worker');
    const workers: Worker[] = [];
    const start = () => {
      // With the environment shared, what the engine sets for a native backend reaches the process.
      const worker = new Worker(script, { workerData: setup satisfies WorkerSetup, env: SHARE_ENV });
      workers.push(worker);
      return engineName(worker);
    };
    try {
      const name = await start();
      if (name === 'tfjs-node') await keepNativeAddon(setup);
      await Promise.all(Array.from({ length: count - 1 }, start));
      return new EnginePool(name, workers);
    } catch (error) {
      await Promise.all(workers.map((worker) => worker.terminate()));
      throw error;
    }
  }

  /**
   * Trains on a free thread, changing weights and optimiser in place, and resolves with the mean loss. Give the same object for the
   * same site: then a thread is told of it once. Rejects with
   * EngineError, and nothing changed, as Engine.train does; and with the signal's reason when aborted: a job that waits is
   * dropped, a job that runs is finished by its thread, so that its weights and optimiser must not be used any more.
   */
  async train(site: TrainingSite, { steps, seed }: TrainCall, signal?: AbortSignal): Promise<number> {
    const { weights, optimiser } = site;
    assert(isShared(weights) && isShared(optimiser.slots), 'training in place needs shared memory');
    const jobFor = (worker: Worker): WorkerJob => {
      const { step, slots } = optimiser;
      const { id, isNew } = this.sites.idFor(site, worker);
      const setUp = { weights, slots, data: site.data };
      return { kind: 'train', site: id, ...(isNew && { setUp }), step, steps, seed };
    };
    const answer = await this.submit(jobFor, signal);
    assert(answer.kind === 'trained');
    optimiser.step += steps;
    return answer.loss;
  }

  /** Mean squared error of each row over its present values; 0 for a row with none. */
  async score(weights: Float32Array, data: Dataset): Promise<Float32Array> {
    const answer = await this.submit(() => ({ kind: 'score', weights, data }));
    assert(answer.kind === 'scored');
    return answer.errors;
  }

  private get closed(): boolean {
    return this.closing.signal.aborted;
  }

  /** Stops every thread, waits for their end, and rejects the jobs that were not done. May be called twice. */
  async close(): Promise<void> {
    this.closing.abort();
    this.rejectAll(new Error('the engine pool was closed'));
    await Promise.all([...this.threads].map((worker) => worker.terminate()));
  }

  private submit(jobFor: QueuedJob['jobFor'], signal?: AbortSignal): Promise<WorkerAnswer> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (this.closed) return reject(new Error('the engine pool is closed'));
      if (this.threads.size === 0) return reject(new Error('every training thread of the engine pool has died'));
      const queued = { jobFor, signal, resolve, reject };
      if (signal) this.watch(signal).add(queued);
      this.queue.push(queued);
      this.dispatch();
    });
  }

  /** The jobs that `signal` ends. */
  private watch(signal: AbortSignal): Set<QueuedJob> {
    const known = this.abortable.get(signal);
    if (known) return known;
    const jobs = new Set<QueuedJob>();
    this.abortable.set(signal, jobs);
    const abort = () => {
      this.abortable.delete(signal);
      const waiting = this.queue.filter((queued) => !jobs.has(queued));
      this.queue.splice(0, this.queue.length, ...waiting);
      for (const { reject } of jobs) reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true, signal: this.closing.signal });
    return jobs;
  }

  /** Guided self-scheduling (Polychronopoulos and Kuck, IEEE TC C-36(12), 1987): many jobs at once while many wait, single ones at the end. */
  private dispatch(): void {
    while (this.queue.length > 0 && this.idle.length > 0) {
      const worker = this.idle.shift() as Worker;
      const share = Math.floor(this.queue.length / this.threads.size);
      const jobs = this.queue.splice(0, Math.max(1, Math.min(jobsPerMessageMax, share)));
      this.busy.set(worker, jobs);
      // Only a thread with work to do keeps the process alive.
      worker.ref();
      const message: WorkerMessage = {
        jobs: jobs.map(({ jobFor }) => jobFor(worker)),
        gone: this.sites.goneFor(worker),
      };
      worker.postMessage(message);
    }
  }

  private finish(worker: Worker, answers: readonly WorkerAnswer[]): void {
    // An answer may still be on its way when the pool is closed.
    if (this.closed) return;
    const jobs = this.busy.get(worker);
    assert(jobs?.length === answers.length, 'a training thread answered without a job');
    this.busy.delete(worker);
    worker.unref();
    this.idle.push(worker);
    jobs.forEach((queued, i) => {
      const answer = answers[i] as WorkerAnswer;
      if (queued.signal) this.abortable.get(queued.signal)?.delete(queued);
      if (answer.kind === 'failed') queued.reject(errorOf(answer));
      else queued.resolve(answer);
    });
    this.dispatch();
  }

  /** A thread that ended takes its job with it; the others go on. */
  private lose(worker: Worker, error: Error): void {
    if (!this.threads.delete(worker)) return;
    const position = this.idle.indexOf(worker);
    if (position >= 0) this.idle.splice(position, 1);
    for (const { reject } of this.busy.get(worker) ?? []) reject(error);
    this.busy.delete(worker);
    if (this.threads.size === 0) this.rejectAll(error);
  }

  private rejectAll(error: Error): void {
    for (const queued of [...[...this.busy.values()].flat(), ...this.queue.splice(0)]) queued.reject(error);
    this.busy.clear();
  }
}

/** Run from source the worker is TypeScript, run from the build it is JavaScript. */
function workerScript(): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./engine-worker.${extension}`, import.meta.url);
}

/**
 * Node unloads a native addon when the last thread that uses it ends, and libtensorflow's own threads then crash the
 * process; loaded in the main thread too, it stays.
 */
async function keepNativeAddon({ spec, settings }: WorkerSetup): Promise<void> {
  const { createTfjsEngine } = await import('./tfjs-engine.ts');
  await createTfjsEngine(spec, settings, 'tfjs-node');
}

/** The first words of a worker: its engine's name, or why it has none. */
function engineName(worker: Worker): Promise<string> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number) => reject(new Error(`a training thread ended with code ${code} as it started`));
    worker.once('error', reject);
    worker.once('exit', onExit);
    worker.once('message', (greeting: WorkerGreeting) => {
      worker.off('error', reject);
      worker.off('exit', onExit);
      if (greeting.kind === 'ready') return resolve(greeting.name);
      reject(greeting.isOperatorError ? new OperatorError(greeting.message) : errorOf(greeting));
    });
  });
}

/** An error of a thread, typed as it was there. */
function errorOf({ code, message }: { code: EngineErrorCode | undefined; message: string }): Error {
  return code ? new EngineError(code, message) : new Error(message);
}

function isShared(values: Float32Array): boolean {
  return values.buffer instanceof SharedArrayBuffer;
}
