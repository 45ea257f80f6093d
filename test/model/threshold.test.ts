import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Prng } from '../../src/lib/prng.ts';
import { quantile, thresholdOf } from '../../src/model/threshold.ts';

/** Draws of a generalised Pareto distribution by inversion; shape 0 is the exponential. */
function paretoDraws(shape: number, scale: number, count: number): number[] {
  const prng = new Prng(`pareto ${shape}`);
  return Array.from({ length: count }, () => {
    const tail = 1 - prng.nextFloat();
    return shape === 0 ? -scale * Math.log(tail) : (scale / shape) * (tail ** -shape - 1);
  });
}

describe('quantile()', () => {
  it('quantile() is linear between neighbours', () => {
    assert.equal(quantile(Float64Array.of(10, 20, 30, 40, 50), 0.5), 30);
    assert.equal(quantile(Float64Array.of(10, 20), 0.25), 12.5);
    assert.equal(quantile(Float64Array.of(7), 0.99), 7);
  });

  it('quantile() of 0 and 1 are the ends, even infinite ones', () => {
    assert.equal(quantile(Float64Array.of(1, 2, Infinity), 1), Infinity);
    assert.equal(quantile(Float64Array.of(1, 2, Infinity), 0.5), 2);
  });
});

describe('thresholdOf()', () => {
  it('thresholdOf() quantile sorts the errors first', () => {
    assert.equal(thresholdOf([3, 1, 2], { method: 'quantile', quantile: 0.5 }), 2);
  });

  it('thresholdOf() sigma is the mean and so many population deviations', () => {
    assert.equal(thresholdOf([2, 4, 4, 4, 5, 5, 7, 9], { method: 'sigma', sigmas: 3 }), 5 + 3 * 2);
  });

  for (const shape of [-0.3, 0, 0.2, 0.5]) {
    it(`thresholdOf() pot finds the far quantile of a tail of shape ${shape}`, () => {
      const risk = 1e-4;
      const threshold = thresholdOf(paretoDraws(shape, 2, 20_000), { method: 'pot', initialQuantile: 0.9, risk });
      const exact = shape === 0 ? -2 * Math.log(risk) : (2 / shape) * (risk ** -shape - 1);
      assert(Math.abs(threshold / exact - 1) < 0.15, `${threshold} where ${exact} is exact`);
    });
  }

  it('thresholdOf() pot leaves room above peaks that are all equal', () => {
    const errors = Array.from({ length: 100 }, (_, i) => (i < 80 ? 0 : 1));
    assert(thresholdOf(errors, { method: 'pot', initialQuantile: 0.5, risk: 0.001 }) > 1.2);
  });

  it('thresholdOf() pot stays in reach where the tail has no mean', () => {
    const rule = { method: 'pot', initialQuantile: 0.9, risk: 1e-4 } as const;
    // Shape 2 would extrapolate to about scale / 2 · 10⁸.
    assert(thresholdOf(paretoDraws(2, 2, 20_000), rule) < 1e7);
  });

  it('thresholdOf() pot is the plain quantile with fewer than ten peaks', () => {
    const errors = Array.from({ length: 90 }, (_, i) => i);
    assert.equal(
      thresholdOf(errors, { method: 'pot', initialQuantile: 0.9, risk: 0.01 }),
      thresholdOf(errors, { method: 'quantile', quantile: 0.99 }),
    );
  });

  it('thresholdOf() pot is the plain quantile where the risk lies below the initial quantile', () => {
    const errors = Array.from({ length: 200 }, (_, i) => i);
    assert.equal(
      thresholdOf(errors, { method: 'pot', initialQuantile: 0.9, risk: 0.2 }),
      thresholdOf(errors, { method: 'quantile', quantile: 0.8 }),
    );
  });

  it('thresholdOf() pot is finite and not below the initial quantile, whatever the errors', () => {
    const errors = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(errors, fc.double({ min: 1e-6, max: 0.099, noNaN: true }), (values, risk) => {
        const threshold = thresholdOf(values, { method: 'pot', initialQuantile: 0.9, risk });
        const initial = thresholdOf(values, { method: 'quantile', quantile: 0.9 });
        assert(Number.isFinite(threshold) && threshold >= initial, `${threshold} below ${initial}`);
      }),
    );
  });

  it('thresholdOf() pot scales with the errors', () => {
    const errors = paretoDraws(0.2, 1, 1000);
    const rule = { method: 'pot', initialQuantile: 0.9, risk: 0.001 } as const;
    const one = thresholdOf(errors, rule);
    const many = thresholdOf(
      errors.map((error) => error * 1e6),
      rule,
    );
    assert(Math.abs(many / one / 1e6 - 1) < 1e-6);
  });
});
