// A gateway's place in its federation's network: host, finding peers, membership and standing put together. Owns the
// lifetimes and what follows from one part for another; models are none of its business.
import { setMaxListeners } from 'node:events';
import type { PeerId } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { PeerError, type PeerErrorCode } from '../../gossip/peer-error.ts';
import { messageOf, OperatorError } from '../../lib/errors.ts';
import { type Host, startHost } from '../host.ts';
import { addressesTold, checkAddress, dialableAddresses, isLoopback, isSelfDial, reasonOf } from './addresses.ts';
import { Candidates } from './candidates.ts';
import { type Answer, answeredPeersMax, type Part, type PeerAddresses, peerAddressesMax } from './federation-codec.ts';
import { FederationStream } from './federation-stream.ts';
import { PeerFinder } from './finder.ts';
import { Gate, type RefusalCode } from './gate.ts';
import { connectionsMax, TokenBuckets } from './limits.ts';
import { fetchManifest } from './manifest-fetch.ts';
import { MulticastDiscovery } from './mdns.ts';
import { serviceOf } from './mdns-records.ts';
import { Membership, type VerifyRoster } from './membership.ts';
import type { NetworkOptions, PeerStatus } from './network-options.ts';
import { statusesOf } from './peer-statuses.ts';
import { Standing } from './standing.ts';

export type { NetworkEvent, NetworkOptions, PeerStatus } from './network-options.ts';

/**
 * One member is asked anew for peers and roster this long after a new one has come, then after twice as long each time, up
 * to the maximum: of two that connect to a bootstrap at once each may ask before the other is known there.
 */
const refreshFirstMs = 2_000;
const refreshMaxMs = 60_000;
/** For how long a peer that is no member of this federation may ask what we are. */
const partingMs = 1_000;

/** Starts a gateway's network. Throws OperatorError where the port is taken or an address is wrong. */
export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const network = new Network(options);
  await network.start();
  return network;
}

/** The network of one gateway; made by startNetwork(). */
export class Network {
  readonly membership: Membership;
  readonly standing: Standing;
  /** Peers' errors on the federation stream, by code. */
  readonly rejected = new Map<PeerErrorCode, number>();
  private readonly options: NetworkOptions;
  private readonly gate: Gate;
  private readonly stopping = new AbortController();
  private readonly members = new Set<string>();
  private readonly greeting = new Set<string>();
  /** Why this gateway closed its connections with a peer. */
  private readonly closing = new Map<string, string>();
  private readonly refusalsTold: TokenBuckets;
  private manifest: Uint8Array;
  private memberWaits = Promise.withResolvers<void>();
  private started:
    | {
        host: Host;
        candidates: Candidates;
        finder: PeerFinder;
        stream: FederationStream;
        mdns: MulticastDiscovery | undefined;
      }
    | undefined;
  private refreshing: NodeJS.Timeout | undefined;

  constructor(options: NetworkOptions) {
    const { clock, onEvent } = options;
    this.options = options;
    this.manifest = options.manifest ?? new Uint8Array();
    for (const address of options.peers) checkAddress(address);
    this.membership = new Membership((version) => {
      onEvent({ type: 'roster', version });
      this.onRosterReplaced();
    });
    if (options.verifyRoster) this.membership.restrict(options.verifyRoster);
    if (options.roster) this.membership.offer(options.roster);
    this.standing = new Standing(clock);
    this.refusalsTold = new TokenBuckets(1, 1 / 60, clock);
    this.gate = new Gate({
      clock,
      membership: this.membership,
      standing: this.standing,
      connections: (peer) => this.started?.host.libp2p.getConnections(peer).length ?? 0,
      onRefused: (who, reason) => {
        if (this.refusalsTold.take(who)) onEvent({ type: 'refused', who, reason });
      },
    });
    setMaxListeners(0, this.stopping.signal);
  }

  get host(): Host {
    return this.parts.host;
  }

