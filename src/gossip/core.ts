// The protocol state machine. Owns one node's round: join, train, offer, mix. It has no I/O: an input and the time go
// in, effects come out, and a driver (live or simulated) carries them out.
import { strict as assert } from 'node:assert';
import { allFinite } from '../lib/finite.ts';
import type { Prng } from '../lib/prng.ts';
import type { PullMessage, UpdateMessage } from './codec.ts';
import type { Compression } from './compression/sparse-payload.ts';
import { payloadBytesRange, readPayload } from './compression/update-payload.ts';
import { Inbox, type ReceivedUpdate } from './inbox.ts';
import { Joining } from './joining.ts';
import { LogicalClock } from './logical-clock.ts';
import { type Arrived, createMixer, type Mixer } from './mixer.ts';
import { updatesNeeded } from './mixing.ts';
import type { Moments, MomentsEntry } from './moments.ts';
import { Offers, type UpdateHeader } from './offers.ts';
import { PeerError, type PeerErrorCode } from './peer-error.ts';
import { PeerView } from './peer-view.ts';
import type { CoreEvent, CoreSettings, Effect, Held, Input, Progress, PullAnswer, TimerName } from './protocol.ts';
import type { MassBalance } from './push-sum.ts';
import { SharedScaler, sameDigest } from './shared-scaler.ts';

type Phase = 'idle' | 'joining' | 'training' | 'waiting' | 'finished' | 'stopped';

/** One node of a federation. `handle` is total: a peer's message never throws, it becomes a 'penalise' effect. */
export class GossipCore {
  private readonly settings: CoreSettings;
  private readonly prng: Prng;
  private readonly peers = new PeerView();
  private readonly inbox = new Inbox();
  private readonly scaler: SharedScaler | undefined;
  private readonly clock: LogicalClock;
  private phase: Phase = 'idle';
  /** Only while joining. */
  private joining: Joining | undefined;
  private roundsDone = 0;
  private steps = 0;
  private samples = 0;
  private weights: Float32Array = new Float32Array();
  /** My weights before the latest mixing, in the scaler of today; undefined where they would not be finite in it. */
  private unmixed: Float32Array | undefined;
  private loss = 0;
  private roundBeganMs = 0;
  private readonly offers: Offers;
  /** From the start on. */
  private mixer!: Mixer;
  /** Synchronous rounds: neighbours that let a round time out and were not heard since. Nobody waits for them again. */
  private readonly silent = new Set<string>();
  private spreadScheduled = false;

  constructor(settings: CoreSettings, prng: Prng) {
    this.settings = settings;
    this.prng = prng;
    this.scaler = settings.scaler && new SharedScaler(settings.scaler);
    this.clock = new LogicalClock(settings.aheadMaxRounds);
    this.offers = new Offers(settings.shapes);
  }

  /** Takes one input at `nowMs` and returns what the driver must do, in order. */
  handle(input: Input, nowMs: number): Effect[] {
    if (this.phase === 'stopped') return [];
    switch (input.kind) {
      case 'started':
        return this.onStarted(input, nowMs);
      case 'dataChanged':
        return this.onDataChanged(input.samples, input.moments);
      case 'trained':
        return this.onTrained(input.round, input.weights, input.loss, nowMs);
      case 'trainingFailed':
        return this.onTrainingFailed(nowMs);
      case 'updateReceived':
        return this.guarded(input, nowMs, () => this.onUpdate(input.from, input.update, input.pulled, nowMs));
      case 'momentsReceived':
        return this.guarded(input, nowMs, () => this.onMoments(input.from, input.moments.origins, input.pulled, nowMs));
      case 'notHeldReceived':
        return this.onAnswered(input.from, nowMs);
      case 'peerUp':
        return this.onPeerUp(input.peer);
      case 'peerDown':
        return this.onPeerDown(input.peer, nowMs);
      case 'timerFired':
        return this.onTimer(input.timer, nowMs);
      case 'stopped':
        this.phase = 'stopped';
        return [];
    }
  }

  /** What to answer to a peer's pull, in order. */
  answer(pull: PullMessage): PullAnswer[] {
    return this.offers.answer(pull, this.scaler?.entries() ?? []);
  }

  /** Peers that this node exchanges with now. */
  get degree(): number {
    return this.settings.exchange === 'random' ? Math.min(this.settings.fanout, this.peers.size) : this.peers.size;
  }

