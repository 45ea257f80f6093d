// Mixing rules: from my model and the updates at hand to my next model. Pure functions; who sends what is not known here.
// Owns the table of all rules and the averages; the merges by age and the robust rules have files of their own.
import assert from 'node:assert/strict';
import { plainVectors, type VectorMath } from '../lib/vector-math.ts';
import { ageWeighted, limitedMerge } from './merge-mixing.ts';
import {
  combine,
  discounted,
  inPeerOrder,
  type MixingParameters,
  type MixingRule,
  type Own,
  type Received,
} from './mixing-rule.ts';
import { modelsNeeded, type RobustRuleName, robustRuleNames, robustRules } from './robust-mixing.ts';

export { plainVectors, type VectorMath } from '../lib/vector-math.ts';
export type { MixingParameters, MixingRule, Own, Received } from './mixing-rule.ts';

/** The names a scenario may use. */
export const mixingRuleNames = [
  'metropolis',
  'epidemic',
  'fedavg-all',
  'clipped',
  'age-weighted',
  'limited-merge',
  'graph',
  ...robustRuleNames,
] as const;

/** The name of a rule. */
export type MixingRuleName = (typeof mixingRuleNames)[number];

/** The rules by name. */
export const mixingRules: Readonly<Record<MixingRuleName, MixingRule>> = {
  metropolis,
  epidemic,
  'fedavg-all': fedavgAll,
  clipped,
  'age-weighted': ageWeighted,
  'limited-merge': limitedMerge,
  graph,
  ...robustRules,
};

/** True where a rule is made to withstand `byzantine` liars, and needs that number. */
export function isRobust(name: MixingRuleName): name is RobustRuleName {
  return Object.hasOwn(robustRules, name);
}

/** The fewest updates, mine not among them, that a rule mixes; with fewer it keeps my model. `byzantine` is at least 0. */
export function updatesNeeded(name: MixingRuleName, byzantine = 0): number {
  return isRobust(name) ? modelsNeeded(name, byzantine) - 1 : 0;
}

/**
 * Wᵢⱼ = 1 / (1 + max(dᵢ, dⱼ)) and Wᵢᵢ = 1 − Σ: D-PSGD (arXiv 1705.09056) with Metropolis weights (Xiao, Boyd and
 * Lall, Distributed average consensus with time-varying Metropolis weights, 2006). Where more updates arrive than my degree says, as while a mesh
 * changes, their number stands for my degree: my own weight then stays at least 1 / (1 + number), never negative.
 */
function metropolis(own: Own, received: readonly Received[], vectors: VectorMath = plainVectors): Float32Array {
  const sorted = inPeerOrder(own, received);
  return combine(own, sorted, metropolisFactors(own, sorted), vectors);
}

function metropolisFactors(own: Own, sorted: readonly Received[]): number[] {
  const degree = Math.max(own.degree, sorted.length);
  return sorted.map((update) => discounted(1 / (1 + Math.max(degree, update.degree)), update));
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
