// A worker thread with one engine: answers the jobs of the pool in turn. Keeps nothing between jobs but where models train.
import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf, OperatorError } from '../lib/errors.ts';
import { Prng } from '../lib/prng.ts';
import { createEngine } from './create-engine.ts';
import type { Engine } from './engine.ts';
import { EngineError, type EngineErrorCode } from './engine-error.ts';
import type {
  WorkerAnswer,
  WorkerGreeting,
  WorkerJob,
  WorkerMessage,
  WorkerSetup,
  WorkerSite,
} from './engine-messages.ts';

assert(parentPort !== null, 'engine-worker runs in a worker thread only');
const port = parentPort;
const setup = workerData as WorkerSetup;

const sites = new Map<number, WorkerSite>();

function run(engine: Engine, job: WorkerJob): WorkerAnswer {
  try {
    if (job.kind === 'score') return { kind: 'scored', errors: engine.score(job.weights, job.data) };
    const { site, setUp, step, steps, seed } = job;
    if (setUp) sites.set(site, setUp);
    const { weights, slots, data } = sites.get(site) as WorkerSite;
    return { kind: 'trained', loss: engine.train(weights, { step, slots }, data, steps, new Prng(seed)) };
  } catch (error) {
    return { kind: 'failed', message: messageOf(error), code: codeOf(error) };
  }
}

function greet(greeting: WorkerGreeting): void {
  port.postMessage(greeting);
}

function codeOf(error: unknown): EngineErrorCode | undefined {
  return error instanceof EngineError ? error.code : undefined;
}

try {
  const engine = await createEngine(setup.engine, setup.spec, setup.settings);
  port.on('message', ({ jobs, gone }: WorkerMessage) => {
    for (const site of gone) sites.delete(site);
    const answers = jobs.map((job) => run(engine, job));
    const scores = answers.flatMap((answer) => (answer.kind === 'scored' ? [answer.errors.buffer as ArrayBuffer] : []));
    port.postMessage(answers, scores);
  });
  greet({ kind: 'ready', name: engine.name });
} catch (error) {
  const isOperatorError = error instanceof OperatorError;
  greet({ kind: 'refused', message: messageOf(error), isOperatorError, code: codeOf(error) });
}
