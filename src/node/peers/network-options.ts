// What a gateway's network is started with, and what it tells. Owns the types alone.
import type { Clock } from '../../lib/clock.ts';
import type { Prng } from '../../lib/prng.ts';
import type { RefusalCode } from './gate.ts';
import type { VerifyRoster } from './membership.ts';

/** What a gateway tells about its peers. */
export type NetworkEvent =
  /** A member of this federation is connected. */
  | { type: 'connected'; peer: string; address: string }
  | { type: 'disconnected'; peer: string; reason: string }
  /** A connection was turned away here; `who` is a peer id or an address. Told once a minute for each. */
  | { type: 'refused'; who: string; reason: RefusalCode }
  /** An attempt to reach a peer came to nothing; the first of a row, and when the reason changes. */
  | { type: 'unreachable'; who: string; reason: string }
  /** A newer roster counts. */
  | { type: 'roster'; version: number }
  /** Something does not work on this machine: one sentence. */
  | { type: 'trouble'; sentence: string };

/** Everything that startNetwork() needs. */
export interface NetworkOptions {
  /** Federation id, 32 bytes. */
  federation: Uint8Array;
  /** See loadOrCreateIdentity(). */
  identitySeed: Uint8Array;
  /** See parseNetworkKey(); where it is given, only who has it can connect. */
  networkKey?: Uint8Array;
  /** TCP port for IPv4 and IPv6; 0 for any. */
  listenPort: number;
  /** Multiaddrs to stay connected with, with or without peer ids: --peer and the bootstrap list. Throws OperatorError for one that is none. */
  peers: readonly string[];
  /** Whether to look for peers by multicast DNS. */
  mdns: boolean;
  /** gossipsub's D. */
  degree: number;
  /** The canonical manifest, for others to fetch; left out where it is still to be fetched. */
  manifest?: Uint8Array;
  /** Where the federation has an owner. */
  verifyRoster?: VerifyRoster;
  /** The roster on disk. Throws what `verifyRoster` throws. */
  roster?: Uint8Array;
  clock: Clock;
  prng: Prng;
  onEvent(event: NetworkEvent): void;
}

/** A peer as an operator sees it. */
export interface PeerStatus {
  /** Peer id, or the configured address that has not been reached yet. */
  who: string;
  /** Of a configured peer or a heard one; or a peer that dialed us. */
  origin: 'configured' | 'heard' | 'inbound';
  connected: boolean;
  /** Where it is connected, or is tried. */
  address: string;
  /** Why it is not connected, as far as known. */
  reason: string | undefined;
  /** See Standing.scoreOf(); 0 where nothing is wrong. */
  score: number;
}
