import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CellError, parseLabel, parseName, parseNumber, parseSplit, parseTimeMs } from '../../src/data/cells.ts';

describe('parseNumber()', () => {
  it('gives back any finite number that was written as text', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        assert.equal(parseNumber(String(value)), value === 0 ? Number(String(value)) : value);
      }),
    );
  });

  it('takes an empty or blank cell as missing', () => {
    assert.ok(Number.isNaN(parseNumber('')));
    assert.ok(Number.isNaN(parseNumber('  ')));
  });

  for (const cell of ['abc', '1,5', '0x10', '1 2', 'NA', 'null', '--1', '1e', '.', 'true']) {
    it(`refuses the text ${cell}`, () => {
      assert.throws(() => parseNumber(cell), {
        name: 'CellError',
        message: /has the text .* where a number is needed/,
      });
    });
  }

  for (const cell of ['nan', 'NaN', 'inf', '-Inf', 'Infinity', '1e999', '-1e999']) {
    it(`refuses the non-finite ${cell}`, () => {
      assert.throws(() => parseNumber(cell), { name: 'CellError', message: /has the non-finite value/ });
    });
  }
});

describe('parseTimeMs()', () => {
  const expected = Date.UTC(2017, 1, 3, 4, 5, 6);
  for (const cell of [
    '2017-02-03T04:05:06Z',
    '2017-02-03T04:05:06',
    '2017-02-03 04:05:06',
    '2017-02-03T01:05:06-03:00',
    '2017-02-03T09:35:06+0530',
    '2017-02-03T05:05:06+01',
    '1486094706',
    '1486094706.0',
  ]) {
    it(`reads ${cell}`, () => assert.equal(parseTimeMs(cell), expected));
  }

  it('reads every moment as toISOString() writes it', () => {
    const min = new Date(Date.UTC(1970, 0, 1));
    fc.assert(
      fc.property(fc.date({ min, max: new Date(Date.UTC(2200, 0, 1)), noInvalidDate: true }), (date) => {
        assert.ok(Math.abs(parseTimeMs(date.toISOString()) - date.getTime()) < 0.001);
      }),
    );
  });

  it('reads a date without a time as midnight UTC', () => {
    assert.equal(parseTimeMs('2017-02-03'), Date.UTC(2017, 1, 3));
  });

  for (const cell of [
    '',
    'noon',
    '2017-02-31 00:00:00',
    '2017-13-01',
    '2017-02-03 24:00:00',
    '03/02/2017',
    '1e308',
    'inf',
  ]) {
    it(`refuses '${cell}'`, () => assert.throws(() => parseTimeMs(cell), CellError));
  }
});

describe('parseLabel(), parseSplit() and parseName()', () => {
  it('take what they should', () => {
    assert.equal(parseLabel('0'), 0);
    assert.equal(parseLabel('1.0'), 1);
    assert.equal(parseSplit(' test '), 'test');
    assert.equal(parseName(' pump 1 '), 'pump 1');
  });

  it('refuse the rest', () => {
    for (const cell of ['', '2', '-1', '0.5', 'normal']) assert.throws(() => parseLabel(cell), CellError);
    for (const cell of ['', 'validate', 'Train']) assert.throws(() => parseSplit(cell), CellError);
    assert.throws(() => parseName(' '), CellError);
  });

  it('show a long cell cut and without control characters', () => {
    assert.throws(
      () => parseLabel(`\u001b[31m${'x'.repeat(100)}`),
      ({ message }) => {
        return message.length < 120 && !message.includes('\u001b');
      },
    );
  });
});
