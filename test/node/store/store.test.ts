import assert from 'node:assert/strict';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { OperatorError } from '../../../src/lib/errors.ts';
import { migrations } from '../../../src/node/store/migrations.ts';
import { digestOf } from '../../../src/node/store/mirrored-map.ts';
import { loadSqlite } from '../../../src/node/store/sqlite.ts';
import { openStore } from '../../../src/node/store/store.ts';
import { hashOf } from '../../support/live-federation.ts';
import { alertOf, checkpointOf, contentOf, Folders, features, fill, gateway, withStore } from './fixtures.ts';

/** One sentence, with what to do. */
function refusal(pattern: RegExp) {
  return (error: unknown) => {
    assert(error instanceof OperatorError, String(error));
    assert.match(error.message, pattern);
    assert(!error.message.includes('\n'));
    return true;
  };
}

describe('openStore()', () => {
  const folders = new Folders();
  afterEach(() => folders.removeAll());

  it('gives back all that was written when it is opened again', () => {
    const folder = folders.make();
    const before = withStore(folder, gateway(), (store) => {
      fill(store);
      return contentOf(store);
    });
    assert.deepEqual(before.checkpoint, checkpointOf(3));
    const options = gateway();
    assert.deepEqual(withStore(folder, options, contentOf), before);
    assert.deepEqual(options.said, []);
    assert.deepEqual(readdirSync(folder), ['gateway.db']);
  });

  it('makes the folder', () => {
    const folder = join(folders.make(), 'new', 'state');
    withStore(folder, gateway(), (store) => assert.equal(store.degraded, false));
    assert.deepEqual(readdirSync(folder), ['gateway.db']);
  });

  it('refuses a folder that another gateway has open', () => {
    const folder = folders.make();
    withStore(folder, gateway(), () => {
      assert.throws(() => openStore(folder, gateway()), refusal(/in use by another gateway; stop that one/));
    });
    withStore(folder, gateway(), (store) => assert.equal(store.degraded, false));
  });

  it('refuses the state of another federation or peer, and leaves it as it is', () => {
    const folder = folders.make();
    withStore(folder, gateway(), (store) => fill(store));
    const other = gateway({ federation: hashOf('another') });
    assert.throws(() => openStore(folder, other), refusal(/another federation; give this gateway a folder of its own/));
    assert.throws(() => openStore(folder, gateway({ peer: 'peer-b' })), refusal(/another peer; /));
    assert.deepEqual(withStore(folder, gateway(), contentOf).checkpoint, checkpointOf(3));
  });

  it('refuses the database of a newer release', () => {
    const folder = folders.make();
    withStore(folder, gateway({ migrations: [...migrations, 'CREATE TABLE later (a)'] }), () => undefined);
    assert.throws(() => openStore(folder, gateway()), refusal(/layout 2, which a newer release wrote/));
  });

  it('refuses a file in place of the folder', () => {
    const path = join(folders.make(), 'file');
    writeFileSync(path, '');
    assert.throws(() => openStore(path, gateway()), refusal(/is not a folder/));
  });

  it('opens the first layout, as a release wrote it, and brings it to later ones with what it holds', () => {
    const folder = folders.make();
    // Layout 1 as it was committed. Never to be edited: databases of it are on gateways.
    const db = new (loadSqlite().DatabaseSync)(join(folder, 'gateway.db'));
    const columns = 'BLOB NOT NULL, digest BLOB NOT NULL) STRICT;';
    db.exec(`CREATE TABLE meta (key TEXT PRIMARY KEY, body ${columns}
   CREATE TABLE checkpoints (key INTEGER PRIMARY KEY, body ${columns}
   CREATE TABLE windows (key INTEGER PRIMARY KEY, body ${columns}
   CREATE TABLE alerts (key INTEGER PRIMARY KEY, body ${columns}
   CREATE TABLE outbox (key INTEGER PRIMARY KEY, body ${columns}
   CREATE TABLE counters (key TEXT PRIMARY KEY, body ${columns}
   CREATE TABLE facts (key TEXT PRIMARY KEY, body ${columns}
   PRAGMA user_version = 1`);
    const insert = (table: string, key: string | number, body: Uint8Array) =>
      db.prepare(`INSERT INTO ${table} VALUES (?, ?, ?)`).run(key, body, digestOf(key, body));
    insert('meta', 'federation', hashOf('federation'));
    insert('meta', 'peer', Buffer.from('peer-a'));
    insert('counters', 'samples', Buffer.from('41'));
    insert('alerts', 7, Buffer.from(JSON.stringify(alertOf(7))));
    db.close();
    const later = gateway({ migrations: [...migrations, 'CREATE TABLE notes (key TEXT PRIMARY KEY) STRICT'] });
    for (const options of [gateway(), later, later]) {
      withStore(folder, options, (store) => {
        assert.equal(store.counters.get('samples'), 41);
        assert.deepEqual(store.alerts.list(), [alertOf(7)]);
      });
      assert.deepEqual(options.said, []);
    }
  });

  it('leaves the older layout whole where a migration fails half way', () => {
    const folder = folders.make();
    withStore(folder, gateway(), (store) => fill(store));
    const noRoom =
      'DROP TABLE counters; PRAGMA max_page_count = 1; CREATE TABLE b (c); INSERT INTO b VALUES (zeroblob(1e6))';
    const full = gateway({ migrations: [...migrations, noRoom] });
    assert.throws(() => openStore(folder, full), refusal(/neither written \(database or disk is full\) nor read/));
    withStore(folder, gateway(), (store) => assert.equal(store.counters.get('samples'), 17));
  });
});

