import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Prng } from '../../src/lib/prng.ts';
import { interval95, pairedGap, studentQuantile95, summariseMetric } from '../../src/scenario/statistics.ts';

const value = fc.double({ min: 0, max: 1, noNaN: true });

describe('studentQuantile95()', () => {
  // Printed tables of the t distribution, two-sided 95 %.
  const table: [number, number][] = [
    [1, 12.706205],
    [2, 4.302653],
    [3, 3.182446],
    [4, 2.776445],
    [5, 2.570582],
    [9, 2.262157],
    [10, 2.228139],
    [29, 2.04523],
    [30, 2.042272],
    [99, 1.984217],
    [1000, 1.962339],
  ];
  for (const [degrees, expected] of table) {
    it(`studentQuantile95() agrees with the table at ${degrees} degrees of freedom`, () => {
      assert.ok(Math.abs(studentQuantile95(degrees) - expected) < 1e-6, String(studentQuantile95(degrees)));
    });
  }

  it('studentQuantile95() falls as the degrees of freedom grow', () => {
    for (let degrees = 1; degrees < 60; degrees++) {
      assert.ok(studentQuantile95(degrees + 1) < studentQuantile95(degrees));
    }
  });
});

describe('interval95()', () => {
  it('interval95() matches a hand-worked case', () => {
    // Mean 3, deviation √2.5, standard error √0.5, times 2.776445.
    const [low, high] = interval95([1, 2, 3, 4, 5]) ?? [];
    assert.ok(Math.abs((low ?? 0) - (3 - 1.963243)) < 1e-5);
    assert.ok(Math.abs((high ?? 0) - (3 + 1.963243)) < 1e-5);
  });

  it('interval95() is null with fewer than two values', () => {
    assert.equal(interval95([]), null);
    assert.equal(interval95([0.5]), null);
  });

  it('interval95() holds the true mean in about 95 of 100 samples', () => {
    const prng = new Prng('intervals');
    let held = 0;
    for (let trial = 0; trial < 4000; trial++) {
      const sample = Array.from({ length: 5 }, () => prng.nextGaussian());
      const [low, high] = interval95(sample) ?? [1, -1];
      if (low <= 0 && high >= 0) held++;
    }
    assert.ok(held > 3740 && held < 3860, `${held} of 4000`);
  });
});

describe('summariseMetric()', () => {
  const perSeed = [
    [
      { device: 'a', value: 0.9 },
      { device: 'b', value: 0.7 },
      { device: 'c', value: null },
    ],
    [
      { device: 'a', value: 1 },
      { device: 'b', value: null },
      { device: 'c', value: null },
    ],
  ];

  it('summariseMetric() averages over devices, then over seeds, and leaves nulls out', () => {
    const statistic = summariseMetric(perSeed, 'lowest');
    assert.equal(statistic.mean, 0.9);
    assert.equal(statistic.worst, 0.85);
    assert.deepEqual(statistic.perDevice, { a: 0.95, b: 0.7, c: null });
  });

  it('summariseMetric() takes the highest as the worst when told so', () => {
    assert.equal(summariseMetric(perSeed, 'highest').worst, 0.95);
  });

  it('summariseMetric() gives nulls when no device could be evaluated', () => {
    assert.deepEqual(summariseMetric([[{ device: 'a', value: null }], []], 'lowest'), {
      mean: null,
      worst: null,
      ci95: null,
      perDevice: { a: null },
    });
  });

  it('summariseMetric() keeps worst ≤ mean ≤ the interval end, whatever the values', () => {
    const seeds = fc.array(fc.array(value, { minLength: 1, maxLength: 6 }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(seeds, (values) => {
        const devices = values.map((row) => row.map((cell, index) => ({ device: `d${index}`, value: cell })));
        const { mean, worst, ci95 } = summariseMetric(devices, 'lowest');
        assert.ok(mean !== null && worst !== null && ci95 !== null);
        assert.ok(worst <= mean + 1e-12 && ci95[0] <= mean && mean <= ci95[1]);
        assert.ok(Math.abs((ci95[0] + ci95[1]) / 2 - mean) < 1e-9);
      }),
    );
  });
});

describe('pairedGap()', () => {
  it('pairedGap() is positive where the baseline is better', () => {
    assert.deepEqual(pairedGap([0.75], [0.5]), { mean: 0.25, ci95: null, perSeed: [0.25] });
  });

  it('pairedGap() leaves out a seed where either is null, and is null when none is left', () => {
    assert.deepEqual(pairedGap([0.75, null, 1], [0.5, 0.5, null])?.perSeed, [0.25]);
    assert.equal(pairedGap([null, 1], [1, null]), null);
  });

  it('pairedGap() has no width when the difference is the same on every seed', () => {
    const gap = pairedGap([0.5, 0.75, 1], [0.25, 0.5, 0.75]);
    assert.deepEqual(gap?.ci95, [0.25, 0.25]);
  });

  it('pairedGap() changes sign when the two methods swap', () => {
    const pairs = fc.array(fc.tuple(value, value), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(pairs, (rows) => {
        const first = rows.map((row) => row[0]);
        const second = rows.map((row) => row[1]);
        const there = pairedGap(first, second);
        const back = pairedGap(second, first);
        assert.ok(there !== null && back !== null);
        assert.ok(Math.abs(there.mean + back.mean) < 1e-12);
        assert.ok(Math.abs((there.ci95?.[0] ?? 0) + (back.ci95?.[1] ?? 0)) < 1e-12);
      }),
    );
  });
});
