// A process of its own that raises alerts and delivers them, until it is killed. Prints the number of each that is on disk.
// Arguments: state folder, URL, first number, one past the last.
import { writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Prng } from '../../../src/lib/prng.ts';
import { AlertSender } from '../../../src/node/alerts/alert-sender.ts';
import { HttpTarget } from '../../../src/node/alerts/http-target.ts';
import { openStore } from '../../../src/node/store/store.ts';
import { gateway } from '../store/fixtures.ts';

const [folder = '', url = '', first, end] = process.argv.slice(2);
const store = openStore(folder, gateway());
const sender = new AlertSender({
  origin: { federation: { name: 'plant', id: 'ab'.repeat(32) }, peer: 'peer-a' },
  target: new HttpTarget(url, {}),
  store,
  prng: new Prng('alerts'),
  say: () => undefined,
});
sender.running.catch((error: unknown) => {
  throw error;
});
for (let id = Number(first); id < Number(end); id++) {
  const times = { startMs: 1000 * id, endMs: 1000 * id + 999 };
  const score = { highest: 2, threshold: 1, sensors: [{ name: 'flow', share: 1 }] };
  sender.take({ kind: 'opened', alert: { id, ...times, ...score, isOpen: true, acknowledged: false } });
  writeSync(1, `${id}\n`);
  await delay(2);
}
