// Machines and their readings for the tests of the rotating machine.
import assert from 'node:assert/strict';
import {
  drawMachine,
  type FaultState,
  type Machine,
  machineSensors,
  readSensors,
} from '../../src/data/rotating-machine.ts';
import { Prng } from '../../src/lib/prng.ts';

/** Asserts that a number is within a share of another. */
export function near(actual: number, expected: number, relative: number): void {
  assert.ok(Math.abs(actual - expected) <= relative * Math.abs(expected), `${actual} is not near ${expected}`);
}

/** One row without the errors of sensors, and speed and load as shares of the rated ones. */
export interface Reading {
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
export function steady(seed: number): Machine {
  return { ...drawMachine(new Prng(seed)), regimes: [{ speed: 0.9, load: 0.8 }], transitions: [[1]] };
}

/** The steady machine with exact sensors. */
export function quiet(seed: number): Machine {
  const none = machineSensors.map(() => 0);
  return { ...steady(seed), gain: none.map(() => 1), offset: none, noise: none };
}

/** Rows × sensors as readings, by the sensors' names; the load is what the current says. */
export function readings(machine: Machine, values: Float64Array): Reading[] {
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

/** The machine's readings with one and the same seed, whatever the fault. */
export const readRows = (machine: Machine, fault: FaultState | undefined, rows: number, startMinute = 0): Reading[] =>
  readings(machine, readSensors(machine, rows, startMinute, fault, new Prng('readings')));

/** Mean and population deviation. */
export function meanAndDeviation(values: readonly number[]): [number, number] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return [mean, Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)];
}
