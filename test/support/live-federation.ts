// A federation of real hosts in this process, with arithmetic in place of training. Starts, paces and stops; asserts
// nothing about what the nodes do.
import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Moments } from '../../src/gossip/moments.ts';
import { type MatrixShape, weightCountOf } from '../../src/gossip/payload.ts';
import type { PeerErrorCode } from '../../src/gossip/peer-error.ts';
import type { CoreEvent, CoreSettings } from '../../src/gossip/protocol.ts';
import { monotonicClock } from '../../src/lib/clock.ts';
import { Prng } from '../../src/lib/prng.ts';
import { FederationNode, type Learner } from '../../src/node/federation-node.ts';
import { addressesOf, connect, type Host, startHost, topicMessageBytesMax } from '../../src/node/host.ts';

export type Transport = 'memory' | 'tcp';
export type RoundEvent = Extract<CoreEvent, { type: 'round' }>;

export interface LiveOptions {
  /** Names the federation: its id, the hosts' keys and addresses follow. Unique in a process while it runs. */
  name: string;
  transport: Transport;
  nodes: number;
  /** Who dials whom, by index; `fullGraph` and `line` give the usual ones. */
  links: readonly Link[];
  /** gossipsub's D. The default is so high that every link is in the mesh: gossipsub is content with D - 2 neighbours. */
  degree?: number;
  /** Default: 32 weights. */
  shapes?: readonly MatrixShape[];
  /** Default: 2. */
  features?: number;
  settings?: Partial<CoreSettings>;
  streamTimeoutMs?: number;
  /** Hears whom a node holds an error against, besides LiveNode.blamed. */
  onPeerError?: (peer: string, code: PeerErrorCode) => void;
}

export type Link = readonly [from: number, to: number];

export function fullGraph(nodes: number): Link[] {
  return Array.from({ length: nodes }, (_, i) => Array.from({ length: i }, (_, j): Link => [i, j])).flat();
}

export function line(nodes: number): Link[] {
  return Array.from({ length: nodes - 1 }, (_, i): Link => [i, i + 1]);
}

const defaultFeatures = 2;
const defaultShapes: readonly MatrixShape[] = [{ rows: 8, columns: 4 }];

/** SHA-256 of some text: a federation id, or a key's seed. */
export function hashOf(text: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(text).digest());
}

/** Resolves once `condition` holds. Rejects with what was waited for after `limitMs`. */
export async function eventually(condition: () => boolean, what: string, limitMs = 10_000): Promise<void> {
  // Neither libp2p nor the node has an event for every change that a test waits for, so this looks again and again.
  const endsAtMs = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > endsAtMs) assert.fail(`${what}: not within ${limitMs} ms`);
    await delay(2);
  }
}

/** Gives what `promise` gives; rejects with what was waited for after `limitMs`. */
export async function inTime<T>(promise: Promise<T>, what: string, limitMs = 10_000): Promise<T> {
  const ended = new AbortController();
  const limit = delay(limitMs, undefined, { signal: ended.signal, ref: false }).then(() =>
    assert.fail(`${what}: not within ${limitMs} ms`),
  );
  limit.catch(() => undefined);
  try {
    return await Promise.race([promise, limit]);
  } finally {
    ended.abort();
  }
}

/** Moves every weight half the way to a target of its own; resolves as soon as the round is allowed. */
export class StubLearner implements Learner {
  readonly scalers: Moments[] = [];
  /** The weights that training started from, by round from 1. */
  readonly trainedFrom: Float32Array[] = [];
  /** The weights that training came to, by round. */
  readonly trained: Float32Array[] = [];
  /** The next round fails with this. */
  failure: Error | undefined;
  aborted = false;
  private readonly target: number;
  private allowed = 0;
  private waiting: (() => void)[] = [];

  constructor(target: number) {
    this.target = target;
  }

  /** Lets rounds up to `round` begin. */
  allow(round: number): void {
    this.allowed = round;
    for (const look of this.waiting.splice(0)) look();
  }

