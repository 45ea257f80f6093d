// A deterministic network of cores for tests: virtual time, links in order, scripted training, the real bytes of every
// message. Owns the order of events and the transcript; asserts nothing.
import assert from 'node:assert/strict';
import {
  type CodecLimits,
  decodeMessage,
  encodeMessage,
  type Message,
  type UpdateMessage,
} from '../../src/gossip/codec.ts';
import { GossipCore } from '../../src/gossip/core.ts';
import { federationId } from '../../src/gossip/manifest.ts';
import type { Moments } from '../../src/gossip/moments.ts';
import { digestOf, encodePayload, payloadBytesOf, weightCountOf } from '../../src/gossip/payload.ts';
import { PeerError } from '../../src/gossip/peer-error.ts';
import type {
  CoreEvent,
  CoreSettings,
  Effect,
  Input,
  Progress,
  PullAnswer,
  TimerName,
} from '../../src/gossip/protocol.ts';
import { Prng } from '../../src/lib/prng.ts';
import { momentsText, Transcript } from './transcript.ts';

/** What one node starts from and does. */
export interface NodeScript {
  /** The first weights; zeros by default. */
  weights?: readonly number[];
  /** Default 10. */
  samples?: number;
  /** Given where the federation shares a scaler. */
  moments?: Moments;
  /** What it goes on from after a restart, with `weights`. */
  resume?: Progress;
  settings?: Partial<CoreSettings>;
  /** Default 100 ms. */
  trainMs?(round: number): number;
  /** Default: adds 1 to every weight. */
  train?(round: number, weights: Float32Array): Float32Array;
  /** What a liar makes of its own messages. */
  forge?(message: Message): Message;
}

export interface NetworkOptions {
  settings?: Partial<CoreSettings>;
  /** Of one message; messages of one link stay in order. Default 10 ms. */
  latencyMs?(from: string, to: string): number;
  /** True where a topic message is lost. */
  loses?(from: string, to: string, message: Message): boolean;
  /** Features of the shared scaler, where there is one. */
  features?: number;
}

export type RoundEvent = Extract<CoreEvent, { type: 'round' }>;

export const federation = federationId({ test: 'core-network' });
const defaultShapes = [{ rows: 1, columns: 2 }];
const originsMax = 64;
/** A run with more events than this hangs in a loop. */
const eventsMax = 200_000;

interface Node {
  core: GossipCore;
  script: NodeScript;
  settings: CoreSettings;
  running: boolean;
  timers: Map<TimerName, symbol>;
}

export class CoreNetwork {
  readonly transcript = new Transcript();
  /** Inputs and effects of every node, in order. */
  readonly trace: { atMs: number; node: string; input?: Input; effect?: Effect }[] = [];
  nowMs = 0;
  private readonly options: NetworkOptions;
  private readonly nodes = new Map<string, Node>();
  private readonly links = new Set<string>();
  private readonly lastArrivalMs = new Map<string, number>();
  private readonly queue: { atMs: number; act: () => void }[] = [];

  constructor(options: NetworkOptions = {}) {
    this.options = options;
  }

  /** Adds a node that is not started yet, or replaces one that was stopped. */
  add(name: string, script: NodeScript = {}): void {
    const settings = { ...this.defaults(name), ...this.options.settings, ...script.settings };
    const core = new GossipCore(settings, new Prng(name));
    this.nodes.set(name, { core, script, settings, running: false, timers: new Map() });
  }

  /** Runs `act` at a time to come; events of one time run in the order in which they were planned. */
  at(atMs: number, act: () => void): void {
    assert.ok(atMs >= this.nowMs, 'an event in the past');
    let index = this.queue.length;
    while (index > 0 && this.queue[index - 1]!.atMs > atMs) index--;
    this.queue.splice(index, 0, { atMs, act });
  }

  /** Runs every event up to `untilMs`, and then it is that time. */
  run(untilMs = Number.POSITIVE_INFINITY): void {
    for (let events = 0; this.queue.length > 0 && this.queue[0]!.atMs <= untilMs; events++) {
      assert.ok(events < eventsMax, 'the network does not come to rest');
      const { atMs, act } = this.queue.shift()!;
      this.nowMs = atMs;
      act();
    }
    if (Number.isFinite(untilMs)) this.nowMs = Math.max(this.nowMs, untilMs);
  }

  start(name: string): void {
    const node = this.node(name);
    const { script, settings } = node;
    node.running = true;
    const weights = new Float32Array(weightCountOf(settings.shapes));
    weights.set(script.weights ?? []);
    const { samples = 10, moments, resume } = script;
    this.feed(name, { kind: 'started', weights, samples, ...(moments && { moments }), ...(resume && { resume }) });
    for (const peer of this.neighbours(name)) this.meet(name, peer);
  }

