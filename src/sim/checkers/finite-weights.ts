// Invariant: no node goes on from weights that are NaN or infinite.
import { allFinite } from '../../lib/finite.ts';
import { type CheckerFactory, violation } from './checker.ts';

/** Looks at what a node trains from and at what its rounds end with. */
export const finiteWeights: CheckerFactory = (fleet) => {
  const seen: (Float32Array | undefined)[] = [];
  return {
    name: 'finite-weights',
    onEffect(node, effect, nowMs) {
      const isRound = effect.kind === 'emit' && effect.event.type === 'round';
      if (!isRound && effect.kind !== 'train') return;
      const { weights } = isRound ? (effect.event as { weights: Float32Array }) : (effect as { weights: Float32Array });
      // A round ends with what the next one begins with.
      if (weights === seen[node]) return;
      seen[node] = weights;
      if (!allFinite(weights)) throw violation(this, fleet, node, nowMs, 'goes on from weights that are not finite');
    },
  };
};
