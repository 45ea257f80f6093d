// A live gateway: turns the core's effects into libp2p calls, and libp2p's events into the core's inputs.
import { setMaxListeners } from 'node:events';
import type { Message as TopicMessage } from '@chainsafe/libp2p-gossipsub';
import type { PeerId } from '@libp2p/interface';
import { type CodecLimits, decodeMessage, encodeMessage, type Message, messageBytesMax } from '../gossip/codec.ts';
import { GossipCore } from '../gossip/core.ts';
import { topicOf } from '../gossip/manifest.ts';
import type { Moments } from '../gossip/moments.ts';
import { PeerError, type PeerErrorCode } from '../gossip/peer-error.ts';
import type { CoreEvent, CoreSettings, Effect, Input, TimerName } from '../gossip/protocol.ts';
import type { Clock } from '../lib/clock.ts';
import type { Prng } from '../lib/prng.ts';
import type { Host } from './host.ts';
import { pullModel, pushUpdate, serveStreams } from './streams.ts';
import { type Reach, verdictOf } from './validator.ts';

/** Trains this node's model on its own data. */
export interface Learner {
  /** From now on raw rows are scaled by these moments. */
  rescale(moments: Moments): void;
  /** One round of local steps from `weights`, which it does not change. Rejects with the signal's reason when aborted. */
  train(round: number, weights: Float32Array, signal: AbortSignal): Promise<{ weights: Float32Array; loss: number }>;
}

export interface FederationNodeOptions {
  host: Host;
  /** Federation id, 32 bytes. */
  federation: Uint8Array;
  settings: CoreSettings;
  limits: Omit<CodecLimits, 'federation'>;
  learner: Learner;
  clock: Clock;
  prng: Prng;
  onEvent(event: CoreEvent): void;
}

export interface NodeCounters {
  updatesSent: number;
  updatesReceived: number;
  /** Bytes of the messages that reached the core, before their decoding. */
  bytesReceived: number;
  /** Sends, publications and pulls that the network refused. */
  sendsFailed: number;
  rejected: Map<PeerErrorCode, number>;
}

/** One member of one federation on one host. The caller starts and stops the host. */
export class FederationNode {
  readonly counters: NodeCounters = {
    updatesSent: 0,
    updatesReceived: 0,
    bytesReceived: 0,
    sendsFailed: 0,
    rejected: new Map(),
  };
  /** Resolves when the node has done its rounds; rejects on a failure of its own, such as of training. */
  readonly finished: Promise<void>;
  private readonly options: FederationNodeOptions;
  private readonly core: GossipCore;
  private readonly topic: string;
  private readonly limits: CodecLimits;
  private readonly stopping = new AbortController();
  private readonly timers = new Map<TimerName, NodeJS.Timeout>();
  private exchanged = new Set<string>();
  private readonly settle: { resolve(): void; reject(error: unknown): void };

  constructor(options: FederationNodeOptions) {
    this.options = options;
    this.core = new GossipCore(options.settings, options.prng);
    this.topic = topicOf(options.federation);
    this.limits = { ...options.limits, federation: options.federation };
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.finished = promise;
    this.settle = { resolve, reject };
    setMaxListeners(0, this.stopping.signal);
  }

  /**
   * Joins the federation's topic and starts the protocol from `weights`. `samples` is the number of training rows;
   * `moments`, of those rows in raw units, go with a shared scaler.
   */
  async start(weights: Float32Array, samples: number, moments: Moments | undefined): Promise<void> {
    const { libp2p, pubsub } = this.options.host;
    pubsub.topicValidators.set(this.topic, (_relay, message) => this.onTopicMessage(message));
    const sync = () => this.syncPeers();
    const { signal } = this.stopping;
    for (const type of ['gossipsub:graft', 'gossipsub:prune', 'gossipsub:heartbeat', 'subscription-change'] as const) {
      pubsub.addEventListener(type, sync, { signal });
    }
    libp2p.addEventListener('peer:disconnect', sync, { signal });
    await serveStreams(libp2p, {
      messageBytesMax: messageBytesMax(this.limits),
      onUpdate: (from, bytes) => {
        this.receive(from, bytes, 'stream');
      },
      onPull: (_from, bytes) => this.onPull(bytes),
    });
    this.dispatch({ kind: 'started', weights, samples, ...(moments && { moments }) });
    pubsub.subscribe(this.topic);
    this.syncPeers();
  }

  /** Leaves the federation. Training that runs is abandoned. */
  stop(): void {
    if (this.stopping.signal.aborted) return;
    this.dispatch({ kind: 'stopped' });
    this.stopping.abort(new Error('the node was stopped'));
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    const { pubsub } = this.options.host;
    pubsub.topicValidators.delete(this.topic);
    pubsub.unsubscribe(this.topic);
    this.settle.resolve();
  }

  private syncPeers(): void {
    const { pubsub } = this.options.host;
    const byMesh = this.options.settings.exchange === 'mesh' || this.options.settings.exchange === 'pull';
    const now = new Set(
      byMesh
        ? pubsub.getMeshPeers(this.topic)
        : pubsub.getSubscribers(this.topic).map((peer: PeerId) => peer.toString()),
    );
    const before = this.exchanged;
    this.exchanged = now;
    for (const peer of before) if (!now.has(peer)) this.dispatch({ kind: 'peerDown', peer });
    for (const peer of now) if (!before.has(peer)) this.dispatch({ kind: 'peerUp', peer });
  }

