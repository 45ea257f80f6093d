import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Prng } from '../../../src/lib/prng.ts';
import { loadSqlite } from '../../../src/node/store/sqlite.ts';
import { openStore } from '../../../src/node/store/store.ts';
import { checkpointOf, Folders, gateway, withStore } from './fixtures.ts';

const script = fileURLToPath(new URL('./writing-gateway.ts', import.meta.url));

/**
 * Lets a gateway write, and kills it `afterMs` after its first checkpoint and `meanwhile`. Gives the last round that it
 * printed.
 */
async function killed(folder: string, afterMs: number, meanwhile?: () => void): Promise<number> {
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (part: Buffer) => {
    printed += part;
  });
  const closed = once(child, 'close');
  await Promise.race([once(child.stdout, 'data'), closed]);
  try {
    meanwhile?.();
    await delay(afterMs);
  } finally {
    child.kill('SIGKILL');
  }
  const [, signal] = await closed;
  assert.equal(signal, 'SIGKILL', 'the gateway ended by itself');
  // The last line may be cut.
  return Number(printed.slice(0, printed.lastIndexOf('\n')).split('\n').at(-1));
}

describe('Store of a gateway that is killed', function () {
  this.timeout(120_000);
  const folders = new Folders();
  after(() => folders.removeAll());

  it('is refused to another process while it lives, and open to it afterwards', async () => {
    const folder = folders.make();
    const open = () => openStore(folder, gateway());
    const printed = await killed(folder, 0, () => assert.throws(open, /is in use by another gateway/));
    const store = open();
    assert(store.checkpoints.latest()!.progress.round >= printed);
    store.close();
  });

  it('has its newest checkpoint whole, and none behind what was said to be written, 20 times over', async () => {
    const folder = folders.make();
    const prng = new Prng('kill -9');
    let before = 0;
    for (let i = 0; i < 20; i++) {
      const printed = await killed(folder, 100 * prng.nextFloat());
      assert(printed > before, `nothing was written before kill ${i}`);
      const db = new (loadSqlite().DatabaseSync)(join(folder, 'gateway.db'));
      assert.deepEqual({ ...db.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
      db.close();
      const options = gateway();
      const latest = withStore(folder, options, ({ checkpoints }) => checkpoints.latest());
      assert.deepEqual(options.said, []);
      const round = latest?.progress.round ?? 0;
      // Killed between a checkpoint's commit and its line it is one ahead.
      assert(round === printed || round === printed + 1, `printed ${printed}, found ${round}`);
      assert.deepEqual(latest, checkpointOf(round, 5000));
      before = round;
    }
  });
});
