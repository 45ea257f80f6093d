// The scaler that a federation agrees on, as one node knows it: the moments heard so far, which of them are news to pass
// on, and the scaler that this node's weights are expressed in. Sends nothing.

import { allFinite } from '../lib/finite.ts';
import { type Moments, type MomentsEntry, MomentsStore } from './moments.ts';

/** What all members of a federation with a shared scaler agree on. */
export interface ScalerSettings {
  features: number;
  originsMax: number;
  /** Exact change of the weights when the scaler changes; see reparameterise() in model/scaler. */
  reparameterise(weights: Float32Array, from: Moments, to: Moments): Float32Array;
}

/** A scaler in use: what it was made of, merged and by name. */
interface Scaler {
  origins: readonly MomentsEntry[];
  moments: Moments;
  digest: Uint8Array;
}

interface Adopted {
  weights: Float32Array;
  moments: Moments;
  express(weights: Float32Array): Float32Array;
}

/** One node's knowledge of the shared scaler; memory is bounded by `originsMax`. */
export class SharedScaler {
  private readonly settings: ScalerSettings;
  private readonly heard: MomentsStore;
  private readonly news = new Set<string>();
  private used: Scaler | undefined;

  constructor(settings: ScalerSettings) {
    this.settings = settings;
    this.heard = new MomentsStore(settings);
  }

  /** Origins heard of, mine included. */
  get size(): number {
    return this.heard.size;
  }

  /** Everything heard, in order of peer id. */
  entries(): MomentsEntry[] {
    return this.heard.entries();
  }

  setOwn(self: string, moments: Moments): void {
    this.heard.setOwn(self, moments);
    this.news.add(self);
  }

  /** Takes over what is newer and remembers it as news. Throws PeerError as MomentsStore.merge() does. */
  merge(origins: readonly MomentsEntry[]): void {
    const before = new Map(this.heard.entries().map(({ peer, version }) => [peer, version]));
    if (!this.heard.merge(origins)) return;
    for (const { peer, version } of this.heard.entries()) if (before.get(peer) !== version) this.news.add(peer);
  }

  get hasNews(): boolean {
    return this.news.size > 0;
  }

  /** The news since the last time. */
  takeNews(): MomentsEntry[] {
    const origins = this.heard.entries().filter(({ peer }) => this.news.has(peer));
    this.news.clear();
    return origins;
  }

  /** True where `digest` names the scaler that all heard so far makes. */
  isNewest(digest: Uint8Array): boolean {
    return sameDigest(digest, this.heard.digest());
  }

  /** Digest of the scaler in use; empty before the first. */
  get digest(): Uint8Array {
    return this.used?.digest ?? new Uint8Array();
  }

  /** The moments that the scaler in use was made of. */
  get origins(): readonly MomentsEntry[] {
    return this.used?.origins ?? [];
  }

  /** Goes on with the scaler that was in use before a restart, made of `origins`. Gives its moments. */
  resume(origins: readonly MomentsEntry[]): Moments {
    const mine = new MomentsStore(this.settings);
    mine.merge(origins);
    this.merge(origins);
    return this.takeOver(mine);
  }

  /** Takes a neighbour's scaler into use, with whose weights this node goes on. Gives its moments. */
  takeOver(theirs: MomentsStore): Moments {
    this.used = scalerOf(theirs);
    return this.used.moments;
  }

  /**
   * Takes the newest scaler into use. Gives the weights expressed in it, and its moments; undefined where it is in use
   * already, or where the weights would not stay finite in it: moments that a peer made up must not end this node.
   * `express` does the same with other weights.
   */
  adopt(weights: Float32Array): Adopted | undefined {
    const { used, settings } = this;
    if (used && this.isNewest(used.digest)) return undefined;
    const to = scalerOf(this.heard);
    const express = (old: Float32Array) => (used ? settings.reparameterise(old, used.moments, to.moments) : old);
    const changed = express(weights);
    if (!allFinite(changed)) return undefined;
    this.used = to;
    return { weights: changed, moments: to.moments, express };
  }
}

function scalerOf(store: MomentsStore): Scaler {
  return { origins: store.entries(), moments: store.merged(), digest: store.digest() };
}

/** True where both digests name the same scaler; no scaler has an empty one. */
export function sameDigest(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
