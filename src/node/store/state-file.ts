// The database file of one gateway: opening, its lock, its layout, and what happens where it cannot be written or is damaged.
// Knows no table but meta; every write of the store goes through write().
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { messageOf, OperatorError } from '../../lib/errors.ts';
import { migrations as ownMigrations } from './migrations.ts';
import { digestOf, wholeBodyOf } from './mirrored-map.ts';
import { setAside } from './set-aside.ts';
import { loadSqlite } from './sqlite.ts';
import { Damaged, type Trouble, troubleOf } from './trouble.ts';

/** What the operator is told of the disk, one sentence; `degraded` and `recovered` once for each time of trouble. */
export interface StoreEvent {
  type: 'degraded' | 'recovered' | 'damaged';
  sentence: string;
}

/** Whose state it is, and where. */
export interface StateFileOptions {
  folder: string;
  /** Federation id, 32 bytes. */
  federation: Uint8Array;
  /** The gateway's peer id as text. */
  peer: string;
  onEvent(event: StoreEvent): void;
  /** Milliseconds since the epoch, for the name of a damaged file. */
  wallClockMs(): number;
  /** Layouts to go through; those of migrations.ts unless given. */
  migrations?: readonly string[];
}

/** Name of the database in a gateway's folder. */
export const stateFileName = 'gateway.db';

/**
 * Pages are moved back to the database after about 1 MiB of log, and a log that one large write made longer is cut to 4 MiB.
 * Free pages are used again, and given back when the file is opened: giving them back at every write would write most
 * pages twice, on flash memory.
 */
const pragmas = [
  'locking_mode = EXCLUSIVE',
  'auto_vacuum = INCREMENTAL',
  'journal_mode = WAL',
  'wal_autocheckpoint = 256',
  'journal_size_limit = 4194304',
];

/** An open state file, or one that cannot be opened now and is tried again at each write. */
export class StateFile {
  readonly path: string;
  /** Counts the databases that were opened: what was written into one is not known to be in the next. */
  generation = 0;
  private readonly options: StateFileOptions;
  private readonly migrations: readonly string[];
  private db: DatabaseSync | undefined;
  private isDegraded = false;
  private isClosed = false;

  /**
   * Opens the database, making it where there is none, and hands it to `load`, which may be called with a damaged one
   * or never. Throws OperatorError where another gateway has it open, where it is of another federation, peer or newer release, and where
   * it is there and cannot be read. Where it cannot be written it is degraded, and says so.
   */
  constructor(options: StateFileOptions, load: (db: DatabaseSync) => void) {
    this.options = options;
    this.path = join(options.folder, stateFileName);
    this.migrations = options.migrations ?? ownMigrations;
    try {
      this.db = this.connect();
      this.loadChecked(this.db, load);
    } catch (error) {
      this.startDespite(error, troubleOf(error, 'opening'), load);
    }
  }

  /** False before a database could be opened, and after one could not be written. */
  get isOpen(): boolean {
    return this.db !== undefined;
  }

  /** True while writes fail. */
  get degraded(): boolean {
    return this.isDegraded;
  }

  /**
   * Runs `work` in one transaction; true where it is committed. Where the disk is full, read-only or failing, nothing is
   * changed, the event says so once, and the next call tries again. A database that shows itself to be damaged is set
   * aside, and `work` gets a new one. With `durable` a committed write survives a power cut: the log is synced
   * (synchronous = FULL); without, the last writes may be lost then, but never half of one.
   */
  write(work: (db: DatabaseSync) => void, durable = false): boolean {
    for (let isRetry = false; ; isRetry = true) {
      try {
        this.db ??= this.connect();
        // A commit that changes no page is not synced, and what was written before would not be with it. This changes one.
        const touch = (db: DatabaseSync) => db.exec(`PRAGMA user_version = ${this.migrations.length}`);
        transaction(this.db, durable ? (db) => [work(db), touch(db)] : work, durable);
        this.recover();
        return true;
      } catch (error) {
        const trouble = troubleOf(error, 'running');
        if (trouble === 'damaged' && !isRetry && this.setAside(messageOf(error))) continue;
        if (trouble === undefined) throw error;
        this.degrade(error, trouble);
        return false;
      }
    }
  }

  /** Closes the database. Nothing is written afterwards. */
  close(): void {
    this.isClosed = true;
    this.disconnect();
  }

  private startDespite(error: unknown, trouble: Trouble | undefined, load: (db: DatabaseSync) => void): void {
    this.disconnect();
    if (error instanceof Error && 'code' in error && (error.code === 'ENOTDIR' || error.code === 'EEXIST')) {
      throw new OperatorError(`${this.options.folder} is not a folder; name one for the gateway's state`);
    }
    if (error instanceof OperatorError || trouble === undefined) throw error;
    if (trouble === 'busy') {
      throw new OperatorError(
        `${this.path} is in use by another gateway; stop that one or give this one a folder of its own`,
      );
    }
    if (trouble === 'damaged') {
      this.setAside(messageOf(error));
      return;
    }
    if (existsSync(this.path)) this.loadUnwritable(error, load);
    this.degrade(error, trouble);
  }

  /** Reads a copy: SQLite can recover and lock a database only where it may write, and an older layout is brought to this one there. */
  private loadUnwritable(why: unknown, load: (db: DatabaseSync) => void): void {
    let copy: string | undefined;
    let db: DatabaseSync | undefined;
    try {
      copy = mkdtempSync(join(tmpdir(), 'rumormill-state-'));
      for (const suffix of ['', '-wal']) {
        // Not by copyFile, which would make the copy read-only too.
        if (existsSync(this.path + suffix))
          writeFileSync(join(copy, stateFileName + suffix), readFileSync(this.path + suffix));
      }
      db = this.connect(join(copy, stateFileName));
      this.loadChecked(db, load);
    } catch (error) {
      if (error instanceof OperatorError) throw error;
      const [written, read] = [why, error].map((reason) => firstLine(messageOf(reason)));
      throw new OperatorError(
        `${this.path} can be neither written (${written}) nor read (${read}); make the disk writable or move the file away`,
      );
    } finally {
      db?.close();
      if (copy !== undefined) rmSync(copy, { recursive: true });
    }
  }

