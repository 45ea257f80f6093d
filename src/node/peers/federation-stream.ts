// What members tell each other besides models, over /rumormill/federation/1: the manifest, the roster and where peers are.
// Owns serving and asking; decides nothing from what it hears.
import type { Libp2p } from '@libp2p/interface';
import { PeerError } from '../../gossip/peer-error.ts';
import type { Clock } from '../../lib/clock.ts';
import { ask, type StreamHandlers, type StreamLimits, serveProtocol } from '../streams.ts';
import {
  type Answer,
  answerBytesMax,
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeRequest,
  federationStreamProtocol,
  type Part,
  type PeerAddresses,
  requestBytesMax,
} from './federation-codec.ts';
import { requestBurst, requestsPerSecond, TokenBuckets } from './limits.ts';

/** Ten seconds, as for libp2p's own negotiation of a stream. */
const streamTimeoutMs = 10_000;

export interface FederationStreamOptions {
  libp2p: Libp2p;
  /** Federation id, 32 bytes. */
  federation: Uint8Array;
  clock: Clock;
  /** Aborts what is under way. */
  signal: AbortSignal;
  /** Canonical manifest; empty where it is not known yet. */
  manifest(): Uint8Array;
  roster(): { version: number; bytes: Uint8Array };
  /** Peers that `asker` may want to dial. */
  peersFor(asker: string): Promise<PeerAddresses[]>;
  /** `peer` holds a newer roster than this gateway. */
  onNewerRoster(peer: string): void;
  /** A request was refused since the peer asks too often. */
  onTooMany(peer: string): void;
  onBadStream: StreamHandlers['onBadStream'];
}

/** Both ends of the protocol on one host. */
export class FederationStream {
  private readonly options: FederationStreamOptions;
  private readonly requests: TokenBuckets;

  constructor(options: FederationStreamOptions) {
    this.options = options;
    this.requests = new TokenBuckets(requestBurst, requestsPerSecond, options.clock);
  }

  /** Serves the protocol until `stop`. */
  async serve(): Promise<void> {
    const { libp2p, onBadStream } = this.options;
    await serveProtocol(
      libp2p,
      federationStreamProtocol,
      this.limits(requestBytesMax),
      async (from, request) => [await this.answerTo(from, request)],
      onBadStream,
    );
  }

  /**
   * Asks a connected peer for `part`. Rejects with a PeerError where it answers badly ('wrong-federation' for a member of
   * another one) or too slowly, with another error where it cannot be reached.
   */
  async ask(peer: string, part: Part, signal?: AbortSignal): Promise<Answer> {
    const { libp2p, federation, roster } = this.options;
    const request = encodeRequest({ part, rosterVersion: roster().version }, federation);
    const limits = this.limits(answerBytesMax, signal);
    const [bytes] = await ask(libp2p, peer, federationStreamProtocol, request, 1, limits);
    if (bytes === undefined) throw new PeerError('reset', 'a stream was closed without an answer');
    return decodeAnswer(bytes, federation);
  }

  private async answerTo(from: string, bytes: Uint8Array): Promise<Uint8Array> {
    const { federation, manifest, roster, peersFor, onNewerRoster, onTooMany } = this.options;
    if (!this.requests.take(from)) {
      onTooMany(from);
      throw new PeerError('reset', 'a peer asks too often');
    }
    try {
      const { part, rosterVersion } = decodeRequest(bytes, federation);
      const held = roster();
      if (rosterVersion > held.version) onNewerRoster(from);
      const content = part === 'manifest' ? manifest() : part === 'roster' ? held.bytes : new Uint8Array();
      const peers = part === 'peers' ? await peersFor(from) : [];
      return encodeAnswer({ content, peers }, federation);
    } catch (error) {
      // The asker learns from the answer which federation is here, and leaves.
      if (error instanceof PeerError && error.code === 'wrong-federation') {
        return encodeAnswer({ content: new Uint8Array(), peers: [] }, federation);
      }
      throw error;
    }
  }

  private limits(messageBytesMax: number, signal?: AbortSignal): StreamLimits {
    const signals = signal === undefined ? [this.options.signal] : [this.options.signal, signal];
    return { messageBytesMax, timeoutMs: streamTimeoutMs, signal: AbortSignal.any(signals) };
  }
}
