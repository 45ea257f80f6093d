// What a mixing rule is given and gives, and the weighted sum that most rules end in. Owns the order of the sum and the
// staleness discount; the rules themselves are elsewhere.
import assert from 'node:assert/strict';
import type { VectorMath } from '../lib/vector-math.ts';

/** An update at hand, decoded. */
export interface Received {
  peer: string;
  /** As many as my own. */
  weights: Float32Array;
  /** The sender's round. */
  round: number;
  /** Training rows the sender holds, at least 0. */
  samples: number;
  /** Neighbours the sender sends to, at least 0. */
  degree: number;
  /** How many of my rounds old the update is; 0 is fresh. */
  stalenessRounds: number;
}

/** My model after local training, and what the rules need to know of me; fields as in Received. */
export interface Own {
  weights: Float32Array;
  round: number;
  samples: number;
  degree: number;
}

/** What some rules need besides; a rule asserts that its own are given and reads no other. */
export interface MixingParameters {
  /** f: how many of the updates at hand may be lies, an integer of at least 0; the robust rules. */
  byzantine?: number | undefined;
  /** τ: how far one update may draw, in Euclidean distance between weights, above 0; `clipped`. */
  clipRadius?: number | undefined;
  /** Models further behind the oldest one are left out, an integer of at least 0; `limited-merge`. */
  ageGapMaxRounds?: number | undefined;
  /** γ: share of the way to the neighbours' estimates, in (0, 1]; `choco`. */
  consensusStep?: number | undefined;
  /** Loss of weights on my own held-out normal data, at least 0, or not finite; `loss-weighted`. */
  lossOf?: ((weights: Float32Array) => number) | undefined;
  /** The weight in [0, 1] that the topology prescribes for `peer`'s model in `round`, 0 where it is no neighbour; `graph`. */
  edgeWeight?: ((peer: string, round: number) => number) | undefined;
}

/**
 * Gives the next weights as a new vector, computed with `vectors` (plain unless given); changes nothing. Every rule takes
 * the updates in order of peer id, so the result does not depend on the order of arrival in any bit. One update a peer.
 */
export type MixingRule = (
  own: Own,
  received: readonly Received[],
  vectors?: VectorMath,
  parameters?: MixingParameters,
) => Float32Array;

/** The updates in ascending order of peer id. Asserts one update a peer, weights as long as mine, none from the future. */
export function inPeerOrder(own: Own, received: readonly Received[]): Received[] {
  const sorted = received.toSorted((a, b) => (a.peer < b.peer ? -1 : a.peer > b.peer ? 1 : 0));
  sorted.forEach(({ peer, weights, stalenessRounds }, i) => {
    assert.notEqual(peer, sorted[i - 1]?.peer, 'two updates of one peer');
    assert.equal(weights.length, own.weights.length, `weights of ${peer} have another length than mine`);
    assert.ok(stalenessRounds >= 0, `update of ${peer} is from the future`);
  });
  return sorted;
}

/** All models in ascending order of peer id, mine last. */
export function modelsOf(own: Own, sorted: readonly Received[]): Float32Array[] {
  return [...sorted.map(({ weights }) => weights), own.weights];
}

/**
 * The weight of an update s rounds old: that of a fresh one divided by 1 + s, the polynomial discount (1 + s)^−a of
 * FedAsync (arXiv 1903.03934) with a = 1. The freed weight goes to my own model.
 */
export function discounted(weight: number, { stalenessRounds }: Pick<Received, 'stalenessRounds'>): number {
  return weight / (1 + stalenessRounds);
}

/**
 * Wᵢⱼ = 1 / (1 + max(dᵢ, dⱼ)), which leaves Wᵢᵢ = 1 − Σ for my own: Metropolis weights (Xiao, Boyd and Lall, Distributed
 * average consensus with time-varying Metropolis weights, 2006), discounted by staleness. Where more updates arrive than my degree says, as
 * while a mesh changes, their number stands for my degree: my own weight then stays at least 1 / (1 + number).
 */
export function metropolisFactors(
  own: Pick<Own, 'degree'>,
  sorted: readonly Pick<Received, 'degree' | 'stalenessRounds'>[],
): number[] {
  const degree = Math.max(own.degree, sorted.length);
  return sorted.map((update) => discounted(1 / (1 + Math.max(degree, update.degree)), update));
}

/**
 * Σ factors[j] · weights of sorted[j], and my own model with what is left of 1: a convex combination where the factors are
 * at least 0 and at most 1 together.
 */
export function combine(
  own: Own,
  sorted: readonly Received[],
  factors: readonly number[],
  vectors: VectorMath,
): Float32Array {
  const given = factors.reduce((sum, factor) => sum + factor, 0);
  // Rounding may bring the sum a hair above 1.
  const rest = Math.max(0, 1 - given);
  return vectors.weightedSum(modelsOf(own, sorted), [...factors, rest]);
}
