// Updates that arrived and wait to be mixed. Owns that each is mixed once at most and that memory stays bounded: two
// updates a peer, so that in synchronous rounds a fast neighbour's next round is not lost, of a bounded number of peers.
import type { Mass } from './codec.ts';
import type { Carried } from './compression/update-payload.ts';

/** A decoded update of one peer. */
export interface ReceivedUpdate {
  peer: string;
  round: number;
  weights: Carried;
  samples: number;
  degree: number;
  /** Digest of the scaler moments that the weights are expressed in; empty where no scaler is shared. */
  scaler: Uint8Array;
  /** Only push-sum's. */
  mass?: Mass;
}

interface Sender {
  /** Later than this round is new from this peer. */
  latestRound: number;
  /** Rounds that came last, so that a late copy is known although the peer's rounds began again. */
  seen: readonly number[];
  /** The peer went away since its latest update: where it restarts, its rounds may go back. */
  wasGone: boolean;
  /** In order of arrival. */
  waiting: ReceivedUpdate[];
}

/** Updates of one peer that wait at most. */
export const keptPerPeer = 2;

/** More than are under way at once. */
const seenPerPeer = 8;

/** Peers remembered, unless there are more neighbours: enough for broadcast in a small federation. */
export const sendersMax = 256;

/** One node's updates that wait. */
export class Inbox {
  /** The one that was silent for longest comes first. */
  private readonly senders = new Map<string, Sender>();

  /** Peers remembered. */
  get senderCount(): number {
    return this.senders.size;
  }

  /** Updates that wait, of all peers. */
  get waitingCount(): number {
    let count = 0;
    for (const { waiting } of this.senders.values()) count += waiting.length;
    return count;
  }

  /** The latest round that `peer` has sent; 0 where it has sent none. */
  latestRound(peer: string): number {
    return this.senders.get(peer)?.latestRound ?? 0;
  }

  /**
   * True where `peer` has already sent this round or a later one; of one that was gone meanwhile, and where overtaken
   * rounds count as new, this round.
   */
  hasSeen(peer: string, round: number, overtakenIsNew = false): boolean {
    const sender = this.senders.get(peer);
    if (sender === undefined) return false;
    return sender.seen.includes(round) || (!sender.wasGone && !overtakenIsNew && round <= sender.latestRound);
  }

  /** True where an update of `peer` of this round waits. */
  holds(peer: string, round: number): boolean {
    return this.senders.get(peer)?.waiting.some((update) => update.round === round) ?? false;
  }

  /** Notes that `peer` went away. It may come back with earlier rounds than it had, which are not to be refused for ever. */
  noteGone(peer: string): void {
    const sender = this.senders.get(peer);
    if (sender !== undefined) sender.wasGone = true;
  }

  /**
   * Keeps an update that was not seen before. Where peers are too many, the one that was silent for longest is forgotten
   * with its updates; a neighbour never is, or one peer under many names could push the neighbours out.
   */
  put(update: ReceivedUpdate, isNeighbour: (peer: string) => boolean): void {
    const { peer, round } = update;
    const sender = this.senders.get(peer);
    const waiting = [...(sender?.waiting ?? []), update].slice(-keptPerPeer);
    const seen = [...(sender?.seen ?? []), round].slice(-seenPerPeer);
    const latestRound = sender?.wasGone ? round : Math.max(round, this.latestRound(peer));
    this.senders.delete(peer);
    this.senders.set(peer, { latestRound, seen, wasGone: false, waiting });
    if (this.senders.size <= sendersMax) return;
    const forgotten = [...this.senders.keys()].find((sender) => !isNeighbour(sender));
    if (forgotten !== undefined) this.senders.delete(forgotten);
  }

  /** Removes and returns the newest waiting update of each peer, in order of peer; older ones are dropped. */
  takeNewest(): ReceivedUpdate[] {
    return this.take(({ waiting }) => [waiting.at(-1), []]);
  }

  /** Removes and returns the updates of `round`, in order of peer; older ones are dropped, later ones stay. */
  takeRound(round: number): ReceivedUpdate[] {
    return this.take(({ waiting }) => [
      waiting.find((update) => update.round === round),
      waiting.filter((update) => update.round > round),
    ]);
  }

  private take(
    split: (sender: Sender) => [taken: ReceivedUpdate | undefined, kept: ReceivedUpdate[]],
  ): ReceivedUpdate[] {
    const all: ReceivedUpdate[] = [];
    for (const sender of this.senders.values()) {
      const [taken, kept] = split(sender);
      sender.waiting = kept;
      if (taken !== undefined) all.push(taken);
    }
    return all.sort((a, b) => (a.peer < b.peer ? -1 : 1));
  }
}
