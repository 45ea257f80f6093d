// A live gateway: turns the core's effects into libp2p calls, and libp2p's events into the core's inputs.
import { setMaxListeners } from 'node:events';
import type { Message as TopicMessage } from '@chainsafe/libp2p-gossipsub';
import type { PeerId } from '@libp2p/interface';
import {
  type CodecLimits,
  decodeMessage,
  encodeMessage,
  type MomentsMessage,
  messageBytesMax,
  type PullMessage,
  type UpdateMessage,
} from '../gossip/codec.ts';
import { GossipCore } from '../gossip/core.ts';
import { topicOf } from '../gossip/manifest.ts';
import type { Moments } from '../gossip/moments.ts';
import { PeerError, type PeerErrorCode } from '../gossip/peer-error.ts';
import type { CoreEvent, CoreSettings, Effect, Input, Progress, TimerName } from '../gossip/protocol.ts';
import { receivedInput, type Way } from '../gossip/received.ts';
import { SentBytesCounter } from '../gossip/sent-bytes.ts';
import type { Clock } from '../lib/clock.ts';
import { OperatorError } from '../lib/errors.ts';
import type { Prng } from '../lib/prng.ts';
import { type Host, prepareTopic, topicMessageBytesMax } from './host.ts';
import { pullModel, pushUpdate, type StreamLimits, serveStreams, unserveStreams } from './streams.ts';
import { type Reach, verdictOf } from './validator.ts';

/** The steps of a round overflowed: a learning rate that is too high, or weights of a peer that are too large. */
export class TrainingDiverged extends OperatorError {
  override name = 'TrainingDiverged';
}

/** Trains this node's model on its own data. */
export interface Learner {
  /** From now on raw rows are scaled by these moments. */
  rescale(moments: Moments): void;
  /** One round of local steps from `weights`, which it does not change. Rejects with the signal's reason when aborted, and with TrainingDiverged. */
  train(round: number, weights: Float32Array, signal: AbortSignal): Promise<{ weights: Float32Array; loss: number }>;
}

/** What a live node is made of. */
export interface FederationNodeOptions {
  host: Host;
  /** Federation id, 32 bytes. */
  federation: Uint8Array;
  settings: CoreSettings;
  limits: Omit<CodecLimits, 'federation'>;
  /** Longest life of a stream. Default 10 s: libp2p's own limit for negotiating one. */
  streamTimeoutMs?: number;
  learner: Learner;
  clock: Clock;
  prng: Prng;
  onEvent(event: CoreEvent): void;
  /** Takes what a restart can go on from, after each round. */
  onCheckpoint?(checkpoint: Checkpoint): void;
  /** An error of `peer` was counted. */
  onPeerError?(peer: string, code: PeerErrorCode): void;
}

/** A node's state between two rounds. */
export interface Checkpoint extends Progress {
  weights: Float32Array;
}