  /** What this node keeps, for who watches its memory. */
  get held(): Held {
    const { peers, inbox, offers, scaler, silent } = this;
    return {
      peers: peers.size,
      senders: inbox.senderCount,
      waiting: inbox.waitingCount,
      offered: offers.size,
      origins: scaler?.size ?? 0,
      silent: silent.size,
    };
  }

  /** Where push-sum's weight is; undefined before the start, and with other mixing. */
  get mass(): MassBalance | undefined {
    return this.phase === 'idle' ? undefined : this.mixer.mass;
  }

  private onStarted(input: Extract<Input, { kind: 'started' }>, nowMs: number): Effect[] {
    const { weights, samples, moments, isRestart = false, resume } = input;
    assert.equal(this.phase, 'idle', 'started twice');
    assert.equal(moments !== undefined, this.scaler !== undefined, 'moments go with a shared scaler');
    this.phase = 'joining';
    this.joining = new Joining(this.settings.scaler);
    this.weights = weights;
    this.samples = samples;
    this.mixer = createMixer(this.settings, this.prng.fork('mixer'), isRestart);
    if (moments) this.scaler?.setOwn(this.settings.self, moments);
    const effects: Effect[] = [{ kind: 'setTimer', timer: 'settle', delayMs: this.settings.settleMs }];
    if (resume) effects.push(...this.resume(resume));
    effects.push(...this.scheduleSpread());
    for (const peer of this.peers.sorted()) effects.push(this.ask(peer, this.joining));
    return [...effects, ...this.trainIfReady(nowMs)];
  }

  /** The new moments come into use with the next mixing, as everyone's do. */
  private onDataChanged(samples: number, moments: Moments | undefined): Effect[] {
    assert.notEqual(this.phase, 'idle', 'data changed before the start');
    assert.equal(moments !== undefined, this.scaler !== undefined, 'moments go with a shared scaler');
    this.samples = samples;
    if (moments) this.scaler?.setOwn(this.settings.self, moments);
    return this.scheduleSpread();
  }

  private resume({ round, clockRound, steps, origins }: Progress): Effect[] {
    this.roundsDone = round;
    this.clock.set(clockRound);
    this.steps = steps;
    return this.scaler ? [rescale(this.scaler.resume(origins))] : [];
  }

  private onPeerUp(peer: string): Effect[] {
    if (!this.peers.add(peer)) return [];
    const effects = this.scheduleSpread();
    return this.joining ? [...effects, this.ask(peer, this.joining)] : effects;
  }

  private onPeerDown(peer: string, nowMs: number): Effect[] {
    this.peers.remove(peer);
    this.silent.delete(peer);
    this.inbox.noteGone(peer);
    this.joining?.gone(peer);
    return this.joining ? this.trainIfReady(nowMs) : this.mixIfComplete(nowMs);
  }

  private ask(peer: string, joining: Joining): Effect {
    joining.ask(peer);
    return {
      kind: 'pull',
      peer,
      message: { kind: 'pull', digest: new Uint8Array(), moments: this.scaler !== undefined },
    };
  }

  private onTimer(timer: TimerName, nowMs: number): Effect[] {
    switch (timer) {
      case 'settle':
        return this.phase === 'joining' ? this.startTraining(nowMs) : [];
      case 'spread':
        return this.spread();
      case 'round':
        return this.phase === 'waiting' ? this.endRound(nowMs) : [];
    }
  }

  private onMoments(from: string, origins: readonly MomentsEntry[], pulled: boolean, nowMs: number): Effect[] {
    if (this.scaler === undefined) throw new PeerError('wrong-scaler');
    const before = this.scaler.size;
    this.scaler.merge(origins);
    if (pulled) this.joining?.hearMoments(from, origins);
    const effects = this.scheduleSpread();
    // Only a new origin, of which there are finitely many, makes a joining node wait longer.
    if (!this.joining || this.scaler.size === before) return effects;
    effects.push({ kind: 'setTimer', timer: 'settle', delayMs: this.settings.settleMs });
    return [...effects, ...this.trainIfReady(nowMs)];
  }

  /** News waits a little, so that much of it travels as one message; without neighbours it waits for one. */
  private scheduleSpread(): Effect[] {
    if (this.spreadScheduled || !this.scaler?.hasNews || this.peers.size === 0) return [];
    this.spreadScheduled = true;
    return [{ kind: 'setTimer', timer: 'spread', delayMs: this.settings.spreadMs }];
  }

