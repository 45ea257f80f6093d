import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { messageOf, OperatorError } from '../../../src/lib/errors.ts';
import { StateFile } from '../../../src/node/store/state-file.ts';
import { openStore } from '../../../src/node/store/store.ts';
import { checkpointOf, contentOf, Folders, fill, gateway, withStore } from './fixtures.ts';

/** Why this process cannot mount a file system of its own; undefined where it can. */
function whyNoMount(folders: Folders): string | undefined {
  const folder = folders.make();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'pipe' });
    execFileSync('umount', [folder]);
    return undefined;
  } catch (error) {
    return messageOf(error).split('\n')[0];
  }
}

const isRoot = process.getuid?.() === 0;

describe('StateFile.write()', () => {
  const folders = new Folders();
  afterEach(() => folders.removeAll());

  const limitTo = (pages: number) => (db: DatabaseSync) => db.exec(`PRAGMA max_page_count = ${pages}`);
  const addBytes = (db: DatabaseSync) => {
    db.exec("INSERT INTO facts VALUES (hex(randomblob(8)), zeroblob(20000), x'')");
  };

  it('changes nothing on a full disk, says so once, and says when it works again', () => {
    const options = gateway();
    const file = new StateFile({ ...options, folder: folders.make() }, () => undefined);
    const rows = () => {
      let count: unknown;
      file.write((db) => {
        count = db.prepare('SELECT count(*) AS n FROM facts').get()?.n;
      });
      return count;
    };
    assert.equal(file.write(addBytes), true);
    assert.equal(file.write(limitTo(1)), true);
    for (let i = 0; i < 3; i++)
      assert.equal(
        file.write((db) => [addBytes(db), addBytes(db)]),
        false,
      );
    assert.equal(file.degraded, true);
    assert.deepEqual(
      options.said.map(({ type }) => type),
      ['degraded'],
    );
    assert.match(options.said[0]!.sentence, /gateway\.db cannot be written \(database or disk is full\): /);
    assert.equal(rows(), 1);
    file.write(limitTo(10_000));
    assert.equal(file.write(addBytes), true);
    assert.deepEqual(
      options.said.map(({ type }) => type).filter((type) => type !== 'degraded'),
      options.said.filter(({ type }) => type === 'recovered').map(({ type }) => type),
    );
    assert.equal(options.said.at(-1)!.type, 'recovered');
    assert.equal(file.degraded, false);
    assert.equal(rows(), 2);
    file.close();
  });

  it('keeps its lock while the disk is full', () => {
    const options = gateway();
    const folder = folders.make();
    const file = new StateFile({ ...options, folder }, () => undefined);
    file.write(limitTo(1));
    assert.equal(file.write(addBytes), false);
    assert.throws(() => new StateFile({ ...gateway(), folder }, () => undefined), /in use by another gateway/);
    file.close();
  });

  it('opens the file anew after an error of input or output, whose descriptor may be of a disk that is gone', () => {
    const file = new StateFile({ ...gateway(), folder: folders.make() }, () => undefined);
    const failing = () => {
      throw Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR', errcode: 778 });
    };
    assert.equal(file.write(failing), false);
    assert.equal(file.isOpen, false);
    assert.equal(file.write(addBytes), true);
    assert.equal(file.generation, 2);
    file.close();
  });

  it('passes a mistake of the caller on, and rolls it back', () => {
    const file = new StateFile({ ...gateway(), folder: folders.make() }, () => undefined);
    const mistake = (db: DatabaseSync) => {
      addBytes(db);
      db.exec('INSERT INTO nowhere VALUES (1)');
    };
    assert.throws(() => file.write(mistake), /no such table: nowhere/);
    let count: unknown;
    file.write((db) => {
      count = db.prepare('SELECT count(*) AS n FROM facts').get()?.n;
    });
    assert.equal(count, 0);
    file.close();
  });

  it('syncs with durable also what was written before it', () => {
    const folder = folders.make();
    const file = new StateFile({ ...gateway(), folder }, () => undefined);
    const logBytes = () => readFileSync(join(folder, 'gateway.db-wal')).length;
    const before = logBytes();
    file.write(() => undefined);
    assert.equal(logBytes(), before);
    file.write(() => undefined, true);
    assert(logBytes() > before, 'nothing was committed that could be synced');
    file.close();
  });

  it('begins a new database where the one in use is overwritten, and the store puts all of its state there', () => {
    const folder = folders.make();
    const options = gateway();
    const store = openStore(folder, options);
    fill(store);
    // More than SQLite keeps in memory, so that it looks at the file again.
    for (let i = 0; i < 8; i++) store.facts.set(`big ${i}`, new Uint8Array(2 ** 20).fill(i));
    store.flush();
    const path = join(folder, 'gateway.db');
    writeFileSync(path, new Uint8Array(readFileSync(path).length).fill(0x55), { flag: 'r+' });
    const before = contentOf(store);
    for (let i = 0; i < 8; i++) store.facts.set(`big ${i}`, Uint8Array.of(i));
    store.flush();
    const after = contentOf(store);
    store.close();
    assert.equal(options.said[0]?.type, 'damaged');
    assert.deepEqual(after.windows, before.windows);
    const again = gateway();
    assert.deepEqual(withStore(folder, again, contentOf), after);
    assert.deepEqual(again.said, []);
  });
});

