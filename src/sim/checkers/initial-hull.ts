// Invariant: where training changes nothing and updates travel as float32, no coordinate ever leaves the range that the
// nodes' first weights have.
import { type CheckerFactory, violation } from './checker.ts';

/**
 * `first` are the nodes' first weights. For fleets with a convex rule, without a shared scaler, with encoding float32 and a
 * learner that changes no weights. Rounding needs no allowance, as with convexity.
 */
export const initialHull =
  (first: readonly Float32Array[]): CheckerFactory =>
  (fleet) => {
    const [some] = first;
    const low = Float32Array.from(some ?? [], (_, k) =>
      first.reduce((least, each) => Math.min(least, each[k]!), Infinity),
    );
    const high = Float32Array.from(some ?? [], (_, k) =>
      first.reduce((most, each) => Math.max(most, each[k]!), -Infinity),
    );
    return {
      name: 'initial-hull',
      onEffect(node, effect, nowMs) {
        if (effect.kind !== 'emit' || effect.event.type !== 'round') return;
        const { weights } = effect.event;
        for (let k = 0; k < weights.length; k++) {
          if (weights[k]! >= low[k]! && weights[k]! <= high[k]!) continue;
          const seen = `has ${weights[k]} for weight ${k}, and all began in [${low[k]}, ${high[k]}]`;
          throw violation(this, fleet, node, nowMs, seen);
        }
      },
    };
  };