  private onTopicMessage(message: TopicMessage) {
    // Under StrictSign gossipsub has refused unsigned messages already.
    if (message.type !== 'signed') return verdictOf('malformed', 'neighbours');
    const { code, reach } = this.receive(message.from.toString(), message.data, 'topic');
    return verdictOf(code, reach);
  }

  private onPull(bytes: Uint8Array): Uint8Array[] {
    try {
      const message = decodeMessage(bytes, this.limits);
      if (message.kind !== 'pull') throw new PeerError('wrong-topic', `${message.kind} in place of a pull`);
      return this.core.answer(message).map((answer) => encodeMessage(answer, this.options.federation));
    } catch (error) {
      this.count(error);
      return [];
    }
  }

  /** Hands one message to the core; the code says what was wrong with it. */
  private receive(
    from: string,
    bytes: Uint8Array,
    via: 'topic' | 'stream' | 'pull',
  ): { code: PeerErrorCode | undefined; reach: Reach } {
    try {
      const message = decodeMessage(bytes, this.limits);
      this.counters.bytesReceived += bytes.length;
      const input = toInput(from, message, via);
      if (message.kind === 'update') this.counters.updatesReceived++;
      const effects = this.core.handle(input, this.options.clock.nowMs());
      const penalty = effects.find((effect) => effect.kind === 'penalise' && effect.peer === from);
      this.run(effects);
      const broadcast = message.kind === 'update' && this.options.settings.exchange === 'broadcast';
      return {
        code: penalty?.kind === 'penalise' ? penalty.code : undefined,
        reach: broadcast ? 'everyone' : 'neighbours',
      };
    } catch (error) {
      return { code: this.count(error), reach: 'neighbours' };
    }
  }

  /** Counts a peer's error; anything else is a bug of ours and ends the node. */
  private count(error: unknown): PeerErrorCode | undefined {
    if (!(error instanceof PeerError)) {
      this.settle.reject(error);
      return undefined;
    }
    const { rejected } = this.counters;
    rejected.set(error.code, (rejected.get(error.code) ?? 0) + 1);
    return error.code;
  }

  private dispatch(input: Input): void {
    try {
      this.run(this.core.handle(input, this.options.clock.nowMs()));
    } catch (error) {
      this.settle.reject(error);
    }
  }

  private run(effects: Effect[]): void {
    for (const effect of effects) this.carryOut(effect);
  }

  private carryOut(effect: Effect): void {
    const { host, learner, federation, onEvent } = this.options;
    switch (effect.kind) {
      case 'train': {
        const { round, weights } = effect;
        learner.train(round, weights, this.stopping.signal).then(
          (result) => this.dispatch({ kind: 'trained', round, ...result }),
          (error) => {
            if (!this.stopping.signal.aborted) this.settle.reject(error);
          },
        );
        return;
      }
      case 'publish':
        this.send(async () => {
          const { recipients } = await host.pubsub.publish(this.topic, encodeMessage(effect.message, federation));
          if (effect.message.kind === 'update') this.counters.updatesSent += recipients.length;
        });
        return;
      case 'send':
        this.send(async () => {
          await pushUpdate(host.libp2p, effect.peer, encodeMessage(effect.message, federation));
          this.counters.updatesSent++;
        });
        return;
      case 'pull':
        this.pull(effect.peer, encodeMessage(effect.message, federation));
        return;
      case 'setTimer':
        clearTimeout(this.timers.get(effect.timer));
        this.timers.set(
          effect.timer,
          setTimeout(() => this.dispatch({ kind: 'timerFired', timer: effect.timer }), effect.delayMs),
        );
        return;
      case 'rescale':
        learner.rescale(effect.moments);
        return;
      case 'emit':
        onEvent(effect.event);
        if (effect.event.type === 'finished') this.settle.resolve();
        return;
      case 'penalise':
        this.count(new PeerError(effect.code));
        return;
      case 'checkpoint':
        // A gateway's store takes these; a scenario's nodes live as long as the run.
        return;
    }
  }

  private send(work: () => Promise<void>): void {
    work().catch(() => {
      this.counters.sendsFailed++;
    });
  }

  private pull(peer: string, request: Uint8Array): void {
    pullModel(this.options.host.libp2p, peer, request, messageBytesMax(this.limits)).then(
      (answers) => {
        for (const bytes of answers) this.receive(peer, bytes, 'pull');
        if (answers.length === 0) this.dispatch({ kind: 'notHeldReceived', from: peer });
      },
      () => {
        this.counters.sendsFailed++;
        this.dispatch({ kind: 'notHeldReceived', from: peer });
      },
    );
  }
}

function toInput(from: string, message: Message, via: 'topic' | 'stream' | 'pull'): Input {
  const pulled = via === 'pull';
  switch (message.kind) {
    case 'update':
      return { kind: 'updateReceived', from, update: message, pulled };
    case 'moments':
      return { kind: 'momentsReceived', from, moments: message, pulled };
    case 'notHeld':
      if (pulled) return { kind: 'notHeldReceived', from };
      throw new PeerError('wrong-topic', `notHeld on the ${via}`);
    case 'pull':
      throw new PeerError('wrong-topic', `pull on the ${via}`);
  }
}