describe('Store on a disk in trouble', function () {
  this.timeout(60_000);
  const folders = new Folders();
  let mounted: string | undefined;
  const mount = (sizeKib: number) => {
    mounted = folders.make();
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKib}k`, 'tmpfs', mounted]);
    return mounted;
  };
  afterEach(() => {
    // Lazily: a test that failed may have left its database open.
    if (mounted !== undefined) execFileSync('umount', ['-l', mounted]);
    mounted = undefined;
    folders.removeAll();
  });
  const needsMount = (test: Mocha.Context) => {
    const reason = whyNoMount(folders);
    if (reason === undefined) return;
    console.log(`      skipped: no file system can be mounted here: ${reason}`);
    test.skip();
  };
  const kinds = (options: ReturnType<typeof gateway>) => options.said.map(({ type }) => type);

  it('lives on with a full disk, and writes all of its state once there is room', function () {
    needsMount(this);
    const folder = mount(1024);
    const options = gateway();
    const store = openStore(folder, options);
    fill(store);
    writeFileSync(join(folder, 'ballast'), '');
    fillUp(join(folder, 'ballast'));
    for (let round = 4; round < 30; round++) {
      store.checkpoints.put(checkpointOf(round, 20_000));
      store.counters.add('samples');
    }
    assert.equal(store.degraded, true);
    assert(store.counters.get('store.failedWrites') > 0);
    assert.deepEqual(store.checkpoints.latest(), checkpointOf(29, 20_000));
    rmSync(join(folder, 'ballast'));
    assert.equal(store.checkpoints.put(checkpointOf(30)), true);
    assert.deepEqual(kinds(options), ['degraded', 'recovered']);
    const state = contentOf(store);
    store.close();
    assert.deepEqual(withStore(folder, gateway(), contentOf), state);
  });

  it('goes back to the last whole checkpoint where the power fails while the disk is full', function () {
    needsMount(this);
    const folder = mount(1024);
    const store = openStore(folder, gateway());
    fill(store);
    writeFileSync(join(folder, 'ballast'), '');
    fillUp(join(folder, 'ballast'));
    let onDisk = 3;
    for (let round = 4; round < 20; round++) if (store.checkpoints.put(checkpointOf(round, 20_000))) onDisk = round;
    assert(store.degraded);
    const left = folders.make();
    for (const name of ['gateway.db', 'gateway.db-wal']) {
      writeFileSync(join(left, name), readFileSync(join(folder, name)));
    }
    store.close();
    withStore(left, gateway(), ({ checkpoints }) => assert.equal(checkpoints.latest()?.progress.round, onDisk));
  });

  it('begins in memory where the disk takes no file, and is written once it does', function () {
    needsMount(this);
    const folder = mount(256);
    execFileSync('mount', ['-o', 'remount,ro', folder]);
    const options = gateway();
    const store = openStore(folder, options);
    fill(store);
    assert.deepEqual(kinds(options), ['degraded']);
    execFileSync('mount', ['-o', 'remount,rw', folder]);
    assert.equal(store.flush(), true);
    const state = contentOf(store);
    store.close();
    assert.deepEqual(kinds(options), ['degraded', 'recovered']);
    assert.deepEqual(withStore(folder, gateway(), contentOf), state);
  });

  for (const end of ['closed', 'killed'] as const) {
    it(`reads the state of a ${end} gateway from a read-only disk, and writes once it can`, function () {
      needsMount(this);
      const folder = mount(1024);
      const elsewhere = folders.make();
      const first = openStore(elsewhere, gateway());
      fill(first);
      const state = contentOf(first);
      const copy = () => {
        for (const name of readdirSync(elsewhere))
          writeFileSync(join(folder, name), readFileSync(join(elsewhere, name)));
      };
      if (end === 'killed') copy();
      first.close();
      if (end === 'closed') copy();
      execFileSync('mount', ['-o', 'remount,ro', folder]);
      const options = gateway();
      const store = openStore(folder, options);
      assert.deepEqual({ ...contentOf(store), counters: state.counters }, state);
      store.windows.delete(7);
      store.checkpoints.put(checkpointOf(9));
      store.checkpoints.put(checkpointOf(10));
      assert.deepEqual(kinds(options), ['degraded']);
      execFileSync('mount', ['-o', 'remount,rw', folder]);
      assert.equal(store.flush(), true);
      store.close();
      assert.deepEqual(kinds(options), ['degraded', 'recovered']);
      const after = withStore(folder, gateway(), contentOf);
      assert.deepEqual(after.checkpoint, checkpointOf(10));
      state.windows.delete(7);
      assert.deepEqual(after.windows, state.windows);
    });
  }

  it('lives on with a read-only file', function () {
    if (isRoot) {
      console.log('      skipped: root may write any file');
      this.skip();
    }
    const folder = folders.make();
    withStore(folder, gateway(), (store) => fill(store));
    chmodSync(join(folder, 'gateway.db'), 0o444);
    chmodSync(folder, 0o555);
    const mend = () => {
      chmodSync(folder, 0o755);
      chmodSync(join(folder, 'gateway.db'), 0o644);
    };
    const options = gateway();
    try {
      withStore(folder, options, (store) => {
        assert.deepEqual(store.checkpoints.latest(), checkpointOf(3));
        assert.equal(store.checkpoints.put(checkpointOf(9)), false);
        mend();
      });
    } finally {
      mend();
    }
    assert.deepEqual(kinds(options), ['degraded', 'recovered']);
    withStore(folder, gateway(), (store) => assert.deepEqual(store.checkpoints.latest(), checkpointOf(9)));
  });

  it('is refused in one sentence where its file is a folder', () => {
    const folder = folders.make();
    withStore(join(folder, 'gateway.db'), gateway(), () => undefined);
    assert.throws(
      () => openStore(folder, gateway()),
      (error) => error instanceof OperatorError && /can be neither written .* nor read/.test(error.message),
    );
  });
});

/** Writes zeros until the disk takes no more. */
function fillUp(path: string): void {
  assert.throws(() => {
    for (;;) writeFileSync(path, new Uint8Array(4096), { flag: 'a' });
  }, /ENOSPC/);
}