describe('Store', () => {
  const folders = new Folders();
  afterEach(() => folders.removeAll());

  it('keeps two checkpoints, and takes the older where the newest is damaged', () => {
    const folder = folders.make();
    withStore(folder, gateway(), (store) => fill(store));
    const db = new (loadSqlite().DatabaseSync)(join(folder, 'gateway.db'));
    assert.deepEqual(
      db
        .prepare('SELECT key FROM checkpoints')
        .all()
        .map(({ key }) => key),
      [2, 3],
    );
    const body = db.prepare('SELECT body FROM checkpoints WHERE key = 3').get()?.body as Uint8Array;
    body[body.length - 1]! ^= 1;
    db.prepare('UPDATE checkpoints SET body = ? WHERE key = 3').run(body);
    db.close();
    const options = gateway();
    withStore(folder, options, (store) => {
      assert.deepEqual(store.checkpoints.latest(), checkpointOf(2));
      assert.equal(store.counters.get('store.damagedRows'), 1);
      assert.match(options.said[0]!.sentence, /1 damaged rows/);
      store.checkpoints.put(checkpointOf(9));
    });
    withStore(folder, gateway(), (store) => assert.deepEqual(store.checkpoints.latest(), checkpointOf(9)));
  });

  it('takes the checkpoint written last, not the one of the highest round', () => {
    const folder = folders.make();
    withStore(folder, gateway(), (store) => {
      store.checkpoints.put(checkpointOf(500));
      store.checkpoints.put(checkpointOf(1));
    });
    withStore(folder, gateway(), (store) => assert.deepEqual(store.checkpoints.latest(), checkpointOf(1)));
  });

  it('writes a checkpoint as it was when it was given', () => {
    const folder = folders.make();
    const given = checkpointOf(5);
    withStore(folder, gateway(), (store) => {
      store.checkpoints.put(given);
      given.weights.fill(0);
      store.flush();
      assert.deepEqual(store.checkpoints.latest(), checkpointOf(5));
    });
  });

  it('keeps the newest alerts, and what was acknowledged', () => {
    const folder = folders.make();
    withStore(folder, gateway({ alertsMax: 3 }), (store) => {
      for (let id = 1; id <= 5; id++) store.alerts.put(alertOf(store.alerts.nextId));
      assert.equal(store.alerts.acknowledge(4), true);
      assert.equal(store.alerts.acknowledge(1), false);
    });
    withStore(folder, gateway(), ({ alerts }) => {
      assert.deepEqual(alerts.list(), [alertOf(3), { ...alertOf(4), acknowledged: true }, alertOf(5)]);
      assert.equal(alerts.nextId, 6);
    });
  });

  it('delivers from the outbox at least once and in order, and drops the oldest of too many', () => {
    const folder = folders.make();
    withStore(folder, gateway({ deliveriesMax: 3 }), ({ outbox, counters }) => {
      for (const body of ['a', 'b', 'c', 'd']) outbox.put(body);
      assert.equal(counters.get('outbox.dropped'), 1);
      outbox.failed(outbox.oldest()!.id);
      assert.deepEqual(outbox.oldest(), { id: 2, body: 'b', attempts: 1 });
    });
    withStore(folder, gateway({ deliveriesMax: 3 }), ({ outbox }) => {
      assert.deepEqual(outbox.oldest(), { id: 2, body: 'b', attempts: 1 });
      outbox.done(2);
      outbox.put('e');
      outbox.done(99);
    });
    withStore(folder, gateway(), ({ outbox }) => {
      const taken: string[] = [];
      for (let next = outbox.oldest(); next; next = outbox.oldest()) {
        taken.push(next.body);
        outbox.done(next.id);
      }
      assert.deepEqual(taken, ['c', 'd', 'e']);
    });
  });

  it('holds what a plain map holds after any changes, restarts among them', () => {
    const change = fc.record({ slot: fc.nat(8), value: fc.option(fc.double(), { nil: undefined }), next: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const folder = folders.make();
        const model = new Map<number, number>();
        let store = openStore(folder, gateway());
        for (const { slot, value, next } of changes) {
          if (value === undefined) {
            store.windows.delete(slot);
            model.delete(slot);
          } else {
            store.windows.set(slot, { startMs: 1, endMs: 2, values: new Float64Array(features).fill(value) });
            model.set(slot, value);
          }
          if (next === 0) store.flush();
          if (next !== 1) continue;
          store.close();
          store = openStore(folder, gateway());
        }
        const held = [...store.windows.entries()].map(([slot, row]) => [slot, row.values[2]] as const);
        store.close();
        assert.deepEqual(new Map(held), model);
      }),
      { numRuns: 30 },
    );
  });

  it('writes nothing where facts are stored as they were', () => {
    withStore(folders.make(), gateway(), (store) => {
      const set = (tokens: number) => store.facts.setJson('guard', { tokens });
      set(1);
      assert.equal(store.facts.map.hasChanged, true);
      // Not yet on the disk.
      set(1);
      assert.equal(store.facts.map.hasChanged, true);
      assert.equal(store.flush(), true);
      set(1);
      assert.equal(store.facts.map.hasChanged, false);
      set(2);
      assert.equal(store.facts.map.hasChanged, true);
    });
  });

  it('gives room back after one large write: the log soon, the file when it is opened again', () => {
    const folder = folders.make();
    const bytesOf = (name: string) => statSync(join(folder, name)).size;
    withStore(folder, gateway(), (store) => {
      store.facts.set('large', new Uint8Array(12 * 2 ** 20));
      store.flush();
      assert(bytesOf('gateway.db-wal') > 12 * 2 ** 20);
      for (let i = 0; i < 3; i++) {
        store.facts.set('large', Uint8Array.of(i));
        store.flush();
      }
      assert(bytesOf('gateway.db-wal') <= 4 * 2 ** 20, `a log of ${bytesOf('gateway.db-wal')} bytes`);
    });
    withStore(folder, gateway(), () => undefined);
    assert(bytesOf('gateway.db') < 2 ** 17, `a file of ${bytesOf('gateway.db')} bytes`);
  });

  it('stays bounded on disk over ten thousand rows and a thousand checkpoints', function () {
    this.timeout(120_000);
    const folder = folders.make();
    const bytes = () => readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    let early = 0;
    let most = 0;
    withStore(folder, gateway({ alertsMax: 50, deliveriesMax: 50 }), (store) => {
      for (let i = 1; i <= 10_000; i++) {
        store.windows.set(i % 100, { startMs: i, endMs: i, values: Float64Array.of(i, i, i) });
        store.alerts.put(alertOf(i));
        store.outbox.put(`body ${i}`);
        store.counters.add('samples');
        if (i % 10 === 0) store.checkpoints.put(checkpointOf(i, 1000));
        else store.flush();
        if (i === 1000) early = bytes();
        if (i % 100 === 0) most = Math.max(most, bytes());
      }
    });
    // Live data are 50 kB; the log is moved back about each MiB and one write is less than another.
    assert(most < 3 * 2 ** 20, `${most} bytes`);
    assert(most <= 1.25 * early + 65_536, `${early} bytes after 1,000, ${most} after 10,000`);
    assert(bytes() < 2 ** 19, `${bytes()} bytes at the end`);
  });
});

describe('loadSqlite()', () => {
  it('is silent about the experiment, and lets every other warning pass', () => {
    const { emitWarning } = process;
    const seen: unknown[] = [];
    process.emitWarning = ((warning: string) => seen.push(warning)) as typeof emitWarning;
    const { getBuiltinModule } = process;
    process.getBuiltinModule = ((id: string) => {
      process.emitWarning('SQLite is an experimental feature and might change at any time', 'ExperimentalWarning');
      process.emitWarning('another');
      return getBuiltinModule(id);
    }) as typeof getBuiltinModule;
    try {
      assert.equal(typeof loadSqlite().DatabaseSync, 'function');
      process.emitWarning('SQLite is an experimental feature, said by somebody else later');
    } finally {
      process.emitWarning = emitWarning;
      process.getBuiltinModule = getBuiltinModule;
    }
    assert.deepEqual(seen, ['another', 'SQLite is an experimental feature, said by somebody else later']);
  });
});
