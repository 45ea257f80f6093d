import assert from 'node:assert/strict';
import fc from 'fast-check';
import { medianStepMs, pieceStarts, windowLabel, windowRows, windowsOf } from '../../src/data/windows.ts';
import { ramp, recording } from './fixtures.ts';

describe('windowsOf()', () => {
  it('leaves out the rest that is shorter than a window', () => {
    const windows = windowsOf(ramp('a', 0, 8), { length: 3, stride: 2, unit: 'samples' }, 'a');
    assert.deepEqual(windows, { length: 3, starts: [0, 2, 4] });
  });

  it('never crosses a gap and starts anew behind it', () => {
    const timesMs = Float64Array.of(0, 10, 20, 30, 50, 60, 70, 80);
    const windows = windowsOf({ ...ramp('a', 0, 8), timesMs }, { length: 3, stride: 1, unit: 'samples' }, 'a');
    assert.deepEqual(windows.starts, [0, 1, 4, 5]);
  });

  it('is empty when the recording is shorter than a window', () => {
    assert.deepEqual(windowsOf(ramp('a', 0, 2), { length: 3, stride: 1, unit: 'samples' }, 'a').starts, []);
    assert.deepEqual(windowsOf(ramp('a', 0, 1), { length: 60, stride: 60, unit: 'seconds' }, 'a').starts, []);
  });

  it('agrees with trying every row, for any steps, length and stride', () => {
    const steps = fc.array(fc.constantFrom(0, 10, 14, 16, 40), { minLength: 0, maxLength: 40 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), (given, length, stride) => {
        const times = [0];
        for (const step of given) times.push(times.at(-1)! + step);
        const rec = { ...ramp('a', 0, times.length), timesMs: Float64Array.from(times) };
        const sorted = [...given].sort((a, b) => a - b);
        const median = sorted[(sorted.length - 1) >> 1] ?? 0;
        const expected: number[] = [];
        let piece = 0;
        for (let i = 0; i < times.length; i++) {
          if (i > 0 && median > 0 && given[i - 1]! > 1.5 * median) piece = i;
          let end = i + 1;
          while (end < times.length && !(median > 0 && given[end - 1]! > 1.5 * median)) end++;
          if ((i - piece) % stride === 0 && i + length <= end) expected.push(i);
        }
        assert.deepEqual(windowsOf(rec, { length, stride, unit: 'samples' }, 'a').starts, expected);
      }),
    );
  });
});

describe('windowRows()', () => {
  it('turns seconds into rows by the median step', () => {
    const { timesMs } = recording('a', [[0], [0], [0], [0]]);
    assert.deepEqual(windowRows({ length: 900, stride: 300, unit: 'seconds' }, timesMs, 'a'), {
      length: 15,
      stride: 5,
    });
    assert.deepEqual(windowRows({ length: 1, stride: 1, unit: 'seconds' }, timesMs, 'a'), { length: 1, stride: 1 });
  });

  it('refuses seconds where most rows share a time stamp', () => {
    assert.throws(() => windowRows({ length: 9, stride: 9, unit: 'seconds' }, Float64Array.of(5, 5, 5), 'pump'), {
      name: 'OperatorError',
      message: /^pump: most rows share a time stamp/,
    });
  });
});

describe('medianStepMs() and pieceStarts()', () => {
  it('take a step of exactly 1.5 medians as no gap', () => {
    assert.equal(medianStepMs(Float64Array.of(0, 10, 20, 35)), 10);
    assert.deepEqual(pieceStarts(Float64Array.of(0, 10, 20, 35, 50.1, 60, 70)), [0, 4]);
  });

  it('find no piece in no rows', () => assert.deepEqual(pieceStarts(new Float64Array(0)), []));
});

describe('windowLabel()', () => {
  it('is 1 when any row of the window is 1, and looks at no other row', () => {
    const labels = Uint8Array.of(1, 0, 0, 1);
    assert.equal(windowLabel(labels, 1, 2), 0);
    assert.equal(windowLabel(labels, 1, 3), 1);
  });
});
