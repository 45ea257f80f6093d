// A worker that ends at its first job, in place of a crash.
import { parentPort } from 'node:worker_threads';
import type { WorkerGreeting } from '../../src/model/engine-messages.ts';

parentPort?.on('message', () => process.exit(3));
parentPort?.postMessage({ kind: 'ready', name: 'dying' } satisfies WorkerGreeting);
