// What turns a node's model into what it offers, and what arrived into its next model. The port, and the mixer of all rules
// that remember nothing of earlier rounds; push-sum and CHOCO-SGD have files of their own.
import assert from 'node:assert/strict';
import type { Prng } from '../lib/prng.ts';
import { Choco } from './choco.ts';
import type { Content, Mass } from './codec.ts';
import { filledIn } from './compression/sparse-payload.ts';
import { type Carried, UpdateWriter } from './compression/update-payload.ts';
import { type MixingRuleName, mixingRules, type Own, type Received } from './mixing.ts';
import type { PeerErrorCode } from './peer-error.ts';
import type { CoreSettings } from './protocol.ts';
import { type MassBalance, PushSum } from './push-sum.ts';

/** An update at hand, as it arrived. */
export interface Arrived extends Omit<Received, 'weights'> {
  weights: Carried;
  /** Only push-sum's. */
  mass?: Mass;
}

/** What a round's model is sent as: one payload for every peer, or one for each. */
export type Outgoing = { payload: Uint8Array } | { pushes: { peer: string; payload: Uint8Array; mass: Mass }[] };

/** A node's mixing over its rounds. Weights given and taken are in the scaler of the moment. */
export interface Mixer {
  /** What the payloads of its updates hold. */
  readonly content: Content;
  /**
   * Whether it needs every update of every neighbour from the first round on. Then a node that begins after its neighbours
   * does not go on from their models, and an update that a later one has overtaken is waited for.
   */
  readonly needsEvery: boolean;
  /** Comes once, before the first round, with the weights that it begins from. */
  begin(weights: Float32Array, samples: number): void;
  /** Comes after training, with the trained weights and the peers in order. */
  send(weights: Float32Array, peers: readonly string[]): Outgoing;
  /** Why an update cannot be mixed; undefined where it can. */
  refusal(update: Arrived): PeerErrorCode | undefined;
  /** The next weights, after send(). `received` are updates that refusal() let pass, one a peer. */
  mix(own: Own, received: readonly Arrived[]): Float32Array;
  /** Only push-sum's. */
  readonly mass?: MassBalance;
  /** Comes after begin(): from now on weights are in another scaler: `express` gives those of the old one in it, `weights` are mine in it. */
  rescale(express: (weights: Float32Array) => Float32Array, weights: Float32Array): void;
}

/** The mixer of `settings.mixing`. `isRestart` as in Input: this node was there before and has lost its memory. */
export function createMixer(settings: CoreSettings, prng: Prng, isRestart: boolean): Mixer {
  const { mixing, shapes, vectors, consensusStep } = settings;
  switch (mixing) {
    case 'push-sum':
      return new PushSum(shapes, prng, isRestart);
    case 'choco':
      assert.ok(consensusStep !== undefined, 'choco needs consensusStep');
      return new Choco(shapes, settings, consensusStep, prng, vectors);
    default:
      return new RuleMixer(mixing, settings, prng);
  }
}

/** Mixes whole models, or what is carried of them, by a rule without a memory. */
class RuleMixer implements Mixer {
  readonly content = 'weights';
  readonly needsEvery = false;
  private readonly mixing: MixingRuleName;
  private readonly settings: CoreSettings;
  private readonly writer: UpdateWriter;

  constructor(mixing: MixingRuleName, settings: CoreSettings, prng: Prng) {
    this.mixing = mixing;
    this.settings = settings;
    this.writer = new UpdateWriter(settings.shapes, settings, prng);
  }

  begin(weights: Float32Array): void {
    this.writer.begin(weights);
  }

  send(weights: Float32Array): Outgoing {
    return { payload: this.writer.write(weights) };
  }

  refusal(): undefined {
    return undefined;
  }

  /** What an update does not carry is my own: the rules see whole models. */
  mix(own: Own, received: readonly Arrived[]): Float32Array {
    const whole = received.map((update): Received => {
      const { weights } = update;
      return { ...update, weights: weights instanceof Float32Array ? weights : filledIn(weights, own.weights) };
    });
    return mixingRules[this.mixing](own, whole, this.settings.vectors, this.settings);
  }

  rescale(express: (weights: Float32Array) => Float32Array, weights: Float32Array): void {
    this.writer.rescale(express, weights);
  }
}