  stop(name: string): void {
    for (const peer of this.neighbours(name)) this.feed(peer, { kind: 'peerDown', peer: name });
    this.feed(name, { kind: 'stopped' });
    this.node(name).running = false;
  }

  link(a: string, b: string): void {
    this.links.add(linkOf(a, b));
    if (this.node(a).running && this.node(b).running) this.meet(a, b);
  }

  unlink(a: string, b: string): void {
    if (!this.links.delete(linkOf(a, b))) return;
    for (const [name, peer] of [[a, b] as const, [b, a] as const]) {
      if (this.node(name).running) this.feed(name, { kind: 'peerDown', peer });
    }
  }

  /** Hands a node one message of a peer now, as it would come from the network. */
  deliver(from: string, to: string, message: Message | Uint8Array, pulled = false): void {
    if (!this.node(to).running) return;
    const bytes = message instanceof Uint8Array ? message : encodeMessage(message, federation);
    try {
      const decoded = decodeMessage(bytes, this.limits(to));
      this.feed(to, toInput(from, decoded, pulled));
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      this.transcript.refused(this.nowMs, to, from, error.code);
    }
  }

  core(name: string): GossipCore {
    return this.node(name).core;
  }

  neighbours(name: string): string[] {
    return [...this.nodes.keys()].filter((peer) => this.linked(name, peer) && this.node(peer).running);
  }

  /** What `name` mixed, round by round. */
  rounds(name: string): RoundEvent[] {
    return this.events(name).filter((event) => event.type === 'round');
  }

  events(name: string): CoreEvent[] {
    return this.effects(name).flatMap((effect) => (effect.kind === 'emit' ? [effect.event] : []));
  }

  effects(name: string): Effect[] {
    return this.trace.flatMap(({ node, effect }) => (node === name && effect ? [effect] : []));
  }

  /** Penalties that `name` gave, as 'peer code'. */
  penalties(name: string): string[] {
    return this.effects(name).flatMap((effect) =>
      effect.kind === 'penalise' ? [`${effect.peer} ${effect.code}`] : [],
    );
  }

  /** Gives a running node an input and carries out what follows. */
  feed(name: string, input: Input): void {
    const { core, settings } = this.node(name);
    this.trace.push({ atMs: this.nowMs, node: name, input });
    this.transcript.input(this.nowMs, name, input, settings.shapes);
    for (const effect of core.handle(input, this.nowMs)) {
      this.trace.push({ atMs: this.nowMs, node: name, effect });
      this.transcript.effect(this.nowMs, name, effect, settings.shapes);
      this.carryOut(name, effect);
    }
  }

  private carryOut(name: string, effect: Effect): void {
    const node = this.node(name);
    const { script, timers } = node;
    switch (effect.kind) {
      case 'train': {
        const { round, weights } = effect;
        const trained = script.train?.(round, weights) ?? weights.map((weight) => weight + 1);
        this.at(this.nowMs + (script.trainMs?.(round) ?? 100), () =>
          this.feedIfRunning(name, node, { kind: 'trained', round, weights: trained, loss: 1 / round }),
        );
        return;
      }
      case 'setTimer': {
        const token = Symbol(effect.timer);
        timers.set(effect.timer, token);
        this.at(this.nowMs + effect.delayMs, () => {
          if (timers.get(effect.timer) === token)
            this.feedIfRunning(name, node, { kind: 'timerFired', timer: effect.timer });
        });
        return;
      }
      case 'publish':
        this.publish(name, this.forged(name, effect.message));
        return;
      case 'send':
        this.travel(name, effect.peer, this.forged(name, effect.message), 1, false);
        return;
      case 'pull':
        this.pull(name, effect.peer, effect.message);
        return;
    }
  }

  /** To neighbours; an update with exchange 'broadcast' to everyone who can be reached. */
  private publish(name: string, message: Message): void {
    const floods = message.kind === 'update' && this.node(name).settings.exchange === 'broadcast';
    const hops = new Map([[name, 0]]);
    for (const [relay, distance] of hops) {
      if (distance > 0 && !floods) break;
      for (const peer of this.neighbours(relay)) if (!hops.has(peer)) hops.set(peer, distance + 1);
    }
    for (const [peer, distance] of hops) {
      if (distance === 0 || this.options.loses?.(name, peer, message)) continue;
      this.travel(name, peer, message, distance, floods);
    }
  }