  rescale(moments: Moments): void {
    this.scalers.push(moments);
  }

  async train(round: number, weights: Float32Array, signal: AbortSignal) {
    this.trainedFrom.push(weights.slice());
    while (round > this.allowed) {
      this.aborted = signal.aborted;
      signal.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<void>();
      this.waiting.push(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
    }
    if (this.failure) throw this.failure;
    const trained = weights.map((weight) => weight + (this.target - weight) / 2);
    this.trained.push(trained);
    return { weights: trained, loss: 1 / round };
  }
}

export interface Blame {
  peer: string;
  code: PeerErrorCode;
}

/** One node with its host. */
export class LiveNode {
  readonly host: Host;
  readonly node: FederationNode;
  readonly learner: StubLearner;
  readonly events: CoreEvent[];
  /** Whom the node held which error against, in order. */
  readonly blamed: Blame[];

  private constructor(host: Host, node: FederationNode, learner: StubLearner, events: CoreEvent[], blamed: Blame[]) {
    this.host = host;
    this.node = node;
    this.learner = learner;
    this.events = events;
    this.blamed = blamed;
  }

  /** Starts the host; the node waits for `join`. `index` gives the learner's target and the moments. */
  static async start(options: Omit<LiveOptions, 'links'>, index: number): Promise<LiveNode> {
    const { name, transport, nodes } = options;
    const host = await startHost({
      transport,
      listen: [transport === 'tcp' ? '/ip4/127.0.0.1/tcp/0' : `/memory/${`${name}-${index}`.replaceAll(' ', '-')}`],
      keySeed: hashOf(`${name}/${index}`),
      degree: options.degree ?? nodes + 1,
    });
    return LiveNode.on(host, options, index);
  }

  /** A node on a host that runs. */
  static on(host: Host, options: Omit<LiveOptions, 'links'>, index: number): LiveNode {
    const { name, nodes, shapes = defaultShapes, features = defaultFeatures } = options;
    const learner = new StubLearner(index);
    const events: CoreEvent[] = [];
    const blamed: Blame[] = [];
    const settings: CoreSettings = {
      self: host.libp2p.peerId.toString(),
      shapes,
      exchange: 'mesh',
      mixing: 'epidemic',
      rounds: 'barrier-free',
      encoding: 'float32',
      sparsifier: 'none',
      keep: 0.1,
      fanout: 2,
      stepsPerRound: 1,
      roundsMax: 4,
      stalenessMaxRounds: 3,
      aheadMaxRounds: 100,
      roundIntervalMs: 0,
      roundTimeoutMs: 10_000,
      inlinePayloadBytesMax: topicMessageBytesMax,
      scaler: { features, originsMax: 64, reparameterise: (weights) => weights },
      originsExpected: nodes,
      settleMs: 10_000,
      spreadMs: 5,
      ...options.settings,
    };
    const node = new FederationNode({
      host,
      federation: hashOf(name),
      settings,
      limits: { payloadBytesMax: 4 * weightCountOf(shapes), originsMax: 64, features },
      learner,
      clock: monotonicClock,
      prng: new Prng(`${name}/${index}`),
      onEvent: (event) => events.push(event),
      onPeerError: (peer, code) => {
        blamed.push({ peer, code });
        options.onPeerError?.(peer, code);
      },
      ...(options.streamTimeoutMs && { streamTimeoutMs: options.streamTimeoutMs }),
    });
    return new LiveNode(host, node, learner, events, blamed);
  }

  /** Starts the protocol with weights of 0, and joins the topic. */
  async join(options: Omit<LiveOptions, 'links'>, index: number): Promise<void> {
    this.begin(options, index);
    await this.node.join();
  }

  /** Starts the protocol alone. */
  begin(options: Omit<LiveOptions, 'links'>, index: number): void {
    const shared = options.settings === undefined || !('scaler' in options.settings);
    const { features = defaultFeatures } = options;
    const moments = {
      count: Float64Array.from({ length: features }, (_, i) => (i === 0 ? 10 : 20)),
      mean: Float64Array.from({ length: features }, (_, i) => (i === 0 ? index : 1)),
      m2: Float64Array.from({ length: features }, (_, i) => (i === 0 ? 1 : index)),
    };
    const weights = new Float32Array(weightCountOf(options.shapes ?? defaultShapes));
    this.node.begin({ weights, samples: 10, ...(shared && { moments }) });
  }

