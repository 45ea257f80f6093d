import assert from 'node:assert/strict';
import fc from 'fast-check';
import { featureNames, tabulate } from '../../../src/data/features.ts';
import type { FeatureRow, IntakeSpec } from '../../../src/node/intake/feature-row.ts';
import { Intake } from '../../../src/node/intake/intake.ts';
import type { Sample, Sensor } from '../../../src/node/sources/source.ts';

const farFuture = 1e15;

function spec(changes: Partial<IntakeSpec['sampling']> = {}, rest: Partial<IntakeSpec> = {}): IntakeSpec {
  return {
    sampling: { intervalMs: 1000, holdMs: 0, latenessMs: 0, ...changes },
    window: { length: 1, stride: 1 },
    features: 'raw',
    ...rest,
  };
}

function sensors(count: number): Sensor[] {
  return Array.from({ length: count }, (_, s) => ({ name: `s${s}` }));
}

const sample = (timeMs: number, ...values: number[]): Sample => ({ timeMs, values: Float64Array.from(values) });

/** What an intake makes of samples; a row is [start, value, value …]. */
function take(given: IntakeSpec, samples: readonly Sample[], wallMs = farFuture): { intake: Intake; rows: number[][] } {
  const rows: number[][] = [];
  const intake = new Intake(given, sensors(samples[0]?.values.length ?? 1), ({ startMs, values }) =>
    rows.push([startMs, ...values]),
  );
  for (const each of samples) intake.add(each, wallMs);
  return { intake, rows };
}

