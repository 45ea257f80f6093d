// The protocol state machine. Owns one node's round: join, train, offer, mix. It has no I/O: an input and the time go
// in, effects come out, and a driver (live or simulated) carries them out.
import { strict as assert } from 'node:assert';
import type { Prng } from '../lib/prng.ts';
import type { PullMessage, UpdateMessage } from './codec.ts';
import { Inbox, type ReceivedUpdate } from './inbox.ts';
import { mixingRules } from './mixing.ts';
import { type Moments, type MomentsEntry, MomentsStore } from './moments.ts';
import { decodePayload, digestOf, encodePayload, payloadBytesOf } from './payload.ts';
import { PeerError } from './peer-error.ts';
import { PeerView } from './peer-view.ts';
import type { CoreSettings, Effect, Input, PullAnswer, TimerName } from './protocol.ts';

type Phase = 'idle' | 'joining' | 'training' | 'waiting' | 'finished' | 'stopped';

/** The scaler that the weights are expressed in. */
interface Frame {
  digest: Uint8Array;
  moments: Moments | undefined;
}

const noScaler: Frame = { digest: new Uint8Array(), moments: undefined };

/** One node of a federation. `handle` is total: a peer's message never throws, it becomes a 'penalise' effect. */
export class GossipCore {
  private readonly settings: CoreSettings;
  private readonly prng: Prng;
  private readonly peers = new PeerView();
  private readonly inbox = new Inbox();
  private readonly moments: MomentsStore | undefined;
  private phase: Phase = 'idle';
  /**
   * A logical clock (Lamport, 1978): one above the latest round that I have finished or mixed. Gateways start at different
   * times and run at different speeds; the age of an update is how far the federation went on since its sender last mixed.
   */
  private round = 0;
  private roundsDone = 0;
  private steps = 0;
  private samples = 0;
  private weights: Float32Array = new Float32Array();
  private loss = 0;
  private frame = noScaler;
  /** The moments that `frame` was made of. */
  private frameEntries: readonly MomentsEntry[] = [];
  /** My latest update, and the moments of its scaler for a late joiner that takes it over. */
  private offered: { update: UpdateMessage; origins: readonly MomentsEntry[] } | undefined;
  /** Peers asked for their model while joining, who have not answered yet. */
  private readonly asked = new Set<string>();
  /** The moments of asked peers' scalers, as answered. */
  private readonly answeredMoments = new Map<string, MomentsStore>();
  private answers = 0;
  /** Origins whose moments my neighbours may not know yet. */
  private readonly news = new Set<string>();
  private spreadScheduled = false;
  private caughtUpFrom: string | undefined;

  constructor(settings: CoreSettings, prng: Prng) {
    this.settings = settings;
    this.prng = prng;
    this.moments = settings.scaler && new MomentsStore(settings.scaler);
  }

  /** Takes one input at `nowMs` and returns what the driver must do, in order. */
  handle(input: Input, nowMs: number): Effect[] {
    if (this.phase === 'stopped') return [];
    switch (input.kind) {
      case 'started':
        return this.onStarted(input.weights, input.samples, input.moments, nowMs);
      case 'trained':
        return this.onTrained(input.round, input.weights, input.loss, nowMs);
      case 'updateReceived':
        return this.guarded(input.from, () => this.onUpdate(input.from, input.update, input.pulled, nowMs));
      case 'momentsReceived':
        return this.guarded(input.from, () => this.onMoments(input.from, input.moments.origins, input.pulled, nowMs));
      case 'notHeldReceived':
        return this.onAnswered(input.from, nowMs);
      case 'peerUp':
        return this.onPeerUp(input.peer);
      case 'peerDown':
        this.peers.remove(input.peer);
        return this.mixIfComplete(nowMs);
      case 'timerFired':
        return this.onTimer(input.timer, nowMs);
      case 'stopped':
        this.phase = 'stopped';
        return [];
    }
  }

