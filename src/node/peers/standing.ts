// How much a peer has been refused of late, and whom that shuts out. Pure: keeps counts by peer, disconnects nobody.
import { actionOf, type PeerErrorCode } from '../../gossip/peer-error.ts';
import type { Clock } from '../../lib/clock.ts';

/** A count of refused messages halves in this time, so that one broken packet an hour never adds up. */
const halfLifeMs = 60_000;
/**
 * Refused messages in a burst from which on a peer is shut out. An honest peer sends none (see peer-error.ts); gossipsub
 * stops to listen from the ninth on (see host.ts), and this is the next step.
 */
export const blockFrom = 20;
/** How long a peer stays shut out: ten half-lives, so that it begins anew. */
export const blockedMs = 10 * halfLifeMs;
/** Peers whose counts are kept; who was refused least goes first. A liar makes a new identity for free anyway. */
const peersMax = 4096;

interface Record {
  count: number;
  atMs: number;
  blockedUntilMs: number;
}

/** Counts what peers are refused for, by peer id. */
export class Standing {
  private readonly clock: Clock;
  private readonly records = new Map<string, Record>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Takes note of an error of `peer`; true where the peer is shut out from now on. Codes whose action is 'ignore' weigh nothing. */
  note(peer: string, code: PeerErrorCode): boolean {
    if (actionOf(code) === 'ignore') return false;
    const nowMs = this.clock.nowMs();
    const record = this.records.get(peer) ?? { count: 0, atMs: nowMs, blockedUntilMs: Number.NEGATIVE_INFINITY };
    record.count = this.decayed(record, nowMs) + 1;
    record.atMs = nowMs;
    if (!this.records.has(peer) && this.records.size >= peersMax) this.forgetLeast(nowMs);
    this.records.set(peer, record);
    if (record.count < blockFrom || nowMs < record.blockedUntilMs) return false;
    record.blockedUntilMs = nowMs + blockedMs;
    return true;
  }

  /** For gossipsub (P5 of its v1.1 specification): minus the square of the count, as with its own invalid messages (P4). */
  scoreOf(peer: string): number {
    const record = this.records.get(peer);
    const count = record === undefined ? 0 : this.decayed(record, this.clock.nowMs());
    // Below a half it counts as nothing; otherwise one mistake would keep a peer out of the mesh for a day.
    return count < 0.5 ? 0 : -(count ** 2);
  }

  isBlocked(peer: string): boolean {
    const record = this.records.get(peer);
    return record !== undefined && this.clock.nowMs() < record.blockedUntilMs;
  }

  private decayed({ count, atMs }: Record, nowMs: number): number {
    return count * 0.5 ** ((nowMs - atMs) / halfLifeMs);
  }

  private forgetLeast(nowMs: number): void {
    let least: [peer: string, count: number] | undefined;
    for (const [peer, record] of this.records) {
      const count = this.decayed(record, nowMs);
      if (least === undefined || count < least[1]) least = [peer, count];
    }
    if (least !== undefined) this.records.delete(least[0]);
  }
}
