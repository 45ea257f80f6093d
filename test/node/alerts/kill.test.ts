import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Prng } from '../../../src/lib/prng.ts';
import { alertEventSchema } from '../../../src/node/alerts/alert-event.ts';
import { AlertServer } from '../../support/alert-server.ts';
import { eventually } from '../../support/live-federation.ts';
import { Folders } from '../store/fixtures.ts';

const script = fileURLToPath(new URL('./alerting-gateway.ts', import.meta.url));

/** A process that puts the alerts from `first` up to `end`, and what it said to be on disk. */
class Alerting {
  /** Resolves when the process has ended. */
  readonly closed: Promise<unknown>;
  private readonly child;
  private printed = '';

  constructor(folder: string, url: string, first: number, end: number) {
    const args = [script, folder, url, String(first), String(end)];
    this.child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.child.stdout.on('data', (part: Buffer) => {
      this.printed += part;
    });
    this.closed = once(this.child, 'close');
  }

  /** Complete lines only: the last one may be cut. */
  get numbers(): number[] {
    return this.printed.split('\n').slice(0, -1).map(Number);
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.closed;
  }
}

const idsOf = (server: AlertServer) => server.bodies.map((body) => alertEventSchema.parse(JSON.parse(body)).alert);

describe('alerts of a gateway that is killed', function () {
  this.timeout(120_000);
  const folders = new Folders();
  let server: AlertServer;
  beforeEach(async () => {
    server = await AlertServer.make();
  });
  const runs: Alerting[] = [];
  const started = (...given: ConstructorParameters<typeof Alerting>): Alerting => {
    const run = new Alerting(...given);
    runs.push(run);
    return run;
  };
  afterEach(async () => {
    for (const run of runs.splice(0)) await run.kill();
    await server.stop();
  });
  after(() => folders.removeAll());

  it('are delivered by the next run, in order, where it was killed between queue and delivery', async () => {
    const folder = folders.make();
    // Nobody listens yet.
    const first = started(folder, server.url, 1, 1000);
    await eventually(() => first.numbers.length >= 20, 'twenty alerts');
    await first.kill();
    const { numbers } = first;
    await server.start();
    const second = started(folder, server.url, 0, 0);
    await eventually(() => server.bodies.length >= numbers.length, 'all are delivered', 30_000);
    await second.kill();
    // Killed between the disk and its line it is one ahead.
    assert.deepEqual(idsOf(server).slice(0, numbers.length), numbers);
  });

  it('are all delivered at least once, whenever it is killed', async () => {
    const folder = folders.make();
    const prng = new Prng('kill -9');
    const told = new Set<number>();
    await server.start();
    for (let kill = 0; kill < 9; kill++) {
      // The server is away for a part of the time, and the process ends while it is, or while it is not.
      if (kill % 3 === 1) await server.stop();
      if (kill % 3 === 2) await server.start();
      const run = started(folder, server.url, 1000 * kill + 1, 1000 * (kill + 1));
      await eventually(() => run.numbers.length > 0, 'an alert');
      await delay(200 * prng.nextFloat());
      await run.kill();
      for (const number of run.numbers) told.add(number);
    }
    const last = started(folder, server.url, 0, 0);
    const missing = () => {
      const ids = new Set(idsOf(server));
      return [...told].filter((number) => !ids.has(number));
    };
    await eventually(() => missing().length === 0, 'every alert', 60_000).catch(() => assert.deepEqual(missing(), []));
    await last.kill();
    // At most what each kill caught between the server's answer and the disk came twice.
    const doubled = idsOf(server).length - new Set(idsOf(server)).size;
    assert.ok(doubled <= 9, `${doubled} came twice`);
    assert.ok(told.size > 50, `${told.size} alerts only`);
  });
});
