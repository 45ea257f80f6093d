// One node of a simulated fleet and what becomes of it when it crashes: the core, the learner and the timers are lost, the
// checkpoint is kept. Owns the node's own clock; sends nothing and knows no other node.
import assert from 'node:assert/strict';
import type { GossipCore } from '../gossip/core.ts';
import type { Moments } from '../gossip/moments.ts';
import type { CoreSettings, Effect, Input, TimerName } from '../gossip/protocol.ts';
import { type SentBytes, SentBytesCounter } from '../gossip/sent-bytes.ts';
import type { Prng } from '../lib/prng.ts';

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
  /** Called at each start of the node: what a learner holds besides the weights does not outlive a crash. */
  createLearner(): SimulatedLearner;
  /** The first weights, as in Input 'started'. */
  weights: Float32Array;
  /** Training rows. */
  samples: number;
  /** Given where a scaler is shared. */
  moments?: Moments;
  /** Virtual milliseconds that a round of training takes, above 0. */
  trainMs: number;
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

/** What a node runs on at each of its starts. */
export type CoreFactory = (settings: CoreSettings, prng: Prng) => GossipCore;

type Checkpoint = Extract<Effect, { kind: 'checkpoint' }>;

/** A node between its starts and crashes. */
export class FleetNode {
  readonly sent = new SentBytesCounter();
  readonly traffic: SimulatedTraffic = {
    bytesSent: this.sent.bytes,
    bytesReceived: 0,
    updatesSent: 0,
    updatesReceived: 0,
    rejected: new Map(),
  };
  /** How many times as long as at first training takes. */
  slowness = 1;
  /** What ended the latest training, where it diverged. */
  divergence: unknown;
  /** The node's disk. */
  checkpoint: Checkpoint | undefined;
  private readonly node: SimulatedNode;
  private readonly createCore: CoreFactory;
  private readonly prng: Prng;
  private readonly clockRate: number;
  private readonly timers = new Map<TimerName, number>();
  private running: { core: GossipCore; learner: SimulatedLearner } | undefined;
  private starts = 0;
  private timersSet = 0;

  /** @param clockRate how fast its clock goes; 1 is true. */
  constructor(node: SimulatedNode, createCore: CoreFactory, clockRate: number, prng: Prng) {
    this.node = node;
    this.createCore = createCore;
    this.clockRate = clockRate;
    this.prng = prng;
  }

  /** The core of the current start; undefined while the node is down. */
  get core(): GossipCore | undefined {
    return this.running?.core;
  }

  /** Asserts that the node is up. */
  get learner(): SimulatedLearner {
    assert(this.running !== undefined, `${this.node.settings.self} is down`);
    return this.running.learner;
  }

  /** Begins anew with a core and a learner that know nothing yet. */
  start(): void {
    assert(this.running === undefined, `${this.node.settings.self} is up already`);
    this.starts++;
    const prng = this.starts === 1 ? this.prng : this.prng.fork(`start ${this.starts}`);
    this.running = {
      core: this.createCore(this.node.settings, prng),
      learner: this.node.createLearner(),
    };
  }

  /** What the core of a fresh start is told first: the last checkpoint, or the node's first weights. */
  startedInput(): Input {
    const { weights, samples, moments } = this.node;
    const isRestart = this.starts > 1;
    const input = { kind: 'started', weights, samples, isRestart, ...(moments && { moments }) } as const;
    if (this.checkpoint === undefined) return input;
    const { kind: _, weights: saved, ...resume } = this.checkpoint;
    return { ...input, weights: saved, resume };
  }

  /** Loses all but the checkpoint. */
  crash(): void {
    assert(this.running !== undefined, `${this.node.settings.self} is down already`);
    this.running = undefined;
    this.timers.clear();
  }

  /** What a round of training takes now, in virtual milliseconds. */
  get trainMs(): number {
    return this.node.trainMs * this.slowness;
  }

  /** What the node's clock shows at the virtual time `nowMs`. */
  localMs(nowMs: number): number {
    return nowMs * this.clockRate;
  }

  /** Virtual milliseconds until the node's clock has gone on by `localMs`. */
  virtualMs(localMs: number): number {
    return localMs / this.clockRate;
  }

  /** Sets a timer in place of the one of that name; the result says whether it is still the one that counts. */
  setTimer(timer: TimerName): () => boolean {
    const token = ++this.timersSet;
    this.timers.set(timer, token);
    return () => this.timers.get(timer) === token;
  }
}
