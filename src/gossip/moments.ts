// What the federation knows of its raw data: mergeable moments by origin, from which all nodes derive one scaler.
// Owns validation, the order of versions and the digest; decides neither when moments are sent nor what is done with them.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { PeerError } from './peer-error.ts';

/** Moments of some rows, one value a feature, in raw units. A feature with count 0 has mean 0 and m2 0. */
export interface Moments {
  /** Present values: integers in [0, 2⁵³). */
  count: Float64Array;
  mean: Float64Array;
  /** Sums of squared differences from the mean, at least 0. */
  m2: Float64Array;
}

/** The moments of one node's training rows. */
export interface MomentsEntry extends Moments {
  /** Whose: a peer id as text. */
  peer: string;
  /** Counts up from 1 each time the node's moments change. */
  version: number;
}

/** Means and m2 of a larger magnitude are refused, since merging them could overflow float64. */
export const momentMagnitudeMax = 1e100;

/** Longest peer id as text, in bytes. */
export const peerBytesMax = 128;

const versionMax = 0xffff_ffff;

/**
 * Moments by origin. Merging is a join: for each origin the greater version wins (at equal versions the greater bytes,
 * which honest nodes never need), so nodes that have heard the same entries in any order hold the same bytes.
 */
export class MomentsStore {
  private readonly features: number;
  private readonly originsMax: number;
  private readonly held = new Map<string, MomentsEntry>();
  private own: string | undefined;

  /** @param bounds `features` is the length of every array, `originsMax` bounds the entries, mine included. */
  constructor(bounds: { features: number; originsMax: number }) {
    this.features = bounds.features;
    this.originsMax = bounds.originsMax;
  }

  /** Entries held. */
  get size(): number {
    return this.held.size;
  }

  /** Sets the moments of this node's own rows under its peer id, with a version above all it has seen of itself. */
  setOwn(self: string, moments: Moments): void {
    const version = Math.min((this.held.get(self)?.version ?? 0) + 1, versionMax);
    const { count, mean, m2 } = moments;
    const entry = { peer: self, version, count, mean, m2 };
    assert.doesNotThrow(() => checkEntry(entry, this.features));
    this.own = self;
    this.held.set(self, entry);
    assert.ok(this.held.size <= this.originsMax, 'own moments were set after the store was full');
  }

  /**
   * Takes over every entry that is newer than the one held; true where that changed anything. Throws PeerError, and
   * changes nothing, where an entry is invalid ('malformed', 'wrong-shape', 'non-finite') or one origin too many
   * ('too-many-origins'). A peer cannot change my own entry: where it holds another one of mine at my version or above,
   * as after a restart, mine is raised above that.
   */
  merge(entries: readonly MomentsEntry[]): boolean {
    for (const entry of entries) checkEntry(entry, this.features);
    const origins = new Set([...this.held.keys(), ...entries.map(({ peer }) => peer)]);
    if (origins.size > this.originsMax) {
      throw new PeerError(
        'too-many-origins',
        `moments of ${origins.size} origins, at most ${this.originsMax} are held`,
      );
    }
    let changed = false;
    for (const entry of entries) {
      const held = this.held.get(entry.peer);
      if (held !== undefined && !isNewer(entry, held)) continue;
      if (entry.peer !== this.own) this.held.set(entry.peer, entry);
      else if (!this.raiseOwn(held as MomentsEntry, entry)) continue;
      changed = true;
    }
    return changed;
  }

  /** Every entry, in order of peer id. */
  entries(): MomentsEntry[] {
    return [...this.held.values()].sort((a, b) => (a.peer < b.peer ? -1 : 1));
  }

  /**
   * The moments of all origins' rows together (Chan, Golub and LeVeque, Updating formulae and a pairwise algorithm for
   * computing sample variances, 1979), in float64 and in order of peer id: equal entries give equal bits everywhere.
   */
  merged(): Moments {
    const total: Moments = {
      count: new Float64Array(this.features),
      mean: new Float64Array(this.features),
      m2: new Float64Array(this.features),
    };
    for (const entry of this.entries()) addMoments(total, entry);
    return total;
  }

