// Models for tests of mixing rules: mine, updates of peers, and random ones of both kinds.
import fc from 'fast-check';
import type { MixingParameters, Own, Received } from '../../src/gossip/mixing.ts';

/** Weights of each random model. */
export const size = 4;

/** Parameters that suit every rule; the weights of eight edges add to less than 1. */
export const parameters: MixingParameters = {
  byzantine: 1,
  clipRadius: 2,
  ageGapMaxRounds: 3,
  edgeWeight: (peer, round) => (1 + ((peer.length + round) % 2)) / 20,
};

const anyWeights = fc.float32Array({ minLength: size, maxLength: size, noNaN: true, noDefaultInfinity: true });

/** My model; `weights` are any finite ones unless given. */
export function ownArbitrary(weights: fc.Arbitrary<Float32Array> = anyWeights): fc.Arbitrary<Own> {
  return fc.record({ weights, round: fc.nat(100), samples: fc.nat(10_000), degree: fc.nat(12) });
}

/** Updates of different peers; `weights` are any finite ones unless given. */
export function receivedArbitrary(
  limits: { minLength?: number; maxLength: number } = { maxLength: 8 },
  weights: fc.Arbitrary<Float32Array> = anyWeights,
): fc.Arbitrary<Received[]> {
  const update = fc.record({
    peer: fc.string({ minLength: 1, maxLength: 3 }),
    weights,
    round: fc.nat(100),
    samples: fc.nat(10_000),
    degree: fc.nat(12),
    stalenessRounds: fc.nat(5),
  });
  return fc.uniqueArray(update, { ...limits, selector: ({ peer }) => peer });
}

/** A fresh update of one weight, or of those in `changes`. */
export function update(peer: string, value: number, changes: Partial<Received> = {}): Received {
  return {
    peer,
    weights: Float32Array.of(value),
    round: 1,
    samples: 10,
    degree: 1,
    stalenessRounds: 0,
    ...changes,
  };
}

/** My model of one weight, or of those in `changes`. */
export function mine(value: number, changes: Partial<Own> = {}): Own {
  return { weights: Float32Array.of(value), round: 1, samples: 10, degree: 1, ...changes };
}

/** ‖a − b‖₂. */
export function distanceOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.hypot(...Array.from(a, (value, i) => value - (b[i] as number)));
}
