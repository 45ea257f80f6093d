import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  checkWindows,
  featureNames,
  rangeOfFeature,
  selectFeatures,
  sensorOfFeature,
  tabulate,
} from '../../src/data/features.ts';
import type { WindowSpec } from '../../src/data/windows.ts';
import { ramp, recording } from './fixtures.ts';

const samples = (length: number, stride = length): WindowSpec => ({ length, stride, unit: 'samples' });

/** Textbook formulas over the present values of one window of one sensor. */
function naiveSummary(window: number[]): number[] {
  const points = window.map((x, t) => ({ x, t })).filter(({ x }) => !Number.isNaN(x));
  const n = points.length;
  if (n === 0 || 2 * n < window.length) return [Number.NaN, Number.NaN, Number.NaN, Number.NaN];
  const average = (pick: (p: { x: number; t: number }) => number): number =>
    points.reduce((sum, p) => sum + pick(p), 0) / n;
  const [x, t] = [average((p) => p.x), average((p) => p.t)];
  const spread = average((p) => (p.t - t) ** 2);
  const slope = spread === 0 ? 0 : average((p) => (p.t - t) * (p.x - x)) / spread;
  const residual = average((p) => (p.x - (x + slope * (p.t - t))) ** 2);
  return [x, Math.sqrt(average((p) => (p.x - x) ** 2)), slope, Math.sqrt(residual)];
}

describe('tabulate() with summary', () => {
  it('agrees with textbook formulas, missing values included', () => {
    const cell = fc.oneof({ weight: 3, arbitrary: fc.double({ min: -100, max: 100, noNaN: true }) }, fc.constant(NaN));
    const rows = fc.array(fc.tuple(cell, cell), { minLength: 3, maxLength: 30 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 3, max: 8 }), fc.integer({ min: 1, max: 8 }), (values, length, stride) => {
        const sensors = ['a', 'b'];
        const config = { window: samples(length, stride), features: 'summary' as const };
        const names = featureNames(sensors, 'summary', length);
        const table = tabulate([recording('r', values)], sensors, names, config, [false, false], 'd');
        const expected: number[] = [];
        for (let start = 0; start + length <= values.length; start += stride) {
          for (const s of [0, 1])
            expected.push(...naiveSummary(values.slice(start, start + length).map((row) => row[s]!)));
        }
        assert.equal(table.values.length, expected.length);
        for (const [i, value] of expected.entries()) {
          if (Number.isNaN(value)) assert.ok(Number.isNaN(table.values[i]!));
          else assert.ok(Math.abs(table.values[i]! - value) < 1e-9, `${names[i % 8]}: ${table.values[i]} and ${value}`);
        }
      }),
    );
  });

  it('keeps the small numbers at 1e8 Pa', () => {
    const bumps = [0, 0.25, -0.25, 0.5, 0, -0.5, 0.125, 0, 0.25];
    const at = (offset: number): number[] => {
      const rec = recording(
        'r',
        bumps.map((bump, t) => [offset + 0.001 * t + bump]),
      );
      const config = { window: samples(9), features: 'summary' as const };
      return [...tabulate([rec], ['p'], featureNames(['p'], 'summary', 9), config, [false], 'd').values];
    };
    const [near, far] = [at(0), at(1e8)];
    for (const i of [1, 2, 3]) assert.ok(Math.abs(near[i]! - far[i]!) < 1e-7, `${near[i]} and ${far[i]}`);
  });

  it('labels a window by its rows and goes through recordings in order', () => {
    const mixed = { ...ramp('m', 0, 6), labels: Uint8Array.of(0, 0, 0, 0, 1, 0) };
    const config = { window: samples(3), features: 'summary' as const };
    const names = featureNames(['x'], 'summary', 3);
    const table = tabulate([ramp('n', 10, 3), mixed], ['x'], names, config, [false], 'd');
    assert.deepEqual([...table.labels], [0, 0, 1]);
    assert.deepEqual([table.values[0], table.values[4], table.values[8]], [11, 1, 4]);
  });

  it('makes a masked sensor missing and leaves the others', () => {
    const rec = recording('r', [
      [1, 2],
      [2, 4],
      [3, 6],
    ]);
    const config = { window: samples(3), features: 'summary' as const };
    const names = featureNames(['a', 'b'], 'summary', 3);
    const { values } = tabulate([rec], ['a', 'b'], names, config, [true, false], 'd');
    assert.ok(values.subarray(0, 4).every(Number.isNaN));
    assert.equal(values[4], 4);
    assert.equal(values[6], 2);
  });
});

