// A simulated fleet: the core of a live node, driven by a virtual clock and a virtual network. Owns the virtual time and what
// becomes of each core's effects. Training is real; only when it is done is virtual, so that no machine's speed changes a run.
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { encodeMessage, type Message, type PullMessage } from '../gossip/codec.ts';
import { type Carried, type PayloadReader, readPayload } from '../gossip/compression/update-payload.ts';
import { GossipCore } from '../gossip/core.ts';
import type { Moments } from '../gossip/moments.ts';
import { PeerError, type PeerErrorCode } from '../gossip/peer-error.ts';
import type { CoreEvent, CoreSettings, Effect, Input, PullAnswer, TimerName } from '../gossip/protocol.ts';
import { receivedInput } from '../gossip/received.ts';
import type { Prng } from '../lib/prng.ts';
import type { CheckerFactory } from './checkers/checker.ts';
import { Watch } from './checkers/watch.ts';
import { EventQueue } from './event-queue.ts';
import { type NetworkSettings, VirtualNetwork } from './network.ts';
import { Trace } from './trace.ts';
import { Wire, type WireFaults } from './wire.ts';

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
  onEvent(node: number, event: CoreEvent): void;
  /** Where given, messages go through their bytes; otherwise objects are passed on as they are, which is faster. */
  wire?: WireFaults;
  /** What else watches, besides the checkers of every simulation. */
  checkers?: readonly CheckerFactory[];
  /** What a node runs on; a core as in a live node unless given. */
  createCore?(settings: CoreSettings, prng: Prng): GossipCore;
}

/** What a node has sent and received. */
export interface SimulatedTraffic {
  bytesSent: number;
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

/**
 * Runs a fleet until every node has finished its rounds. Rejects with the signal's reason, with what ended a training, or
 * with InvariantViolated.
 */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  return new Simulation(options).run();
}

interface Running {
  core: GossipCore;
  learner: SimulatedLearner;
  trainMs: number;
  traffic: SimulatedTraffic;
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
  private readonly watch: Watch;
  private readonly wire: Wire | undefined;
  private nowMs = 0;
  private timersSet = 0;
  private finished = 0;

  constructor(options: SimulationOptions) {
    this.options = options;
    const { createCore = (settings, prng) => new GossipCore(settings, prng) } = options;
    const read = sharedReader();
    this.nodes = options.nodes.map(({ settings, learner, trainMs }, i) => ({
      core: createCore({ ...settings, readPayload: read }, options.prng.fork(`node ${i}`)),
      learner,
      trainMs,
      traffic: { bytesSent: 0, bytesReceived: 0, updatesSent: 0, updatesReceived: 0, rejected: new Map() },
      timers: new Map(),
      divergence: undefined,
    }));
    this.numbers = new Map(options.nodes.map(({ settings }, i) => [settings.self, i]));
    this.network = new VirtualNetwork(options.network, options.nodes.length, options.prng.fork('network'));
    const [first] = options.nodes;
    this.wire =
      first && options.wire && new Wire(options.federation, first.settings, options.wire, options.prng.fork('wire'));
    const fleet = { nodes: options.nodes, held: (node: number) => this.node(node).core.held };
    this.watch = new Watch(fleet, options.checkers ?? []);
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
      if (event === undefined) break;
      this.nowMs = event.atMs;
      this.watch.onTime(this.nowMs);
      const wait = event.act();
      if (wait) await wait;
      if (events % eventsPerTurn === 0) await setImmediate();
    }
    this.watch.onEnd(this.nowMs);
    assert.equal(this.finished, nodes.length, 'nothing is planned, and not every node has finished');
    return {
      traceHash: this.trace.digest(),
      endedAtMs: this.nowMs,
      traffic: this.nodes.map(({ traffic }) => traffic),
    };
  }

  private feed(node: number, input: Input): void {
    this.trace.add(this.nowMs, node, input);
    this.watch.onInput(node, input, this.nowMs);
    for (const effect of this.node(node).core.handle(input, this.nowMs)) {
      this.watch.onEffect(node, effect, this.nowMs);
      this.carryOut(node, effect);
    }
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
    this.options.onEvent(node, event);
    if (event.type === 'diverged') throw this.node(node).divergence;
    if (event.type === 'finished') this.finished++;
  }

  private send(from: number, to: readonly number[], message: Message): void {
    const bytes = this.bytesOf(message);
    for (const peer of to) {
      this.countSent(from, message, bytes);
      for (const atMs of this.network.arrivals(from, bytes, this.nowMs)) {
        this.queue.add(atMs, () => this.receive(from, peer, message, bytes));
      }
    }
  }

  /** Over a stream: the answers come together and in order, and then its end. */
  private pull(from: number, to: number, request: PullMessage): void {
    const bytes = this.bytesOf(request);
    this.countSent(from, request, bytes);
    this.queue.add(this.network.arrival(from, bytes, this.nowMs), () => {
      this.node(to).traffic.bytesReceived += bytes;
      const answers = this.answersOf(to, request);
      const sizes = answers.map((answer) => this.bytesOf(answer));
      answers.forEach((answer, i) => {
        this.countSent(to, answer, sizes[i] as number);
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

  private answersOf(node: number, request: PullMessage): PullAnswer[] {
    const message = this.readBy(node, () => this.wire?.carried(request) ?? request);
    if (message?.kind === 'pull') return this.node(node).core.answer(message);
    if (message) this.countRejected(node, 'wrong-topic');
    return [];
  }

  /** `request` is the pull that a message answers. */
  private receive(from: number, to: number, sent: Message, bytes: number, request?: PullMessage): void {
    const { wire } = this;
    const peer = this.peerOf(from);
    this.node(to).traffic.bytesReceived += bytes;
    this.take(to, peer, () => wire?.carried(sent) ?? sent, request);
    if (wire?.hasStray()) this.take(to, `a stranger beside ${peer}`, () => wire.stray(sent));
  }

  private take(node: number, from: string, read: () => Message, request?: PullMessage): void {
    const input = this.readBy(node, () => receivedInput(from, read(), request ? 'answer' : 'topic', request));
    if (input === undefined) return;
    if (input.kind === 'updateReceived' && input.update.payload) this.node(node).traffic.updatesReceived++;
    this.feed(node, input);
  }

  /** What `read` gives; undefined where it is refused, which is counted. */
  private readBy<T>(node: number, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      this.countRejected(node, error.code);
      return undefined;
    }
  }

  /** Bytes of a message on the wire, before encryption. */
  private bytesOf(message: Message): number {
    if (message.kind !== 'update' || !message.payload) return encodeMessage(message, this.options.federation).length;
    const { payload, ...header } = message;
    return encodeMessage(header, this.options.federation).length + payload.length;
  }

  private countSent(from: number, message: Message, bytes: number): void {
    const { traffic } = this.node(from);
    traffic.bytesSent += bytes;
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
  const known = new WeakMap<Uint8Array, Carried>();
  return (payload, ...rest) => {
    const carried = known.get(payload) ?? readPayload(payload, ...rest);
    known.set(payload, carried);
    return carried;
  };
}
