import assert from 'node:assert/strict';
import fc from 'fast-check';
import { barText, countText, durationText, safeText, valueText, wrapText } from '../../src/cli/format.ts';

describe('text forms of the command line', () => {
  it('durationText() shows minutes, and hours where there are any', () => {
    assert.deepEqual([0, 6_600, 59_600, 754_000, 3_723_000].map(durationText), [
      '0:00',
      '0:07',
      '1:00',
      '12:34',
      '1:02:03',
    ]);
  });

  it('countText() groups thousands', () => {
    assert.equal(countText(1234567.4), '1,234,567');
  });

  it('valueText() keeps four significant digits', () => {
    assert.deepEqual([0.0123456, 12345.6, 0, 1e-9, null].map(valueText), ['0.01235', '12350', '0', '1e-9', '–']);
  });

  it('safeText() keeps a text from steering the terminal', () => {
    assert.equal(safeText('a\u001b[31mb\u001b[0m\r\nc\u0007'), 'ab c ');
  });

  it('wrapText() keeps every word and the width', () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,9}$/), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(words, fc.integer({ min: 10, max: 40 }), (list, width) => {
        const lines = wrapText(list.join(' '), width);
        assert.equal(lines.join(' '), list.join(' '));
        for (const line of lines) assert.ok(line.length <= width);
      }),
    );
  });

  it('barText() always fills its width', () => {
    fc.assert(
      fc.property(fc.double({ min: -1, max: 2, noNaN: true }), fc.integer({ min: 1, max: 60 }), (fraction, width) => {
        const { filled, empty } = barText(fraction, width);
        assert.equal(filled.length + empty.length, width);
      }),
    );
  });
});