  /** What to answer to a peer's pull: the moments of my model's scaler first, then the model. */
  answer(pull: PullMessage): PullAnswer[] {
    const answers: PullAnswer[] = [];
    const origins = this.offered?.origins ?? this.moments?.entries() ?? [];
    if (pull.moments && origins.length > 0) answers.push({ kind: 'moments', origins });
    const held = this.offered?.update;
    const wanted = held !== undefined && (pull.digest.length === 0 || equalBytes(pull.digest, held.digest));
    answers.push(wanted ? held : { kind: 'notHeld', digest: pull.digest });
    return answers;
  }

  /** Peers that this node exchanges with now. */
  get degree(): number {
    return this.settings.exchange === 'random' ? Math.min(this.settings.fanout, this.peers.size) : this.peers.size;
  }

  private onStarted(weights: Float32Array, samples: number, moments: Moments | undefined, nowMs: number): Effect[] {
    assert.equal(this.phase, 'idle', 'started twice');
    assert.equal(moments !== undefined, this.moments !== undefined, 'moments go with a shared scaler');
    this.phase = 'joining';
    this.weights = weights;
    this.samples = samples;
    if (this.moments && moments) {
      this.moments.setOwn(this.settings.self, moments);
      this.news.add(this.settings.self);
    }
    const effects: Effect[] = [{ kind: 'setTimer', timer: 'settle', delayMs: this.settings.settleMs }];
    effects.push(...this.scheduleSpread());
    for (const peer of this.peers.sorted()) effects.push(...this.askToCatchUp(peer));
    return [...effects, ...this.trainIfReady(nowMs)];
  }

  private onPeerUp(peer: string): Effect[] {
    if (!this.peers.add(peer)) return [];
    const effects = this.scheduleSpread();
    return this.phase === 'joining' ? [...effects, ...this.askToCatchUp(peer)] : effects;
  }

  private askToCatchUp(peer: string): Effect[] {
    if (this.caughtUpFrom !== undefined) return [];
    this.asked.add(peer);
    return [
      { kind: 'pull', peer, message: { kind: 'pull', digest: new Uint8Array(), moments: this.moments !== undefined } },
    ];
  }

  private onTimer(timer: TimerName, nowMs: number): Effect[] {
    switch (timer) {
      case 'settle':
        return this.phase === 'joining' ? this.startTraining(nowMs) : [];
      case 'spread':
        return this.spread();
      case 'round':
        return this.phase === 'waiting' ? this.mix(nowMs) : [];
    }
  }

  private onMoments(from: string, origins: readonly MomentsEntry[], pulled: boolean, nowMs: number): Effect[] {
    if (this.moments === undefined || this.settings.scaler === undefined) throw new PeerError('wrong-scaler');
    const before = new Map(this.moments.entries().map(({ peer, version }) => [peer, version]));
    const changed = this.moments.merge(origins);
    if (pulled && this.asked.has(from)) {
      const answered = new MomentsStore(this.settings.scaler);
      answered.merge(origins);
      this.answeredMoments.set(from, answered);
    }
    if (!changed) return [];
    const effects: Effect[] = [];
    for (const { peer, version } of this.moments.entries()) if (before.get(peer) !== version) this.news.add(peer);
    effects.push(...this.scheduleSpread());
    if (this.phase !== 'joining') return effects;
    effects.push({ kind: 'setTimer', timer: 'settle', delayMs: this.settings.settleMs });
    return [...effects, ...this.trainIfReady(nowMs)];
  }

  /** News waits a little, so that much of it travels as one message; without neighbours it waits for one. */
  private scheduleSpread(): Effect[] {
    if (this.spreadScheduled || this.news.size === 0 || this.peers.size === 0) return [];
    this.spreadScheduled = true;
    return [{ kind: 'setTimer', timer: 'spread', delayMs: this.settings.spreadMs }];
  }