  get peerId(): string {
    return this.host.libp2p.peerId.toString();
  }

  get rounds(): RoundEvent[] {
    return this.events.filter((event) => event.type === 'round');
  }

  get meshPeers(): string[] {
    const [topic] = this.host.pubsub.getTopics();
    return topic === undefined ? [] : this.host.pubsub.getMeshPeers(topic).sort();
  }

  bytesSent(protocol: RegExp): number {
    return [...this.host.traffic.bytesSent].reduce((sum, [name, bytes]) => sum + (protocol.test(name) ? bytes : 0), 0);
  }

  async stop(): Promise<void> {
    await this.node.stop();
    await this.host.libp2p.stop();
  }
}

/** Some nodes that have joined one federation; they wait with their first round until it is allowed. */
export class LiveFederation {
  readonly nodes: LiveNode[];
  private readonly options: LiveOptions;

  private constructor(nodes: LiveNode[], options: LiveOptions) {
    this.nodes = nodes;
    this.options = options;
  }

  /** Starts the hosts, links them, joins, and waits until the links are in the mesh and every node wants to train. */
  static async start(options: LiveOptions): Promise<LiveFederation> {
    const nodes = await Promise.all(Array.from({ length: options.nodes }, (_, i) => LiveNode.start(options, i)));
    const federation = new LiveFederation(nodes, options);
    try {
      await Promise.all(
        options.links.map(([from, to]) =>
          connect((nodes[from] as LiveNode).host, addressesOf((nodes[to] as LiveNode).host)),
        ),
      );
      await Promise.all(nodes.map((node, i) => node.join(options, i)));
      const joined = () =>
        nodes.every(({ learner, meshPeers }, i) => {
          const wanted = Math.max(1, (options.degree ?? options.nodes + 1) - 2);
          const degree = Math.min(wanted, federation.neighboursOf(i).length);
          return learner.trainedFrom.length > 0 && meshPeers.length >= degree;
        });
      await eventually(joined, `${options.name}: all nodes join`);
    } catch (error) {
      await federation.stop();
      throw error;
    }
    return federation;
  }

  /** Indices of the nodes that node `index` has a link with. */
  neighboursOf(index: number): number[] {
    return this.options.links.flatMap(([from, to]) => (from === index ? [to] : to === index ? [from] : [])).sort();
  }

  /** Lets every node do the rounds up to `round`. */
  allow(round: number): void {
    for (const { learner } of this.nodes) learner.allow(round);
  }

  /** Sum of a counter over the nodes. */
  total(counter: 'updatesSent' | 'updatesReceived' | 'sendsFailed'): number {
    return this.nodes.reduce((sum, { node }) => sum + node.counters[counter], 0);
  }

  /** Does `rounds` rounds, beginning each when the last one's updates are all there: `updatesPerRound` in sum. */
  async inStep(rounds: number, updatesPerRound: number): Promise<void> {
    for (let round = 1; round <= rounds; round++) {
      this.allow(round);
      const arrived = () =>
        this.nodes.every((node) => node.rounds.length >= round) &&
        this.total('updatesReceived') >= round * updatesPerRound;
      await eventually(arrived, `${this.options.name}: all updates of round ${round}`);
    }
  }

  async finished(): Promise<void> {
    await inTime(Promise.all(this.nodes.map(({ node }) => node.finished)), `${this.options.name}: all nodes finish`);
  }

  async stop(): Promise<void> {
    // Nodes first, then hosts one after the other: ends of a memory connection that close at once wait for each other.
    await Promise.all(this.nodes.map(({ node }) => node.stop()));
    for (const { host } of this.nodes) await host.libp2p.stop();
  }
}
