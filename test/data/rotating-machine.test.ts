import assert from 'node:assert/strict';
import {
  ballPassFrequencies,
  bearing6205,
  drawMachine,
  imbalanceMmPerS,
  type Machine,
  machineSensors,
  magnification,
  misalignmentMmPerS,
  raceFaultPower,
  readSensors,
} from '../../src/data/rotating-machine.ts';
import { Prng } from '../../src/lib/prng.ts';
import { meanAndDeviation, near, quiet, type Reading, readings, readRows, steady } from './machine-readings.ts';

describe('the rotating machine', () => {
  it('ballPassFrequencies() gives the published orders of bearing 6205: 3.585 and 5.415', () => {
    const { outerHz, innerHz } = ballPassFrequencies(bearing6205, 30);
    near(outerHz, 30 * 3.585, 1e-3);
    near(innerHz, 30 * 5.415, 1e-3);
    near(outerHz + innerHz, 30 * 9, 1e-12);
    const angular = { elements: 10, diameterRatio: 0.4, contactAngleRad: Math.PI / 3 };
    near(ballPassFrequencies(angular, 10).outerHz, 40, 1e-12);
  });

  it('drawMachine() keeps to the tolerances of its type and uses their whole range', () => {
    const machines = Array.from({ length: 300 }, (_, seed) => drawMachine(new Prng(seed)));
    const between = (low: number, high: number, values: (machine: Machine) => number | readonly number[]): void => {
      const all = machines.flatMap(values);
      const [least, most] = [Math.min(...all), Math.max(...all)];
      const slack = 0.1 * (high - low);
      assert.ok(least >= low && least < low + slack, `least ${least} of [${low}, ${high}]`);
      assert.ok(most <= high && most > high - slack, `most ${most} of [${low}, ${high}]`);
    };
    between(45, 50, ({ ratedSpeedHz }) => ratedSpeedHz);
    between(0.65, 1, ({ regimes }) => regimes.map(({ speed }) => speed));
    between(0.3, 1, ({ regimes }) => regimes.map(({ load }) => load));
    between(2.6, 3, ({ criticalHz, ratedSpeedHz }) => criticalHz / ratedSpeedHz);
    between(0.08, 0.12, ({ damping }) => damping);
    // Balance grade G 6.3 is eccentricity times angular speed, in mm/s.
    between(5, 6.3, ({ eccentricityMm, ratedSpeedHz }) => eccentricityMm * 2 * Math.PI * ratedSpeedHz);
    between(0.3, 0.4, ({ misalignmentMm, ratedSpeedHz }) => misalignmentMm * 2 * Math.PI * ratedSpeedHz);
    between(0.5, 0.7, ({ freeEndShare }) => freeEndShare);
    between(0.6, 0.7, ({ broadbandMmPerS }) => broadbandMmPerS);
    between(0.8, 1, ({ envelopeMPerS2 }) => envelopeMPerS2);
    between(4, 5, ({ idleCurrentA }) => idleCurrentA);
    between(11, 13, ({ torqueCurrentA }) => torqueCurrentA);
    between(25, 35, ({ warmingK }) => warmingK);
    between(20, 30, ({ warmingMinutes }) => warmingMinutes);
    between(15, 25, ({ ambientMeanC }) => ambientMeanC);
    between(0.97, 1.03, ({ gain }) => gain);
    const sensorErrors = { offset: [0, 0.2, 0.1, 0.1, 0.05, 0.05, 0.1, 1, 1], noise: [5, 15, 4, 4, 2, 2, 4, 30, 20] };
    for (const s of machineSensors.keys()) {
      const offset = sensorErrors.offset[s]!;
      if (s > 0) between(s > 1 && s < 7 ? 0 : -offset, offset, (machine) => machine.offset[s]!);
      const noise = sensorErrors.noise[s]! / 100;
      between(noise / 2, 1.5 * noise, (machine) => machine.noise[s]!);
    }
    assert.deepEqual([...new Set(machines.map(({ regimes }) => regimes.length))].sort(), [3, 4, 5]);
    for (const [from, row] of machines.flatMap(({ transitions }) => [...transitions.entries()])) {
      assert.equal(row[from], 0);
      near(
        row.reduce((sum, share) => sum + share, 0),
        1,
        1e-12,
      );
    }
  });

  it('magnification() is 1 far below the resonance and 1/(2ζ) on it', () => {
    assert.equal(magnification(0, 0.1), 1);
    near(magnification(1, 0.05), 10, 1e-12);
    assert.ok(magnification(3, 0.05) < 0.2);
  });

  it('magnification() is that of a damped resonance at half and twice its frequency', () => {
    near(magnification(0.5, 0.1), 1.32164, 1e-5);
    near(magnification(2, 0.1), 0.330409, 1e-5);
  });

  it('imbalanceMmPerS() is ω·e·(f/f_c)² far below the resonance and ω·e/(2ζ) on it', () => {
    const machine = { ...steady(1), criticalHz: 1e4 };
    near(imbalanceMmPerS(machine, 20, 0.04), 2 * Math.PI * 20 * 0.04 * (20 / 1e4) ** 2, 1e-4);
    const resonant = { ...machine, criticalHz: 20, damping: 0.05 };
    near(imbalanceMmPerS(resonant, 20, 0.04), (2 * Math.PI * 20 * 0.04) / 0.1, 1e-12);
  });

  it('misalignmentMmPerS() is 2ω·δ·load far below the resonance, and most where 2f meets it', () => {
    const machine = { ...steady(1), criticalHz: 1e4 };
    near(misalignmentMmPerS(machine, 20, 0.8, 0.01), 2 * 2 * Math.PI * 20 * 0.01 * 0.8, 1e-4);
    const resonant = { ...machine, criticalHz: 40, damping: 0.05 };
    near(misalignmentMmPerS(resonant, 20, 0.8, 0.01), (2 * 2 * Math.PI * 20 * 0.01 * 0.8) / 0.1, 1e-12);
  });

  it('raceFaultPower() is (gain·severity)²·load times the ball-pass rate, over that of the outer race at rated speed', () => {
    const machine = { ...steady(1), ratedSpeedHz: 50 };
    near(raceFaultPower(machine, 40, 0.5, { kind: 'outer-race', severity: 0.5 }), 1 * 0.5 * 0.8, 1e-12);
    const inner = (1.05 ** 2 * 0.5 * 0.8 * (5.415 / 3.585)) / 2;
    near(raceFaultPower(machine, 40, 0.5, { kind: 'inner-race', severity: 0.5 }), inner, 1e-3);
  });

  it('readSensors() reads the formulas from a healthy machine, amplitudes scattering by 8 %', () => {
    const machine = quiet(1);
    const rows = readRows(machine, undefined, 20_000);
    const scatter = (value: (row: Reading) => number): void => {
      const [mean, deviation] = meanAndDeviation(rows.map(value));
      near(mean, 1, 0.005);
      near(deviation, 0.08, 0.04);
    };
    scatter((row) => row.once / imbalanceMmPerS(machine, row.speedHz, machine.eccentricityMm));
    scatter((row) => row.twice / misalignmentMmPerS(machine, row.speedHz, row.load, machine.misalignmentMm));
    scatter((row) => row.envelope / (machine.envelopeMPerS2 * row.speed * Math.sqrt(0.4 + 0.6 * row.load)));
    scatter((row) => {
      const broadband = Math.sqrt(row.driveEnd ** 2 - (row.once ** 2 + row.twice ** 2) / 2);
      return broadband / (machine.broadbandMmPerS * row.speed * (0.7 + 0.3 * row.load));
    });
    scatter((row) => row.freeEnd / (row.driveEnd * machine.freeEndShare));
  });

  it('readSensors() lets load and speed wander around the regime and the ambient around its course', () => {
    const rows = readRows(quiet(1), undefined, 40_000);
    const course = (_: Reading, minute: number): number => 5 * Math.cos((2 * Math.PI * (minute - 240)) / 1440);
    for (const [value, mean, deviation, persistence] of [
      [(row: Reading) => row.load, 0.8, 0.05, 0.8],
      [(row: Reading) => row.speed, 0.9, 0.005, 0.8],
      [(row: Reading, minute: number) => row.ambient + course(row, minute), quiet(1).ambientMeanC, 0.5, 0.98],
    ] as const) {
      const values = rows.map((row, minute) => value(row, minute));
      const [actualMean, actualDeviation] = meanAndDeviation(values);
      near(actualMean, mean, 0.005);
      near(actualDeviation, deviation, 0.1);
      const products = values.slice(1).map((next, i) => (next - mean) * (values[i]! - mean));
      near(meanAndDeviation(products)[0] / actualDeviation ** 2, persistence, 0.02);
    }
  });

  it('readSensors() takes the hour of the first row for the daily course: coldest at four', () => {
    const at = (hour: number): number =>
      readRows(quiet(1), undefined, 1, hour * 60)[0]!.ambient - quiet(1).ambientMeanC;
    near(at(16) - at(4), 10, 1e-9);
    near(at(10) - at(4), 5, 1e-9);
  });

  it('readSensors() warms the bearing by its losses with a first-order lag, from equilibrium', () => {
    const machine: Machine = { ...quiet(4), warmingMinutes: 20 };
    const rows = readRows(machine, undefined, 500);
    let warmth = 0;
    for (const [i, row] of rows.entries()) {
      const losses = machine.warmingK * row.speed * (0.4 + 0.6 * row.load);
      warmth = i === 0 ? losses : warmth + (losses - warmth) / 20;
      near(row.bearing - row.ambient, warmth, 1e-9);
    }
  });

  it('readSensors() adds gain, offset and noise of each sensor', () => {
    const machine = steady(3);
    const rows = 5000;
    const [values, exact] = [machine, { ...quiet(3) }].map((one) =>
      readSensors(one, rows, 0, undefined, new Prng('r')),
    );
    for (const s of machineSensors.keys()) {
      const residuals = Array.from({ length: rows }, (_, row) => {
        const at = row * machineSensors.length + s;
        return (values![at]! - exact![at]! * machine.gain[s]! - machine.offset[s]!) / machine.noise[s]!;
      });
      const [mean, deviation] = meanAndDeviation(residuals);
      near(mean + 1, 1, 0.06);
      near(deviation, 1, 0.06);
    }
  });

  it('readSensors() never lets the load fall below a twentieth, nor start in one regime only', () => {
    const idle = { ...quiet(1), regimes: [{ speed: 0.9, load: 0 }] };
    const least = readRows(idle, undefined, 2000).reduce((low, row) => Math.min(low, row.load), 1);
    near(least, 0.05, 1e-6);
    const machine: Machine = { ...quiet(1), regimes: [0.3, 0.6, 0.9].map((load) => ({ speed: 0.9, load })) };
    const first = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((seed) => {
      const [row] = readings(machine, readSensors(machine, 1, 0, undefined, new Prng(seed)));
      return Math.round(row!.load / 0.3);
    });
    assert.deepEqual([...new Set(first)].sort(), [1, 2, 3]);
  });

  it('readSensors() leaves a regime after half an hour on average, for another one', () => {
    const machine = steady(1);
    const two: Machine = {
      ...machine,
      regimes: [
        { speed: 0.7, load: 0.5 },
        { speed: 1, load: 0.5 },
      ],
      transitions: [
        [0, 1],
        [1, 0],
      ],
    };
    const speeds = readRows(two, undefined, 30_000).map(({ speedHz }) => speedHz);
    const middle = 0.85 * machine.ratedSpeedHz;
    const switches = speeds.filter((speed, i) => i > 0 && speed > middle !== speeds[i - 1]! > middle).length;
    near(switches, 1000, 0.15);
  });
});