describe('Intake', () => {
  it('makes the windows that tabulate() makes of the same series, to the bit', () => {
    const shape = fc.record({
      count: fc.integer({ min: 1, max: 3 }),
      rows: fc.integer({ min: 0, max: 60 }),
      intervalMs: fc.constantFrom(250, 1000, 60_000),
      phase: fc.double({ min: 0, max: 0.999, noNaN: true }),
      first: fc.integer({ min: -1000, max: 1e9 }),
      length: fc.integer({ min: 1, max: 8 }),
      stride: fc.integer({ min: 1, max: 9 }),
      kind: fc.constantFrom('raw' as const, 'summary' as const),
      latenessMs: fc.constantFrom(0, 700, 5000),
    });
    const number = fc.double({ min: -1e9, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(
        shape,
        fc.array(fc.option(number, { nil: Number.NaN }), { minLength: 180, maxLength: 180 }),
        fc.array(fc.integer({ min: 2, max: 40 }), { maxLength: 4 }),
        ({ count, rows, intervalMs, phase, first, length, stride, kind, latenessMs }, numbers, gapsAt) => {
          const names = sensors(count).map(({ name }) => name);
          // One sensor always has a value: a row without any is a gap in live data. Gaps are fewer than half of the steps.
          const values = Float64Array.from({ length: rows * count }, (_, i) =>
            i % count === 0 && Number.isNaN(numbers[i]!) ? i : numbers[i]!,
          );
          let skipped = 0;
          const timesMs = Float64Array.from({ length: rows }, (_, row) => {
            if (gapsAt.includes(row) && rows > 12) skipped += 1;
            return Math.floor((first + row + skipped + phase) * intervalMs);
          });
          const recording = { instance: 'a', timesMs, values, labels: new Uint8Array(rows), split: undefined };
          const config = { window: { length, stride, unit: 'samples' as const }, features: kind };
          const features = featureNames(names, kind, length);
          const table = tabulate(
            [recording],
            names,
            features,
            config,
            names.map(() => false),
            'a',
          );

          const found: FeatureRow[] = [];
          const intake = new Intake(
            { sampling: { intervalMs, holdMs: 0, latenessMs }, window: { length, stride }, features: kind },
            sensors(count),
            (row) => found.push(row),
          );
          for (let row = 0; row < rows; row++) {
            intake.add({ timeMs: timesMs[row]!, values: values.subarray(row * count, (row + 1) * count) }, farFuture);
          }
          intake.flush();
          assert.deepEqual(intake.features, features);
          assert.equal(found.length, table.rows);
          for (const [row, each] of found.entries()) {
            const expected = table.values.subarray(row * features.length, (row + 1) * features.length);
            assert.deepEqual(each.values, Float64Array.from(expected));
            assert.equal(each.endMs - each.startMs, (length - 1) * intervalMs);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('gives the same whatever the order, as long as nothing is later than latenessMs', () => {
    const order = fc.array(fc.integer({ min: 0, max: 4999 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(order, (delays) => {
        const given = delays.map((delay, i) => ({ at: i * 400 + delay, sample: sample(i * 400, i) }));
        const sorted = take(
          spec({ latenessMs: 5000 }),
          given.map((each) => each.sample),
        );
        const late = [...given].sort((a, b) => a.at - b.at);
        const shuffled = take(
          spec({ latenessMs: 5000 }),
          late.map((each) => each.sample),
        );
        sorted.intake.flush();
        shuffled.intake.flush();
        assert.deepEqual(shuffled.rows, sorted.rows);
        assert.equal(shuffled.intake.counts.late, 0);
      }),
    );
  });

  it('takes the mean of the values in an interval, and closes it when the newest time is latenessMs past its end', () => {
    const given = [sample(0, 1), sample(400, 2), sample(900, 6), sample(1000, 9), sample(1499, 9)];
    const { intake, rows } = take(spec({ latenessMs: 500 }), given);
    assert.deepEqual(rows, []);
    assert.equal(intake.openIntervals, 2);
    intake.add(sample(1500, 9), farFuture);
    assert.deepEqual(rows, [[0, 3]]);
  });

  it('uses what is out of order, and drops and counts what is late', () => {
    const { intake, rows } = take(spec({ latenessMs: 1000 }), [
      sample(0, 1),
      sample(1500, 5),
      sample(500, 2),
      sample(600, 3),
      sample(2000, 7),
      sample(999, 100),
      sample(5000, 0),
    ]);
    assert.deepEqual(rows.slice(0, 3), [
      [0, 2],
      [1000, 5],
      [2000, 7],
    ]);
    assert.equal(intake.counts.outOfOrder, 2);
    assert.equal(intake.counts.late, 1);
  });

  it('counts and leaves out a value that comes again with the same time', () => {
    const { intake, rows } = take(spec(), [
      sample(0, 1, Number.NaN),
      sample(0, 5, 8),
      sample(500, 4, 2),
      sample(2000, 0, 0),
    ]);
    assert.deepEqual(rows[0], [0, 2.5, 5]);
    assert.equal(intake.counts.duplicates, 1);
  });

  it('breaks off at an interval without any value, and not where one sensor alone is silent', () => {
    const given = spec({}, { window: { length: 2, stride: 1 } });
    const { intake, rows } = take(given, [
      sample(0, 1, 1),
      sample(1000, 2, Number.NaN),
      sample(3000, 3, 3),
      sample(4000, 4, 4),
      sample(9000, 5, 5),
    ]);
    assert.deepEqual(rows, [
      [0, 1, 1, 2, Number.NaN],
      [3000, 3, 3, 4, 4],
    ]);
    assert.equal(intake.counts.gaps, 2);
    assert.equal(intake.counts.missedIntervals, 1 + 4);
    assert.equal(intake.counts.windows, 2);
  });

  it('holds the last value for holdMs where a sensor says nothing new', () => {
    const { intake, rows } = take(spec({ holdMs: 2000 }), [
      sample(100, 1, 7),
      sample(800, 3, Number.NaN),
      sample(6000, 5, 5),
      sample(7000, 0, 0),
    ]);
    assert.deepEqual(rows, [
      [0, 2, 7],
      [1000, 3, 7],
      [2000, 3, 7],
      [6000, 5, 5],
    ]);
    assert.equal(intake.counts.missedIntervals, 3);
  });

  it('holds the value with the newest time of an interval, to an interval that begins holdMs after it', () => {
    const given = [sample(500, 3), sample(0, 1), sample(2400, 5), sample(8000, 0), sample(10_000, 0)];
    const { rows } = take(spec({ holdMs: 2000, latenessMs: 500 }), given);
    assert.deepEqual(rows, [
      [0, 2],
      [1000, 3],
      [2000, 5],
      [3000, 5],
      [4000, 5],
      [8000, 0],
    ]);
    const exact = take(spec({ holdMs: 2000 }), [sample(0, 1), sample(9000, 0)]);
    assert.deepEqual(exact.rows, [
      [0, 1],
      [1000, 1],
      [2000, 1],
    ]);
  });

  it('counts one gap however many times pass in it', () => {
    const given = [sample(0, 1), sample(3500, 1), sample(4500, 1), sample(9000, 1), sample(9500, 1)];
    const { intake } = take(spec({ latenessMs: 1000 }), [
      given[0]!,
      { ...sample(3500, Number.NaN) },
      ...given.slice(2),
    ]);
    assert.equal(intake.counts.gaps, 2);
    assert.equal(intake.counts.missedIntervals, 3 + 3);
  });

  it('holds a value no longer than its source says that it stands', () => {
    const { rows } = take(spec({ holdMs: 9000 }), [
      sample(0, 1, 7),
      { ...sample(1500, Number.NaN, Number.NaN), stale: [1] },
      sample(3000, 2, Number.NaN),
      sample(4000, 0, 0),
    ]);
    assert.deepEqual(rows, [
      [0, 1, 7],
      [1000, 1, Number.NaN],
      [2000, 1, Number.NaN],
      [3000, 2, Number.NaN],
    ]);
  });

  it('counts values outside the range by sensor, and uses them', () => {
    const rows: FeatureRow[] = [];
    const ranged: Sensor[] = [{ name: 'a', range: [0, 10] }, { name: 'b' }];
    const intake = new Intake(spec(), ranged, (row) => rows.push(row));
    for (const [i, value] of [0, 10, 10.5, -1].entries()) intake.add(sample(i * 1000, value, -99), farFuture);
    assert.deepEqual(intake.outOfRangeCounts, { a: 2, b: 0 });
    assert.deepEqual([...rows[2]!.values], [10.5, -99]);
  });

  it('leaves out a time more than a day ahead of all others and of the wall clock, and goes on', () => {
    const wallMs = 1_000_000;
    const day = 86_400_000;
    const { intake, rows } = take(
      spec(),
      [
        sample(wallMs + day + 1, 666),
        sample(wallMs, 1),
        sample(wallMs + 3 * day, 666),
        sample(Number.NaN, 666),
        sample(Number.POSITIVE_INFINITY, 666),
        sample(wallMs + 1000, 2),
        sample(wallMs + 2000, 3),
      ],
      wallMs,
    );
    assert.equal(intake.counts.implausibleTime, 4);
    assert.deepEqual(rows, [
      [wallMs, 1],
      [wallMs + 1000, 2],
    ]);
  });

  it('replays old data, across any gap that ends before the wall clock', () => {
    const { intake } = take(spec(), [sample(0, 1), sample(1000, 1), sample(4e11, 1), sample(4e11 + 1000, 1)], 1.7e12);
    assert.equal(intake.counts.implausibleTime, 0);
    assert.equal(intake.counts.rows, 3);
    assert.equal(intake.counts.gaps, 1);
  });

  it('takes a series that runs ahead of the wall clock step by step, as a fast replay does', () => {
    const hourMs = 3_600_000;
    const steps = Array.from({ length: 50 }, (_, i) => sample(i * hourMs, i));
    const { intake } = take(spec({ intervalMs: hourMs }), steps, 0);
    assert.equal(intake.counts.implausibleTime, 0);
    assert.equal(intake.counts.rows, 49);
  });

  it('takes no clock as set back while others are on time', () => {
    const mixed = Array.from({ length: 1400 }, (_, i) => sample(i % 2 === 0 ? 50_000_000 + i * 1000 : i, i));
    const { intake } = take(spec(), mixed);
    assert.equal(intake.counts.clockSetBack, 0);
    assert.equal(intake.counts.late, 700);
  });

  it('goes on after the source has set its clock back for good', () => {
    const back = Array.from({ length: 700 }, (_, i) => sample(i * 1000, i));
    back.splice(650, 0, back[649]!);
    const { intake, rows } = take(spec(), [sample(50_000_000, 1), sample(50_001_000, 1), ...back]);
    assert.equal(intake.counts.clockSetBack, 1);
    assert.equal(intake.counts.late, 599);
    assert.equal(intake.counts.duplicates, 1);
    assert.deepEqual(rows.at(-1), [698_000, 698]);
    assert.equal(intake.counts.gaps, 1);
  });

  it('keeps as many intervals as lateness allows, and no more, whatever times come', () => {
    const time = fc.oneof(
      fc.double(),
      fc.integer({ min: -1e6, max: 1e6 }),
      fc.integer({ min: 0, max: 50 }).map((i) => i * 86_400_000),
      fc.constantFrom(8.64e15, -8.64e15, Number.MAX_VALUE, Number.NaN, Number.NEGATIVE_INFINITY, -0),
    );
    const hostile = fc.array(fc.tuple(time, fc.double(), fc.boolean()), { maxLength: 200 });
    fc.assert(
      fc.property(hostile, fc.constantFrom(0, 5000), fc.constantFrom(0, 3000), (given, latenessMs, holdMs) => {
        let last = Number.NEGATIVE_INFINITY;
        const intake = new Intake(spec({ latenessMs, holdMs }), sensors(1), ({ startMs }) => {
          assert.ok(startMs > last || intake.counts.clockSetBack > 0);
          last = startMs;
        });
        for (const [timeMs, value, isStale] of given) {
          intake.add({ ...sample(timeMs, value), ...(isStale ? { stale: [0] } : {}) }, 1000);
          assert.ok(intake.openIntervals <= latenessMs / 1000 + 2);
        }
        intake.flush();
        assert.equal(intake.openIntervals, 0);
        assert.equal(intake.counts.windows, intake.counts.rows);
      }),
    );
  });

  it('refuses a lateness that would keep too many intervals', () => {
    assert.throws(() => new Intake(spec({ intervalMs: 1, latenessMs: 1e6 }), sensors(1), () => undefined), {
      name: 'OperatorError',
      message: /^sampling\.latenessMs: 1000000 is over 100000 intervals of 1 ms/,
    });
  });
});