  /** SHA-256 over all entries in order of peer id (docs/protocol.md, Moments); it names the merged moments. */
  digest(): Uint8Array {
    const hash = createHash('sha256');
    for (const entry of this.entries()) hash.update(bytesOf(entry));
    return new Uint8Array(hash.digest());
  }

  private raiseOwn(own: MomentsEntry, seen: MomentsEntry): boolean {
    const version = sameContent(own, seen) ? seen.version : Math.min(seen.version + 1, versionMax);
    this.held.set(own.peer, { ...own, version });
    return version > own.version;
  }
}

/**
 * Throws PeerError unless `entry` could come from an honest node: 'wrong-shape' for arrays that have not `features`
 * values, 'non-finite' for values that are NaN, infinite or beyond ±momentMagnitudeMax, 'malformed' for the rest.
 */
export function checkEntry(entry: MomentsEntry, features: number): void {
  const { peer, version, count, mean, m2 } = entry;
  if (peer.length > peerBytesMax || !/^[\x21-\x7e]+$/.test(peer)) {
    throw new PeerError('malformed', `a peer id is 1 to ${peerBytesMax} printable ASCII characters`);
  }
  if (!Number.isInteger(version) || version < 1 || version > versionMax) {
    throw new PeerError('malformed', `version ${version} is not in [1, 2^32)`);
  }
  if (count.length !== features || mean.length !== features || m2.length !== features) {
    throw new PeerError('wrong-shape', `moments of ${count.length} features, the federation has ${features}`);
  }
  for (let i = 0; i < features; i++) {
    checkFeature(count[i] as number, mean[i] as number, m2[i] as number, i);
  }
}

function checkFeature(count: number, mean: number, m2: number, feature: number): void {
  // Written so that NaN fails.
  if (!(Math.abs(mean) <= momentMagnitudeMax && Math.abs(m2) <= momentMagnitudeMax && Math.abs(count) < Infinity)) {
    throw new PeerError('non-finite', `moments of feature ${feature} are not finite or beyond ${momentMagnitudeMax}`);
  }
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new PeerError('malformed', `count ${count} of feature ${feature} is not an integer in [0, 2^53)`);
  }
  if (m2 < 0 || (count === 0 && (mean !== 0 || m2 !== 0))) {
    throw new PeerError('malformed', `moments of feature ${feature} contradict each other`);
  }
}

function addMoments(total: Moments, part: Moments): void {
  for (let i = 0; i < total.count.length; i++) {
    const added = part.count[i] as number;
    if (added === 0) continue;
    const before = total.count[i] as number;
    const count = before + added;
    const difference = (part.mean[i] as number) - (total.mean[i] as number);
    total.count[i] = count;
    total.mean[i] = (total.mean[i] as number) + difference * (added / count);
    total.m2[i] = (total.m2[i] as number) + (part.m2[i] as number) + difference * difference * before * (added / count);
  }
}

function isNewer(entry: MomentsEntry, held: MomentsEntry): boolean {
  if (entry.version !== held.version) return entry.version > held.version;
  return entry.peer === held.peer && Buffer.compare(bytesOf(entry), bytesOf(held)) > 0;
}

function sameContent(a: MomentsEntry, b: MomentsEntry): boolean {
  return Buffer.compare(bytesOf({ ...a, version: 0 }), bytesOf({ ...b, version: 0 })) === 0;
}

/** Length of the peer id, peer id, version (both uint32), count, mean, m2 (float64), all little-endian. */
function bytesOf({ peer, version, count, mean, m2 }: MomentsEntry): Uint8Array {
  const values = [...count, ...mean, ...m2];
  const bytes = new Uint8Array(8 + peer.length + 8 * values.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, peer.length, true);
  for (let i = 0; i < peer.length; i++) view.setUint8(4 + i, peer.charCodeAt(i));
  view.setUint32(4 + peer.length, version, true);
  values.forEach((value, i) => {
    view.setFloat64(8 + peer.length + 8 * i, value, true);
  });
  return bytes;
}
