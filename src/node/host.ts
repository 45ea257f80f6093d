// A libp2p host for one gateway. Owns transports, security and gossipsub's parameters; knows no federated learning.
import { type GossipSub, gossipsub } from '@chainsafe/libp2p-gossipsub';
import { createTopicScoreParams, type TopicScoreParams } from '@chainsafe/libp2p-gossipsub/score';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { identify } from '@libp2p/identify';
import type { ConnectionGater, Libp2p } from '@libp2p/interface';
import { memory } from '@libp2p/memory';
import { noise } from '@libp2p/noise';
import { preSharedKey } from '@libp2p/pnet';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { Refusals } from './refusals.ts';
import { TrafficMetrics } from './traffic.ts';

export interface HostOptions {
  transport: 'tcp' | 'memory';
  /** Addresses to listen on, such as '/ip4/127.0.0.1/tcp/0'. */
  listen: string[];
  /** 32 bytes; the same seed gives the same peer id. */
  keySeed: Uint8Array;
  /** gossipsub's D, the number of mesh neighbours aimed at. */
  degree: number;
  /** What a gateway on a plant's network guards itself with; a scenario's hosts are among themselves. */
  guard?: Guard;
}

/** Who may connect to a host, and how a peer's standing weighs. */
export interface Guard {
  gater: ConnectionGater;
  /** The text of a swarm.key; only who has it can connect. */
  networkKey: Uint8Array | undefined;
  /** A peer's score beyond gossipsub's own, at most 0. */
  scoreOf(peer: string): number;
  connectionsMax: number;
}

export interface Host {
  libp2p: Libp2p;
  pubsub: GossipSub & GossipSubExtras;
  traffic: TrafficMetrics;
  refusals: Refusals;
}

/** gossipsub has these, but leaves them out of its interface. */
interface GossipSubExtras {
  getMeshPeers(topic: string): string[];
  /** Read anew at each use. */
  opts: { idontwantMinDataSize: number; scoreParams: { topics: Record<string, TopicScoreParams> } };
}

/** Largest application message on the topic; larger models are announced and pulled. */
export const topicMessageBytesMax = 256 * 1024;

/**
 * Of what gossipsub scores, only invalid messages count (P4 of the v1.1 specification): each rejected one adds 1 to a
 * counter that loses a tenth a second, and the score is minus its square. Below 0 a peer leaves the mesh, and from the
 * ninth in a burst on it is not listened to (threshold -80). The other parts reward and demand forwarding, and an update
 * for neighbours is not forwarded.
 */
const topicScore = createTopicScoreParams({
  topicWeight: 1,
  timeInMeshWeight: 0,
  firstMessageDeliveriesWeight: 0,
  meshMessageDeliveriesWeight: 0,
  meshFailurePenaltyWeight: 0,
  invalidMessageDeliveriesWeight: -1,
  invalidMessageDeliveriesDecay: 0.9,
});

/** Starts a host. The caller stops it. */
export async function startHost(options: HostOptions): Promise<Host> {
  const { degree, guard } = options;
  const traffic = new TrafficMetrics();
  const refusals = new Refusals();
  const libp2p = await createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', options.keySeed),
    addresses: { listen: options.listen },
    transports: [options.transport === 'tcp' ? tcp() : memory()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    metrics: () => traffic,
    // By default a peer is forgotten by the wall clock while it is connected: its addresses after an hour, all of it after six.
    // A clock that is set forward, or a machine that slept, would leave newcomers without a word of who is here, and
    // gossipsub with neighbours that it is never told are gone.
    peerStore: { maxAddressAge: Number.POSITIVE_INFINITY, maxPeerAge: Number.POSITIVE_INFINITY },
    // The default of 5 a second and remote address turns away gateways that start together behind one address.
    connectionManager: {
      inboundConnectionThreshold: 100,
      maxIncomingPendingConnections: 100,
      ...(guard && { maxConnections: guard.connectionsMax }),
    },
    ...(guard && {
      connectionGater: guard.gater,
      // A cable that was pulled is noticed within 15 s. By default the limit for an answer grows to a minute.
      connectionMonitor: { pingInterval: 5000, pingTimeout: { maxTimeout: 10_000 } },
    }),
    ...(guard?.networkKey && { connectionProtector: preSharedKey({ psk: guard.networkKey }) }),
    services: {
      identify: identify(),
      pubsub: gossipsub({
        D: degree,
        Dlo: Math.max(1, degree - 2),
        Dhi: degree * 2,
        Dscore: Math.max(1, degree - 2),
        Dout: Math.max(0, Math.min(2, Math.floor(degree / 2) - 1)),
        // Off: each would send an update beyond the mesh, and the mesh is the mixing graph. Lazy gossip (gossipFactor 0.25,
        // Dlazy 6) sends it to every neighbour that is connected: measured with 64 hosts, 13 connections each and 20 kB
        // updates, deliveries rise from 6.4 to 12.8 a node and round, and CPU time from 9 to 20 ms.
        floodPublish: false,
        Dlazy: 0,
        gossipFactor: 0,
        // The least there is. By default a peer that leaves is refused for 10 s and, if it grafts before, for a minute: a
        // gateway that is restarted would have no neighbours.
        unsubcribeBackoff: 1000,
        // Of who grafts before that, as a gateway that is restarted at once; by default a minute.
        pruneBackoff: 5000,
        // More than ten peers at one address count as one attacker; on loopback they are a scenario.
        scoreParams: {
          IPColocationFactorWhitelist: new Set(['127.0.0.1', '::1']),
          ...(guard && { appSpecificScore: (peer: string) => guard.scoreOf(peer), appSpecificWeight: 1 }),
        },
        metricsRegister: refusals,
        metricsTopicStrToLabel: new Map(),
        allowPublishToZeroTopicPeers: true,
        maxInboundDataLength: 2 * topicMessageBytesMax,
      }),
    },
  });
  return { libp2p, pubsub: libp2p.services.pubsub as GossipSub & GossipSubExtras, traffic, refusals };
}

/**
 * Makes rejected messages of `topic` lower their sender's score. Where messages are not `forwarded`, nobody is told which
 * ones have arrived (IDONTWANT), since nobody would send them again: measured with 16 hosts, D = 6 and 6 kB updates, that
 * saves 4 % of the bytes and a third of the CPU time.
 */
export function prepareTopic({ pubsub }: Host, topic: string, forwarded: boolean): void {
  pubsub.opts.scoreParams.topics[topic] = topicScore;
  if (!forwarded) pubsub.opts.idontwantMinDataSize = Number.POSITIVE_INFINITY;
}

/** Addresses under which peers reach the host, with its peer id, as text. */
export function addressesOf(host: Host): string[] {
  return host.libp2p.getMultiaddrs().map(String);
}

/** Connects `host` to the peer at `addresses`. */
export async function connect(host: Host, addresses: readonly string[]): Promise<void> {
  await host.libp2p.dial(addresses.map((address) => multiaddr(address)));
}