  private connect(path = this.path): DatabaseSync {
    if (this.isClosed) throw new Error('the state file is closed');
    mkdirSync(dirname(path), { recursive: true });
    const db = new (loadSqlite().DatabaseSync)(path);
    try {
      for (const pragma of pragmas) db.exec(`PRAGMA ${pragma}`);
      this.migrate(db);
      this.checkOwner(db);
    } catch (error) {
      db.close();
      throw error;
    }
    this.generation++;
    return db;
  }

  private layoutOf(db: DatabaseSync): number {
    const { migrations, path } = this;
    const version = db.prepare('PRAGMA user_version').get()?.user_version as number;
    if (version > migrations.length) {
      throw new OperatorError(
        `${path} has layout ${version}, which a newer release wrote, and this one knows ${migrations.length}; install that release or move the file away`,
      );
    }
    if (version < 0) throw new Damaged(`layout ${version}`);
    return version;
  }

  private migrate(db: DatabaseSync): void {
    const { migrations } = this;
    for (let next = this.layoutOf(db); next < migrations.length; next++) {
      const steps = (inside: DatabaseSync) => {
        inside.exec(migrations[next] as string);
        if (next === 0) this.writeOwner(inside);
        inside.exec(`PRAGMA user_version = ${next + 1}`);
      };
      transaction(db, steps, true);
    }
  }

  private writeOwner(db: DatabaseSync): void {
    const put = db.prepare('INSERT INTO meta (key, body, digest) VALUES (?, ?, ?)');
    for (const [key, body] of Object.entries(this.owner())) put.run(key, body, digestOf(key, body));
  }

  private owner(): { federation: Uint8Array; peer: Uint8Array } {
    return { federation: this.options.federation, peer: new TextEncoder().encode(this.options.peer) };
  }

  private checkOwner(db: DatabaseSync): void {
    const get = db.prepare('SELECT key, body, digest FROM meta WHERE key = ?');
    for (const [key, mine] of Object.entries(this.owner())) {
      const row = get.get(key);
      const body = row && wholeBodyOf(row);
      if (body === undefined) throw new Damaged(`it does not say its ${key}`);
      if (Buffer.compare(body, mine) === 0) continue;
      throw new OperatorError(
        `${this.path} holds the state of another ${key}; give this gateway a folder of its own or move the file away`,
      );
    }
  }

  private loadChecked(db: DatabaseSync, load: (db: DatabaseSync) => void): void {
    // Also of a damaged file what can be read is taken over: each row answers for itself by its digest.
    load(db);
    const found = db.prepare('PRAGMA integrity_check(1)').get()?.integrity_check;
    if (found !== 'ok') throw new Damaged(String(found));
    const schema = (of: DatabaseSync) =>
      JSON.stringify(of.prepare('SELECT sql FROM sqlite_schema ORDER BY name').all());
    const fresh = new (loadSqlite().DatabaseSync)(':memory:');
    for (const migration of this.migrations) fresh.exec(migration);
    const isAsMade = schema(db) === schema(fresh);
    fresh.close();
    if (!isAsMade) throw new Damaged('its tables are not those of its layout');
    if (db === this.db) {
      // Writes a page only where there are pages to give back.
      db.prepare('PRAGMA incremental_vacuum').all();
    }
  }

  /** False where the file cannot be renamed either. */
  private setAside(why: string): boolean {
    this.disconnect();
    try {
      const aside = setAside(this.path, this.options.wallClockMs());
      const sentence = `${this.path} is damaged (${firstLine(why)}): it was set aside as ${aside} and a new one begun`;
      this.options.onEvent({ type: 'damaged', sentence });
      return true;
    } catch (error) {
      if (troubleOf(error, 'running') === undefined) throw error;
      this.degrade(error, 'unwritable');
      return false;
    }
  }

  private degrade(error: unknown, trouble: Trouble): void {
    // A full disk keeps its connection, and with it the lock; any other connection may be what is wrong.
    if (trouble !== 'full') this.disconnect();
    if (this.isDegraded) return;
    this.isDegraded = true;
    const sentence = `${this.path} cannot be written (${firstLine(messageOf(error))}): the state is kept in memory and written once that works again`;
    this.options.onEvent({ type: 'degraded', sentence });
  }

  private recover(): void {
    if (!this.isDegraded) return;
    this.isDegraded = false;
    this.options.onEvent({ type: 'recovered', sentence: `${this.path} can be written again` });
  }

  private disconnect(): void {
    this.db?.close();
    this.db = undefined;
  }
}

/** All of `work`, or nothing of it. */
function transaction(db: DatabaseSync, work: (db: DatabaseSync) => void, durable: boolean): void {
  db.exec(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}`);
  db.exec('BEGIN IMMEDIATE');
  try {
    work(db);
    db.exec('COMMIT');
  } catch (error) {
    rollBack(db);
    throw error;
  }
}

/** SQLite has rolled back by itself after some errors, and then refuses to do it again. */
function rollBack(db: DatabaseSync): void {
  try {
    db.exec('ROLLBACK');
  } catch (error) {
    if (!/no transaction is active/.test(messageOf(error))) throw error;
  }
}

function firstLine(text: string): string {
  return text.split('\n', 2).join(' ').trim();
}
