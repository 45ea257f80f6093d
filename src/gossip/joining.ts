// What a node hears while it joins: whom it has asked for a model, who has answered, and whose model it takes over.
// Sends nothing and knows no time.
import { type MomentsEntry, MomentsStore } from './moments.ts';
import { PeerError } from './peer-error.ts';

/** A neighbour's model that a joining node may take over. */
export interface Offer {
  peer: string;
  round: number;
  weights: Float32Array;
  /** The moments of the scaler that the weights are expressed in; undefined where no scaler is shared. */
  moments: MomentsStore | undefined;
}

/** One node's joining. Memory is bounded by the neighbours that were up meanwhile. */
export class Joining {
  private readonly asked = new Set<string>();
  private readonly moments = new Map<string, MomentsStore>();
  private readonly offers = new Map<string, Offer>();
  private answers = 0;
  private readonly bounds: { features: number; originsMax: number } | undefined;

  /** @param bounds of the moments; undefined where no scaler is shared. */
  constructor(bounds: { features: number; originsMax: number } | undefined) {
    this.bounds = bounds;
  }

  ask(peer: string): void {
    this.asked.add(peer);
  }

  /** True where `peer` was asked and its answer is not complete. */
  expects(peer: string): boolean {
    return this.asked.has(peer);
  }

  /** Keeps the moments that an asked peer sends ahead of its model, apart from those of other peers. */
  hearMoments(peer: string, origins: readonly MomentsEntry[]): void {
    if (this.bounds === undefined || !this.expects(peer)) return;
    const moments = new MomentsStore(this.bounds);
    moments.merge(origins);
    this.moments.set(peer, moments);
  }

  /** Keeps the model of an asked peer. Throws PeerError 'wrong-scaler' unless `scaler` names the moments it sent before. */
  hearModel(peer: string, round: number, weights: Float32Array, scaler: Uint8Array): void {
    const moments = this.moments.get(peer);
    const digest = moments?.digest() ?? new Uint8Array();
    if (Buffer.compare(digest, scaler) !== 0) throw new PeerError('wrong-scaler', 'not the scaler of the moments sent');
    this.offers.set(peer, { peer, round, weights, moments });
  }

  /** Ends the wait for `peer`, with a model or without; true where one was waited for. */
  answered(peer: string): boolean {
    if (!this.asked.delete(peer)) return false;
    this.answers++;
    return true;
  }

  /** Ends the wait for a peer that went away before it answered. */
  gone(peer: string): void {
    this.asked.delete(peer);
  }

  /** True where someone has answered and no answer is awaited. */
  get complete(): boolean {
    return this.answers > 0 && this.asked.size === 0;
  }

  /**
   * The model to go on from: of those on offer the one of the median round, the later of two. The latest round of all
   * would be for any single peer to choose.
   */
  chosen(): Offer | undefined {
    const offers = [...this.offers.values()].sort((a, b) => a.round - b.round || (a.peer < b.peer ? -1 : 1));
    return offers[offers.length >> 1];
  }
}
