import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Prng } from '../../../src/lib/prng.ts';
import { type Moments, momentsOf } from '../../../src/model/scaler.ts';
import { thresholdOf } from '../../../src/model/threshold.ts';
import { ContaminationGuard } from '../../../src/node/learning/contamination-guard.ts';
import { LiveThreshold } from '../../../src/node/learning/live-threshold.ts';
import { Reservoir } from '../../../src/node/learning/reservoir.ts';
import { hasDrifted } from '../../../src/node/learning/scaler-drift.ts';

describe('ContaminationGuard', () => {
  it('admits everything while there is no threshold, and what is not above it', () => {
    const guard = new ContaminationGuard(3);
    for (const score of [0, 1e9, Number.MAX_VALUE]) assert.equal(guard.judge(score, undefined), 'normal');
    assert.equal(guard.judge(1, 1), 'normal');
    assert.equal(guard.judge(1.01, 1), 'withheld');
  });

  it('admits a lasting change once as many rows were withheld as it may withhold', () => {
    const guard = new ContaminationGuard(3);
    const seen = Array.from({ length: 6 }, () => guard.judge(2, 1));
    assert.deepEqual(seen, ['withheld', 'withheld', 'withheld', 'drift', 'drift', 'drift']);
    for (let i = 0; i < 4; i++) guard.judge(0, 1);
    assert.deepEqual([guard.judge(2, 1), guard.judge(2, 1)], ['withheld', 'drift']);
  });

  it('saves no more than its bound in quiet times', () => {
    const guard = new ContaminationGuard(3);
    for (let i = 0; i < 10_000; i++) guard.judge(0, 1);
    const seen = Array.from({ length: 12 }, () => guard.judge(2, 1));
    assert.deepEqual(seen, [...Array(8).fill('normal'), 'withheld', 'withheld', 'withheld', 'drift']);
  });

  it('withholds no more of any run of rows than its bound and a fifth, never a normal row, and spares few others', () => {
    const rows = fc.array(fc.boolean(), { maxLength: 200 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 0, max: 20 }), fc.nat(200), (isAbove, withheldMax, from) => {
        const guard = new ContaminationGuard(withheldMax);
        const seen = isAbove.map((above) => guard.judge(above ? 2 : 0, 1));
        for (const [i, admission] of seen.entries()) assert(isAbove[i] || admission === 'normal');
        const run = seen.slice(from);
        const spared = run.filter((admission, i) => admission === 'normal' && isAbove[from + i]).length;
        assert(spared <= 8 + run.length / 50, `${spared} of ${run.length}`);
        const withheld = run.filter((admission) => admission === 'withheld').length;
        assert(withheld <= withheldMax + run.length / 5, `${withheld} of ${run.length}`);
      }),
    );
  });

  it('withholds rare anomalies for ever, but for one in fifty normal rows', () => {
    const guard = new ContaminationGuard(5);
    const seen = Array.from({ length: 10_000 }, (_, i) => guard.judge(i % 10 === 0 ? 2 : 0, 1));
    const admitted = seen.filter((admission, i) => i % 10 === 0 && admission !== 'withheld').length;
    assert(!seen.includes('drift') && admitted >= 179 && admitted <= 180, String(admitted));
  });

  it('spares no row that is far above the threshold, however quiet it was before', () => {
    const guard = new ContaminationGuard(100);
    for (let i = 0; i < 10_000; i++) guard.judge(0, 1);
    assert.deepEqual(
      [2, 2.001, 2000, Number.MAX_VALUE].map((score) => guard.judge(score, 1)),
      ['normal', 'withheld', 'withheld', 'withheld'],
    );
  });

  it('lets a threshold stay that is found from the rows which it lets in', () => {
    const prng = new Prng('steady');
    const guard = new ContaminationGuard(2048 / 5);
    const reservoir = new Reservoir({
      slots: new Map(),
      prng,
      features: 1,
      trainRows: 2048,
      validateRows: 512,
      horizonRows: 8192,
      blockMs: 8,
    });
    let threshold: number | undefined;
    let above = 0;
    const rows = { all: 60_000, counted: 20_000 };
    for (let i = 0; i < rows.all; i++) {
      // Of any model whose errors have a tail.
      const score = -Math.log(1 - prng.nextFloat());
      if (i >= rows.all - rows.counted && score > (threshold as number)) above++;
      const row = { startMs: i, endMs: i, values: Float64Array.of(score) };
      if (guard.judge(score, threshold) !== 'withheld') reservoir.add(row);
      if (i % 100 !== 0 || reservoir.validateCount < 20) continue;
      threshold = thresholdOf(Float32Array.from(reservoir.validateValues()), { method: 'quantile', quantile: 0.99 });
    }
    const share = above / rows.counted;
    assert(share > 0.002 && share < 0.03, `${share} of normal rows are above the quantile of 0.99`);
  });

  it('goes on from its state after a restart, and begins anew from anything else', () => {
    const guard = new ContaminationGuard(3);
    for (let i = 0; i < 2; i++) guard.judge(2, 1);
    const state: unknown = JSON.parse(JSON.stringify(guard.state()));
    const again = new ContaminationGuard(3, state);
    assert.deepEqual([again.judge(2, 1), again.judge(2, 1)], ['withheld', 'drift']);
    for (let i = 0; i < 60; i++) again.judge(0, 1);
    const rested = new ContaminationGuard(3, again.state());
    assert.deepEqual([rested.judge(2, 1), rested.judge(2, 1)], ['normal', 'withheld']);
    for (const wrong of [undefined, null, 'x', { tokens: -1 }, { tokens: 1 }, { tokens: 'many', spared: 0 }]) {
      assert.deepEqual(new ContaminationGuard(3, wrong).state(), { tokens: 3, spared: 0 });
    }
    assert.deepEqual(new ContaminationGuard(3, { tokens: 1e9, spared: 1e9 }).state(), { tokens: 3, spared: 8 });
  });
});

