// A simulated fleet: the core of a live node, driven by a virtual clock and a virtual network. Owns what becomes of each core's
// effects and when faults befall it. Training is real; only when it is done is virtual, so that no machine's speed changes a run.
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { readPayload } from '../gossip/compression/update-payload.ts';
import { GossipCore } from '../gossip/core.ts';
import type { CoreEvent, Effect, Input } from '../gossip/protocol.ts';
import { totalOf } from '../gossip/sent-bytes.ts';
import type { Prng } from '../lib/prng.ts';
import type { CheckerFactory } from './checkers/checker.ts';
import { Watch } from './checkers/watch.ts';
import { Delivery } from './delivery.ts';
import { EventQueue } from './event-queue.ts';
import type { FaultEvent, FaultPlan } from './fault-plan.ts';
import { type CoreFactory, FleetNode, type SimulatedNode, type SimulatedTraffic } from './fleet.ts';
import { type LinkSettings, Links } from './links.ts';
import { heartbeatMs } from './mesh.ts';
import { type NetworkSettings, VirtualNetwork } from './network.ts';
import { readTrusted, sharedReader } from './shared-reader.ts';
import { Trace } from './trace.ts';
import { Wire, type WireFaults } from './wire.ts';

export type { SimulatedLearner, SimulatedNode, SimulatedTraffic } from './fleet.ts';

/** A fleet, its network, and who watches. */
export interface SimulationOptions extends LinkSettings {
  /** Federation id, 32 bytes. */
  federation: Uint8Array;
  nodes: readonly SimulatedNode[];
  network: NetworkSettings;
  /** What befalls the fleet; nothing unless given. */
  faults?: FaultPlan | undefined;
  prng: Prng;
  signal: AbortSignal;
  /** Times are virtual, whatever the node's own clock shows; `bytesSent` by that node so far. */
  onEvent(node: number, event: CoreEvent, bytesSent: number): void;
  /** A node is down and comes back no more. */
  onGone?(node: number): void;
  /** Where given, messages go through their bytes; otherwise objects are passed on as they are, which is faster. */
  wire?: WireFaults;
  /** What else watches, besides the checkers of every simulation. */
  checkers?: readonly CheckerFactory[];
  /** A core as in a live node unless given. */
  createCore?: CoreFactory;
}

/** What is left of a simulation. */
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
 * Runs a fleet until every node has finished its rounds, but for those that are down for ever. Rejects with the signal's
 * reason, with what ended a training, or with InvariantViolated.
 */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  return new Simulation(options).run();
}

class Simulation {
  private readonly options: SimulationOptions;
  private readonly nodes: readonly FleetNode[];
  private readonly numbers: Map<string, number>;
  private readonly queue = new EventQueue();
  private readonly links: Links;
  private readonly delivery: Delivery;
  private readonly trace = new Trace();
  private readonly watch: Watch;
  /** Nodes that are to finish and have not. */
  private readonly awaited: Set<number>;
  private isHeartbeatPlanned = false;

  constructor(options: SimulationOptions) {
    this.options = options;
    const { prng, faults, federation, wire } = options;
    const { createCore = (settings, random) => new GossipCore(settings, random) } = options;
    const read = sharedReader(wire ? readPayload : readTrusted);
    const coreOf: CoreFactory = (settings, random) => createCore({ ...settings, readPayload: read }, random);
    this.nodes = options.nodes.map(
      (node, i) => new FleetNode(node, coreOf, faults?.clockRates[i] ?? 1, prng.fork(`node ${i}`)),
    );
    this.numbers = new Map(options.nodes.map(({ settings }, i) => [settings.self, i]));
    this.awaited = new Set(this.nodes.keys());
    this.links = new Links(options, prng.fork('links'), (node, kind, peer) =>
      this.feed(node, { kind, peer: this.peerOf(peer) }),
    );
    const [first] = options.nodes;
    this.delivery = new Delivery({
      federation,
      nodes: this.nodes,
      links: this.links,
      network: new VirtualNetwork(options.network, options.nodes.length, prng.fork('network')),
      queue: this.queue,
      wire: first && wire && new Wire(federation, first.settings, wire, prng.fork('wire')),
      peerOf: (node) => this.peerOf(node),
      feed: (node, input) => this.feed(node, input),
    });
    this.watch = new Watch(
      { settings: options.nodes.map(({ settings }) => settings), now: this.nodes },
      options.checkers ?? [],
      !wire?.corruption,
    );
  }

  async run(): Promise<SimulationResult> {
    const { queue, awaited } = this;
    const { faults, signal } = this.options;
    const absent = new Set(faults?.absent);
    for (const event of faults?.events ?? []) queue.add(event.atMs, () => this.befall(event));
    for (const node of absent) this.noteIfGone(node);
    this.start([...this.nodes.keys()].filter((node) => !absent.has(node)));
    for (let events = 1; awaited.size > 0; events++) {
      signal.throwIfAborted();
      const event = queue.next();
      // A message given to assert() would be made at every event.
      if (event === undefined) assert.fail(`nothing is planned, and these have not finished: ${this.unfinishedText()}`);
      this.watch.onTime(event.atMs);
      const wait = event.act();
      if (wait) await wait;
      if (events % eventsPerTurn === 0) await setImmediate();
    }
    this.watch.onEnd(queue.nowMs);
    return {
      traceHash: this.trace.digest(),
      endedAtMs: queue.nowMs,
      traffic: this.nodes.map(({ traffic }) => traffic),
    };
  }

