// Updates that arrived and wait to be mixed. Owns that each is mixed once at most and that memory stays bounded:
// two updates a peer, so that in synchronous rounds a fast neighbour's next round is not lost.

/** A decoded update of one peer. */
export interface ReceivedUpdate {
  peer: string;
  round: number;
  weights: Float32Array;
  samples: number;
  degree: number;
  /** Digest of the scaler moments that the weights are expressed in; empty where no scaler is shared. */
  scaler: Uint8Array;
}

const keptPerPeer = 2;

export class Inbox {
  private readonly waiting = new Map<string, ReceivedUpdate[]>();
  private readonly latestRound = new Map<string, number>();

  /** True where `peer` has already sent this round or a later one. */
  hasSeen(peer: string, round: number): boolean {
    return round <= (this.latestRound.get(peer) ?? 0);
  }

  put(update: ReceivedUpdate): void {
    this.latestRound.set(update.peer, update.round);
    const kept = [...(this.waiting.get(update.peer) ?? []), update].slice(-keptPerPeer);
    this.waiting.set(update.peer, kept);
  }

  /** True where an update of `round` from `peer` waits. */
  holds(peer: string, round: number): boolean {
    return this.waiting.get(peer)?.some((update) => update.round === round) ?? false;
  }

  /** Removes and returns the newest waiting update of each peer, in order of peer; older ones are dropped. */
  takeNewest(): ReceivedUpdate[] {
    const taken = [...this.waiting.values()].map((updates) => updates.at(-1) as ReceivedUpdate);
    this.waiting.clear();
    return sortedByPeer(taken);
  }

  /** Removes and returns the updates of `round`, in order of peer; older ones are dropped, later ones stay. */
  takeRound(round: number): ReceivedUpdate[] {
    const taken: ReceivedUpdate[] = [];
    for (const [peer, updates] of this.waiting) {
      taken.push(...updates.filter((update) => update.round === round));
      const later = updates.filter((update) => update.round > round);
      if (later.length > 0) this.waiting.set(peer, later);
      else this.waiting.delete(peer);
    }
    return sortedByPeer(taken);
  }
}

function sortedByPeer(updates: ReceivedUpdate[]): ReceivedUpdate[] {
  return updates.sort((a, b) => (a.peer < b.peer ? -1 : 1));
}