  /** Peer id of this gateway. */
  get self(): string {
    return this.host.libp2p.peerId.toString();
  }

  /** Connections turned away and limits hit, by code. */
  get refused(): ReadonlyMap<RefusalCode, number> {
    return this.gate.counts;
  }

  /** Connected members of this federation, by peer id. */
  get connectedMembers(): readonly string[] {
    return [...this.members];
  }

  /** To be called once, by startNetwork(). */
  async start(): Promise<void> {
    const { federation, clock, prng, onEvent } = this.options;
    const host = await this.listen();
    const { libp2p } = host;
    const self = libp2p.peerId.toString();
    const candidates = new Candidates({ self, clock, prng: prng.fork('candidates') });
    for (const address of this.options.peers) candidates.configure(address);
    const finder = new PeerFinder(
      candidates,
      {
        dial: async (addresses, peer, signal) => {
          const targets = addresses.map((text) =>
            multiaddr(peer && !text.includes('/p2p/') ? `${text}/p2p/${peer}` : text),
          );
          return (await libp2p.dial(targets, { signal })).remotePeer.toString();
        },
        isSelf: isSelfDial,
        mayDial: (peer) => this.gate.objection(peer) === undefined,
        connected: () => libp2p.getPeers().length,
      },
      ({ key, reason = 'for no known reason' }) => onEvent({ type: 'unreachable', who: key, reason }),
      clock,
    );
    const stream = new FederationStream({
      libp2p,
      federation,
      clock,
      signal: this.stopping.signal,
      manifest: () => this.manifest,
      roster: () => this.membership,
      peersFor: (asker) => this.peersFor(asker),
      onNewerRoster: (peer) => this.askRoster(peer),
      onTooMany: () => this.gate.count('request-rate'),
      onBadStream: (peer, error) => this.onPeerError(peer, error.code),
    });
    const mdns = this.options.mdns
      ? new MulticastDiscovery({
          service: serviceOf(federation),
          self,
          addresses: () => addressesTold(libp2p.getMultiaddrs().map(String), false),
          clock,
          prng: prng.fork('mdns'),
          onFound: (peer, addresses) => this.hear({ peer, addresses }),
          onTrouble: (sentence) => onEvent({ type: 'trouble', sentence }),
        })
      : undefined;
    this.started = { host, candidates, finder, stream, mdns };
    libp2p.addEventListener('peer:connect', ({ detail }) => candidates.up(detail.toString()));
    libp2p.addEventListener('peer:disconnect', ({ detail }) => this.onDisconnected(detail.toString()));
    libp2p.addEventListener('peer:identify', ({ detail }) => this.greet(detail.peerId));
    await stream.serve();
    // Who was faster than the lines above.
    for (const peer of libp2p.getPeers()) {
      candidates.up(peer.toString());
      this.greet(peer);
    }
    mdns?.start();
    finder.look();
    this.refreshIn(refreshMaxMs);
  }

  /** Every peer that is connected, tried or configured. */
  peers(): PeerStatus[] {
    const { host, candidates } = this.parts;
    const connections = host.libp2p.getConnections();
    const addresses = new Map(connections.map((c) => [c.remotePeer.toString(), c.remoteAddr.toString()]));
    return statusesOf(candidates.all(), this.members, addresses, this.standing);
  }

  /**
   * Lowers a peer's standing for an error that was counted elsewhere: see FederationNodeOptions.onPeerError. Whoever goes
   * too far is disconnected and shut out for a while.
   */
  penalise(peer: string, code: PeerErrorCode): void {
    if (this.standing.note(peer, code)) this.close(peer, 'it sent too much that had to be refused');
  }

  /** From now on the federation's owner decides who may take part: for who has learnt of it from a fetched manifest. */
  restrict(verify: VerifyRoster): void {
    this.membership.restrict(verify);
    for (const peer of this.members) this.askRoster(peer);
  }

