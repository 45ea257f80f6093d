import assert from 'node:assert/strict';
import fc from 'fast-check';
import { drawDirichlet, drawIndex } from '../../src/data/weighted-draws.ts';
import { Prng } from '../../src/lib/prng.ts';

describe('drawDirichlet()', () => {
  it('gives shares that add to 1, also where concentrations are far below what a double can hold', () => {
    const concentrations = fc.array(fc.double({ min: 1e-4, max: 1e4, noNaN: true }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(concentrations, fc.nat(), (alphas, seed) => {
        const shares = drawDirichlet(alphas, new Prng(seed));
        assert.ok(shares.every((share) => share >= 0 && share <= 1));
        assert.ok(Math.abs(shares.reduce((a, b) => a + b, 0) - 1) < 1e-9);
      }),
    );
  });

  it('has the mean α/A and the variance α(A − α)/(A²(A + 1)) of the distribution', () => {
    const draws = 20_000;
    for (const alphas of [
      [0.1, 0.3, 0.6],
      [2, 3, 5],
    ]) {
      const prng = new Prng(1);
      const all = Array.from({ length: draws }, () => drawDirichlet(alphas, prng));
      const total = alphas.reduce((a, b) => a + b, 0);
      for (const [i, alpha] of alphas.entries()) {
        const mean = all.reduce((sum, shares) => sum + shares[i]!, 0) / draws;
        const variance = all.reduce((sum, shares) => sum + (shares[i]! - mean) ** 2, 0) / draws;
        const expected = (alpha * (total - alpha)) / (total * total * (total + 1));
        assert.ok(Math.abs(mean - alpha / total) < 0.01, `mean ${mean}`);
        assert.ok(Math.abs(variance / expected - 1) < 0.05, `variance ${variance}, not ${expected}`);
      }
    }
  });

  it('gives a concentration of 0 nothing', () => {
    assert.deepEqual(drawDirichlet([0, 0.5, 0], new Prng(1)), [0, 1, 0]);
  });

  it('asserts that concentrations are not negative and one is above 0', () => {
    assert.throws(() => drawDirichlet([0, 0], new Prng(1)), { name: 'AssertionError' });
    assert.throws(() => drawDirichlet([1, -1], new Prng(1)), { name: 'AssertionError' });
  });
});

describe('drawIndex()', () => {
  it('draws in proportion to the weights, and never a weight of 0', () => {
    const prng = new Prng(1);
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 10_000; i++) counts[drawIndex([0, 3, 1, 0], prng)]! += 1;
    assert.equal(counts[0]! + counts[3]!, 0);
    assert.ok(Math.abs(counts[1]! - 7500) < 200, `${counts}`);
  });

  it('never draws a weight of 0 at either end of the unit interval', () => {
    const at = (draw: number): Prng => Object.assign(new Prng(1), { nextFloat: () => draw });
    assert.equal(drawIndex([0, 3, 1, 0], at(0)), 1);
    assert.equal(drawIndex([0, 3, 1, 0], at(1)), 2);
  });

  it('asserts that a weight is above 0', () => {
    assert.throws(() => drawIndex([0, 0], new Prng(1)), { name: 'AssertionError' });
  });
});
