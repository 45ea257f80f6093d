import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type MixingRuleName, mixingRules } from '../../../src/gossip/mixing.ts';
import { digestOf, encodePayload } from '../../../src/gossip/payload.ts';
import type { CoreSettings, Input } from '../../../src/gossip/protocol.ts';
import { convexity } from '../../../src/sim/checkers/convexity.ts';
import { initialHull } from '../../../src/sim/checkers/initial-hull.ts';
import { updateOf } from '../../support/core-network.ts';
import { checkerOf, roundOf, violates } from './fleet-fixture.ts';

const shapes = [{ rows: 1, columns: 3 }];

function received(round: number, weights: readonly number[]): Input {
  const payload = encodePayload(Float32Array.from(weights), shapes, 'float32');
  const update = updateOf(round, [0, 0], { payload, payloadBytes: payload.length, digest: digestOf(payload) });
  return { kind: 'updateReceived', from: 'n1', update, pulled: false };
}

function trained(...weights: number[]): Input {
  return { kind: 'trained', round: 1, weights: Float32Array.from(weights), loss: 0 };
}

describe('convexity', () => {
  const mixed = (weights: readonly number[], changes: Partial<CoreSettings> = {}) => {
    const checker = checkerOf(convexity, changes);
    checker.onInput(0, received(4, [1, 1, 1]), 1);
    checker.onInput(0, trained(0, 1, 2), 2);
    checker.onEffect(0, roundOf([{ peer: 'n1', round: 4 }], { weights: Float32Array.from(weights) }), 2);
    return checker;
  };

  it('lets each coordinate be anywhere between what was mixed', () => {
    mixed([0.5, 1, 1.5]);
    mixed([0, 1, 2]);
    mixed([1, 1, 1]);
  });

  it('finds a coordinate that is outside', () => {
    for (const weights of [
      [0.5, 1, 2.000001],
      [-1e-6, 1, 1],
      [0.5, 0.999999, 1.5],
      [0.5, Number.NaN, 1.5],
    ]) {
      assert.throws(() => mixed(weights), violates('convexity', 'n0', /lies in/), `${weights}`);
    }
  });

  it('finds an update that never came, or came before a mixing of the same', () => {
    const checker = mixed([0.5, 1, 1.5]);
    for (const round of [3, 4]) {
      assert.throws(
        () => checker.onEffect(0, roundOf([{ peer: 'n1', round }]), 3),
        violates('convexity', 'n0', /which never came/),
      );
    }
  });

  it('forgets in a crash what came', () => {
    const checker = checkerOf(convexity);
    checker.onInput(0, received(4, [1, 1, 1]), 1);
    checker.onDown(0);
    checker.onInput(0, trained(0, 1, 2), 2);
    assert.throws(() => checker.onEffect(0, roundOf([{ peer: 'n1', round: 4 }]), 2), /never came/);
  });

  it('looks away where the weights were expressed in another scaler', () => {
    const checker = checkerOf(convexity);
    checker.onInput(0, trained(0, 0, 0), 1);
    const nothing = new Float64Array();
    checker.onEffect(0, { kind: 'rescale', moments: { count: nothing, mean: nothing, m2: nothing } }, 1);
    checker.onEffect(0, roundOf([], { weights: Float32Array.of(9, 9, 9) }), 1);
    checker.onInput(0, trained(0, 0, 0), 2);
    assert.throws(() => checker.onEffect(0, roundOf([], { weights: Float32Array.of(9, 9, 9) }), 2), /lies in/);
  });

  it('needs no allowance for rounding', () => {
    const value = fc.oneof(
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.constantFrom(0, -0, 1e-45, -1e-45, 3e38, -3e38),
    );
    const names: MixingRuleName[] = [
      'metropolis',
      'epidemic',
      'clipped',
      'age-weighted',
      'median',
      'nnm+geometric-median',
    ];
    const models = fc.array(fc.array(value, { minLength: 2, maxLength: 2 }), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(models, fc.constantFrom(...names), (values, name) => {
        const [own, ...others] = values.map((each) => Float32Array.from(each)) as [Float32Array, ...Float32Array[]];
        const sent = others.map((weights, i) => ({
          peer: `p${i}`,
          weights,
          round: i,
          samples: 1,
          degree: i,
          stalenessRounds: i % 2,
        }));
        const mine = { weights: own, round: 3, samples: 1, degree: 2 };
        const result = mixingRules[name](mine, sent, undefined, { byzantine: 0, clipRadius: 10 });
        result.forEach((weight, k) => {
          const column = [own, ...others].map((each) => each[k] as number);
          const [low, high] = [Math.min(...column), Math.max(...column)];
          assert.ok(weight >= low && weight <= high, `${name}: ${weight} of ${column}`);
        });
      }),
      { numRuns: 2000 },
    );
  });
});

describe('initialHull', () => {
  const hull = initialHull([Float32Array.of(0, 1, 2), Float32Array.of(1, 1, 1)]);

  it('finds a weight that has left the range in which all began', () => {
    const checker = checkerOf(hull);
    checker.onEffect(0, roundOf([], { weights: Float32Array.of(0.5, 1, 2) }), 1);
    for (const weights of [Float32Array.of(0.5, 1.00001, 1), Float32Array.of(-1e-6, 1, 1)]) {
      assert.throws(
        () => checker.onEffect(1, roundOf([], { weights }), 2),
        violates('initial-hull', 'n1', /all began/),
      );
    }
  });
});