  /**
   * The manifest's canonical bytes, from any member, which this gateway then serves itself. Asks members until one has it;
   * one whose bytes do not hash to the federation's id is not asked again. Rejects with the signal's reason.
   */
  async fetchManifest(signal: AbortSignal): Promise<Uint8Array> {
    if (this.manifest.length > 0) return this.manifest;
    const either = AbortSignal.any([signal, this.stopping.signal]);
    this.manifest = await fetchManifest({
      federation: this.options.federation,
      members: () => this.connectedMembers,
      nextMember: () => this.memberWaits.promise,
      ask: async (peer) => (await this.parts.stream.ask(peer, 'manifest', either)).content,
      onError: (peer, code) => this.onPeerError(peer, code),
      signal: either,
    });
    return this.manifest;
  }

  /** Leaves the network. */
  async stop(): Promise<void> {
    if (this.stopping.signal.aborted) return;
    this.stopping.abort(new Error('the gateway stops'));
    clearTimeout(this.refreshing);
    if (this.started === undefined) return;
    const { host, finder, mdns } = this.started;
    finder.stop();
    await mdns?.stop();
    await host.libp2p.stop();
  }

  private get parts() {
    if (this.started === undefined) throw new Error('the network was not started');
    return this.started;
  }

  private async listen(): Promise<Host> {
    const { identitySeed, degree, listenPort, networkKey } = this.options;
    try {
      return await startHost({
        transport: 'tcp',
        listen: [`/ip4/0.0.0.0/tcp/${listenPort}`, `/ip6/::/tcp/${listenPort}`],
        keySeed: identitySeed,
        degree,
        guard: { gater: this.gate, networkKey, scoreOf: (peer) => this.standing.scoreOf(peer), connectionsMax },
      });
    } catch (error) {
      if (!messageOf(error).includes('EADDRINUSE')) throw error;
      throw new OperatorError(`port ${listenPort} is in use by another program; stop it, or give another with --port`);
    }
  }

  private hear({ peer, addresses }: PeerAddresses): void {
    const { candidates, finder } = this.parts;
    candidates.hear(peer, dialableAddresses(peer, addresses));
    finder.look();
  }

  /** Asks a peer that has just connected for what a member knows; its answer shows that it is one. */
  private async greet(peerId: PeerId): Promise<void> {
    const peer = peerId.toString();
    if (this.members.has(peer) || this.greeting.has(peer)) return;
    this.greeting.add(peer);
    try {
      const { peers } = await this.parts.stream.ask(peer, 'peers');
      const [connection] = this.host.libp2p.getConnections(peerId);
      if (connection === undefined || this.stopping.signal.aborted) return;
      this.members.add(peer);
      this.options.onEvent({ type: 'connected', peer, address: connection.remoteAddr.toString() });
      if (this.membership.restricted) this.askRoster(peer);
      for (const told of peers) this.hear(told);
      this.refreshIn(refreshFirstMs);
      const { resolve } = this.memberWaits;
      this.memberWaits = Promise.withResolvers();
      resolve();
    } catch (error) {
      if (this.stopping.signal.aborted) return;
      if (error instanceof PeerError) this.onPeerError(peer, error.code);
      // The other side is to learn why, too: it asks at the same time. Who has come back and answered meanwhile may stay.
      setTimeout(() => this.members.has(peer) || this.close(peer, reasonOf(error)), partingMs);
    } finally {
      this.greeting.delete(peer);
    }
  }

  /** Counts an error on the federation stream. */
  private onPeerError(peer: string, code: PeerErrorCode): void {
    this.rejected.set(code, (this.rejected.get(code) ?? 0) + 1);
    this.penalise(peer, code);
  }

  private askRoster(peer: string): void {
    this.ask(peer, 'roster', ({ content }) => {
      if (content.length > 0) this.takeRoster(peer, content);
    });
  }

  private ask(peer: string, part: Part, onAnswer: (answer: Answer) => void): void {
    this.parts.stream.ask(peer, part).then(onAnswer, (error: unknown) => {
      // Who cannot be reached is disconnected, or will be.
      if (error instanceof PeerError && !this.stopping.signal.aborted) this.onPeerError(peer, error.code);
    });
  }

