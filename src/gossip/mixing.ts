// Mixing rules: from my model and the updates at hand to my next model. Pure functions; who sends what is not known here.
// Owns the table of all rules and the averages; the merges by age and the robust rules have files of their own.
import assert from 'node:assert/strict';
import { plainVectors, type VectorMath } from '../lib/vector-math.ts';
import { lossWeighted } from './loss-mixing.ts';
import { ageWeighted, limitedMerge } from './merge-mixing.ts';
import {
  combine,
  discounted,
  inPeerOrder,
  type MixingParameters,
  type MixingRule,
  metropolisFactors,
  type Own,
  type Received,
} from './mixing-rule.ts';
import { modelsNeeded, type RobustRuleName, robustRuleNames, robustRules } from './robust-mixing.ts';

export { plainVectors, type VectorMath } from '../lib/vector-math.ts';
export type { MixingParameters, MixingRule, Own, Received } from './mixing-rule.ts';

/** The names of the rules. */
export const mixingRuleNames = [
  'metropolis',
  'epidemic',
  'fedavg-all',
  'clipped',
  'age-weighted',
  'limited-merge',
  'loss-weighted',
  'graph',
  ...robustRuleNames,
] as const;

/** The name of a rule. */
export type MixingRuleName = (typeof mixingRuleNames)[number];

/** How nodes may mix: by a rule, or in a way that remembers earlier rounds, which createMixer() makes. */
export const mixingNames = [...mixingRuleNames, 'push-sum', 'choco'] as const;

/** The name of a way to mix. */
export type MixingName = (typeof mixingNames)[number];

/** The rules by name. */
export const mixingRules: Readonly<Record<MixingRuleName, MixingRule>> = {
  metropolis,
  epidemic,
  'fedavg-all': fedavgAll,
  clipped,
  'age-weighted': ageWeighted,
  'limited-merge': limitedMerge,
  'loss-weighted': lossWeighted,
  graph,
  ...robustRules,
};

/** True where a rule is made to withstand `byzantine` liars, and needs that number. */
export function isRobust(name: MixingName): name is RobustRuleName {
  return Object.hasOwn(robustRules, name);
}

/** The fewest updates, mine not among them, that are mixed; with fewer a rule keeps my model. `byzantine` is at least 0. */
export function updatesNeeded(name: MixingName, byzantine = 0): number {
  return isRobust(name) ? modelsNeeded(name, byzantine) - 1 : 0;
}

/** Σ Wᵢⱼ xⱼ with Metropolis weights: D-PSGD (arXiv 1705.09056). */
function metropolis(own: Own, received: readonly Received[], vectors: VectorMath = plainVectors): Float32Array {
  const sorted = inPeerOrder(own, received);
  return combine(own, sorted, metropolisFactors(own, sorted), vectors);
}

/** The mean of mine and the received: EL-Local of epidemic learning (arXiv 2310.01972, algorithm 1). */
function epidemic(own: Own, received: readonly Received[], vectors: VectorMath = plainVectors): Float32Array {
  const sorted = inPeerOrder(own, received);
  const factors = sorted.map((update) => discounted(1 / (1 + sorted.length), update));
  return combine(own, sorted, factors, vectors);
}

/** The mean weighted by samples: FedAvg (arXiv 1602.05629, algorithm 1); my own model where nobody has samples. */
function fedavgAll(own: Own, received: readonly Received[], vectors: VectorMath = plainVectors): Float32Array {
  const sorted = inPeerOrder(own, received);
  const total = sorted.reduce((sum, { samples }) => sum + samples, own.samples);
  const factors = sorted.map((update) => discounted(total === 0 ? 0 : update.samples / total, update));
  return combine(own, sorted, factors, vectors);
}

/**
 * xᵢ ← Σ Wᵢⱼ xⱼ with the W that the topology of the round prescribes, as its exactness needs (Base-(k+1) graph, arXiv
 * 2305.11420; one-peer exponential graph, arXiv 2110.13363). What did not arrive leaves its weight to my own model. For
 * synchronous rounds: all models are of one round.
 */
function graph(
  own: Own,
  received: readonly Received[],
  vectors: VectorMath = plainVectors,
  { edgeWeight }: MixingParameters = {},
): Float32Array {
  assert.ok(edgeWeight !== undefined, 'no edgeWeight for mixing by the graph');
  const sorted = inPeerOrder(own, received);
  const factors = sorted.map(({ peer }) => edgeWeight(peer, own.round));
  return combine(own, sorted, factors, vectors);
}

/**
 * xᵢ + Σ Wᵢⱼ clip(xⱼ − xᵢ, τ) with metropolis's W: ClippedGossip (arXiv 2202.01545), with one radius τ for the
 * whole run. However many lie, it moves my model by less than τ, and one liar by at most its weight of τ.
 */
function clipped(
  own: Own,
  received: readonly Received[],
  vectors: VectorMath = plainVectors,
  { clipRadius }: MixingParameters = {},
): Float32Array {
  assert.ok(clipRadius !== undefined && clipRadius > 0, `clipRadius is ${clipRadius}`);
  const sorted = inPeerOrder(own, received);
  const models = sorted.map(({ weights }) => weights);
  return vectors.clippedSum(own.weights, models, metropolisFactors(own, sorted), clipRadius);
}
