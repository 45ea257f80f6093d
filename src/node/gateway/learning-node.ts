// A gateway's part in its federation: a node that begins once there are data, goes on from the last checkpoint, stores one after
// each round, and begins anew where training diverged. Judges no window.
import { setTimeout as delay } from 'node:timers/promises';
import { longestPayloadBytes } from '../../gossip/compression/update-payload.ts';
import type { Moments } from '../../gossip/moments.ts';
import type { PeerErrorCode } from '../../gossip/peer-error.ts';
import type { CoreEvent, CoreSettings } from '../../gossip/protocol.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Prng } from '../../lib/prng.ts';
import type { OptimiserState } from '../../model/engine.ts';
import type { Scale } from '../../model/scaler.ts';
import { originsMax } from '../core-settings.ts';
import { type Checkpoint, FederationNode, type Learner, TrainingDiverged } from '../federation-node.ts';
import type { Network } from '../peers/network.ts';
import type { Store } from '../store/store.ts';

/** Before a node begins anew after its training diverged; twice as long each time. */
const pauseMs = { first: 1000, longest: 300_000 };

/** A model as it is after a round. */
export interface Round {
  /** This gateway's own, and the federation's by the logical clock. */
  round: number;
  clockRound: number;
  /** Undefined for the round that a restart goes on from. */
  loss: number | undefined;
  /** Updates of others in the mix. */
  mixed: number;
  weights: Float32Array;
  scale: Scale;
}

/** What the node trains on. */
export interface OwnData {
  samples: number;
  /** Of the training rows, in raw units. */
  moments: Moments;
}

/** A learner whose state can be stored; see OnlineLearner. */
export interface GatewayLearner extends Learner {
  readonly scale: Scale | undefined;
  readonly optimiser: Readonly<OptimiserState>;
  scaleBy(scale: Scale): void;
}

export interface LearningNodeOptions {
  network: Network;
  /** Federation id, 32 bytes. */
  federation: Uint8Array;
  settings: CoreSettings;
  features: number;
  /** What every member of the federation starts from. */
  weights: Float32Array;
  /** Where the federation shares no scaler: the scale to train with. */
  ownScale?: ((data: OwnData) => Scale) | undefined;
  createLearner(optimiser: OptimiserState | undefined): GatewayLearner;
  store: Store;
  clock: Clock;
  prng: Prng;
  onRound(round: Round): void;
  say(sentence: string): void;
}

/** What a node has sent, received and refused, over all that were begun. */
export interface Traffic {
  updatesSent: number;
  updatesReceived: number;
  bytesReceived: number;
  sendsFailed: number;
  rejected: Map<PeerErrorCode, number>;
}

/** Joins, and trains from begin() on. */
export class LearningNode {
  phase: 'gathering' | 'joining' | 'training' = 'gathering';
  divergences = 0;
  /** Rejects where the node cannot go on, which is a bug. */
  readonly failed: Promise<never>;
  private readonly options: LearningNodeOptions;
  private readonly stopping = new AbortController();
  private readonly fail: (error: unknown) => void;
  private readonly earlier: Traffic[] = [];
  private node: FederationNode;
  private learner: GatewayLearner;
  private data: OwnData | undefined;
  private isJoined = false;
  /** The latest round's event; its checkpoint follows at once. */
  private round: Extract<CoreEvent, { type: 'round' }> | undefined;

  constructor(options: LearningNodeOptions) {
    this.options = options;
    const { promise, reject } = Promise.withResolvers<never>();
    this.failed = promise;
    // Who runs the gateway looks at it only once everything has started.
    promise.catch(() => undefined);
    this.fail = reject;
    this.learner = options.createLearner(options.store.checkpoints.latest()?.optimiser);
    this.node = this.createNode();
  }

  /** Joins the federation's topic. To be called once. */
  async join(): Promise<void> {
    this.isJoined = true;
    await this.node.join();
  }

  /** The scale that models are expressed in at present; undefined before there is one. */
  get scale(): Scale | undefined {
    return this.learner.scale;
  }

  /** True from begin() on. */
  get hasBegun(): boolean {
    return this.data !== undefined;
  }

  /** Begins to train on `data`, from the last checkpoint where there is one. */
  begin(data: OwnData): void {
    const { store, say, onRound } = this.options;
    this.data = data;
    const checkpoint = store.checkpoints.latest();
    if (checkpoint) say(`goes on from round ${checkpoint.progress.round}`);
    this.start(data, checkpoint && { weights: checkpoint.weights, ...checkpoint.progress });
    const { scale } = this.learner;
    // Windows are judged by it at once, and not only after the first round.
    if (checkpoint && scale) {
      const { weights, progress } = checkpoint;
      onRound({ ...progress, loss: undefined, mixed: 0, weights, scale });
    }
  }

