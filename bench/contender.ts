// A contender's process: reads requests from standard input, answers on standard output, ends when the input ends.
import { createInterface } from 'node:readline';
import { messageOf } from '../src/lib/errors.ts';
import type { Contender, Reply, Request, Work } from './protocol.ts';

/** A job that is ready to be repeated. */
interface Prepared {
  work: Work;
  /** Units that fill a repetition. */
  units: number;
}

const name = process.argv[2] ?? '';
const [kind, variant = ''] = name.split('-');

function say(reply: Reply): void {
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}

async function load(): Promise<Contender> {
  switch (kind) {
    case 'layers':
      return (await import('./contenders/layers.ts')).load(variant);
    case 'idle':
      return (await import('./contenders/idle-models.ts')).load(variant);
    case 'mixing':
      return (await import('./contenders/mixing.ts')).load(variant);
    case 'codec':
      return (await import('./contenders/codec.ts')).load();
    case 'kernel':
      return (await import('./contenders/kernel.ts')).load();
    case 'hosts':
      return (await import('./contenders/hosts.ts')).load();
    case 'simulator':
      return (await import('./contenders/simulator.ts')).load();
    case 'workers':
      return (await import('./contenders/workers.ts')).load();
    default:
      return (await import('./contenders/engine.ts')).load(name);
  }
}

/** Does the units and says how long they took. */
async function timed(work: Work, units: number): Promise<Extract<Reply, { kind: 'done' }>> {
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  const amount = await work(units);
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { kind: 'done', amount, seconds, cpuSeconds: (user + system) / 1e6 };
}

/** Repeats until `seconds` are over, with more units each time, so that the compiler has done its best when it ends. */
async function warmUp(work: Work, seconds: number): Promise<{ units: number; last: Reply }> {
  const startMs = performance.now();
  let units = 1;
  for (;;) {
    const last = await timed(work, units);
    const unitSeconds = last.seconds / units;
    if (performance.now() - startMs >= seconds * 1000) {
      return { units: Math.max(1, Math.round(seconds / unitSeconds)), last };
    }
    units = Math.max(1, Math.min(units * 4, Math.ceil(seconds / 3 / unitSeconds)));
  }
}

const prepared = new Map<string, Prepared>();
let column = '';

async function answer(contender: Contender, request: Request): Promise<Reply> {
  if (request.column !== column) prepared.clear();
  column = request.column;
  const key = JSON.stringify(request.job);
  const known = prepared.get(key);
  if (known !== undefined) return timed(known.work, known.units);
  const work = await contender.prepare(request.job);
  if (request.seconds === 0) return timed(work, 1);
  const { units, last } = await warmUp(work, request.seconds);
  prepared.set(key, { work, units });
  return last;
}

// Ctrl-C in a terminal reaches the whole group; the benchmark itself decides when its contenders end.
process.on('SIGINT', () => undefined);
try {
  const contender = await load();
  say({ kind: 'ready', version: contender.version });
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      say(await answer(contender, JSON.parse(line) as Request));
    } catch (error) {
      say({ kind: 'failed', reason: messageOf(error) });
    }
  }
} catch (error) {
  say({ kind: 'missing', reason: messageOf(error) });
}
process.exit();
