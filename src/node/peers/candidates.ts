// The peers that this gateway may dial, and when. Pure: time and randomness are arguments; dials nobody.
import { backOffMs } from '../../lib/back-off.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Prng } from '../../lib/prng.ts';
import { peerAddressesMax } from './federation-codec.ts';

/**
 * Between two attempts to reach a peer: a gateway that restarts is back within seconds, and a plant's network that was down for
 * a night has its mesh again a minute after it is up.
 */
export const dialLimits = { shortestMs: 1000, longestMs: 60_000 };

/** A peer to dial. */
export interface Candidate {
  /** The configured multiaddr, or the peer id of a peer that was heard of. */
  readonly key: string;
  /** Configured peers are tried forever; heard ones are forgotten when nobody speaks of them any more. */
  readonly origin: 'configured' | 'heard';
  /** Peer id; undefined for a configured address that names none, before it was reached. */
  peer: string | undefined;
  /** Multiaddrs without the peer id, the latest heard first; a configured one is as the operator wrote it. */
  addresses: string[];
  /** Attempts in a row that came to nothing. */
  failures: number;
  /** Why the last attempt came to nothing. */
  reason: string | undefined;
  state: 'idle' | 'dialing' | 'connected';
  dueMs: number;
  heardMs: number;
}

/** Heard peers that are kept: more than a plant has gateways, and a flood of made-up ones stays below a megabyte. */
export const candidatesMax = 512;
/** A peer that nobody has spoken of for this long is gone: gateways on a link speak every ten seconds, members every minute. */
export const forgottenAfterMs = 10 * 60_000;
/** A connection that ends sooner was not wanted by the other side, and counts as a failure. */
export const stableAfterMs = 5_000;

export interface CandidatesOptions {
  /** Peer id of this gateway. */
  self: string;
  clock: Clock;
  prng: Prng;
}

/** Knows who can be dialed, who is connected, and when to try again. */
export class Candidates {
  private readonly options: CandidatesOptions;
  private readonly configured = new Map<string, Candidate>();
  private readonly heard = new Map<string, Candidate>();
  /** Since when each peer is connected. */
  private readonly connected = new Map<string, number>();

  constructor(options: CandidatesOptions) {
    this.options = options;
  }

  /** Adds a multiaddr that the operator gave. One with this gateway's own peer id is left out. */
  configure(address: string): void {
    const peer = /\/p2p\/([^/]+)$/.exec(address)?.[1];
    if (peer === this.options.self) return;
    this.configured.set(address, this.fresh(address, 'configured', peer, [address]));
  }

  /** Takes note of a peer that somebody spoke of; false where there is no room for it. */
  hear(peer: string, addresses: readonly string[]): boolean {
    if (peer === this.options.self || addresses.length === 0) return true;
    this.forget();
    let candidate = this.heard.get(peer);
    if (candidate === undefined) {
      if (this.heard.size >= candidatesMax && !this.makeRoom()) return false;
      candidate = this.fresh(peer, 'heard', peer, []);
      if (this.connected.has(peer)) candidate.state = 'connected';
      this.heard.set(peer, candidate);
    }
    const before = candidate.addresses;
    candidate.heardMs = this.options.clock.nowMs();
    candidate.addresses = [...new Set([...addresses, ...before])].slice(0, peerAddressesMax);
    // A new address is worth a try at once.
    if (addresses.some((address) => !before.includes(address))) candidate.dueMs = candidate.heardMs;
    return true;
  }

  /** Candidates to dial now, configured ones first and then those with the fewest failures. */
  due(): Candidate[] {
    const nowMs = this.options.clock.nowMs();
    this.forget();
    return this.all()
      .filter(({ state, dueMs, peer }) => state === 'idle' && dueMs <= nowMs && !(peer && this.connected.has(peer)))
      .sort((a, b) => rankOf(a) - rankOf(b) || a.failures - b.failures);
  }

