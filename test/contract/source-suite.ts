// What every data source must keep to, whatever it reads.
import assert from 'node:assert/strict';
import type { Device } from '../../src/data/types.ts';

/** What a suite needs of a source: the same devices each time, or only some devices or sensors of them. */
export type Load = (choice?: { devices?: string[]; sensors?: string[] }) => Promise<Device[]>;

/** Declares the tests for one source. */
export function sourceSuite(name: string, load: Load): void {
  describe(`source ${name}`, () => {
    let devices: Device[];
    before(async () => {
      devices = await load();
    });

    it('gives devices sorted by name, each once, all with the same sensors', () => {
      const names = devices.map((device) => device.name);
      assert.deepEqual(names, [...new Set(names)].sort());
      for (const { sensors } of devices) assert.deepEqual(sensors, devices[0]!.sensors);
    });

    it('gives recordings with one time, one label and one value a sensor for each row', () => {
      for (const { sensors, recordings } of devices) {
        assert.ok(recordings.length > 0);
        for (const { timesMs, values, labels } of recordings) {
          assert.ok(timesMs.length > 0);
          assert.equal(labels.length, timesMs.length);
          assert.equal(values.length, timesMs.length * sensors.length);
        }
      }
    });

    it('gives ascending finite times, labels of 0 and 1, and no infinite value', () => {
      for (const { timesMs, values, labels } of devices.flatMap(({ recordings }) => recordings)) {
        assert.ok(timesMs.every((time, i) => Number.isFinite(time) && (i === 0 || time >= timesMs[i - 1]!)));
        assert.ok(labels.every((label) => label === 0 || label === 1));
        assert.ok(values.every((value) => Number.isFinite(value) || Number.isNaN(value)));
      }
    });

    it('names the instances of a device apart and gives each device a normal row', () => {
      for (const { recordings } of devices) {
        assert.equal(new Set(recordings.map(({ instance }) => instance)).size, recordings.length);
        assert.ok(recordings.some(({ labels }) => labels.includes(0)));
      }
    });

    it('gives the same twice', async () => assert.deepEqual(await load(), devices));

    it('gives one device alone as it is among all', async () => {
      const last = devices.at(-1)!;
      assert.deepEqual(await load({ devices: [last.name] }), [last]);
    });

    it('gives one sensor alone as it is among all', async () => {
      const sensor = devices[0]!.sensors.at(-1)!;
      const alone = await load({ sensors: [sensor] });
      for (const [d, { recordings, sensors }] of devices.entries()) {
        assert.deepEqual(alone[d]!.sensors, [sensor]);
        for (const [r, { values }] of recordings.entries()) {
          const expected = values.filter((_, i) => i % sensors.length === sensors.length - 1);
          assert.deepEqual(alone[d]!.recordings[r]!.values, expected);
        }
      }
    });

    it('says which device or sensor it does not have', async () => {
      const [{ name, sensors }] = devices as [Device];
      const near = new RegExp(`did you mean '${name}'`);
      await assert.rejects(load({ devices: [`${name}x`] }), { name: 'OperatorError', message: near });
      await assert.rejects(load({ sensors: [`${sensors[0]}x`] }), { name: 'OperatorError', message: /did you mean/ });
    });
  });
}
