// Whom this node exchanges updates with right now. Owns the set and the random choice from it; knows no network.
import type { Prng } from '../lib/prng.ts';

/** The peers that are up, always listed in sorted order so that nothing depends on the order of arrival. */
export class PeerView {
  private readonly peers = new Set<string>();

  /** Adds a peer; false where it was there already. */
  add(peer: string): boolean {
    if (this.peers.has(peer)) return false;
    this.peers.add(peer);
    return true;
  }

  remove(peer: string): void {
    this.peers.delete(peer);
  }

  has(peer: string): boolean {
    return this.peers.has(peer);
  }

  get size(): number {
    return this.peers.size;
  }

  sorted(): string[] {
    return [...this.peers].sort();
  }

  /** Up to `count` different peers, uniformly at random. */
  sample(count: number, prng: Prng): string[] {
    return prng.shuffled(this.sorted()).slice(0, count);
  }
}