  /**
   * Passes news of moments on to the neighbours, once (rumour mongering; Demers et al., Epidemic algorithms, 1987). What
   * gets lost, or was known before two nodes met, is made up for by askMoments().
   */
  private spread(): Effect[] {
    this.spreadScheduled = false;
    if (this.peers.size === 0 || !this.scaler?.hasNews) return [];
    return [{ kind: 'publish', message: { kind: 'moments', origins: this.scaler.takeNews() } }];
  }

  private trainIfReady(nowMs: number): Effect[] {
    const { originsExpected } = this.settings;
    if (!this.joining || originsExpected === 0) return [];
    const everyoneKnown = this.scaler === undefined || this.scaler.size >= originsExpected;
    const alone = originsExpected === 1;
    return everyoneKnown && (alone || this.joining.complete) ? this.startTraining(nowMs) : [];
  }

  private startTraining(nowMs: number): Effect[] {
    const offered = this.mixer.needsEvery ? undefined : this.joining?.chosen();
    const model = offered && this.isAheadOfMine(offered.round) ? offered : undefined;
    this.joining = undefined;
    const effects: Effect[] = [];
    if (offered && !model) this.clock.set(Math.max(this.clock.round, offered.round));
    if (model) {
      this.clock.set(model.round);
      this.weights = model.weights;
      if (this.scaler && model.moments) effects.push(rescale(this.scaler.takeOver(model.moments)));
    }
    effects.push(...this.adoptScaler());
    this.mixer.begin(this.weights, this.samples);
    effects.push({
      kind: 'emit',
      event: { type: 'joined', atMs: nowMs, origins: this.scaler?.size ?? 0, caughtUpFrom: model?.peer },
    });
    return [...effects, ...this.nextRound(nowMs)];
  }

  /** Whether a neighbour's model is to replace mine: always when I am new; after a restart where mine would be stale. */
  private isAheadOfMine(round: number): boolean {
    return this.roundsDone === 0 || round > this.clock.round + this.settings.stalenessMaxRounds;
  }

  private nextRound(nowMs: number): Effect[] {
    if (this.roundsDone >= this.settings.roundsMax) {
      this.phase = 'finished';
      return [{ kind: 'emit', event: { type: 'finished', atMs: nowMs } }];
    }
    this.phase = 'training';
    this.roundBeganMs = nowMs;
    const { clock, weights } = this;
    return [{ kind: 'train', round: this.roundsDone + 1, clockRound: clock.round + 1, weights }];
  }

  /** Expresses the weights in the newest scaler, where it has changed. */
  private adoptScaler(): Effect[] {
    const adopted = this.scaler?.adopt(this.weights);
    if (!adopted) return [];
    this.weights = adopted.weights;
    const unmixed = this.unmixed && adopted.express(this.unmixed);
    this.unmixed = unmixed && allFinite(unmixed) ? unmixed : undefined;
    if (this.phase !== 'joining') this.mixer.rescale(adopted.express, adopted.weights);
    return [rescale(adopted.moments)];
  }

  private onTrained(round: number, weights: Float32Array, loss: number, nowMs: number): Effect[] {
    assert.equal(this.phase, 'training', `trained while ${this.phase}`);
    assert.equal(round, this.roundsDone + 1, 'trained out of order');
    this.roundsDone = round;
    this.clock.tick();
    this.steps += this.settings.stepsPerRound;
    this.weights = weights;
    this.loss = loss;
    this.phase = 'waiting';
    const effects = this.offer();
    if (this.settings.rounds === 'barrier-free') {
      const leftMs = this.roundBeganMs + this.settings.roundIntervalMs - nowMs;
      return leftMs > 0
        ? [...effects, { kind: 'setTimer', timer: 'round', delayMs: leftMs }]
        : [...effects, ...this.mix(nowMs)];
    }
    effects.push({ kind: 'setTimer', timer: 'round', delayMs: this.settings.roundTimeoutMs });
    return [...effects, ...this.mixIfComplete(nowMs)];
  }

  /** Mixed weights may be finite and yet too large to train on: then the round starts again from my own. */
  private onTrainingFailed(nowMs: number): Effect[] {
    assert.equal(this.phase, 'training', `training failed while ${this.phase}`);
    if (this.unmixed === undefined) return [{ kind: 'emit', event: { type: 'diverged', atMs: nowMs } }];
    this.weights = this.unmixed;
    this.unmixed = undefined;
    return this.nextRound(nowMs);
  }

