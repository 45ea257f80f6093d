// What the nodes of a swarm train with: a few float operations in place of a model. Owns how each kind behaves; the same
// arguments give the same weights.
import { allFinite } from '../../src/lib/finite.ts';
import type { Prng } from '../../src/lib/prng.ts';
import type { SimulatedLearner } from '../../src/sim/simulation.ts';

/**
 * towards-target: a step from the weights to the node's own target, half of the way;
 * none: the weights as they are;
 * failing: as towards-target, but the first try of some rounds diverges;
 * escaping: away from the target, ever faster, until the weights overflow.
 */
export const toyKinds = ['towards-target', 'none', 'failing', 'escaping'] as const;

/** A kind of toy learner. */
export type ToyKind = (typeof toyKinds)[number];

/** The weights overflowed, or the kind says that they would have. */
export class ToyDiverged extends Error {
  override name = 'ToyDiverged';
}

/** Share of a failing learner's rounds that diverge at first. */
const failingShare = 0.2;
const escapeFactor = 30;

/** One node's learner. */
export class ToyLearner implements SimulatedLearner {
  private readonly kind: ToyKind;
  private readonly target: Float32Array;
  private readonly prng: Prng;
  private failedRound = 0;

  /** @param target as many values as weights. */
  constructor(kind: ToyKind, target: Float32Array, prng: Prng) {
    this.kind = kind;
    this.target = target;
    this.prng = prng;
  }

  async train(round: number, weights: Float32Array): Promise<{ weights: Float32Array; loss: number }> {
    const { kind, target } = this;
    if (kind === 'none') return { weights: weights.slice(), loss: 0 };
    if (kind === 'failing' && this.failedRound !== round && this.prng.nextFloat() < failingShare) {
      this.failedRound = round;
      throw new ToyDiverged();
    }
    const factor = kind === 'escaping' ? escapeFactor : 0.5;
    const trained = weights.map((weight, k) => target[k]! + factor * (weight - target[k]!));
    if (!allFinite(trained)) throw new ToyDiverged();
    return { weights: trained, loss: Math.abs(trained[0]! - target[0]!) };
  }

  /** A toy reads no rows. */
  rescale(): undefined {
    return undefined;
  }

  isDivergence(error: unknown): boolean {
    return error instanceof ToyDiverged;
  }
}
