import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Prng } from '../../../src/lib/prng.ts';
import { momentsOf } from '../../../src/model/scaler.ts';
import type { FeatureRow } from '../../../src/node/intake/feature-row.ts';
import { Reservoir, type ReservoirOptions } from '../../../src/node/learning/reservoir.ts';
import { Folders, gateway, withStore } from '../store/fixtures.ts';

const blockMs = 100;

function reservoir(changes: Partial<ReservoirOptions> = {}): Reservoir {
  const slots = new Map<number, FeatureRow>();
  return new Reservoir({
    slots,
    prng: new Prng('reservoir'),
    features: 1,
    trainRows: 50,
    validateRows: 10,
    horizonRows: 50,
    blockMs,
    ...changes,
  });
}

function row(startMs: number, endMs = startMs, ...values: number[]): FeatureRow {
  return { startMs, endMs, values: Float64Array.from(values.length > 0 ? values : [startMs]) };
}

describe('Reservoir', () => {
  it('gives each fifth block of time to the threshold, and neither windows that lie in both kinds', () => {
    const kept = reservoir({ trainRows: 1000, validateRows: 1000, horizonRows: 1000 });
    assert.equal(kept.add(row(0, 90)), 'train');
    assert.equal(kept.add(row(350, 399)), 'train');
    assert.equal(kept.add(row(350, 400)), 'boundary');
    assert.equal(kept.add(row(400, 499)), 'validate');
    assert.equal(kept.add(row(450, 500)), 'boundary');
    assert.equal(kept.add(row(500, 599)), 'train');
    assert.equal(kept.add(row(50, 150)), 'train');
    assert.equal(kept.add(row(399, 500)), 'boundary');
    assert.equal(kept.trainCount, 4);
    assert.equal(kept.validateCount, 1);
    assert.deepEqual([...kept.validateValues()], [400]);
  });

  it('has no sample of a training window in a window for the threshold, whichever windows come', () => {
    const window = fc.record({ startMs: fc.nat(5000), length: fc.nat(blockMs) });
    fc.assert(
      fc.property(fc.array(window, { maxLength: 60 }), (windows) => {
        const slots = new Map<number, FeatureRow>();
        const kept = reservoir({ slots, trainRows: 100, validateRows: 100, horizonRows: 100 });
        for (const { startMs, length } of windows) kept.add(row(startMs, startMs + length));
        const of = (kind: number) =>
          [...slots].filter(([slot]) => slot % 2 === kind).map(([, { startMs, endMs }]) => ({ startMs, endMs }));
        for (const a of of(0)) for (const b of of(1)) assert(a.endMs < b.startMs || b.endMs < a.startMs);
      }),
    );
  });

  it('is bounded, fills up before it replaces any, and holds rows that were added only', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(200), (trainRows, added) => {
        const kept = reservoir({ trainRows, horizonRows: trainRows });
        for (let i = 0; i < added; i++) kept.add(row(i % blockMs, i % blockMs, i));
        assert.equal(kept.trainCount, Math.min(trainRows, added));
        const values = kept.trainValues();
        assert.equal(new Set(values).size, kept.trainCount);
        for (const value of values) assert(value < added);
      }),
    );
  });

  it('keeps every row until it is full, whatever its horizon', () => {
    const kept = reservoir({ horizonRows: 5000 });
    const placements = Array.from({ length: 50 }, (_, i) => kept.add(row(i)));
    assert.deepEqual(new Set(placements), new Set(['train']));
    assert.deepEqual(
      [...kept.trainValues()],
      Array.from({ length: 50 }, (_, i) => i),
    );
    assert.equal(kept.add(row(0)), 'passed');
  });

  for (const horizonRows of [50, 200]) {
    it(`forgets exponentially, with a mean age of ${horizonRows} rows`, () => {
      // Oracle: once full a row is replaced with the probability 1 / horizonRows by each that comes, so ages are geometric.
      const ages: number[] = [];
      for (let run = 0; run < 60; run++) {
        const kept = reservoir({ horizonRows, prng: new Prng(`age ${horizonRows} ${run}`) });
        const count = 20 * horizonRows;
        for (let i = 0; i < count; i++) kept.add(row(i % blockMs, i % blockMs, i));
        assert.equal(kept.trainCount, 50);
        for (const value of kept.trainValues()) ages.push(count - 1 - value);
      }
      const mean = ages.reduce((sum, age) => sum + age, 0) / ages.length;
      assert(Math.abs(mean / (horizonRows - 1) - 1) < 0.08, `mean age ${mean}`);
      // Kolmogorov's distance of the whole distribution, from 3,000 ages that depend on each other a little.
      ages.sort((a, b) => a - b);
      const distance = Math.max(
        ...ages.map((age, i) => Math.abs((i + 0.5) / ages.length - (1 - (1 - 1 / horizonRows) ** (age + 0.5)))),
      );
      assert(distance < 0.035, `distance ${distance}`);
    });
  }

  it('refuses rows of no numbers', () => {
    const kept = reservoir({ features: 2 });
    assert.equal(kept.add(row(0, 0, Number.NaN, Number.NaN)), 'unusable');
    assert.equal(kept.add(row(0, 0, 1, Number.POSITIVE_INFINITY)), 'unusable');
    assert.equal(kept.add(row(0, 0, 1, -1e41)), 'unusable');
    assert.equal(kept.add(row(5, 4, 1, 1)), 'unusable');
    assert.equal(kept.add(row(0, 0, 1, Number.NaN)), 'train');
    assert.equal(kept.trainCount, 1);
  });

  it('gives the moments of the training rows as they are now', () => {
    const kept = reservoir({ trainRows: 5, horizonRows: 5 });
    for (let i = 0; i < 40; i++) {
      kept.add(row(10 * i, 10 * i, 1e6 + i));
      assert.deepEqual(kept.trainMoments(), momentsOf(kept.trainValues(), 1));
    }
  });

  it('changes its version with its training rows, and only then', () => {
    const kept = reservoir();
    const versions = [kept.version];
    for (const startMs of [0, 400, 10, 395]) {
      kept.add(row(startMs, startMs + 10));
      versions.push(kept.version);
    }
    assert.deepEqual(versions, [0, 1, 1, 2, 2]);
  });

  it('goes on with what is in its slots, without a gap and within new bounds, and touches no row that may stay', () => {
    const touched: number[] = [];
    class Slots extends Map<number, FeatureRow> {
      override set(slot: number, value: FeatureRow): this {
        touched?.push(slot);
        return super.set(slot, value);
      }
    }
    const slots = new Slots();
    const before = reservoir({ slots });
    for (let i = 0; i < 30; i++) before.add(row(i, i + 1, i));
    for (let i = 0; i < 5; i++) before.add(row(400 + i, 401 + i, i));
    const values = before.trainValues();
    touched.length = 0;
    const same = reservoir({ slots });
    assert.deepEqual(touched, []);
    assert.deepEqual(same.trainValues(), values);
    assert.equal(same.validateCount, before.validateCount);
    slots.delete(2 * 3);
    const gap = reservoir({ slots });
    assert.deepEqual(
      [...gap.trainValues()],
      [...values].filter((_, i) => i !== 3),
    );
    const fewer = reservoir({ slots, trainRows: 4, horizonRows: 4 });
    assert.equal(fewer.trainCount, 4);
    assert.equal(slots.size, 4 + before.validateCount);
    assert.equal(reservoir({ slots, features: 2 }).trainCount, 0);
  });

  it('keeps its rows in the store across restarts', () => {
    const folders = new Folders();
    const folder = folders.make();
    const before = withStore(folder, gateway({ features: 1 }), (store) => {
      const kept = reservoir({ slots: store.windows });
      for (let i = 0; i < 500; i++) {
        kept.add(row(i, i, i));
        if (i % 50 === 0) store.flush();
      }
      return kept;
    });
    withStore(folder, gateway({ features: 1 }), (store) => {
      const again = reservoir({ slots: store.windows });
      assert.deepEqual(again.trainValues(), before.trainValues());
      assert.deepEqual(again.validateValues(), before.validateValues());
      assert.equal(again.validateCount, 10);
    });
    folders.removeAll();
  });
});
