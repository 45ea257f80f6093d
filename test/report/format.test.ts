import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  byName,
  bytes,
  count,
  counted,
  duration,
  fixed,
  interval,
  listed,
  magnitude,
  percent,
  shortened,
  signed,
} from '../../src/report/format.ts';

describe('report/format', () => {
  it('fixed() writes a true minus, a dash for null, and never a negative zero', () => {
    assert.equal(fixed(0.9536), '0.954');
    assert.equal(fixed(-0.0021), '−0.002');
    assert.equal(fixed(-0.0001), '0.000');
    assert.equal(fixed(null), '–');
  });

  it('signed() marks what is above zero after rounding', () => {
    assert.deepEqual([signed(0.004), signed(-0.004), signed(0.0001), signed(null)], ['+0.004', '−0.004', '0.000', '–']);
  });

  it('interval() names both ends', () => {
    assert.equal(interval([-0.0021, 0.01]), '−0.002 to 0.010');
    assert.equal(interval(null), '–');
  });

  it('count() groups digits, and only digits of whole numbers', () => {
    assert.deepEqual([0, 999, 1000, 1234567, -1234567].map(count), ['0', '999', '1,000', '1,234,567', '−1,234,567']);
    fc.assert(fc.property(fc.nat(), (n) => Number(count(n).replaceAll(',', '')) === n));
  });

  it('counted() says one seed and five seeds', () => {
    assert.deepEqual([counted(1, 'seed'), counted(5, 'seed'), counted(0, 'seed')], ['1 seed', '5 seeds', '0 seeds']);
  });

  it('bytes() never writes 1000 of a unit', () => {
    assert.deepEqual([0, 950, 999.6, 1000, 12_340, 999_600, 1_500_000, 680e6].map(bytes), [
      '0 B',
      '950 B',
      '1.00 kB',
      '1.00 kB',
      '12.3 kB',
      '1.00 MB',
      '1.50 MB',
      '680 MB',
    ]);
  });

  it('duration() changes its unit at a hundred seconds and at an hour', () => {
    assert.deepEqual([0.08, 99.99, 100, 3599.4, 7770].map(duration), [
      '0.08 s',
      '99.99 s',
      '1 min 40 s',
      '59 min 59 s',
      '2 h 10 min',
    ]);
  });

  it('percent() does not write a share above zero as zero', () => {
    assert.deepEqual([0, 0.0001, 0.0005, 0.5, 1].map(percent), ['0.0 %', '< 0.1 %', '0.1 %', '50.0 %', '100.0 %']);
  });

  it('magnitude() writes three significant digits of any size', () => {
    assert.deepEqual([0, 0.05, 123.4, -2, 1.2e-7, 3.456e9].map(magnitude), [
      '0',
      '0.05',
      '123',
      '−2',
      '1.20e−7',
      '3.46e9',
    ]);
  });

  it('shortened() keeps both ends and the length', () => {
    assert.equal(shortened('WELL-00001/12', 9), 'WELL…1/12');
    assert.equal(shortened('WELL', 9), 'WELL');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 3, max: 20 }), (name, length) => {
        return [...shortened(name, length)].length <= length;
      }),
    );
  });

  it('byName() puts 2 before 10, and tells equal-looking names apart', () => {
    assert.deepEqual(['w-10', 'w-2', 'w-1'].sort(byName), ['w-1', 'w-2', 'w-10']);
    assert.notEqual(byName('w-01', 'w-1'), 0);
  });

  it('listed() joins with commas and an and', () => {
    assert.deepEqual(
      [listed([]), listed(['a']), listed(['a', 'b']), listed(['a', 'b', 'c'])],
      ['', 'a', 'a and b', 'a, b and c'],
    );
  });
});
