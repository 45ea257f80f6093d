import assert from 'node:assert/strict';
import { liveTimeMs } from '../../../src/node/sources/live-time.ts';
import { SensorTable } from '../../../src/node/sources/sensor-table.ts';
import { isSameUnit } from '../../../src/node/sources/units.ts';
import { twoSensors } from '../../support/live-source.ts';

describe('SensorTable', () => {
  it('finds a sensor by its own name, or by the mapped one alone', () => {
    const table = new SensorTable(twoSensors, { pressure: { from: 'P1' } });
    assert.equal(table.find('P1')?.index, 0);
    assert.equal(table.find('pressure'), undefined);
    assert.equal(table.find('nothing', 'temperature')?.index, 1);
    assert.equal(table.find('__proto__'), undefined);
  });

  it('refuses a mapping that names no sensor, takes one name twice, or lacks a conversion', () => {
    const refused = (mapping: ConstructorParameters<typeof SensorTable>[1], message: RegExp): void => {
      assert.throws(() => new SensorTable(twoSensors, mapping), { name: 'OperatorError', message });
    };
    refused({ presure: { from: 'x' } }, /^sensors\.presure: .*did you mean 'pressure'\?$/);
    refused(
      { pressure: { from: 'temperature' } },
      /^sensors\.temperature: 'temperature' is already where 'pressure' comes from/,
    );
    refused(
      { pressure: { from: 'x', unit: 'psi' } },
      /^sensors\.pressure\.unit: the source has 'psi' and the federation 'bar'; add factor/,
    );
  });

  it("takes a unit where it is the manifest's, declared, converted or not said", () => {
    const accepts = (unit: string | undefined, point?: object): boolean => {
      const table = new SensorTable(twoSensors, point === undefined ? {} : { pressure: { from: 'p', ...point } });
      return table.accepts(table.slots[0]!, unit);
    };
    assert.ok(accepts('bar') && accepts(' bar ') && accepts(undefined) && accepts(''));
    assert.ok(!accepts('psi') && !accepts('Bar') && !accepts('mbar'));
    assert.ok(accepts('psi', { unit: 'bar' }) && accepts('psi', { factor: 0.07 }));
  });
});

describe('isSameUnit()', () => {
  it('knows spellings of one unit, and keeps upper and lower case apart', () => {
    assert.ok(isSameUnit('degC', '°C') && isSameUnit('℃', 'deg C') && isSameUnit('\u00b5m', '\u03bcm'));
    assert.ok(!isSameUnit('mW', 'MW') && !isSameUnit('°C', '°F') && !isSameUnit('constructor', 'x'));
  });
});

describe('liveTimeMs()', () => {
  it('takes ISO 8601, seconds, and milliseconds by their size', () => {
    assert.equal(liveTimeMs('2024-01-01T01:00:00+01:00'), 1_704_067_200_000);
    assert.equal(liveTimeMs(1_704_067_200), 1_704_067_200_000);
    assert.equal(liveTimeMs('1704067200.5'), 1_704_067_200_500);
    assert.equal(liveTimeMs(1_704_067_200_123), 1_704_067_200_123);
    assert.equal(liveTimeMs('1704067200123'), 1_704_067_200_123);
    assert.equal(liveTimeMs('1.7e-3'), 1.7);
    assert.equal(liveTimeMs(-5), -5000);
    for (const bad of ['', 'now', '2024-13-01', 'NaN']) assert.throws(() => liveTimeMs(bad), { name: 'CellError' });
    assert.throws(() => liveTimeMs(Number.NaN), { name: 'CellError' });
  });
});
