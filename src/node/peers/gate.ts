// Turns away connections that may not be: of strangers, of peers that are shut out, and of those beyond the limits. Owns the
// counting of refusals; who is a member and who is shut out is decided elsewhere.
import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface';
import type { Clock } from '../../lib/clock.ts';
import {
  connectionsMax,
  connectionsPerPeerMax,
  inboundBurst,
  inboundPerSecond,
  type LimitCode,
  receivedBytesBurst,
  receivedBytesPerSecond,
  TokenBucket,
  TokenBuckets,
} from './limits.ts';
import type { Membership } from './membership.ts';
import type { Standing } from './standing.ts';

/** Why a connection was refused. */
export type RefusalCode = 'not-a-member' | 'shut-out' | LimitCode;

export interface GateOptions {
  clock: Clock;
  membership: Membership;
  standing: Standing;
  /** Connections that are open, with one peer or in all. */
  connections(peer?: PeerId): number;
  /** `who` is a peer id, or an address where the peer is not known yet. */
  onRefused(who: string, code: RefusalCode): void;
}

/** What libp2p asks about each connection. */
export class Gate implements ConnectionGater {
  readonly counts = new Map<RefusalCode, number>();
  private readonly options: GateOptions;
  private readonly inbound: TokenBuckets;
  /** Of peers that are connected, by peer id: all connections of one draw on the same. */
  private readonly received = new Map<string, { bucket: TokenBucket; connections: number }>();

  constructor(options: GateOptions) {
    this.options = options;
    this.inbound = new TokenBuckets(inboundBurst, inboundPerSecond, options.clock);
  }

  /** Whether a connection with `peer` may be; undefined where it may. */
  objection(peer: string): 'not-a-member' | 'shut-out' | undefined {
    if (this.options.standing.isBlocked(peer)) return 'shut-out';
    return this.options.membership.isAllowed(peer) ? undefined : 'not-a-member';
  }

  /** Counts a limit that was hit. */
  count(code: RefusalCode): void {
    this.counts.set(code, (this.counts.get(code) ?? 0) + 1);
  }

  denyDialPeer = (peer: PeerId): boolean => this.objection(peer.toString()) !== undefined;
  // libp2p's own gater may deny private addresses; a plant has no others.
  denyDialMultiaddr = (): boolean => false;
  denyInboundEncryptedConnection = (peer: PeerId): boolean => this.deniesPeer(peer);
  denyOutboundEncryptedConnection = (peer: PeerId): boolean => this.deniesPeer(peer);
  denyInboundUpgradedConnection = (peer: PeerId, raw: MultiaddrConnection): boolean => this.admit(peer, raw);
  denyOutboundUpgradedConnection = (peer: PeerId, raw: MultiaddrConnection): boolean => this.admit(peer, raw);

  denyInboundConnection = (raw: MultiaddrConnection): boolean => {
    const address = hostOf(raw);
    if (this.options.connections() >= connectionsMax) return this.refuse(address, 'connections');
    return !this.inbound.take(address) && this.refuse(address, 'inbound-rate');
  };

  private deniesPeer(peer: PeerId): boolean {
    const objection = this.objection(peer.toString());
    if (objection !== undefined) return this.refuse(peer.toString(), objection);
    if (this.options.connections(peer) < connectionsPerPeerMax) return false;
    return this.refuse(peer.toString(), 'connections');
  }

  private refuse(who: string, code: RefusalCode): true {
    this.count(code);
    this.options.onRefused(who, code);
    return true;
  }

  /** From here on the connection is read by its muxer alone; listening to it sooner would swallow the handshake's bytes. */
  private admit(peer: PeerId, raw: MultiaddrConnection): false {
    const key = peer.toString();
    const entry = this.received.get(key) ?? {
      bucket: new TokenBucket(receivedBytesBurst, receivedBytesPerSecond, this.options.clock),
      connections: 0,
    };
    entry.connections++;
    this.received.set(key, entry);
    let timer: NodeJS.Timeout | undefined;
    raw.addEventListener('message', ({ data }) => {
      const waitMs = entry.bucket.spend(data.byteLength);
      if (waitMs === 0 || raw.status !== 'open') return;
      this.count('bytes-rate');
      raw.pause();
      clearTimeout(timer);
      timer = setTimeout(() => raw.status === 'open' && raw.resume(), waitMs);
    });
    raw.addEventListener('close', () => {
      clearTimeout(timer);
      // What was spent stays spent for who comes back at once.
      entry.connections--;
      if (this.received.size > connectionsMax) this.sweep();
    });
    return false;
  }

  private sweep(): void {
    for (const [peer, { bucket, connections }] of this.received) {
      if (connections === 0 && bucket.full) this.received.delete(peer);
    }
  }
}

/** The address of the other side, without its port. */
function hostOf({ remoteAddr }: MultiaddrConnection): string {
  return remoteAddr.getComponents().find(({ name }) => name === 'ip4' || name === 'ip6')?.value ?? String(remoteAddr);
}
