import assert from 'node:assert/strict';
import { featureNames, tabulate } from '../../src/data/features.ts';
import {
  drawMachine,
  type FaultState,
  machineFaults,
  machineSensors,
  readSensors,
} from '../../src/data/rotating-machine.ts';
import { type FleetConfig, syntheticFleet } from '../../src/data/synthetic-fleet.ts';
import type { Device, FeatureTable, Recording } from '../../src/data/types.ts';
import { Prng } from '../../src/lib/prng.ts';
import { auroc } from '../../src/model/metrics.ts';
import { applyScale, momentsOf, scaleFromMoments } from '../../src/model/scaler.ts';
import { statisticScores } from '../../src/model/statistic.ts';

const config: FleetConfig = { machines: 3, recordings: 20, samplesPerRecording: 120, fleetSeed: 1 };

/** Windows as in the default scenario. */
function tableOf({ name, sensors }: Device, recordings: readonly Recording[]): FeatureTable {
  const plain = recordings.map((recording) => ({ ...recording }));
  const window = { length: 15, stride: 15, unit: 'samples' } as const;
  const features = featureNames(sensors, 'summary', window.length);
  const masked = sensors.map(() => false);
  return tabulate(plain, sensors, features, { window, features: 'summary' }, masked, name);
}

const isOf = (fault: string) => (recording: Recording) => recording.instance.startsWith(fault);