  /**
   * Passes news of moments on to the neighbours, once (rumour mongering; Demers et al., Epidemic algorithms, 1987). A node
   * that joins asks each new neighbour for all it knows, so together every origin reaches every node.
   */
  private spread(): Effect[] {
    this.spreadScheduled = false;
    if (this.peers.size === 0 || this.moments === undefined) return [];
    const origins = this.moments.entries().filter(({ peer }) => this.news.has(peer));
    this.news.clear();
    return [{ kind: 'publish', message: { kind: 'moments', origins } }];
  }

  private trainIfReady(nowMs: number): Effect[] {
    const { originsExpected } = this.settings;
    const alone = originsExpected === 1;
    const everyoneKnown = this.moments === undefined || this.moments.size >= originsExpected;
    const askedEveryone = this.answers > 0 && this.asked.size === 0;
    const ready = originsExpected > 0 && everyoneKnown && (alone || askedEveryone);
    return this.phase === 'joining' && ready ? this.startTraining(nowMs) : [];
  }

  private startTraining(nowMs: number): Effect[] {
    const effects: Effect[] = this.adoptScaler();
    this.phase = 'training';
    effects.push({
      kind: 'emit',
      event: {
        type: 'joined',
        atMs: nowMs,
        origins: this.moments?.size ?? 0,
        caughtUpFrom: this.caughtUpFrom,
      },
    });
    effects.push(...this.nextRound(nowMs));
    return effects;
  }

  private nextRound(nowMs: number): Effect[] {
    if (this.roundsDone >= this.settings.roundsMax) {
      this.phase = 'finished';
      return [{ kind: 'emit', event: { type: 'finished', atMs: nowMs } }];
    }
    this.phase = 'training';
    return [{ kind: 'train', round: this.roundsDone + 1, weights: this.weights }];
  }

  /** Expresses the weights in the newest scaler, where it has changed. */
  private adoptScaler(): Effect[] {
    if (this.moments === undefined || this.settings.scaler === undefined) return [];
    const digest = this.moments.digest();
    if (equalBytes(digest, this.frame.digest)) return [];
    const moments = this.moments.merged();
    if (this.frame.moments !== undefined) {
      this.weights = this.settings.scaler.reparameterise(this.weights, this.frame.moments, moments);
    }
    this.frame = { digest, moments };
    this.frameEntries = this.moments.entries();
    return [{ kind: 'rescale', moments }];
  }

  private onTrained(round: number, weights: Float32Array, loss: number, nowMs: number): Effect[] {
    assert.equal(this.phase, 'training', `trained while ${this.phase}`);
    assert.equal(round, this.roundsDone + 1, 'trained out of order');
    this.roundsDone = round;
    this.round++;
    this.steps += this.settings.stepsPerRound;
    this.weights = weights;
    this.loss = loss;
    this.phase = 'waiting';
    const effects = this.offer();
    if (this.settings.rounds === 'barrier-free') return [...effects, ...this.mix(nowMs)];
    effects.push({ kind: 'setTimer', timer: 'round', delayMs: this.settings.roundTimeoutMs });
    return [...effects, ...this.mixIfComplete(nowMs)];
  }

  private offer(): Effect[] {
    const { shapes, encoding, exchange, inlinePayloadBytesMax, fanout } = this.settings;
    const payload = encodePayload(this.weights, shapes, encoding);
    const update: UpdateMessage = {
      kind: 'update',
      round: this.round,
      steps: this.steps,
      samples: this.samples,
      degree: this.degree,
      encoding,
      digest: digestOf(payload),
      scaler: this.frame.digest,
      payloadBytes: payload.length,
      payload,
    };
    this.offered = { update, origins: this.frameEntries };
    if (exchange === 'random') {
      return this.peers.sample(fanout, this.prng).map((peer) => ({ kind: 'send', peer, message: update }));
    }
    if (exchange === 'pull' || payload.length > inlinePayloadBytesMax) {
      const { payload: _, ...header } = update;
      return [{ kind: 'publish', message: header }];
    }
    return [{ kind: 'publish', message: update }];
  }

