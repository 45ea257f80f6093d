import assert from 'node:assert/strict';
import { LearningTable, learntSensorsMax } from '../../../src/node/sources/learning-table.ts';
import type { Mapping } from '../../../src/node/sources/sensor-table.ts';

/** Names and units that a table ends with, where every sensor had the values 1 and 2. */
function unitsOf(table: LearningTable): Record<string, string | undefined> {
  for (const { name } of table.slots) {
    for (const value of [1, 2]) table.profile.observe(name, undefined, 1000 * value, value);
  }
  return Object.fromEntries(table.profile.result().sensors.map(({ name, unit }) => [name, unit]));
}

describe('LearningTable', () => {
  it('meet() makes a sensor of each new name, in order, but not of one that is mapped from another', () => {
    const table = new LearningTable({ pressure: { from: 'P1' } });
    assert.equal(table.find('P1')?.name, 'pressure');
    assert.equal(table.meet('pressure'), undefined);
    assert.equal(table.meet(' '), undefined);
    const flow = table.meet('flow');
    assert.deepEqual([flow?.index, table.find('flow')], [1, flow]);
    assert.equal(table.meet('x'.repeat(5000))?.name.length, 200);
  });

  it("accepts() takes the source's unit, unless the mapping says or converts it", () => {
    const mapping: Mapping = {
      told: { from: 'a' },
      declared: { from: 'b', unit: 'bar' },
      converted: { from: 'c', unit: 'K', offset: -273 },
      scaled: { from: 'd', factor: 2 },
    };
    const table = new LearningTable(mapping);
    for (const slot of table.slots) assert.ok(table.accepts(slot, ' psi '));
    assert.ok(table.accepts(table.slots[0]!, ''));
    assert.deepEqual(unitsOf(table), { told: 'psi', declared: 'bar', converted: undefined, scaled: undefined });
  });

  it('is overfull from the first name on that a manifest has no place for', () => {
    const table = new LearningTable({});
    for (let i = 0; i < learntSensorsMax; i++) table.meet(`s${i}`);
    assert.equal(table.meet('s0'), undefined);
    assert.equal(table.isOverfull, false);
    assert.equal(table.meet('more'), undefined);
    assert.equal(table.isOverfull, true);
    const mapping = Object.fromEntries(
      Array.from({ length: learntSensorsMax + 1 }, (_, i) => [`s${i}`, { from: `${i}` }]),
    );
    assert.throws(() => new LearningTable(mapping), { name: 'OperatorError', message: /^sensors: has 1025 entries/ });
  });
});
