// What one peer may take of a gateway. Owns the limits with their reasons, and the buckets that keep to them; closes nothing.
import type { Clock } from '../../lib/clock.ts';

/** Connections of a gateway in all. A mesh needs a dozen; gateways of one plant may all connect to one bootstrap. */
export const connectionsMax = 256;
/** Connections that the finder looks for; further ones are only taken. More than Dhi of the largest usual degree, 8. */
export const connectionsWanted = 32;
/**
 * Dials of peers that were only heard of: twice the connections wanted at once, then a few. Whoever speaks mDNS on the link, or
 * is a member, can make up as many peers and addresses as it likes, and each is dialed and told of.
 */
export const heardDialsBurst = 2 * connectionsWanted;
export const heardDialsPerSecond = 4;
/** Two gateways that dial each other at once have two; a third is one that is about to close. */
export const connectionsPerPeerMax = 3;
/** Inbound connections from one address: a restarted gateway dials by each of its addresses, and gateways may share one behind NAT. */
export const inboundBurst = 20;
export const inboundPerSecond = 2;
/** Requests of one peer for manifest, roster or addresses: it asks for each once on connecting, then for addresses each minute. */
export const requestBurst = 20;
export const requestsPerSecond = 1;
/**
 * Bytes that one connection may bring: a burst of 16 MiB holds the models of several rounds, and 4 MiB a second leave two
 * thirds of a 100 Mbit/s link to the others. Beyond that the gateway reads more slowly, and the sender has to wait.
 */
export const receivedBytesBurst = 16 * 1024 * 1024;
export const receivedBytesPerSecond = 4 * 1024 * 1024;

/** Which limit was hit; counters go by it. */
export type LimitCode = 'connections' | 'inbound-rate' | 'request-rate' | 'bytes-rate';

/** Holds up to `burst` tokens and gets `perSecond` of them back. */
export class TokenBucket {
  private tokens: number;
  private atMs: number;
  private readonly burst: number;
  private readonly perSecond: number;
  private readonly clock: Clock;

  constructor(burst: number, perSecond: number, clock: Clock) {
    this.burst = burst;
    this.perSecond = perSecond;
    this.clock = clock;
    this.tokens = burst;
    this.atMs = clock.nowMs();
  }

  /** Takes `amount` tokens where they are there. */
  take(amount: number): boolean {
    this.refill();
    if (this.tokens < amount) return false;
    this.tokens -= amount;
    return true;
  }

  /** Takes `amount` tokens in any case, and gives the milliseconds until the debt is paid; 0 where there is none. */
  spend(amount: number): number {
    this.refill();
    this.tokens -= amount;
    return this.tokens >= 0 ? 0 : (-this.tokens / this.perSecond) * 1000;
  }

  /** Whether nothing was taken of late, so that a new bucket would be the same. */
  get full(): boolean {
    this.refill();
    return this.tokens >= this.burst;
  }

  private refill(): void {
    const nowMs = this.clock.nowMs();
    this.tokens = Math.min(this.burst, this.tokens + ((nowMs - this.atMs) / 1000) * this.perSecond);
    this.atMs = nowMs;
  }
}

/** Keys of a TokenBuckets, such as addresses that connected; beyond, the oldest begins anew. */
const keysMax = 4096;

/** A bucket for each key, such as a peer or an address. */
export class TokenBuckets {
  private readonly buckets = new Map<string, TokenBucket>();
  private readonly make: () => TokenBucket;

  constructor(burst: number, perSecond: number, clock: Clock) {
    this.make = () => new TokenBucket(burst, perSecond, clock);
  }

  /** Takes one token of `key` where it is there. */
  take(key: string): boolean {
    let bucket = this.buckets.get(key);
    if (bucket === undefined) {
      const [oldest] = this.buckets.keys();
      if (this.buckets.size >= keysMax && oldest !== undefined) this.buckets.delete(oldest);
      bucket = this.make();
      this.buckets.set(key, bucket);
    }
    return bucket.take(1);
  }
}