  /** The rows to train on have changed. */
  dataChanged(data: OwnData): void {
    this.data = data;
    if (this.phase === 'gathering') return;
    this.node.dataChanged(this.input(data));
    this.scaleByOwn(data);
  }

  /** Sums over the nodes so far. */
  get traffic(): Traffic {
    const sum: Traffic = { updatesSent: 0, updatesReceived: 0, bytesReceived: 0, sendsFailed: 0, rejected: new Map() };
    for (const each of [...this.earlier, this.node.counters]) {
      sum.updatesSent += each.updatesSent;
      sum.updatesReceived += each.updatesReceived;
      sum.bytesReceived += each.bytesReceived;
      sum.sendsFailed += each.sendsFailed;
      for (const [code, count] of each.rejected) sum.rejected.set(code, (sum.rejected.get(code) ?? 0) + count);
    }
    return sum;
  }

  async stop(): Promise<void> {
    this.stopping.abort(new Error('the gateway stops'));
    await this.node.stop();
  }

  private createNode(): FederationNode {
    const { learner } = this;
    const { network, federation, settings, features, clock, prng } = this.options;
    const node = new FederationNode({
      host: network.host,
      federation,
      settings,
      limits: { payloadBytesMax: longestPayloadBytes(settings.shapes, settings), originsMax, features },
      learner,
      clock,
      prng,
      onEvent: (event) => this.onEvent(event),
      onCheckpoint: (checkpoint) => this.onCheckpoint(checkpoint),
      onPeerError: (peer, code) => network.penalise(peer, code),
    });
    node.finished.catch((error: unknown) => this.onFailed(error));
    return node;
  }

  private start(data: OwnData, from: Checkpoint | undefined): void {
    const { store } = this.options;
    this.phase = 'joining';
    this.scaleByOwn(data);
    const { weights, ...resume } = from ?? { weights: this.options.weights };
    // Also one that was killed before its first checkpoint may have taken in what others will send again.
    const isRestart = store.facts.getJson('begun') === true;
    store.facts.setJson('begun', true);
    store.flush(true);
    this.node.begin({
      weights,
      ...this.input(data),
      isRestart,
      ...('round' in resume && { resume }),
    });
  }

  private input({ samples, moments }: OwnData): { samples: number; moments?: Moments } {
    return { samples, ...(this.options.settings.scaler && { moments }) };
  }

  private scaleByOwn(data: OwnData): void {
    const { ownScale } = this.options;
    if (ownScale) this.learner.scaleBy(ownScale(data));
  }

  private onEvent(event: CoreEvent): void {
    const { say } = this.options;
    if (event.type === 'joined') {
      this.phase = 'training';
      const from = event.caughtUpFrom === undefined ? '' : `, from the model of ${event.caughtUpFrom}`;
      say(`training begins${from}`);
    }
    if (event.type === 'tooFew') {
      say(
        `round ${event.round} mixed nothing: ${event.mixable} updates were there, and the rule needs ${event.needed}`,
      );
    }
    if (event.type === 'round') this.round = event;
  }

  private onCheckpoint({ weights, ...progress }: Checkpoint): void {
    const { store, onRound } = this.options;
    const { learner, round } = this;
    if (round === undefined || learner.scale === undefined) return;
    const { loss, mixed } = round;
    onRound({ ...progress, loss, mixed: mixed.length, weights, scale: learner.scale });
    store.checkpoints.put({ weights, optimiser: learner.optimiser, progress });
  }

  /** Settings or data that training cannot follow must not end a gateway that has alerts to raise. */
  private async onFailed(error: unknown): Promise<void> {
    const { say, createLearner } = this.options;
    if (this.stopping.signal.aborted) return;
    if (!(error instanceof TrainingDiverged)) return this.fail(error);
    this.divergences++;
    const waitMs = Math.min(pauseMs.longest, pauseMs.first * 2 ** (this.divergences - 1));
    say(`${error.message}; it begins anew in ${Math.round(waitMs / 1000)} s`);
    this.phase = 'gathering';
    try {
      await this.node.stop();
      await delay(waitMs, undefined, { signal: this.stopping.signal });
      this.learner = createLearner(undefined);
      this.earlier.push(this.node.counters);
      this.node = this.createNode();
      if (this.isJoined) await this.node.join();
      this.stopping.signal.throwIfAborted();
      if (this.data) this.start(this.data, undefined);
    } catch (failure) {
      if (!this.stopping.signal.aborted) this.fail(failure);
    }
  }
}