  private onUpdate(from: string, update: UpdateMessage, pulled: boolean, nowMs: number): Effect[] {
    const { shapes, stalenessMaxRounds, aheadMaxRounds } = this.settings;
    const joins = pulled && this.phase === 'joining' && this.asked.has(from);
    if (!joins && this.phase !== 'joining' && update.round > this.round + aheadMaxRounds)
      throw new PeerError('future-round');
    if (update.round < this.round - stalenessMaxRounds) throw new PeerError('stale');
    if (this.inbox.hasSeen(from, update.round)) throw new PeerError('duplicate');
    if (update.payloadBytes !== payloadBytesOf(shapes, update.encoding)) throw new PeerError('wrong-shape');
    if (update.payload === undefined) {
      return [{ kind: 'pull', peer: from, message: { kind: 'pull', digest: update.digest, moments: false } }];
    }
    if (!equalBytes(digestOf(update.payload), update.digest)) throw new PeerError('wrong-digest');
    const weights = decodePayload(update.payload, shapes, update.encoding);
    const { round, samples, degree, scaler } = update;
    this.inbox.put({ peer: from, round, weights, samples, degree, scaler });
    if (joins) return this.catchUp(from, round, weights, scaler, nowMs);
    return this.mixIfComplete(nowMs);
  }

  /** Takes over a neighbour's model, in the scaler that the neighbour sent with it. */
  private catchUp(peer: string, round: number, weights: Float32Array, scaler: Uint8Array, nowMs: number): Effect[] {
    const moments = this.answeredMoments.get(peer);
    const digest = moments?.digest() ?? noScaler.digest;
    if (!equalBytes(digest, scaler)) throw new PeerError('wrong-scaler');
    if (round > this.round) {
      this.weights = weights;
      this.round = round;
      this.frame = { digest, moments: moments?.merged() };
      this.caughtUpFrom = peer;
    }
    return this.onAnswered(peer, nowMs);
  }

  private onAnswered(peer: string, nowMs: number): Effect[] {
    if (!this.asked.delete(peer)) return [];
    this.answers++;
    return this.trainIfReady(nowMs);
  }

  private mixIfComplete(nowMs: number): Effect[] {
    if (this.phase !== 'waiting' || this.settings.rounds !== 'synchronous') return [];
    return this.peers.sorted().every((peer) => this.inbox.holds(peer, this.round)) ? this.mix(nowMs) : [];
  }

  private mix(nowMs: number): Effect[] {
    const synchronous = this.settings.rounds === 'synchronous';
    const arrived = synchronous ? this.inbox.takeRound(this.round) : this.inbox.takeNewest();
    const effects: Effect[] = [];
    const received = arrived.flatMap((update) => {
      const code = this.unmixable(update);
      if (code === undefined) return [{ ...update, stalenessRounds: Math.max(0, this.round - update.round) }];
      effects.push({ kind: 'penalise', peer: update.peer, code });
      return [];
    });
    const own = { weights: this.weights, round: this.round, samples: this.samples, degree: this.degree };
    this.weights = mixingRules[this.settings.mixing](own, received);
    for (const { round } of received) this.round = Math.max(this.round, round);
    effects.push(...this.adoptScaler());
    effects.push({
      kind: 'emit',
      event: {
        type: 'round',
        atMs: nowMs,
        round: this.roundsDone,
        loss: this.loss,
        weights: this.weights,
        available: arrived.length,
        mixed: received.map(({ peer, stalenessRounds }) => ({ peer, stalenessRounds })),
      },
    });
    effects.push({ kind: 'checkpoint', round: this.roundsDone, weights: this.weights });
    return [...effects, ...this.nextRound(nowMs)];
  }

  private unmixable(update: ReceivedUpdate): 'stale' | 'wrong-scaler' | undefined {
    if (update.round < this.round - this.settings.stalenessMaxRounds) return 'stale';
    return equalBytes(update.scaler, this.frame.digest) ? undefined : 'wrong-scaler';
  }

  private guarded(peer: string, work: () => Effect[]): Effect[] {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      return [{ kind: 'penalise', peer, code: error.code }];
    }
  }
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
