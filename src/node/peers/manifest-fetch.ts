// Fetches a manifest that only its hash is known of, from members that need not be trusted. Owns whom to ask, and when again.
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { PeerError, type PeerErrorCode } from '../../gossip/peer-error.ts';

export interface ManifestFetch {
  /** Federation id: the SHA-256 of what is wanted. */
  federation: Uint8Array;
  /** Peer ids of the members that are connected now. */
  members(): readonly string[];
  /** Resolves when one more is. */
  nextMember(): Promise<void>;
  /** What `peer` has for the manifest; empty where it has none. Rejects with PeerError where it answers badly. */
  ask(peer: string): Promise<Uint8Array>;
  /** What was wrong with an answer. */
  onError(peer: string, code: PeerErrorCode): void;
  signal: AbortSignal;
}

/** Members that did not have it may have it a little later. */
const askAgainMs = 5_000;

/**
 * The manifest's canonical bytes. Asks one member after the other until one has it; one whose bytes do not hash to the
 * federation's id is not asked again. Rejects with the signal's reason.
 */
export async function fetchManifest(options: ManifestFetch): Promise<Uint8Array> {
  const { federation, members, nextMember, ask, onError, signal } = options;
  const liars = new Set<string>();
  for (;;) {
    const joined = nextMember();
    for (const peer of members()) {
      if (liars.has(peer)) continue;
      try {
        const content = await ask(peer);
        if (content.length === 0) continue;
        if (createHash('sha256').update(content).digest().equals(federation)) return content;
        liars.add(peer);
        onError(peer, 'wrong-digest');
      } catch (error) {
        signal.throwIfAborted();
        // It may have gone; others may have it.
        if (error instanceof PeerError) onError(peer, error.code);
      }
    }
    const waited = delay(askAgainMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    await Promise.race([joined, waited]);
  }
}