  private befall(event: FaultEvent): void {
    const { links, queue, options } = this;
    const detectionMs = options.faults?.detectionMs ?? 0;
    const notice = (act: () => void) =>
      queue.add(event.atMs + detectionMs, () => {
        act();
        this.planHeartbeat();
      });
    this.trace.addFault(event.atMs, JSON.stringify(event));
    switch (event.kind) {
      case 'down':
        links.wentDown(event.nodes);
        for (const node of event.nodes) {
          this.watch.onDown(node);
          this.node(node).crash();
          this.noteIfGone(node);
          notice(() => links.noticeDown(node));
        }
        return;
      case 'up': {
        const late = event.nodes.filter((node) => links.startOf(node) === 0);
        this.start(event.nodes);
        for (const node of late) links.noticeUp(node);
        for (const node of event.nodes) if (!late.includes(node)) notice(() => links.noticeUp(node));
        return;
      }
      case 'partition':
      case 'heal':
        links.part(event.kind === 'partition' ? event.parts : undefined);
        notice(() => links.noticeParts());
        return;
      case 'slow':
        for (const node of event.nodes) this.node(node).slowness = event.factor;
    }
  }

  private start(nodes: readonly number[]): void {
    for (const node of nodes) this.node(node).start();
    this.links.cameUp(nodes);
    for (const node of nodes) {
      this.links.meetAll(node);
      // At the start the mesh is as it was drawn.
      if (this.queue.nowMs > 0) this.links.rejoinMesh(node);
      this.feed(node, this.node(node).startedInput());
    }
    this.planHeartbeat();
  }

  private noteIfGone(node: number): void {
    const { faults, onGone } = this.options;
    if (faults?.goneForEverAtMs.get(node) !== this.queue.nowMs) return;
    this.awaited.delete(node);
    onGone?.(node);
  }

  /** The mesh heals at heartbeats; they are planned only where faults have left something to heal. */
  private planHeartbeat(): void {
    const { links, queue } = this;
    if (this.options.faults === undefined || !links.isUnhealthy || this.isHeartbeatPlanned) return;
    this.isHeartbeatPlanned = true;
    queue.add(heartbeatMs * (Math.floor(queue.nowMs / heartbeatMs) + 1), () => {
      this.isHeartbeatPlanned = false;
      links.heal();
      this.planHeartbeat();
    });
  }

  private feed(number: number, input: Input): void {
    const { nowMs } = this.queue;
    const node = this.node(number);
    assert(node.core !== undefined, `${input.kind} for node ${number}, which is down`);
    this.trace.add(nowMs, number, input);
    this.watch.onInput(number, input, nowMs);
    for (const effect of node.core.handle(input, node.localMs(nowMs))) {
      this.watch.onEffect(number, effect, nowMs);
      this.carryOut(number, effect);
    }
  }

  private carryOut(number: number, effect: Effect): void {
    const { queue, links, delivery } = this;
    const node = this.node(number);
    switch (effect.kind) {
      case 'train':
        links.beginRound(number, effect.clockRound);
        this.train(number, effect.round, effect.weights);
        return;
      case 'publish':
        delivery.send(number, links.recipientsOf(number), effect.message);
        return;
      case 'send':
        delivery.send(number, [this.numberOf(effect.peer)], effect.message);
        return;
      case 'pull':
        delivery.pull(number, this.numberOf(effect.peer), effect.message);
        return;
      case 'setTimer': {
        const { timer, delayMs } = effect;
        const isCurrent = node.setTimer(timer);
        queue.add(queue.nowMs + node.virtualMs(delayMs), () => {
          if (isCurrent()) this.feed(number, { kind: 'timerFired', timer });
        });
        return;
      }
      case 'rescale':
        node.learner.rescale(effect.moments);
        return;
      case 'emit':
        this.emit(number, effect.event);
        return;
      case 'penalise':
        delivery.countRejected(number, effect.code);
        return;
      case 'checkpoint':
        node.checkpoint = effect;
        return;
    }
  }

  /** Begins at once, with all that can train beside it; the answer comes at its virtual time, unless the node crashes before. */
  private train(number: number, round: number, weights: Float32Array): void {
    const node = this.node(number);
    const { core, learner } = node;
    const training = learner.train(round, weights, this.options.signal);
    // Whoever waits for it below sees why it failed.
    training.catch(() => undefined);
    this.queue.add(this.queue.nowMs + node.trainMs, async () => {
      if (node.core !== core) return;
      try {
        this.feed(number, { kind: 'trained', round, ...(await training) });
      } catch (error) {
        if (!learner.isDivergence(error)) throw error;
        node.divergence = error;
        this.feed(number, { kind: 'trainingFailed' });
      }
    });
  }

  private emit(node: number, event: CoreEvent): void {
    this.options.onEvent(node, { ...event, atMs: this.queue.nowMs }, totalOf(this.node(node).sent.bytes));
    if (event.type === 'diverged') throw this.node(node).divergence;
    if (event.type === 'finished') this.awaited.delete(node);
  }

  private unfinishedText(): string {
    const states = [...this.awaited].map((node) => `${this.peerOf(node)} (${this.links.isUp(node) ? 'up' : 'down'})`);
    return `${states.slice(0, 10).join(', ')}${states.length > 10 ? ` and ${states.length - 10} more` : ''}`;
  }

  private node(number: number): FleetNode {
    return this.nodes[number] as FleetNode;
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
