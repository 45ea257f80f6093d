import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { OperatorError } from '../../src/lib/errors.ts';
import { Prng } from '../../src/lib/prng.ts';
import { createEngine } from '../../src/model/create-engine.ts';
import type { AutoencoderSpec, TrainSettings } from '../../src/model/engine.ts';
import { EngineError, type EngineErrorCode } from '../../src/model/engine-error.ts';
import { EnginePool, type PoolOptions, type TrainCall, type TrainingSite } from '../../src/model/engine-pool.ts';
import { sharedFloats } from '../../src/model/shared-memory.ts';
import { createTfjsEngine } from '../../src/model/tfjs-engine.ts';
import { initialWeights } from '../../src/model/weights.ts';
import { optimiserState, randomData } from '../contract/engine-fixtures.ts';

const spec: AutoencoderSpec = {
  features: 5,
  hidden: [4, 2, 4],
  activation: 'tanh',
  outputActivation: 'linear',
  noise: 0.1,
  dropout: 0.1,
  l2: 0,
};
const settings: TrainSettings = {
  optimiser: 'adam',
  learningRate: 0.01,
  learningRateDecay: 0,
  momentum: 0,
  batchSize: 8,
  weightDecay: 0,
  clipNorm: 0,
};
const options: PoolOptions = { spec, settings, engine: 'tfjs-cpu', workers: 1 };
const dyingWorker = new URL('./dying-worker.ts', import.meta.url);

type Request = TrainingSite & TrainCall;

function request(seed: string): Request {
  return {
    weights: shared(initialWeights(spec, new Prng('start'))),
    optimiser: { step: 0, slots: shared(optimiserState(spec, settings).slots) },
    data: randomData(30, spec.features, 0.1),
    steps: 3,
    seed,
  };
}

function train(pool: EnginePool, given: Request, signal?: AbortSignal): Promise<number> {
  return pool.train(given, given, signal);
}

function shared(values: Float32Array): Float32Array {
  const copy = sharedFloats(values.length);
  copy.set(values);
  return copy;
}

