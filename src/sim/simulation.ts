// A simulated fleet: the core of a live node, driven by a virtual clock and a virtual network. Owns the virtual time and what
// becomes of each core's effects. Training is real; only when it is done is virtual, so that no machine's speed changes a run.
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { encodeMessage, type Message, type PullMessage } from '../gossip/codec.ts';
import { GossipCore } from '../gossip/core.ts';
import type { Moments } from '../gossip/moments.ts';
import { type PayloadReader, readPayload } from '../gossip/payload.ts';
import type { PeerErrorCode } from '../gossip/peer-error.ts';
import type { CoreEvent, CoreSettings, Effect, Input, TimerName } from '../gossip/protocol.ts';
import { type SentBytes, SentBytesCounter, totalOf } from '../gossip/sent-bytes.ts';
import type { Prng } from '../lib/prng.ts';
import { EventQueue } from './event-queue.ts';
import { type NetworkSettings, VirtualNetwork } from './network.ts';
import { Trace } from './trace.ts';

/** What a node trains with; as in a live node, but a divergence is told apart by the one who knows. */
export interface SimulatedLearner {
  train(round: number, weights: Float32Array, signal: AbortSignal): Promise<{ weights: Float32Array; loss: number }>;
  rescale(moments: Moments): void;
  /** Whether train() rejected because weights or loss overflowed. */
  isDivergence(error: unknown): boolean;
}

/** One node of the fleet. */
export interface SimulatedNode {
  /** `self` names the node to its peers. */
  settings: CoreSettings;
  learner: SimulatedLearner;
  /** The first weights, as in Input 'started'. */
  weights: Float32Array;
  /** Training rows. */
  samples: number;
  /** Given where a scaler is shared. */
  moments?: Moments;
  /** Virtual milliseconds that a round of training takes, above 0. */
  trainMs: number;
}

export interface SimulationOptions {
  /** Federation id, 32 bytes. */
  federation: Uint8Array;
  nodes: readonly SimulatedNode[];
  /** Numbers of each node's neighbours; symmetric. */
  neighbours: readonly (readonly number[])[];
  network: NetworkSettings;
  prng: Prng;
  signal: AbortSignal;
  /** `bytesSent` by that node so far. */
  onEvent(node: number, event: CoreEvent, bytesSent: number): void;
}

/** What a node has sent and received. */
export interface SimulatedTraffic {
  bytesSent: SentBytes;
  bytesReceived: number;
  /** Updates with their payload. */
  updatesSent: number;
  updatesReceived: number;
  /** Messages that were refused, by code. */
  rejected: Map<string, number>;
}

export interface SimulationResult {
  traceHash: string;
  /** Virtual time at the end. */
  endedAtMs: number;
  /** In the order of the nodes. */
  traffic: SimulatedTraffic[];
}

/** Events after which other work of the process gets a turn. */
const eventsPerTurn = 4096;