/** What a live node has sent, received and refused so far. */
export interface NodeCounters {
  /** Updates with a payload that were handed to the network, one for each recipient. */
  updatesSent: number;
  /** Updates with a payload that have arrived, taken by the core or not. */
  updatesReceived: number;
  /** Bytes of the messages that reached the core, before their decoding. */
  bytesReceived: number;
  /** Bytes of the payloads among them. */
  payloadBytesReceived: number;
  /** Bytes of the messages that were handed to the network, without its framing and without what gossipsub forwards. */
  sent: SentBytesCounter;
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
    payloadBytesReceived: 0,
    sent: new SentBytesCounter(),
    sendsFailed: 0,
    rejected: new Map(),
  };
  /** Resolves when the node has done its rounds; rejects on a failure of its own, such as of training. */
  readonly finished: Promise<void>;
  private readonly options: FederationNodeOptions;
  private readonly core: GossipCore;
  private readonly topic: string;
  private readonly limits: CodecLimits;
  private readonly streamLimits: StreamLimits;
  private readonly stopping = new AbortController();
  private readonly timers = new Map<TimerName, NodeJS.Timeout>();
  private exchanged = new Set<string>();
  private divergence: TrainingDiverged | undefined;
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
    this.streamLimits = {
      messageBytesMax: messageBytesMax(this.limits),
      timeoutMs: options.streamTimeoutMs ?? 10_000,
      signal: this.stopping.signal,
    };
  }

  /** Starts to train, as Input 'started' says; before join() or after it. */
  begin(start: Omit<Extract<Input, { kind: 'started' }>, 'kind'>): void {
    this.dispatch({ kind: 'started', ...start });
  }

  /** After begin(): tells of other training rows, as Input 'dataChanged' says. */
  dataChanged(change: Omit<Extract<Input, { kind: 'dataChanged' }>, 'kind'>): void {
    this.dispatch({ kind: 'dataChanged', ...change });
  }

  /** Joins the federation's topic and serves its streams. A node that has not begun has neighbours and nothing to offer. */
  async join(): Promise<void> {
    const { host, settings } = this.options;
    const { libp2p, pubsub, refusals } = host;
    const { signal } = this.stopping;
    prepareTopic(host, this.topic, settings.exchange === 'broadcast');
    pubsub.topicValidators.set(this.topic, (relay, message) => this.onTopicMessage(relay, message));
    refusals.onRefused = (code) => this.count(new PeerError(code));
    const sync = () => this.syncPeers();
    for (const type of ['gossipsub:graft', 'gossipsub:prune', 'gossipsub:heartbeat', 'subscription-change'] as const) {
      pubsub.addEventListener(type, sync, { signal });
    }
    libp2p.addEventListener('peer:disconnect', sync, { signal });
    await serveStreams(libp2p, this.streamLimits, {
      onUpdate: (from, bytes) => {
        this.receive(from, bytes, 'stream');
      },
      onPull: (from, bytes) => this.onPull(from, bytes),
      onBadStream: (from, error) => this.count(error, from),
    });
    if (signal.aborted) return unserveStreams(libp2p);
    pubsub.subscribe(this.topic);
    this.syncPeers();
  }

  /** Leaves the federation: training that runs is abandoned, open streams are reset, nothing is served any more. */
  async stop(): Promise<void> {
    if (this.stopping.signal.aborted) return;
    this.dispatch({ kind: 'stopped' });
    this.stopping.abort(new Error('the node was stopped'));
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    this.settle.resolve();
    const { libp2p, pubsub, refusals } = this.options.host;
    pubsub.topicValidators.delete(this.topic);
    refusals.onRefused = () => undefined;
    if (libp2p.status !== 'started') return;
    pubsub.unsubscribe(this.topic);
    await unserveStreams(libp2p);
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

  private onTopicMessage(relay: PeerId, message: TopicMessage) {
    // Under StrictSign gossipsub has refused unsigned messages already.
    if (message.type !== 'signed') return verdictOf('malformed', 'neighbours');
    // Where nothing is forwarded, one neighbour could otherwise speak for any number of made-up peers.
    if (this.options.settings.exchange !== 'broadcast' && !relay.equals(message.from)) {
      return verdictOf(this.count(new PeerError('relayed'), relay.toString()), 'neighbours');
    }
    const { code, reach } = this.receive(message.from.toString(), message.data, 'topic');
    return verdictOf(code, reach);
  }

  private onPull(from: string, bytes: Uint8Array): Uint8Array[] {
    try {
      const message = decodeMessage(bytes, this.limits);
      if (message.kind !== 'pull') throw new PeerError('wrong-topic', `${message.kind} in place of a pull`);
      const answers = this.core.answer(message);
      if (answers.some(({ kind }) => kind === 'update')) this.counters.updatesSent++;
      return answers.map((answer) => {
        const encoded = encodeMessage(answer, this.options.federation);
        this.counters.sent.add(from, answer, encoded.length);
        return encoded;
      });
    } catch (error) {
      this.count(error, from);
      return [];
    }
  }

  /** Hands one message to the core, `request` being the pull it answers; the code says what was wrong with it. */
  private receive(
    from: string,
    bytes: Uint8Array,
    via: Way,
    request?: PullMessage,
  ): { code: PeerErrorCode | undefined; reach: Reach } {
    try {
      const message = decodeMessage(bytes, this.limits);
      this.counters.bytesReceived += bytes.length;
      const input = receivedInput(from, message, via, request);
      const isUpdate = message.kind === 'update';
      if (isUpdate && message.payload) {
        this.counters.updatesReceived++;
        this.counters.payloadBytesReceived += message.payload.length;
      }
      const effects = this.core.handle(input, this.options.clock.nowMs());
      this.run(effects);
      // A refused message has this one effect. Among others the penalty is for an older update of the sender.
      const [first, ...others] = effects;
      const code = first?.kind === 'penalise' && others.length === 0 ? first.code : undefined;
      const broadcast = isUpdate && this.options.settings.exchange === 'broadcast';
      return { code, reach: broadcast ? 'everyone' : 'neighbours' };
    } catch (error) {
      return { code: this.count(error, from), reach: 'neighbours' };
    }
  }

  /** Counts an error of `peer`, where it is known; anything else is a bug of ours and ends the node. */
  private count(error: unknown, peer?: string): PeerErrorCode | undefined {
    if (!(error instanceof PeerError)) {
      this.settle.reject(error);
      return undefined;
    }
    const { rejected } = this.counters;
    rejected.set(error.code, (rejected.get(error.code) ?? 0) + 1);
    if (peer !== undefined) this.options.onPeerError?.(peer, error.code);
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
          (error) => this.onTrainingFailed(error),
        );
        return;
      }
      case 'publish':
        for (const message of this.topicMessages(effect.message)) {
          const bytes = encodeMessage(message, federation);
          this.send(async () => {
            const { recipients } = await host.pubsub.publish(this.topic, bytes);
            for (const peer of recipients) this.counters.sent.add(peer.toString(), message, bytes.length);
            return message.kind === 'update' && message.payload ? recipients.length : 0;
          });
        }
        return;
      case 'send': {
        const bytes = encodeMessage(effect.message, federation);
        this.send(async () => {
          await pushUpdate(host.libp2p, effect.peer, bytes, this.streamLimits);
          this.counters.sent.add(effect.peer, effect.message, bytes.length);
          return 1;
        });
        return;
      }
      case 'pull':
        this.pull(effect.peer, effect.message);
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
        if (effect.event.type === 'diverged') this.settle.reject(this.divergence);
        return;
      case 'penalise':
        this.count(new PeerError(effect.code), effect.peer);
        return;
      case 'checkpoint': {
        const { kind: _, ...checkpoint } = effect;
        this.options.onCheckpoint?.(checkpoint);
        return;
      }
    }
  }

  /** Many moments go in several messages: who is sent more than gossipsub takes hears nothing from the sender any more. */
  private topicMessages(message: UpdateMessage | MomentsMessage): (UpdateMessage | MomentsMessage)[] {
    if (message.kind === 'update') return [message];
    const originBytesMax = messageBytesMax({ payloadBytesMax: 0, originsMax: 1, features: this.limits.features });
    const originsMax = Math.max(1, Math.floor(topicMessageBytesMax / originBytesMax));
    const { kind, origins } = message;
    return Array.from({ length: Math.ceil(origins.length / originsMax) }, (_, i) => ({
      kind,
      origins: origins.slice(i * originsMax, (i + 1) * originsMax),
    }));
  }

  private onTrainingFailed(error: unknown): void {
    if (this.stopping.signal.aborted) return;
    if (error instanceof TrainingDiverged) {
      this.divergence = error;
      this.dispatch({ kind: 'trainingFailed' });
    } else this.settle.reject(error);
  }

  /** An exchange of ours failed: through the peer, or the network. */
  private onFailure(error: unknown, peer?: string): void {
    if (this.stopping.signal.aborted) return;
    if (error instanceof PeerError) this.count(error, peer);
    else this.counters.sendsFailed++;
  }

  /** `work` gives the number of updates sent. */
  private send(work: () => Promise<number>): void {
    work().then(
      (updates) => {
        this.counters.updatesSent += updates;
      },
      (error) => this.onFailure(error),
    );
  }

  private pull(peer: string, request: PullMessage): void {
    const { host, federation } = this.options;
    pullModel(host.libp2p, peer, encodeMessage(request, federation), this.streamLimits)
      .then((answers) => {
        for (const bytes of answers) this.receive(peer, bytes, 'answer', request);
      })
      .catch((error: unknown) => this.onFailure(error, peer))
      .finally(() => {
        // Whatever came of it, a node that joins waits for this peer no longer.
        if (request.digest.length === 0) this.dispatch({ kind: 'notHeldReceived', from: peer });
      });
  }
}
