// A table that follows a map in memory. Owns which keys the disk has not seen yet, and that a row is whole or absent; when
// it is written, and what becomes of a write that fails, is the store's.
import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';

/** How values become bytes; `decode` gives undefined for bytes that are none of its values. */
export interface BodyCodec<V> {
  encode(value: V): Uint8Array;
  decode(body: Uint8Array): V | undefined;
}

/** Bytes as they are. */
export const bytesCodec: BodyCodec<Uint8Array> = { encode: (body) => body, decode: (body) => body };

/** The JSON text of values that `parse` knows again. */
export function jsonCodec<V>(parse: (json: unknown) => V | undefined): BodyCodec<V> {
  return {
    encode: (value) => new TextEncoder().encode(JSON.stringify(value)),
    decode: (body) => {
      const json = jsonOf(body);
      return json === undefined ? undefined : parse(json);
    },
  };
}

/** What the bytes say as JSON text; undefined where they are none. */
export function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** SHA-256 of a row's key, a zero byte and its body, which is stored with them. */
export function digestOf(key: number | string, body: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`${key}\0`).update(body).digest());
}

/** The body of a row that has the digest of it; undefined for a damaged one. */
export function wholeBodyOf({ key, body, digest }: Record<string, unknown>): Uint8Array | undefined {
  if (!(body instanceof Uint8Array && digest instanceof Uint8Array)) return undefined;
  return Buffer.compare(digestOf(String(key), body), digest) === 0 ? body : undefined;
}

/** A map that is the truth while the gateway runs, and its table, which has what was written last. */
export class MirroredMap<K extends number | string, V> {
  private readonly table: string;
  private readonly codec: BodyCodec<V>;
  private readonly held = new Map<K, V>();
  private readonly changed = new Set<K>();

  /** @param table one of the tables of migrations.ts */
  constructor(table: string, codec: BodyCodec<V>) {
    this.table = table;
    this.codec = codec;
  }

  get size(): number {
    return this.held.size;
  }

  /** True where the disk is behind. */
  get hasChanged(): boolean {
    return this.changed.size > 0;
  }

  get(key: K): V | undefined {
    return this.held.get(key);
  }

  set(key: K, value: V): void {
    this.held.set(key, value);
    this.changed.add(key);
  }

  delete(key: K): void {
    if (this.held.delete(key)) this.changed.add(key);
  }

  /** As loaded, in order of key; then as set. */
  entries(): IterableIterator<[K, V]> {
    return this.held.entries();
  }

  /** Takes over the table, in place of what is held, and gives how many of its rows were damaged and are left out. */
  load(db: DatabaseSync): number {
    this.held.clear();
    let damaged = 0;
    for (const row of db.prepare(`SELECT key, body, digest FROM ${this.table} ORDER BY key`).iterate()) {
      const body = wholeBodyOf(row);
      const value = body && this.codec.decode(body);
      if (value !== undefined) this.held.set(row.key as K, value);
      else {
        damaged++;
        this.changed.add(row.key as K);
      }
    }
    return damaged;
  }

  /** Writes what changed, inside the caller's transaction; with `whole` all of it, over whatever the table holds. */
  write(db: DatabaseSync, whole: boolean): void {
    if (whole) db.exec(`DELETE FROM ${this.table}`);
    const put = db.prepare(`INSERT OR REPLACE INTO ${this.table} (key, body, digest) VALUES (?, ?, ?)`);
    const remove = db.prepare(`DELETE FROM ${this.table} WHERE key = ?`);
    for (const key of whole ? this.held.keys() : this.changed) {
      const value = this.held.get(key);
      if (value === undefined) {
        remove.run(key);
        continue;
      }
      const body = this.codec.encode(value);
      put.run(key, body, digestOf(key, body));
    }
  }

  /** To be called once what write() did is committed. */
  written(): void {
    this.changed.clear();
  }
}