/** Runs a fleet until every node has finished its rounds. Rejects with the signal's reason, or with what ended a training. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  return new Simulation(options).run();
}

interface Running {
  core: GossipCore;
  learner: SimulatedLearner;
  trainMs: number;
  traffic: SimulatedTraffic;
  sent: SentBytesCounter;
  timers: Map<TimerName, number>;
  divergence: unknown;
}

class Simulation {
  private readonly options: SimulationOptions;
  private readonly nodes: Running[];
  private readonly numbers: Map<string, number>;
  private readonly queue = new EventQueue();
  private readonly network: VirtualNetwork;
  private readonly trace = new Trace();
  private nowMs = 0;
  private timersSet = 0;
  private finished = 0;

  constructor(options: SimulationOptions) {
    this.options = options;
    const read = sharedReader();
    this.nodes = options.nodes.map(({ settings, learner, trainMs }, i) => {
      const sent = new SentBytesCounter();
      return {
        core: new GossipCore({ ...settings, readPayload: read }, options.prng.fork(`node ${i}`)),
        learner,
        trainMs,
        traffic: { bytesSent: sent.bytes, bytesReceived: 0, updatesSent: 0, updatesReceived: 0, rejected: new Map() },
        sent,
        timers: new Map(),
        divergence: undefined,
      };
    });
    this.numbers = new Map(options.nodes.map(({ settings }, i) => [settings.self, i]));
    this.network = new VirtualNetwork(options.network, options.nodes.length, options.prng.fork('network'));
  }

  async run(): Promise<SimulationResult> {
    const { options, queue } = this;
    const { nodes, neighbours, signal } = options;
    nodes.forEach(({ weights, samples, moments }, i) => {
      for (const peer of neighbours[i] as readonly number[]) this.feed(i, { kind: 'peerUp', peer: this.peerOf(peer) });
      this.feed(i, { kind: 'started', weights, samples, ...(moments && { moments }) });
    });
    for (let events = 1; this.finished < nodes.length; events++) {
      signal.throwIfAborted();
      const event = queue.next();
      assert(event !== undefined, 'nothing is planned, and not every node has finished');
      this.nowMs = event.atMs;
      const wait = event.act();
      if (wait) await wait;
      if (events % eventsPerTurn === 0) await setImmediate();
    }
    return {
      traceHash: this.trace.digest(),
      endedAtMs: this.nowMs,
      traffic: this.nodes.map(({ traffic }) => traffic),
    };
  }

  private feed(node: number, input: Input): void {
    this.trace.add(this.nowMs, node, input);
    for (const effect of this.node(node).core.handle(input, this.nowMs)) this.carryOut(node, effect);
  }

  private carryOut(node: number, effect: Effect): void {
    const { queue, nowMs } = this;
    const { learner, timers } = this.node(node);
    switch (effect.kind) {
      case 'train':
        this.train(node, effect.round, effect.weights);
        return;
      case 'publish':
        this.send(node, this.options.neighbours[node] as readonly number[], effect.message);
        return;
      case 'send':
        this.send(node, [this.numberOf(effect.peer)], effect.message);
        return;
      case 'pull':
        this.pull(node, this.numberOf(effect.peer), effect.message);
        return;
      case 'setTimer': {
        const { timer, delayMs } = effect;
        const token = ++this.timersSet;
        timers.set(timer, token);
        queue.add(nowMs + delayMs, () => {
          if (timers.get(timer) === token) this.feed(node, { kind: 'timerFired', timer });
        });
        return;
      }
      case 'rescale':
        learner.rescale(effect.moments);
        return;
      case 'emit':
        this.emit(node, effect.event);
        return;
      case 'penalise':
        this.countRejected(node, effect.code);
        return;
      case 'checkpoint':
        return;
    }
  }

  /** Begins at once, with all that can train beside it; the answer comes at its virtual time. */
  private train(node: number, round: number, weights: Float32Array): void {
    const running = this.node(node);
    const training = running.learner.train(round, weights, this.options.signal);
    // Whoever waits for it below sees why it failed.
    training.catch(() => undefined);
    this.queue.add(this.nowMs + running.trainMs, async () => {
      try {
        this.feed(node, { kind: 'trained', round, ...(await training) });
      } catch (error) {
        if (!running.learner.isDivergence(error)) throw error;
        running.divergence = error;
        this.feed(node, { kind: 'trainingFailed' });
      }
    });
  }

  private emit(node: number, event: CoreEvent): void {
    this.options.onEvent(node, event, totalOf(this.node(node).sent.bytes));
    if (event.type === 'diverged') throw this.node(node).divergence;
    if (event.type === 'finished') this.finished++;
  }

  private send(from: number, to: readonly number[], message: Message): void {
    const bytes = this.bytesOf(message);
    for (const peer of to) {
      const arrivals = this.network.arrivals(from, bytes, this.nowMs);
      this.countSent(from, peer, message, bytes, arrivals.length);
      for (const atMs of arrivals) {
        this.queue.add(atMs, () => this.receive(from, peer, message, bytes));
      }
    }
  }

  /** Over a stream: the answers come together and in order, and then its end. */
  private pull(from: number, to: number, request: PullMessage): void {
    const bytes = this.bytesOf(request);
    this.countSent(from, to, request, bytes);
    this.queue.add(this.network.arrival(from, bytes, this.nowMs), () => {
      this.node(to).traffic.bytesReceived += bytes;
      const answers = this.node(to).core.answer(request);
      const sizes = answers.map((answer) => this.bytesOf(answer));
      answers.forEach((answer, i) => {
        this.countSent(to, from, answer, sizes[i] as number);
      });
      const total = sizes.reduce((sum, size) => sum + size, 0);
      this.queue.add(this.network.arrival(to, total, this.nowMs), () => {
        answers.forEach((answer, i) => {
          this.receive(to, from, answer, sizes[i] as number, request);
        });
        // Whatever came of it, a node that joins waits for this peer no longer.
        if (request.digest.length === 0) this.feed(from, { kind: 'notHeldReceived', from: this.peerOf(to) });
      });
    });
  }

  /** `request` is the pull that a message answers. */
  private receive(from: number, to: number, message: Message, bytes: number, request?: PullMessage): void {
    const { traffic } = this.node(to);
    traffic.bytesReceived += bytes;
    const peer = this.peerOf(from);
    const pulled = request !== undefined;
    switch (message.kind) {
      case 'update':
        if (message.payload) traffic.updatesReceived++;
        this.feed(to, { kind: 'updateReceived', from: peer, update: message, pulled });
        return;
      case 'moments':
        this.feed(to, { kind: 'momentsReceived', from: peer, moments: message, pulled });
        return;
      case 'notHeld':
        // Whoever asks for moments too expects them, and the model only where there is one.
        if (request && request.digest.length > 0 && !request.moments) this.countRejected(to, 'not-held');
        else this.feed(to, { kind: 'notHeldReceived', from: peer });
        return;
      case 'pull':
        assert.fail('a pull goes over a stream');
    }
  }

  /** Bytes of a message on the wire, before encryption. */
  private bytesOf(message: Message): number {
    if (message.kind !== 'update' || !message.payload) return encodeMessage(message, this.options.federation).length;
    const { payload, ...header } = message;
    return encodeMessage(header, this.options.federation).length + payload.length;
  }

  private countSent(from: number, to: number, message: Message, bytes: number, arrivals = 1): void {
    const { traffic, sent } = this.node(from);
    sent.add(to, message, bytes, arrivals);
    if (message.kind === 'update' && message.payload) traffic.updatesSent++;
  }

  private countRejected(node: number, code: PeerErrorCode): void {
    const { rejected } = this.node(node).traffic;
    rejected.set(code, (rejected.get(code) ?? 0) + 1);
  }

  private node(number: number): Running {
    return this.nodes[number] as Running;
  }

  private peerOf(number: number): string {
    return (this.options.nodes[number] as SimulatedNode).settings.self;
  }

  private numberOf(peer: string): number {
    const number = this.numbers.get(peer);
    assert(number !== undefined, `no node ${peer}`);
    return number;
  }
}

/** Reads a payload that goes to many nodes once. Cores change no weights in place, so they may share them. */
function sharedReader(): PayloadReader {
  const known = new WeakMap<Uint8Array, Float32Array>();
  return (payload, ...rest) => {
    const weights = known.get(payload) ?? readPayload(payload, ...rest);
    known.set(payload, weights);
    return weights;
  };
}