  private takeRoster(peer: string, bytes: Uint8Array): void {
    try {
      this.membership.offer(bytes);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      this.onPeerError(peer, error.code);
    }
  }

  /** Drops who is no member any more, and lets the others ask for the new roster: asked for theirs, they see that mine is newer. */
  private onRosterReplaced(): void {
    if (this.started === undefined) return;
    for (const peerId of this.host.libp2p.getPeers()) {
      const peer = peerId.toString();
      if (!this.membership.isAllowed(peer)) this.close(peer, 'it is not a member');
      else if (this.members.has(peer)) this.askRoster(peer);
    }
  }

  /**
   * libp2p keeps each peer that it ever met, also by what arrives late on a connection that is closed; identities are free,
   * and where a peer can be dialed the candidates know.
   */
  private async forgetDisconnected(): Promise<void> {
    const { peerStore } = this.host.libp2p;
    for (const { id } of await peerStore.all()) {
      // Asked for at once, so that nothing of a connection that begins now is lost.
      if (this.host.libp2p.getConnections(id).length === 0) await peerStore.delete(id);
    }
  }

  private refreshIn(delayMs: number): void {
    clearTimeout(this.refreshing);
    this.refreshing = setTimeout(
      () => {
        this.refresh();
        this.refreshIn(Math.min(refreshMaxMs, 2 * delayMs));
      },
      delayMs * (0.75 + 0.5 * this.options.prng.nextFloat()),
    );
  }

  /** Asks one member, drawn at random, for what may have changed. */
  private refresh(): void {
    this.forgetDisconnected().catch((error: unknown) => {
      this.options.onEvent({ type: 'trouble', sentence: `peers that left are not forgotten: ${messageOf(error)}` });
    });
    const members = this.connectedMembers;
    const peer = members.length === 0 ? undefined : members[this.options.prng.nextInt(members.length)];
    this.parts.finder.look();
    if (peer === undefined) return;
    if (this.membership.restricted) this.askRoster(peer);
    this.ask(peer, 'peers', ({ peers }) => {
      for (const told of peers) this.hear(told);
    });
  }

  /** Some connected members, with the addresses that they listen on. */
  private async peersFor(asker: string): Promise<PeerAddresses[]> {
    const { libp2p } = this.host;
    const askedFrom = libp2p.getConnections(peerIdFromString(asker))[0]?.remoteAddr.toString() ?? '';
    const others = [...this.members].filter((peer) => peer !== asker);
    const told: PeerAddresses[] = [];
    for (const peer of this.options.prng.shuffled(others).slice(0, answeredPeersMax)) {
      const { addresses } = await libp2p.peerStore.get(peerIdFromString(peer));
      const texts = addresses.map(({ multiaddr: address }) => address.toString());
      told.push({ peer, addresses: addressesTold(texts, isLoopback(askedFrom)).slice(0, peerAddressesMax) });
    }
    return told.filter(({ addresses }) => addresses.length > 0);
  }

  private close(peer: string, reason: string): void {
    const { libp2p } = this.host;
    const peerId = peerIdFromString(peer);
    if (this.stopping.signal.aborted || libp2p.getConnections(peerId).length === 0) return;
    this.closing.set(peer, reason);
    libp2p.hangUp(peerId).catch(() => {
      // It is gone already.
    });
  }

  private onDisconnected(peer: string): void {
    if (this.stopping.signal.aborted) return;
    const { candidates, finder } = this.parts;
    const { onEvent } = this.options;
    const reason = this.closing.get(peer) ?? 'the connection was lost';
    this.closing.delete(peer);
    const lost = candidates.down(peer, reason);
    if (this.members.delete(peer)) onEvent({ type: 'disconnected', peer, reason });
    else for (const { key } of lost) onEvent({ type: 'unreachable', who: key, reason });
    finder.look();
  }
}