describe('EnginePool', () => {
  let pool: EnginePool | undefined;
  const open = async (changes: Partial<PoolOptions> = {}, script?: URL) => {
    pool = await EnginePool.create({ ...options, ...changes }, script);
    return pool;
  };
  afterEach(() => pool?.close());

  for (const name of ['simd', 'simd-plain', 'tfjs-cpu'] as const) {
    it(`train() on ${name} gives what the engine gives, whatever the number of workers`, async () => {
      const engine = await createEngine(name, spec, settings);
      const seeds = ['a', 'b', 'c', 'd', 'e'];
      const expected = seeds.map((seed) => {
        const { weights, optimiser, data, steps } = request(seed);
        const loss = engine.train(weights, optimiser, data, steps, new Prng(seed));
        return { weights, optimiser, loss, scores: engine.score(weights, data) };
      });
      for (const workers of [1, 3]) {
        const pool = await open({ engine: name, workers });
        assert.equal(pool.name, name);
        const trained = seeds.map(async (seed) => {
          const { weights, optimiser, data, steps } = request(seed);
          const loss = await pool.train({ weights, optimiser, data }, { steps, seed });
          return { weights, optimiser, loss, scores: await pool.score(weights, data) };
        });
        assert.deepEqual(await Promise.all(trained), expected);
        await pool.close();
      }
    });
  }

  it('train() refuses memory that its threads could not change in place', async () => {
    const pool = await open();
    await assert.rejects(train(pool, { ...request('a'), weights: initialWeights(spec, new Prng(1)) }), /shared memory/);
  });

  it('train() rejects with the code of what diverged, and leaves the model as it was', async () => {
    for (const engine of ['simd', 'tfjs-cpu'] as const) {
      const pool = await open({ engine, settings: { ...settings, learningRate: 1e38 } });
      const given = request('a');
      const before = structuredClone(given);
      await assert.rejects(train(pool, given), withCode('diverged'));
      assert.deepEqual(given, before);
      await pool.close();
    }
  });

  it('train() rejects with the code of what it was wrongly given, and leaves the model as it was', async () => {
    const pool = await open({ engine: 'simd' });
    const broken = request('a').data;
    broken.values.fill(Number.NaN);
    const faults: [EngineErrorCode, Partial<Request>][] = [
      ['weights-length', { weights: sharedFloats(3) }],
      ['optimiser-length', { optimiser: { step: 0, slots: sharedFloats(3) } }],
      ['data-shape', { data: randomData(30, spec.features + 1, 0) }],
      ['batch-larger-than-data', { data: randomData(settings.batchSize - 1, spec.features, 0) }],
      ['steps', { steps: 0 }],
      ['not-finite', { data: broken }],
    ];
    for (const [code, change] of faults) {
      const given = { ...request('a'), ...change };
      const before = structuredClone(given);
      await assert.rejects(train(pool, given), withCode(code));
      assert.deepEqual(given, before);
    }
    await assert.rejects(pool.score(request('a').weights, broken), withCode('not-finite'));
  });

  it('create() rejects with the code of a model that no engine takes', async () => {
    for (const engine of ['simd', 'tfjs-cpu'] as const) {
      await assert.rejects(open({ engine, spec: { ...spec, hidden: [0] } }), withCode('layer-width'));
      await assert.rejects(open({ engine, settings: { ...settings, batchSize: 0 } }), withCode('batch-size'));
    }
    await assert.rejects(open({ engine: 'simd', spec: { ...spec, hidden: [2 ** 31] } }), withCode('model-too-large'));
  });

  it('score() agrees with the engine', async () => {
    const pool = await open();
    const { weights, data } = request('a');
    const engine = await createTfjsEngine(spec, settings, 'tfjs-cpu');
    assert.deepEqual(await pool.score(weights, data), engine.score(weights, data));
  });

  it('serves first come first', async () => {
    const pool = await open();
    const order: string[] = [];
    await Promise.all(['a', 'b', 'c', 'd'].map((seed) => train(pool, request(seed)).then(() => order.push(seed))));
    assert.deepEqual(order, ['a', 'b', 'c', 'd']);
  });

  it('rejects a job that the engine refuses, and goes on', async () => {
    const pool = await open();
    await assert.rejects(pool.score(new Float32Array(3), request('a').data), withCode('weights-length'));
    const job = request('a');
    await train(pool, job);
    assert.equal(job.optimiser.step, 3);
  });

  it('train() rejects with the reason of its signal, waiting or running', async () => {
    const pool = await open();
    const stop = new AbortController();
    const running = train(pool, request('a'), stop.signal);
    const waiting = train(pool, request('b'), stop.signal);
    const job = request('c');
    const other = train(pool, job);
    stop.abort(new Error('stopped'));
    await assert.rejects(running, /stopped/);
    await assert.rejects(waiting, /stopped/);
    await other;
    assert.equal(job.optimiser.step, 3);
    await assert.rejects(train(pool, request('d'), stop.signal), /stopped/);
  });

  it('a thread that dies rejects its job, and the last one the whole queue', async () => {
    const pool = await open({ workers: 2 }, dyingWorker);
    const jobs = ['a', 'b', 'c'].map((seed) => train(pool, request(seed)));
    for (const result of await Promise.allSettled(jobs)) {
      assert(result.status === 'rejected' && /ended with code 3/.test(result.reason.message));
    }
    await assert.rejects(train(pool, request('d')), /every training thread of the engine pool has died/);
  });

  it('close() rejects what is not done and leaves no thread', async function () {
    if (process.platform !== 'linux') {
      console.log('      skipped: threads are counted in /proc, which only Linux has');
      this.skip();
    }
    const threads = () => readdirSync('/proc/self/task').length;
    const before = threads();
    const pool = await open({ workers: 2 });
    assert(threads() >= before + 2);
    const jobs = ['a', 'b', 'c'].map((seed) => train(pool, request(seed)));
    const settled = Promise.allSettled(jobs);
    await pool.close();
    for (const result of await settled) assert(result.status === 'rejected' && /closed/.test(result.reason.message));
    await assert.rejects(train(pool, request('d')), /closed/);
    assert.equal(threads(), before);
  });

  it('create() passes on that a backend is not there', async () => {
    await assert.rejects(open({ engine: 'tfjs-none' as 'tfjs-cpu' }), OperatorError);
  });

  it('a pool that was never closed lets its process end', async () => {
    assert.equal(
      await inOwnProcess(`const pool = await EnginePool.create(options); console.log(pool.name);`),
      'tfjs-cpu',
    );
  });

  it('a pool on tfjs-node that was closed lets its process end', async function () {
    const output = await inOwnProcess(`
      const created = EnginePool.create({ ...options, engine: 'tfjs-node', workers: 2 });
      await created.then((pool) => pool.close()).then(() => console.log('closed'), (error) => console.log(error.message));`);
    if (/cannot be loaded/.test(output)) {
      console.log(`      skipped: ${output}`);
      this.skip();
    }
    assert.equal(output, 'closed');
  });
});

function withCode(code: EngineErrorCode): (error: unknown) => boolean {
  return (error) => {
    assert(error instanceof EngineError, String(error));
    assert.equal(error.code, code);
    return true;
  };
}

/** Standard output of a process that runs `code` with EnginePool and options at hand; rejects where it crashes. */
async function inOwnProcess(code: string): Promise<string> {
  const module = new URL('../../src/model/engine-pool.ts', import.meta.url).href;
  const script = `import { EnginePool } from '${module}'; const options = ${JSON.stringify(options)}; ${code}`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--eval', script], { timeout: 15_000 });
  return stdout.trim();
}
