// Training on a pool of worker threads, with a job waiting for every thread at all times.
import { EnginePool } from '../../src/model/engine-pool.ts';
import { dataRows, freshModel, normalRows, notMine, settingsFor } from '../models.ts';
import type { Contender, Job, Work } from '../protocol.ts';

/** The pool is made with the job, which says how many threads. */
export function load(): Contender {
  return { version: '', prepare };
}

async function prepare(job: Job): Promise<Work> {
  if (job.kind !== 'pool') throw notMine(job);
  const { spec, batch, steps, workers } = job;
  const pool = await EnginePool.create({ spec, settings: settingsFor(batch), engine: 'simd', workers });
  const nodes = Array.from({ length: job.nodes }, (_, i) => freshModel(spec, i));
  const data = normalRows(dataRows, spec.features);
  return async (units) => {
    let begun = 0;
    await Promise.all(
      nodes.map(async ({ weights, optimiser }, node) => {
        const site = { weights, optimiser, data };
        while (begun < units) {
          const seed = `${node}/${begun++}`;
          await pool.train(site, { steps, seed });
        }
      }),
    );
    return units * steps * batch;
  };
}
