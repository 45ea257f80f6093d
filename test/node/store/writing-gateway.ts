// A process of its own that writes its state as fast as it can, until it is killed. Prints the round of each checkpoint that is on disk.
import { writeSync } from 'node:fs';
import { openStore } from '../../../src/node/store/store.ts';
import { checkpointOf, gateway } from './fixtures.ts';

const store = openStore(process.argv[2] as string, gateway());
let round = store.checkpoints.latest()?.progress.round ?? 0;
for (;;) {
  round++;
  for (let slot = 0; slot < 20; slot++) {
    store.windows.set((20 * round + slot) % 500, { startMs: round, endMs: round, values: Float64Array.of(1, 2, slot) });
  }
  store.flush();
  if (!store.checkpoints.put(checkpointOf(round, 5000))) throw new Error('a checkpoint was not written');
  writeSync(1, `${round}\n`);
}
