import assert from 'node:assert/strict';
import { splitUnit } from '../../src/data/header-unit.ts';

describe('splitUnit()', () => {
  it('splitUnit() takes a unit in either brackets off the end of a name', () => {
    for (const header of ['pressure [bar]', 'pressure (bar)', ' pressure[ bar ] '])
      assert.deepEqual(splitUnit(header), { name: 'pressure', unit: 'bar' }, header);
    assert.deepEqual(splitUnit('flow (in) [m³/h]'), { name: 'flow (in)', unit: 'm³/h' });
  });

  it('splitUnit() leaves a name alone that has no unit, or is nothing else', () => {
    for (const name of ['pressure', 'x[0] raw', '[bar]', 'a []', 'a [ ]', ''])
      assert.deepEqual(splitUnit(name), { name, unit: undefined }, name);
  });
});
