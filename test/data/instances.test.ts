import assert from 'node:assert/strict';
import fc from 'fast-check';
import { cutIntoInstances } from '../../src/data/instances.ts';
import { Series, type Split } from '../../src/data/series.ts';
import type { WindowSpec } from '../../src/data/windows.ts';

/** A series of one sensor that holds the row number. */
function series(
  labels: (0 | 1)[],
  options: { split?: (row: number) => Split; timeMs?: (row: number) => number } = {},
): Series {
  const made = new Series(1);
  for (const [row, label] of labels.entries()) {
    made.push(options.timeMs?.(row) ?? row, Float64Array.of(row), label, options.split?.(row));
  }
  return made;
}

const normal = (rows: number): 0[] => new Array<0>(rows).fill(0);
const by = (length: number, stride = length): WindowSpec => ({ length, stride, unit: 'samples' });
const names = (made: Series, window: WindowSpec): string[] =>
  cutIntoInstances(made, window, 'a').map((r) => r.instance);

describe('cutIntoInstances()', () => {
  it('makes about twenty blocks of whole strides in time order', () => {
    const blocks = cutIntoInstances(series(normal(1000)), by(15, 10), 'a');
    assert.equal(blocks.length, 23);
    assert.deepEqual(
      blocks.slice(0, 2).map(({ instance }) => instance),
      ['rows-1-45', 'rows-46-90'],
    );
  });

  it('makes blocks of one window when there is little data', () => {
    assert.deepEqual(names(series(normal(10)), by(4)), ['rows-1-4', 'rows-5-8', 'rows-9-10']);
  });

  it('takes each row as an instance when windows have one row', () => {
    const labels = Array.from({ length: 100 }, (_, row) => (row === 1 ? 1 : 0));
    const rows = cutIntoInstances(series(labels, { split: (row) => (row < 60 ? 'train' : 'test') }), by(1), 'a');
    assert.deepEqual(
      rows.map((row) => [...row.values, ...row.labels, row.split]),
      labels.map((label, row) => [row, label, row < 60 ? 'train' : 'test']),
    );
  });

  it('cuts at gaps and where the split changes', () => {
    const made = series(normal(100), {
      split: (row) => (row < 97 ? 'train' : 'test'),
      timeMs: (row) => (row < 2 ? row : row + 9),
    });
    const found = cutIntoInstances(made, by(5), 'a');
    assert.deepEqual([found[0]!.instance, found[1]!.instance], ['rows-1-2', 'rows-3-7']);
    assert.deepEqual(
      [found.at(-1)!.instance, found.at(-1)!.split, found.at(-2)!.split],
      ['rows-98-100', 'test', 'train'],
    );
  });

  it('keeps an anomaly with a window of rows around it, so that what lies between stays normal', () => {
    const labels: (0 | 1)[] = normal(60);
    labels[20] = labels[21] = labels[40] = 1;
    const found = cutIntoInstances(series(labels), by(6), 'a');
    const anomalous = found.filter((r) => r.labels.includes(1));
    assert.deepEqual(
      anomalous.map(({ instance }) => instance),
      ['rows-21-26', 'rows-41-46'],
    );
    assert.ok(found.some(({ instance }) => instance === 'rows-15-20'));
    assert.ok(found.some(({ instance }) => instance === 'rows-29-34'));
  });

  it('covers every row once and in order, whatever the labels, splits, gaps and windows', () => {
    const row = fc.record({
      label: fc.constantFrom(0 as const, 0 as const, 1 as const),
      test: fc.boolean(),
      step: fc.constantFrom(1, 1, 1, 5),
    });
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 80 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        (rows, length, stride) => {
          const times: number[] = [];
          for (const { step } of rows) times.push((times.at(-1) ?? 0) + step);
          const made = series(
            rows.map(({ label }) => label),
            { split: (i) => (rows[i]!.test ? 'test' : 'train'), timeMs: (i) => times[i]! },
          );
          const found = cutIntoInstances(made, by(length, stride), 'a');
          assert.deepEqual(
            found.flatMap(({ values }) => [...values]),
            rows.map((_, i) => i),
          );
          for (const { values, split, labels, timesMs } of found) {
            assert.ok(values.length > 0 && labels.length === values.length && timesMs.length === values.length);
            for (const value of values) assert.equal(split, rows[value]!.test ? 'test' : 'train');
          }
          assert.equal(new Set(found.map(({ instance }) => instance)).size, found.length);
        },
      ),
    );
  });
});