  private offer(): Effect[] {
    const { encoding, sparsifier, exchange, inlinePayloadBytesMax, fanout } = this.settings;
    const { content } = this.mixer;
    const outgoing = this.mixer.send(this.weights, this.peers.sorted());
    const header: UpdateHeader = {
      kind: 'update',
      round: this.clock.round,
      steps: this.steps,
      samples: this.samples,
      degree: this.degree,
      encoding,
      scaler: this.scaler?.digest ?? new Uint8Array(),
    };
    const { weights } = this;
    const origins = this.scaler?.origins ?? [];
    const offered = this.offers.offer({ header, sparsifier, content, weights, origins }, outgoing);
    if ('pushes' in offered) return offered.pushes.map((push): Effect => ({ kind: 'send', ...push }));
    const { update } = offered;
    if (exchange === 'random') {
      return this.peers.sample(fanout, this.prng).map((peer) => ({ kind: 'send', peer, message: update }));
    }
    if (exchange === 'pull' || update.payloadBytes > inlinePayloadBytesMax) {
      const { payload: _, ...header } = update;
      return [{ kind: 'publish', message: header }];
    }
    return [{ kind: 'publish', message: update }];
  }

  private onUpdate(from: string, update: UpdateMessage, pulled: boolean, nowMs: number): Effect[] {
    if (this.phase === 'finished') return [];
    const { round, samples, degree, scaler, mass } = update;
    const format = this.formatOf(update, pulled);
    this.silent.delete(from);
    const isWhole = update.content === 'weights' && format.sparsifier === 'none';
    const joining = pulled && isWhole && this.joining?.expects(from) ? this.joining : undefined;
    // The answer to a node that joins, which has begun without it: it is not what the mixer takes.
    if (!joining && update.content !== this.mixer.content) return [];
    if (!joining && this.inbox.hasSeen(from, round, this.mixer.needsEvery)) {
      // What this node asked for may also have come by itself meanwhile.
      if (pulled) return [];
      throw new PeerError('duplicate');
    }
    this.checkRound(round);
    if (update.payload === undefined) {
      // A pull that leads to another pull would never end.
      if (pulled) throw new PeerError('malformed', 'a pulled model without its payload');
      // Its current model is under way already, and the two answers could not be told apart.
      if (this.joining?.expects(from) && !this.mixer.needsEvery) return [];
      return [{ kind: 'pull', peer: from, message: { kind: 'pull', digest: update.digest, moments: false } }];
    }
    const read = this.settings.readPayload ?? readPayload;
    const weights = read(update.payload, update.digest, this.settings.shapes, format);
    if (joining && weights instanceof Float32Array) {
      joining.hearModel(from, round, weights, scaler);
      return this.onAnswered(from, nowMs);
    }
    const received = { peer: from, round, weights, samples, degree, scaler, ...(mass && { mass }) };
    this.inbox.put(received, (peer) => this.peers.has(peer));
    return this.mixIfComplete(nowMs);
  }

  /** How a payload is compressed: as the federation does it, though the answer to a pull may be a whole model. */
  private formatOf(update: UpdateMessage, pulled: boolean): Compression {
    const { encoding, sparsifier, content, payloadBytes } = update;
    const { settings } = this;
    const { shapes, keep } = settings;
    const isOwn = sparsifier === settings.sparsifier && content === this.mixer.content;
    const isWhole = sparsifier === 'none' && content === 'weights';
    if (encoding !== settings.encoding || !(isOwn || (pulled && isWhole))) throw new PeerError('wrong-encoding');
    const format = { encoding, sparsifier, keep };
    const { min, max } = payloadBytesRange(shapes, format);
    if (payloadBytes < min || payloadBytes > max) throw new PeerError('wrong-shape');
    return format;
  }

  /** Refuses what can never be mixed. A node that joins does not know the federation's round yet. */
  private checkRound(round: number): void {
    this.clock.hear(round);
    if (this.phase === 'joining') return;
    if (this.clock.isAhead(round)) throw new PeerError('future-round');
    const mixedAlready = this.phase === 'waiting' ? this.clock.round - 1 : this.clock.round;
    if (this.settings.rounds === 'synchronous' && round <= mixedAlready) throw new PeerError('stale');
  }

  private onAnswered(peer: string, nowMs: number): Effect[] {
    return this.joining?.answered(peer) ? this.trainIfReady(nowMs) : [];
  }

  /** A neighbour that has gone on to a later round sends this one no more; but it may have been overtaken. */
  private isAwaited(peer: string): boolean {
    const { inbox, clock, mixer, silent } = this;
    const isHere = mixer.needsEvery ? inbox.holds(peer, clock.round) : inbox.latestRound(peer) >= clock.round;
    return !isHere && !silent.has(peer);
  }

