import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Prng } from '../../src/lib/prng.ts';
import type { Activation, AutoencoderSpec } from '../../src/model/engine.ts';
import {
  applyScale,
  mergeMoments,
  momentsOf,
  reparameterise,
  type Scale,
  scaleFromMoments,
  scaleFromRanges,
} from '../../src/model/scaler.ts';
import { initialWeights } from '../../src/model/weights.ts';
import { forward } from '../contract/engine-oracle.ts';

const nan = Number.NaN;

describe('moments', () => {
  it('momentsOf() counts present values only', () => {
    const { count, mean, m2 } = momentsOf(Float64Array.of(1, nan, 3, nan, 5, 7), 2);
    assert.deepEqual([...count], [3, 1]);
    assert.deepEqual([...mean], [3, 7]);
    assert.deepEqual([...m2], [8, 0]);
  });

  it('momentsOf() keeps its digits on large values with a small spread', () => {
    const { m2 } = momentsOf(Float64Array.of(1e8 + 1, 1e8 + 2, 1e8 + 3), 1);
    assert.equal(m2[0], 2);
  });

  it('mergeMoments() equals the moments of all rows, however they are cut', () => {
    const cell = fc.oneof({ weight: 4, arbitrary: fc.double({ min: -1e3, max: 1e3, noNaN: true }) }, fc.constant(nan));
    const rows = fc.array(fc.tuple(cell, cell), { maxLength: 20 });
    fc.assert(
      fc.property(rows, fc.nat(20), (values, cut) => {
        const part = (some: typeof values) => momentsOf(Float64Array.from(some.flat()), 2);
        const merged = mergeMoments(part(values.slice(0, cut)), part(values.slice(cut)));
        const whole = part(values);
        assert.deepEqual(merged.count, whole.count);
        for (const key of ['mean', 'm2'] as const) {
          merged[key].forEach((value, j) => {
            assert(Math.abs(value - (whole[key][j] as number)) < 1e-6, `${key} ${value} is not ${whole[key][j]}`);
          });
        }
      }),
    );
  });

  it('mergeMoments() with nothing changes nothing', () => {
    const some = momentsOf(Float64Array.of(1, 2, 4), 1);
    const none = momentsOf(Float64Array.of(nan), 1);
    assert.deepEqual(mergeMoments(some, none), some);
    assert.deepEqual(mergeMoments(none, some), some);
  });
});

describe('scales', () => {
  it('scaleFromMoments() gives scaled values mean 0 and deviation 1', () => {
    const values = Float64Array.of(1e8, 2, 3e8, 4, 8e8, 9);
    const scaled = applyScale(values, 2, scaleFromMoments(momentsOf(values, 2)));
    const { mean, m2 } = momentsOf(Float64Array.from(scaled.values), 2);
    for (const value of mean) assert(Math.abs(value) < 1e-6);
    for (const value of m2) assert(Math.abs(value / 3 - 1) < 1e-6);
  });

  it('scaleFromMoments() gives a constant feature deviation 1, rounding errors aside', () => {
    const scale = scaleFromMoments(momentsOf(Float64Array.of(1, 5e7, 1 + 1e-15, 5e7, 1 - 1e-15, 5e7), 2));
    assert.deepEqual([...scale.deviation], [1, 1]);
  });

  it('applyScale() marks missing values, and features that the scale never saw', () => {
    const scale = scaleFromMoments(momentsOf(Float64Array.of(1, nan, 3, nan), 2));
    const data = applyScale(Float64Array.of(4, 7, nan, 7), 2, scale);
    assert.deepEqual([...data.mask], [1, 0, 0, 0]);
    assert.deepEqual([...data.values], [2, 0, 0, 0]);
    assert(data.values.buffer instanceof SharedArrayBuffer && data.mask.buffer instanceof SharedArrayBuffer);
  });

  it('scaleFromRanges() maps a range to -1 and 1', () => {
    const data = applyScale(Float64Array.of(10, 30, 20), 1, scaleFromRanges([[10, 30]]));
    assert.deepEqual([...data.values], [-1, 1, 0]);
  });
});

describe('reparameterise()', () => {
  const features = 3;
  const scaleArbitrary = fc
    .tuple(
      fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: features, maxLength: features }),
      fc.array(fc.double({ min: 0.2, max: 5, noNaN: true }), { minLength: features, maxLength: features }),
    )
    .map(([mean, deviation]): Scale => ({ mean: Float64Array.from(mean), deviation: Float64Array.from(deviation) }));

  /** The model as a function of raw values. */
  function onRaw(spec: AutoencoderSpec, weights: Float32Array, scale: Scale, raw: number[]): number[] {
    const scaled = raw.map((value, j) => (value - (scale.mean[j] as number)) / (scale.deviation[j] as number));
    return forward(spec, weights, scaled).map(
      (value, j) => value * (scale.deviation[j] as number) + (scale.mean[j] as number),
    );
  }

  it('reparameterise() leaves the function on raw values as it was', () => {
    fc.assert(
      fc.property(
        scaleArbitrary,
        scaleArbitrary,
        fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: features, maxLength: features }),
        fc.constantFrom<Activation>('tanh', 'relu', 'linear', 'sigmoid'),
        fc.constantFrom([4], [5, 2, 5]),
        (from, to, raw, activation, hidden) => {
          const spec: AutoencoderSpec = {
            features,
            hidden,
            activation,
            outputActivation: 'linear',
            noise: 0,
            dropout: 0,
            l2: 0,
          };
          const weights = initialWeights(spec, new Prng('w')).map((value, i) => value + (i % 3) / 10);
          const before = onRaw(spec, weights, from, raw);
          const after = onRaw(spec, reparameterise(weights, spec, from, to), to, raw);
          // Float32 weights round relative to the largest scaled value.
          before.forEach((value, j) => {
            assert(Math.abs(value - (after[j] as number)) < 5e-3, `${value} became ${after[j]}`);
          });
        },
      ),
    );
  });

  it('reparameterise() leaves a feature alone that one scale never saw', () => {
    const spec: AutoencoderSpec = {
      features: 1,
      hidden: [2],
      activation: 'tanh',
      outputActivation: 'linear',
      noise: 0,
      dropout: 0,
      l2: 0,
    };
    const weights = initialWeights(spec, new Prng(1));
    const unseen = { mean: Float64Array.of(0), deviation: Float64Array.of(Infinity) };
    const seen = { mean: Float64Array.of(5), deviation: Float64Array.of(2) };
    assert.deepEqual(reparameterise(weights, spec, unseen, seen), weights);
  });
});