describe('syntheticFleet()', () => {
  it('gives each machine its normal recordings, then a tenth as many of each fault, labelled 1', () => {
    const [machine] = syntheticFleet(config);
    assert.equal(machine!.name, 'machine-00001');
    assert.deepEqual(machine!.sensors, machineSensors);
    const count = (instance: string): number => machine!.recordings.filter(isOf(instance)).length;
    assert.deepEqual([count('normal'), ...machineFaults.map(count)], [20, 2, 2, 2, 2]);
    for (const { instance, labels, values } of machine!.recordings) {
      assert.ok(labels.every((label) => label === (instance.startsWith('normal') ? 0 : 1)));
      assert.equal(values.length, 120 * machineSensors.length);
    }
  });

  it('gives a small fleet at least one recording of each fault', () => {
    const [machine] = syntheticFleet({ ...config, recordings: 2 });
    assert.equal(machine!.recordings.length, 2 + machineFaults.length);
  });

  it('gives machine i alike in a fleet of any size, and other machines and values for another seed', () => {
    const [, second] = syntheticFleet(config);
    const alone = syntheticFleet({ ...config, machines: 40 }, { devices: ['machine-00002'] });
    assert.deepEqual(alone, [second]);
    const other = syntheticFleet({ ...config, fleetSeed: 2 })[1];
    assert.notDeepEqual(other!.recordings[0]!.values, second!.recordings[0]!.values);
  });

  it('makes the same values each time they are read, others for each recording', () => {
    const [{ recordings }] = syntheticFleet(config) as [Device];
    assert.deepEqual(recordings[0]!.values, recordings[0]!.values);
    assert.notDeepEqual(recordings[0]!.values, recordings[1]!.values);
    const [normal, faulty] = [recordings[0]!, recordings.find(isOf('outer-race'))!];
    const speeds = ({ values }: Recording): Float64Array => values.filter((_, i) => i % machineSensors.length === 0);
    assert.notDeepEqual(speeds(normal), speeds(faulty));
  });

  it('begins recordings at every hour of the day, rows a minute apart, and none before the last one ends', () => {
    const hours = (config: FleetConfig): number[] =>
      syntheticFleet({ ...config, machines: 1 })[0]!.recordings.map(({ timesMs }) => timesMs[0]! / 3_600_000);
    const short = hours(config);
    assert.equal(short[0], Date.UTC(2024, 0, 1) / 3_600_000);
    assert.equal(new Set(short.map((hour) => hour % 24)).size, 24);
    // Seven hours apart while they fit in, then whole days more.
    for (const [samples, apart] of [
      [3, 7],
      [420, 7],
      [421, 31],
      [1860, 31],
      [1861, 55],
    ] as const) {
      const starts = hours({ ...config, recordings: 3, samplesPerRecording: samples });
      for (const [i, start] of starts.entries()) assert.equal(start, starts[0]! + i * apart, `${samples} rows`);
    }
    const [{ recordings }] = syntheticFleet({ ...config, machines: 1 }) as [Device];
    for (const { timesMs } of recordings) {
      assert.equal(timesMs.length, 120);
      assert.ok(timesMs.every((timeMs, row) => timeMs === timesMs[0]! + row * 60_000));
    }
  });

  it('reads each recording at its own hour, with a severity from 0.3 to 1 of its own', () => {
    const severities: number[] = [];
    for (const { name, recordings } of syntheticFleet({ ...config, machines: 60, samplesPerRecording: 9 })) {
      const prng = new Prng('synthetic-fleet/1').fork(name);
      const machine = drawMachine(prng);
      for (const { instance, timesMs, values } of recordings) {
        const startMinute = (timesMs[0]! - Date.UTC(2024, 0, 1)) / 60_000;
        const read = (fault: FaultState | undefined): Float64Array =>
          readSensors(machine, 9, startMinute, fault, prng.fork(instance).fork('values'));
        const healthy = read(undefined);
        const kind = machineFaults.find((fault) => instance.startsWith(fault));
        if (kind === undefined) assert.deepEqual(values, healthy);
        if (kind !== 'misalignment') continue;
        // The amplitude at 2× is linear in the severity.
        const at = machineSensors.indexOf('vibration-2x');
        const severity = (values[at]! - healthy[at]!) / (read({ kind, severity: 1 })[at]! - healthy[at]!);
        severities.push(severity);
        const expected = read({ kind, severity });
        for (const [i, value] of values.entries()) assert.ok(Math.abs(value - expected[i]!) < 1e-9);
      }
    }
    const [least, most] = [Math.min(...severities), Math.max(...severities)];
    assert.ok(least >= 0.3 && least < 0.35 && most <= 1 && most > 0.95, `${least} to ${most}`);
  });

  it('rounds a tenth of the recordings to the nearest', () => {
    for (const [recordings, each] of [
      [14, 1],
      [15, 2],
      [24, 2],
    ] as const) {
      const [machine] = syntheticFleet({ ...config, recordings });
      for (const fault of machineFaults) assert.equal(machine!.recordings.filter(isOf(fault)).length, each);
    }
  });

  it('gives the chosen sensors in the chosen order', () => {
    const [whole] = syntheticFleet(config);
    for (const sensors of [['envelope', 'speed'], [...machineSensors].reverse()]) {
      const [chosen] = syntheticFleet(config, { sensors });
      assert.deepEqual(chosen!.sensors, sensors);
      const width = sensors.length;
      for (const [r, { values }] of chosen!.recordings.slice(0, 3).entries()) {
        const all = whole!.recordings[r]!.values;
        const expected = values.map((_, i) => {
          const sensor = (machineSensors as readonly string[]).indexOf(sensors[i % width]!);
          return all[Math.floor(i / width) * machineSensors.length + sensor]!;
        });
        assert.equal(values.length, 120 * width);
        assert.deepEqual(values, expected);
      }
    }
  });

  it('refuses devices and sensors that the fleet does not have, with the nearest', () => {
    const refusal = (path: string): RegExp => new RegExp(`^data\\.${path}: there is no .*did you mean`);
    assert.throws(() => syntheticFleet(config, { devices: ['machine-0001'] }), {
      name: 'OperatorError',
      message: refusal('devices'),
    });
    assert.throws(() => syntheticFleet(config, { sensors: ['speed', 'curent'] }), {
      name: 'OperatorError',
      message: refusal('sensors'),
    });
  });

  it('leaves work for a model: the statistic finds each fault with the mean AUROC that data/README.md gives', () => {
    const sums = new Map<string, number>();
    const machines = 40;
    for (const device of syntheticFleet({ ...config, machines })) {
      const normal = device.recordings.filter(isOf('normal'));
      const train = tableOf(device, normal.slice(0, 12));
      const scale = scaleFromMoments(momentsOf(train.values, train.features.length));
      for (const fault of machineFaults) {
        const test = tableOf(device, [...normal.slice(15), ...device.recordings.filter(isOf(fault))]);
        const score = auroc(statisticScores(applyScale(test.values, test.features.length, scale)), test.labels);
        sums.set(fault, (sums.get(fault) ?? 0) + score! / machines);
      }
    }
    const documented = { imbalance: 0.79, misalignment: 0.84, 'outer-race': 0.84, 'inner-race': 0.8 };
    for (const fault of machineFaults) {
      const mean = sums.get(fault)!;
      assert.ok(Math.abs(mean - documented[fault]) < 0.01, `${fault}: ${mean}`);
    }
  });
});