  /** Milliseconds until the next idle candidate is due; undefined where there is none. */
  nextDueInMs(): number | undefined {
    const times = this.all().flatMap(({ state, dueMs }) => (state === 'idle' ? [dueMs] : []));
    return times.length === 0 ? undefined : Math.max(0, Math.min(...times) - this.options.clock.nowMs());
  }

  dialing(candidate: Candidate): void {
    candidate.state = 'dialing';
  }

  /** The attempt has led to `peer`. A configured address that leads to this gateway itself is dropped. */
  reached(candidate: Candidate, peer: string): void {
    if (peer === this.options.self) {
      this.drop(candidate);
      return;
    }
    candidate.peer = peer;
    if (this.connected.has(peer)) candidate.state = 'connected';
    else this.failed(candidate, 'it closed the connection at once');
  }

  /** The attempt came to nothing; true where that is news: for the first time in a row, or for another reason. */
  failed(candidate: Candidate, reason: string): boolean {
    const before = candidate.failures === 0 ? undefined : candidate.reason;
    // The peer may have dialed us in the meantime.
    candidate.state = candidate.peer !== undefined && this.connected.has(candidate.peer) ? 'connected' : 'idle';
    candidate.reason = reason;
    candidate.failures++;
    candidate.dueMs = this.options.clock.nowMs() + backOffMs(candidate.failures, dialLimits, this.options.prng);
    return candidate.state === 'idle' && before !== reason;
  }

  /** Removes a candidate for good. */
  drop({ key, origin }: Candidate): void {
    (origin === 'configured' ? this.configured : this.heard).delete(key);
  }

  /** A connection with `peer` is there, whoever dialed. */
  up(peer: string): void {
    if (!this.connected.has(peer)) this.connected.set(peer, this.options.clock.nowMs());
    for (const candidate of this.of(peer)) candidate.state = 'connected';
  }

  /** The last connection with `peer` is gone; it is dialed again, later where it did not last. Gives its candidates for which that is news. */
  down(peer: string, reason: string): Candidate[] {
    const nowMs = this.options.clock.nowMs();
    const sinceMs = this.connected.get(peer);
    this.connected.delete(peer);
    const lasted = sinceMs !== undefined && nowMs - sinceMs >= stableAfterMs;
    return this.of(peer).filter((candidate) => {
      candidate.heardMs = nowMs;
      if (lasted) candidate.failures = 0;
      return this.failed(candidate, reason);
    });
  }

  isConnected(peer: string): boolean {
    return this.connected.has(peer);
  }

  /** Every candidate, configured ones first. */
  all(): Candidate[] {
    return [...this.configured.values(), ...this.heard.values()];
  }

  private of(peer: string): Candidate[] {
    return this.all().filter((candidate) => candidate.peer === peer);
  }

  private fresh(key: string, origin: Candidate['origin'], peer: string | undefined, addresses: string[]): Candidate {
    const nowMs = this.options.clock.nowMs();
    return {
      key,
      origin,
      peer,
      addresses,
      failures: 0,
      reason: undefined,
      state: 'idle',
      dueMs: nowMs,
      heardMs: nowMs,
    };
  }

  private forget(): void {
    const beforeMs = this.options.clock.nowMs() - forgottenAfterMs;
    for (const candidate of this.heard.values()) {
      if (candidate.state === 'idle' && candidate.heardMs < beforeMs) this.drop(candidate);
    }
  }

  /** Gives the place of the idle peer that was tried in vain most often; those that were never tried keep theirs. */
  private makeRoom(): boolean {
    const [worst] = [...this.heard.values()]
      .filter(({ state, failures }) => state === 'idle' && failures > 0)
      .sort((a, b) => b.failures - a.failures || a.heardMs - b.heardMs);
    if (worst !== undefined) this.drop(worst);
    return worst !== undefined;
  }
}

function rankOf({ origin }: Candidate): number {
  return origin === 'configured' ? 0 : 1;
}
