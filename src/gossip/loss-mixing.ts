// Mixing by how well a neighbour's model does on my own data. A pure function; how a model's loss is measured is a port.
import assert from 'node:assert/strict';
import { plainVectors, type VectorMath } from '../lib/vector-math.ts';
import { inPeerOrder, type MixingParameters, type Own, type Received } from './mixing-rule.ts';

/**
 * The mean of my model and the received, in which a model weighs e^(1 − ℓⱼ/ℓᵢ), at most 1, where ℓ is its loss on my own
 * held-out normal data and ℓᵢ that of mine; and my own model where the mean does worse than it on those data. So nobody is drawn to a
 * model that does not fit its machine. After PENS (Onoszko et al., arXiv 2107.08517), which takes the models of least
 * loss and leaves out the others; here weights fall off smoothly, since there are only a few neighbours to choose from.
 * Staleness is not discounted besides: an old model shows in its loss. A model whose loss is not finite weighs nothing.
 */
export function lossWeighted(
  own: Own,
  received: readonly Received[],
  vectors: VectorMath = plainVectors,
  { lossOf }: MixingParameters = {},
): Float32Array {
  assert.ok(lossOf !== undefined, 'loss-weighted needs lossOf');
  const sorted = inPeerOrder(own, received);
  const mine = lossOf(own.weights);
  // A loss of 0 cannot be bettered.
  if (!(mine > 0) || sorted.length === 0) return own.weights.slice();
  const merits = sorted.map(({ weights }) => {
    const loss = lossOf(weights);
    return Number.isFinite(loss) ? Math.min(1, Math.exp(1 - loss / mine)) : 0;
  });
  const total = merits.reduce((sum, merit) => sum + merit, 1);
  const models = [...sorted.map(({ weights }) => weights), own.weights];
  const mixed = vectors.weightedSum(
    models,
    [...merits, 1].map((merit) => merit / total),
  );
  return lossOf(mixed) <= mine ? mixed : own.weights.slice();
}