  private pull(name: string, peer: string, request: Message): void {
    const node = this.node(name);
    const failed: Input = { kind: 'notHeldReceived', from: peer };
    this.arrive(name, peer, 1, () => {
      if (!this.node(peer).running || !this.linked(name, peer)) return this.feedIfRunning(name, node, failed);
      const pull = decodeMessage(encodeMessage(request, federation), this.limits(peer));
      assert.equal(pull.kind, 'pull');
      for (const answer of this.core(peer).answer(pull as Extract<Message, { kind: 'pull' }>)) {
        const message: Message = this.forged(peer, answer satisfies PullAnswer);
        this.arrive(peer, name, 1, () => this.deliver(peer, name, message, true));
      }
    });
  }

  private travel(from: string, to: string, message: Message, hops: number, floods: boolean): void {
    this.arrive(from, to, hops, () => {
      if (floods || this.linked(from, to)) this.deliver(from, to, message);
    });
  }

  private arrive(from: string, to: string, hops: number, act: () => void): void {
    const latencyMs = this.options.latencyMs?.(from, to) ?? 10;
    const atMs = Math.max(this.nowMs + hops * latencyMs, this.lastArrivalMs.get(`${from} ${to}`) ?? 0);
    this.lastArrivalMs.set(`${from} ${to}`, atMs);
    this.at(atMs, act);
  }

  private forged(name: string, message: Message): Message {
    return this.node(name).script.forge?.(message) ?? message;
  }

  private meet(a: string, b: string): void {
    this.feed(a, { kind: 'peerUp', peer: b });
    this.feed(b, { kind: 'peerUp', peer: a });
  }

  /** What comes back to a node that was stopped, or replaced by one of the same name, is lost. */
  private feedIfRunning(name: string, node: Node, input: Input): void {
    if (node.running && this.nodes.get(name) === node) this.feed(name, input);
  }

  private linked(a: string, b: string): boolean {
    return this.links.has(linkOf(a, b));
  }

  private node(name: string): Node {
    const node = this.nodes.get(name);
    assert.ok(node, `no node ${name}`);
    return node;
  }

  private limits(name: string): CodecLimits {
    const { shapes } = this.node(name).settings;
    const payloadBytesMax = Math.max(payloadBytesOf(shapes, 'float32'), payloadBytesOf(shapes, 'int8'));
    return { federation, payloadBytesMax, originsMax, features: this.options.features ?? 1 };
  }

  private defaults(self: string): CoreSettings {
    const { features } = this.options;
    return {
      self,
      shapes: defaultShapes,
      exchange: 'mesh',
      mixing: 'metropolis',
      rounds: 'barrier-free',
      encoding: 'float32',
      fanout: 2,
      stepsPerRound: 20,
      roundsMax: 3,
      stalenessMaxRounds: 3,
      aheadMaxRounds: 1000,
      roundIntervalMs: 0,
      roundTimeoutMs: 500,
      inlinePayloadBytesMax: 256 * 1024,
      scaler: features
        ? {
            features,
            originsMax,
            // Enough to see in the weights which scalers it went between.
            reparameterise: (weights, from, to) => {
              this.transcript.note(this.nowMs, self, `reparameterise ${momentsText(from)} -> ${momentsText(to)}`);
              const shift = (to.mean[0] as number) - (from.mean[0] as number);
              return weights.map((weight) => weight + shift);
            },
          }
        : undefined,
      originsExpected: 0,
      settleMs: 1000,
      spreadMs: 50,
    };
  }
}

/** Moments of `count` rows that all have `mean`, of one feature. */
export function momentsAt(mean: number, count = 10): Moments {
  return { count: Float64Array.of(count), mean: Float64Array.of(mean), m2: Float64Array.of(count) };
}

/** An update of two weights, as an honest peer of a federation without a shared scaler sends it; with `changes`. */
export function updateOf(
  round: number,
  weights: readonly [number, number],
  changes: Partial<UpdateMessage> = {},
): UpdateMessage {
  const payload = encodePayload(Float32Array.of(...weights), defaultShapes, 'float32');
  const update: UpdateMessage = {
    kind: 'update',
    round,
    steps: 20 * round,
    samples: 10,
    degree: 1,
    encoding: 'float32',
    digest: digestOf(payload),
    scaler: new Uint8Array(),
    payloadBytes: payload.length,
    payload,
  };
  return { ...update, ...changes };
}

function toInput(from: string, message: Message, pulled: boolean): Input {
  switch (message.kind) {
    case 'update':
      return { kind: 'updateReceived', from, update: message, pulled };
    case 'moments':
      return { kind: 'momentsReceived', from, moments: message, pulled };
    case 'notHeld':
      return { kind: 'notHeldReceived', from };
    case 'pull':
      throw new PeerError('wrong-topic');
  }
}

function linkOf(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
