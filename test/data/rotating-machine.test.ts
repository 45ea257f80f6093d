import assert from 'node:assert/strict';
import {
  ballPassFrequencies,
  bearing6205,
  drawMachine,
  type FaultState,
  imbalanceMmPerS,
  type Machine,
  type MachineFault,
  machineSensors,
  magnification,
  misalignmentMmPerS,
  raceFaultPower,
  readSensors,
} from '../../src/data/rotating-machine.ts';
import { Prng } from '../../src/lib/prng.ts';

function near(actual: number, expected: number, relative: number): void {
  assert.ok(Math.abs(actual - expected) <= relative * Math.abs(expected), `${actual} is not near ${expected}`);
}

/** One row without the errors of sensors, and speed and load as shares of the rated ones. */
interface Reading {
  speedHz: number;
  speed: number;
  load: number;
  driveEnd: number;
  freeEnd: number;
  once: number;
  twice: number;
  envelope: number;
  bearing: number;
  ambient: number;
}

/** A machine in one regime, so that no draw changes its speed. */
function steady(seed: number): Machine {
  return { ...drawMachine(new Prng(seed)), regimes: [{ speed: 0.9, load: 0.8 }], transitions: [[1]] };
}

/** The steady machine with exact sensors. */
function quiet(seed: number): Machine {
  const none = machineSensors.map(() => 0);
  return { ...steady(seed), gain: none.map(() => 1), offset: none, noise: none };
}

/** Rows × sensors as readings, by the sensors' names; the load is what the current says. */
function readings(machine: Machine, values: Float64Array): Reading[] {
  const width = machineSensors.length;
  return Array.from({ length: values.length / width }, (_, row) => {
    const of = (sensor: (typeof machineSensors)[number]): number =>
      values[row * width + machineSensors.indexOf(sensor)]!;
    return {
      speedHz: of('speed'),
      speed: of('speed') / machine.ratedSpeedHz,
      load: Math.sqrt(of('current') ** 2 - machine.idleCurrentA ** 2) / machine.torqueCurrentA,
      driveEnd: of('vibration-drive-end'),
      freeEnd: of('vibration-free-end'),
      once: of('vibration-1x'),
      twice: of('vibration-2x'),
      envelope: of('envelope'),
      bearing: of('bearing-temperature'),
      ambient: of('ambient-temperature'),
    };
  });
}

const readRows = (machine: Machine, fault: FaultState | undefined, rows: number, startMinute = 0): Reading[] =>
  readings(machine, readSensors(machine, rows, startMinute, fault, new Prng('readings')));

function meanAndDeviation(values: readonly number[]): [number, number] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return [mean, Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)];
}

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

  describe('readSensors() with a fault', () => {
    const rows = 400;
    const severity = 0.7;
    /** Each row of a healthy machine beside the same row with the fault, all else drawn alike. */
    const eachRow = (kind: MachineFault, visit: (healthy: Reading, faulty: Reading, row: number) => void): void => {
      for (const seed of [1, 2, 3]) {
        const machine = quiet(seed);
        const faulty = readRows(machine, { kind, severity }, rows);
        for (const [i, healthy] of readRows(machine, undefined, rows).entries()) visit(healthy, faulty[i]!, i);
      }
    };
    /** All but `moved` read as on the healthy machine. */
    const onlyMoves = (healthy: Reading, faulty: Reading, moved: readonly (keyof Reading)[]): void => {
      const still = (Object.keys(healthy) as (keyof Reading)[]).filter((sensor) => !moved.includes(sensor));
      for (const sensor of still) near(faulty[sensor], healthy[sensor], 1e-12);
    };
    /** Of the drive end's mean square, what the two amplitudes do not make. */
    const broadband = (row: Reading): number => row.driveEnd ** 2 - (row.once ** 2 + row.twice ** 2) / 2;

    it('imbalance: raises 1× alone, from half to all of 1 + 2.5 s, and with it both overall vibrations', () => {
      eachRow('imbalance', (healthy, faulty, row) => {
        near(faulty.once / healthy.once, 1 + 2.5 * severity * (0.5 + (0.5 * (row + 1)) / rows), 1e-9);
        near(broadband(faulty), broadband(healthy), 1e-9);
        near(faulty.freeEnd / faulty.driveEnd, healthy.freeEnd / healthy.driveEnd, 1e-9);
        onlyMoves(healthy, faulty, ['once', 'driveEnd', 'freeEnd']);
      });
    });

    it('misalignment: raises 2× alone, by 1 + 2.8 s, and with it both overall vibrations', () => {
      eachRow('misalignment', (healthy, faulty) => {
        near(faulty.twice / healthy.twice, 1 + 2.8 * severity, 1e-9);
        near(broadband(faulty), broadband(healthy), 1e-9);
        near(faulty.freeEnd / faulty.driveEnd, healthy.freeEnd / healthy.driveEnd, 1e-9);
        onlyMoves(healthy, faulty, ['twice', 'driveEnd', 'freeEnd']);
      });
    });

    // Orders of the outer race times its factor squared, and of the inner one, which strikes for half of each turn.
    for (const [kind, power] of [
      ['outer-race', 2 ** 2],
      ['inner-race', (2.1 ** 2 * (5.415 / 3.585)) / 2],
    ] as const) {
      it(`${kind}: raises the envelope's power with load × speed, and the bearing's warmth by 15 % of s, alone`, () => {
        eachRow(kind, (healthy, faulty) => {
          const { speed, load } = healthy;
          const added = (power * severity ** 2 * load * speed) / (speed ** 2 * (0.4 + 0.6 * load));
          near((faulty.envelope / healthy.envelope) ** 2, 1 + added, 1e-3);
          near((faulty.bearing - faulty.ambient) / (healthy.bearing - healthy.ambient), 1 + 0.15 * severity, 1e-9);
          onlyMoves(healthy, faulty, ['envelope', 'bearing']);
        });
      });
    }
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