describe('tabulate() with raw', () => {
  it('flattens the window row by row', () => {
    const rec = recording('r', [
      [1, 2],
      [3, Number.NaN],
      [5, 6],
      [7, 8],
    ]);
    const names = featureNames(['a', 'b'], 'raw', 2);
    const table = tabulate([rec], ['a', 'b'], names, { window: samples(2), features: 'raw' }, [false, false], 'd');
    assert.deepEqual(table.features, ['a[0]', 'b[0]', 'a[1]', 'b[1]']);
    assert.deepEqual([...table.values], [1, 2, 3, Number.NaN, 5, 6, 7, 8]);
  });

  it('makes a sensor missing when under half of its window is there', () => {
    const rec = recording('r', [[1], [Number.NaN], [Number.NaN]]);
    const table = tabulate(
      [rec],
      ['a'],
      featureNames(['a'], 'raw', 3),
      { window: samples(3), features: 'raw' },
      [false],
      'd',
    );
    assert.ok(table.values.every(Number.isNaN));
  });

  it('gives a table without rows the same features', () => {
    const table = tabulate([], ['a'], ['a[0]', 'a[1]'], { window: samples(2), features: 'raw' }, [false], 'd');
    assert.deepEqual([table.rows, table.values.length, table.features], [0, 0, ['a[0]', 'a[1]']]);
  });
});

describe('checkWindows()', () => {
  it('refuses a summary of fewer than three rows', () => {
    assert.throws(() => checkWindows([ramp('a', 0, 9)], { window: samples(2), features: 'summary' }, 'pump'), {
      name: 'OperatorError',
      message: /at least 3 rows, and those of pump have 2/,
    });
  });

  it('refuses raw windows of two lengths', () => {
    const fast = { ...ramp('fast', 0, 9), timesMs: Float64Array.from({ length: 9 }, (_, i) => i * 1000) };
    const config = { window: { length: 120, stride: 120, unit: 'seconds' as const }, features: 'raw' as const };
    assert.equal(checkWindows([ramp('slow', 0, 9)], config, 'pump'), 2);
    assert.throws(() => checkWindows([ramp('slow', 0, 9), fast], config, 'pump'), {
      name: 'OperatorError',
      message: /pump, fast gives windows of 120 rows and others of 2/,
    });
  });
});

describe('featureNames() and sensorOfFeature()', () => {
  it('find the sensor of every name again, dots and brackets included', () => {
    const sensors = ['P-TPT', 'MI_dir_L0.1_mean', 'temp [C]', 'a.mean'];
    for (const kind of ['raw', 'summary'] as const) {
      for (const length of [1, 3]) {
        const names = featureNames(sensors, kind, length);
        assert.equal(new Set(names).size, sensors.length * (kind === 'summary' ? 4 : length));
        const found = names.map((name) => sensorOfFeature(name, sensors));
        assert.deepEqual(new Set(found), new Set(sensors));
      }
    }
    assert.equal(sensorOfFeature('other.mean', sensors), undefined);
  });

  it('name single rows by the sensor alone', () => assert.deepEqual(featureNames(['a', 'b'], 'raw', 1), ['a', 'b']));
});

describe('rangeOfFeature()', () => {
  const ranges = { flow: [2, 10], 'flow.slope': [0, 1] } as const;

  it('rangeOfFeature() gives means and raw values the range of their sensor, and other statistics one around 0', () => {
    for (const feature of ['flow', 'flow[3]', 'flow.mean']) assert.deepEqual(rangeOfFeature(feature, ranges), [2, 10]);
    for (const feature of ['flow.deviation', 'flow.residual'])
      assert.deepEqual(rangeOfFeature(feature, ranges), [-4, 4]);
  });

  it('rangeOfFeature() takes a sensor whose name looks like a statistic for a sensor', () => {
    assert.deepEqual(rangeOfFeature('flow.slope', ranges), [0, 1]);
    assert.deepEqual(rangeOfFeature('flow.slope.slope', ranges), [-0.5, 0.5]);
  });

  it('rangeOfFeature() gives nothing for a sensor without a range', () => {
    assert.equal(rangeOfFeature('pressure.mean', ranges), undefined);
  });
});

describe('selectFeatures()', () => {
  it('keeps the asked columns of every row', () => {
    const table = {
      features: ['a', 'b', 'c'],
      rows: 2,
      values: Float64Array.of(1, 2, 3, 4, 5, 6),
      labels: Uint8Array.of(0, 1),
    };
    const selected = selectFeatures(table, [2, 0]);
    assert.deepEqual(selected.features, ['c', 'a']);
    assert.deepEqual([...selected.values], [3, 1, 6, 4]);
  });
});