  private mixIfComplete(nowMs: number): Effect[] {
    if (this.phase !== 'waiting' || this.settings.rounds !== 'synchronous') return [];
    return this.peers.sorted().some((peer) => this.isAwaited(peer)) ? [] : this.mix(nowMs);
  }

  /** The round's time is over. Neighbours that a synchronous round waited for in vain are not waited for again. */
  private endRound(nowMs: number): Effect[] {
    if (this.settings.rounds === 'barrier-free') return this.mix(nowMs);
    for (const peer of this.peers.sorted()) if (this.isAwaited(peer)) this.silent.add(peer);
    return this.mix(nowMs);
  }

  private mix(nowMs: number): Effect[] {
    const arrived = this.takeArrived();
    const reference = this.clock.reference(arrived.map(({ round }) => round));
    const effects: Effect[] = [];
    const received: Arrived[] = [];
    for (const waiting of arrived) {
      const update = { ...waiting, stalenessRounds: Math.max(0, reference - waiting.round) };
      const code = this.unmixable(update, reference);
      if (code === undefined) received.push(update);
      else effects.push({ kind: 'penalise', peer: update.peer, code });
      if (code === 'wrong-scaler') effects.push(...this.askMoments(update));
    }
    this.unmixed = this.weights;
    const own = { weights: this.weights, round: this.clock.round, samples: this.samples, degree: this.degree };
    const needed = updatesNeeded(this.settings.mixing, this.settings.byzantine);
    this.weights = this.mixer.mix(own, received);
    const isMixed = received.length >= needed;
    if (!isMixed) {
      const { roundsDone: round } = this;
      const event: CoreEvent = { type: 'tooFew', atMs: nowMs, round, mixable: received.length, needed };
      effects.push({ kind: 'emit', event });
    }
    if (this.settings.rounds === 'barrier-free') this.clock.follow();
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
        mixed: isMixed ? received.map(({ peer, round, stalenessRounds }) => ({ peer, round, stalenessRounds })) : [],
      },
    });
    effects.push({ kind: 'checkpoint', weights: this.weights, ...this.progress() });
    return [...effects, ...this.nextRound(nowMs)];
  }

  private progress(): Progress {
    const { roundsDone: round, clock, steps, scaler } = this;
    return { round, clockRound: clock.round, steps, origins: scaler?.origins ?? [] };
  }

  private takeArrived(): ReceivedUpdate[] {
    if (this.settings.rounds === 'barrier-free') return this.inbox.takeNewest();
    const { round } = this.clock;
    // Where neighbours change, one may be ahead that has not left this round out.
    const roundOf = (peer: string) => (this.inbox.holds(peer, round) ? round : this.inbox.latestRound(peer));
    this.clock.rejoin(this.peers.sorted().map(roundOf));
    return this.inbox.takeRound(this.clock.round);
  }

  private unmixable(update: Arrived & ReceivedUpdate, reference: number): PeerErrorCode | undefined {
    const { round, scaler } = update;
    if (this.clock.isAhead(round)) return 'future-round';
    if (round < reference - this.settings.stalenessMaxRounds) return 'stale';
    if (!sameDigest(scaler, this.scaler?.digest ?? new Uint8Array())) return 'wrong-scaler';
    return this.mixer.refusal(update);
  }

  /**
   * Asks the sender for moments that I do not know, by the digest of its scaler: no model has it, so moments alone come
   * back (anti-entropy; Demers et al., 1987).
   */
  private askMoments({ peer, scaler }: ReceivedUpdate): Effect[] {
    if (scaler.length === 0 || this.scaler === undefined || this.scaler.isNewest(scaler)) return [];
    return [{ kind: 'pull', peer, message: { kind: 'pull', digest: scaler, moments: true } }];
  }

  /** Turns a peer's error into a penalty; an answer that was wrong is not waited for any longer. */
  private guarded(input: { from: string; pulled: boolean }, nowMs: number, work: () => Effect[]): Effect[] {
    if (this.phase === 'idle') return [];
    try {
      return work();
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      const penalty: Effect = { kind: 'penalise', peer: input.from, code: error.code };
      return input.pulled ? [penalty, ...this.onAnswered(input.from, nowMs)] : [penalty];
    }
  }
}

function rescale(moments: Moments): Effect {
  return { kind: 'rescale', moments };
}