describe('LiveThreshold', () => {
  const rule = { method: 'quantile', quantile: 0.9 } as const;
  const scores = Float32Array.from({ length: 100 }, (_, i) => i);
  const never = () => assert.fail('scored for nothing');

  it('is found from enough rows only, at most once in its interval, and as thresholdOf() does', () => {
    let nowMs = 0;
    const threshold = new LiveThreshold({ rule, rowsMin: 20, intervalMs: 1000, clock: { nowMs: () => nowMs } });
    assert.equal(threshold.update(19, never), false);
    assert.equal(threshold.value, undefined);
    assert.equal(
      threshold.update(100, () => scores),
      true,
    );
    assert.equal(threshold.value, thresholdOf(scores, rule));
    nowMs = 999;
    assert.equal(threshold.update(100, never), false);
    nowMs = 1000;
    assert.equal(
      threshold.update(100, () => scores.map((score) => 2 * score)),
      true,
    );
    assert.equal(threshold.value, 2 * thresholdOf(scores, rule));
  });

  it('stays as it is where scores are not finite', () => {
    const threshold = new LiveThreshold({ rule, rowsMin: 1, intervalMs: 0, clock: { nowMs: () => 0 }, value: 7 });
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.equal(
        threshold.update(3, () => Float32Array.of(1, bad, 2)),
        false,
      );
      assert.equal(threshold.value, 7);
    }
  });
});

describe('hasDrifted()', () => {
  const prng = new Prng('drift');
  const base = Float64Array.from({ length: 2000 }, () => prng.nextGaussian());
  const of = (shift: number, factor: number, values = base): Moments =>
    momentsOf(
      values.map((x) => 50 + shift + factor * x),
      1,
    );

  it('does not hear noise, and hears a mean that moved by over a tenth of a deviation', () => {
    const other = Float64Array.from({ length: 2000 }, () => prng.nextGaussian());
    assert.equal(hasDrifted(of(0, 1), of(0, 1, other)), false);
    assert.equal(hasDrifted(of(0, 1), of(0.09, 1)), false);
    assert.equal(hasDrifted(of(0, 1), of(0.11, 1)), true);
    assert.equal(hasDrifted(of(0, 1), of(-0.11, 1)), true);
  });

  it('hears a deviation that grew or shrank by over a quarter', () => {
    assert.equal(hasDrifted(of(0, 1), of(0, 1.2)), false);
    assert.equal(hasDrifted(of(0, 1), of(0, 1.3)), true);
    assert.equal(hasDrifted(of(0, 1.3), of(0, 1)), true);
  });

  it('hears twice as many rows and a feature measured for the first time, not fewer rows or one that is lost', () => {
    assert.equal(hasDrifted(of(0, 1, base.subarray(0, 1000)), of(0, 1)), true);
    assert.equal(hasDrifted(of(0, 1), of(0, 1, base.subarray(0, 1000))), false);
    const nothing = momentsOf(Float64Array.of(Number.NaN), 1);
    assert.equal(hasDrifted(nothing, of(0, 1)), true);
    assert.equal(hasDrifted(of(0, 1), nothing), false);
    assert.equal(hasDrifted(nothing, nothing), false);
  });

  it('hears a constant that moved by over a tenth of its unit, as it is scaled', () => {
    const constant = (value: number) => momentsOf(new Float64Array(10).fill(value), 1);
    assert.equal(hasDrifted(constant(5), constant(5.05)), false);
    assert.equal(hasDrifted(constant(5), constant(5.2)), true);
  });

  it('is never true of moments that stay', () => {
    const feature = fc.array(fc.oneof(fc.constant(Number.NaN), fc.double({ min: -1e6, max: 1e6, noNaN: true })), {
      minLength: 1,
    });
    fc.assert(
      fc.property(feature, (values) => {
        const moments = momentsOf(Float64Array.from(values), 1);
        assert.equal(hasDrifted(moments, moments), false);
      }),
    );
  });
});
