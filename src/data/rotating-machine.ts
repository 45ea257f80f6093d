// The physics of one rotating machine: from its parameters, operating regime and fault to what its sensors read. Owns
// formulas and parameter ranges; knows nothing of devices, files or fleets.
import type { Prng } from '../lib/prng.ts';
import { drawIndex } from './weighted-draws.ts';

/** The sensors of a machine in column order: Hz, A, mm/s RMS (twice), mm/s peak (twice), m/s² RMS, °C (twice). */
export const machineSensors = [
  'speed',
  'current',
  'vibration-drive-end',
  'vibration-free-end',
  'vibration-1x',
  'vibration-2x',
  'envelope',
  'bearing-temperature',
  'ambient-temperature',
] as const;

/** The faults that a recording can show. */
export const machineFaults = ['imbalance', 'misalignment', 'outer-race', 'inner-race'] as const;

/** One of the faults. */
export type MachineFault = (typeof machineFaults)[number];

/** A fault and how bad it is. */
export interface FaultState {
  kind: MachineFault;
  /** In (0, 1]; of imbalance, what it grows to from half of it. */
  severity: number;
}

/** Geometry of a rolling-element bearing. */
export interface Bearing {
  /** Number of rolling elements. */
  elements: number;
  /** Diameter of an element over the pitch diameter, in (0, 1). */
  diameterRatio: number;
  contactAngleRad: number;
}

/** What tells one machine from another. */
export interface Machine {
  ratedSpeedHz: number;
  /** Speed as a share of the rated speed, torque as a share of the rated torque. */
  regimes: { speed: number; load: number }[];
  /** Row by row, how likely each regime follows when one is left; the diagonal is 0 and each row adds to 1. */
  transitions: number[][];
  /** First critical speed, in Hz; above twice the rated speed. */
  criticalHz: number;
  /** Damping ratio of that resonance. */
  damping: number;
  /** Distance of the rotor's centre of mass from its axis (m·r over the rotor's mass), in mm. */
  eccentricityMm: number;
  /** Amplitude at 2× that the coupling would force at full torque far below resonance, in mm. */
  misalignmentMm: number;
  bearing: Bearing;
  /** Share of the drive end's vibration that reaches the free end. */
  freeEndShare: number;
  /** Broad-band vibration at rated speed and torque, in mm/s RMS. */
  broadbandMmPerS: number;
  /** High-frequency envelope of the healthy bearing at rated speed and torque, in m/s² RMS. */
  envelopeMPerS2: number;
  idleCurrentA: number;
  torqueCurrentA: number;
  /** Warming of the bearing above ambient at rated speed and torque, in K. */
  warmingK: number;
  /** Time constant of that warming, in minutes. */
  warmingMinutes: number;
  ambientMeanC: number;
  /** Of each sensor, in the order of machineSensors. */
  gain: readonly number[];
  offset: readonly number[];
  /** Standard deviation of the reading's noise, in the sensor's unit. */
  noise: readonly number[];
}

/** Deep-groove ball bearing 6205: nine balls of 7.94 mm on a pitch circle of 39.04 mm. */
export const bearing6205: Bearing = { elements: 9, diameterRatio: 7.94 / 39.04, contactAngleRad: 0 };

/** Chance that a regime is left within a minute: half an hour on average. */
const leaveRate = 1 / 30;

/** Relative standard deviation of an amplitude that is estimated from one short block of vibration. */
const blockDeviation = 0.08;

/** What severity 1 does: factors on the healthy machine's eccentricity, misalignment and envelope (chosen so that a plain statistic finds faults, but not all: see data/README.md). */
const faultGain = { imbalance: 2.5, misalignment: 2.8, 'outer-race': 2, 'inner-race': 2.1 } as const;

/**
 * Draws a machine of the fleet's one type, a pump or fan on a two-pole motor: alike but for tolerances, in regimes of its own.
 * The tolerances were chosen narrow enough that a shared model can be of use: with residual imbalances a factor of three apart,
 * a bad machine reads like a good one of its fleet, and even a centralised model stays far behind local ones.
 */
export function drawMachine(prng: Prng): Machine {
  const between = (low: number, high: number): number => low + (high - low) * prng.nextFloat();
  const ratedSpeedHz = between(45, 50);
  const ratedRadPerS = 2 * Math.PI * ratedSpeedHz;
  const count = 3 + prng.nextInt(3);
  const regimes = Array.from({ length: count }, () => ({ speed: between(0.65, 1), load: between(0.3, 1) }));
  const transitions = regimes.map((_, from) => {
    const weights = regimes.map((_, to) => (to === from ? 0 : between(0.2, 1)));
    const sum = weights.reduce((a, b) => a + b, 0);
    return weights.map((weight) => weight / sum);
  });
  return {
    ratedSpeedHz,
    regimes,
    transitions,
    criticalHz: ratedSpeedHz * between(2.6, 3),
    damping: between(0.08, 0.12),
    // ISO 21940-11 grades a rotor by eccentricity times angular speed: G 6.3 mm/s at most for pumps and fans.
    eccentricityMm: between(5, 6.3) / ratedRadPerS,
    misalignmentMm: between(0.3, 0.4) / ratedRadPerS,
    bearing: bearing6205,
    freeEndShare: between(0.5, 0.7),
    broadbandMmPerS: between(0.6, 0.7),
    envelopeMPerS2: between(0.8, 1),
    idleCurrentA: between(4, 5),
    torqueCurrentA: between(11, 13),
    warmingK: between(25, 35),
    warmingMinutes: between(20, 30),
    ambientMeanC: between(15, 25),
    gain: machineSensors.map(() => between(0.97, 1.03)),
    // Vibration chains add their noise floor, so theirs is never below 0.
    offset: [
      0,
      between(-0.2, 0.2),
      ...[0.1, 0.1, 0.05, 0.05, 0.1].map((most) => between(0, most)),
      ...[1, 1].map((most) => between(-most, most)),
    ],
    noise: [0.05, 0.15, 0.04, 0.04, 0.02, 0.02, 0.04, 0.3, 0.2].map((deviation) => deviation * between(0.5, 1.5)),
  };
}

/**
 * Ball-pass frequencies of a bearing's outer and inner race at a shaft speed, in Hz: n·f/2·(1 ∓ d/D·cos φ)
 * (Randall, Vibration-based Condition Monitoring, Wiley 2011, chapter 2).
 */
export function ballPassFrequencies(bearing: Bearing, speedHz: number): { outerHz: number; innerHz: number } {
  const ratio = bearing.diameterRatio * Math.cos(bearing.contactAngleRad);
  const half = (bearing.elements * speedHz) / 2;
  return { outerHz: half * (1 - ratio), innerHz: half * (1 + ratio) };
}

/** Dynamic magnification of one resonance, 1/√((1 − r²)² + (2ζr)²), at the frequency ratio r (Rao, Mechanical Vibrations, chapter 3). */
export function magnification(ratio: number, damping: number): number {
  return 1 / Math.hypot(1 - ratio * ratio, 2 * damping * ratio);
}

/**
 * Amplitude at 1× in mm/s: a mass m at radius r forces m·r·ω², which the resonance passes on, so the shaft moves by
 * e·(f/f_c)²·magnification and its velocity is ω times that (rotating unbalance; Rao, chapter 3).
 *
 * @param eccentricityMm m·r over the rotor's mass
 */
export function imbalanceMmPerS(machine: Machine, speedHz: number, eccentricityMm: number): number {
  const ratio = speedHz / machine.criticalHz;
  return 2 * Math.PI * speedHz * eccentricityMm * ratio * ratio * magnification(ratio, machine.damping);
}

/**
 * Amplitude at 2× in mm/s: a misaligned coupling forces twice a turn, in proportion to the torque it passes (Randall,
 * chapter 2, on low shaft orders), through the same resonance at twice the frequency.
 */
export function misalignmentMmPerS(machine: Machine, speedHz: number, load: number, misalignmentMm: number): number {
  const ratio = (2 * speedHz) / machine.criticalHz;
  return 4 * Math.PI * speedHz * misalignmentMm * load * magnification(ratio, machine.damping);
}

/**
 * Mean square of the envelope that a race fault adds, over the square of the healthy envelope at rated speed and torque: each
 * passing element strikes once, with an energy that grows with the load and the square of the severity, so power follows the
 * ball-pass rate. The inner race turns through the load zone and out again, and strikes for half of each turn (Randall, chapter 2).
 */
export function raceFaultPower(machine: Machine, speedHz: number, load: number, fault: FaultState): number {
  const { outerHz, innerHz } = ballPassFrequencies(machine.bearing, speedHz);
  const rated = ballPassFrequencies(machine.bearing, machine.ratedSpeedHz).outerHz;
  const strength = (faultGain[fault.kind] * fault.severity) ** 2 * load;
  return fault.kind === 'outer-race' ? (strength * outerHz) / rated : (strength * innerHz * 0.5) / rated;
}

/**
 * `rows` readings a minute apart, rows × sensors, row-major. The regime is a Markov chain; load and speed wander a little
 * around it; the ambient has a daily course, coldest at four. An induction motor's current is its idle current and that of its
 * torque, a quarter of a period apart. Overall vibration is the root of the sum of mean squares: of a sine, half its amplitude's
 * square. The bearing's temperature follows its losses with a first-order lag (one heat capacity, Newton's law of cooling),
 * from equilibrium at the first row. That losses and noise go with speed and 0.4 + 0.6·load, broad-band vibration with speed
 * and 0.7 + 0.3·load, is chosen by us.
 *
 * @param startMinute minutes since midnight at the first row
 */
export function readSensors(
  machine: Machine,
  rows: number,
  startMinute: number,
  fault: FaultState | undefined,
  prng: Prng,
): Float64Array {
  const sensors = machineSensors.length;
  const values = new Float64Array(rows * sensors);
  const amplitude = (): number => 1 + blockDeviation * prng.nextGaussian();
  const severityOf = (kind: MachineFault): number => (fault?.kind === kind ? fault.severity : 0);
  const friction = 1 + 0.15 * (severityOf('outer-race') + severityOf('inner-race'));
  const isRaceFault = fault?.kind === 'outer-race' || fault?.kind === 'inner-race';
  let regime = prng.nextInt(machine.regimes.length);
  let loadWander = 0.05 * prng.nextGaussian();
  let speedWander = 0.005 * prng.nextGaussian();
  let ambientWander = 0.5 * prng.nextGaussian();
  let warmth: number | undefined;
  for (let row = 0; row < rows; row++) {
    if (row > 0 && prng.nextFloat() < leaveRate) regime = drawIndex(machine.transitions[regime]!, prng);
    loadWander = wander(loadWander, 0.05, 0.8, prng);
    speedWander = wander(speedWander, 0.005, 0.8, prng);
    ambientWander = wander(ambientWander, 0.5, 0.98, prng);
    const load = Math.max(0.05, machine.regimes[regime]!.load + loadWander);
    const speed = machine.regimes[regime]!.speed + speedWander;
    const speedHz = speed * machine.ratedSpeedHz;

    const grown = 0.5 + (0.5 * (row + 1)) / rows;
    const eccentricity = machine.eccentricityMm * (1 + faultGain.imbalance * severityOf('imbalance') * grown);
    const misalignment = machine.misalignmentMm * (1 + faultGain.misalignment * severityOf('misalignment'));
    const once = imbalanceMmPerS(machine, speedHz, eccentricity) * amplitude();
    const twice = misalignmentMmPerS(machine, speedHz, load, misalignment) * amplitude();
    const healthyPower = speed * speed * (0.4 + 0.6 * load);
    const power = healthyPower + (isRaceFault ? raceFaultPower(machine, speedHz, load, fault) : 0);
    const broadband = machine.broadbandMmPerS * speed * (0.7 + 0.3 * load) * amplitude();
    const driveEnd = Math.sqrt((once * once + twice * twice) / 2 + broadband * broadband);

    const ambient =
      machine.ambientMeanC - 5 * Math.cos((2 * Math.PI * (startMinute + row - 240)) / 1440) + ambientWander;
    const equilibrium = machine.warmingK * speed * (0.4 + 0.6 * load) * friction;
    warmth = warmth === undefined ? equilibrium : warmth + (equilibrium - warmth) / machine.warmingMinutes;

    const at = row * sensors;
    values[at] = speedHz;
    values[at + 1] = Math.hypot(machine.idleCurrentA, machine.torqueCurrentA * load);
    values[at + 2] = driveEnd;
    values[at + 3] = driveEnd * machine.freeEndShare * amplitude();
    values[at + 4] = once;
    values[at + 5] = twice;
    values[at + 6] = machine.envelopeMPerS2 * Math.sqrt(power) * amplitude();
    values[at + 7] = ambient + warmth;
    values[at + 8] = ambient;
    for (let s = 0; s < sensors; s++) {
      values[at + s] =
        values[at + s]! * machine.gain[s]! + machine.offset[s]! + machine.noise[s]! * prng.nextGaussian();
    }
  }
  return values;
}

/** The next value of a first-order autoregression around 0 with a stationary standard deviation. */
function wander(value: number, deviation: number, persistence: number, prng: Prng): number {
  return persistence * value + deviation * Math.sqrt(1 - persistence * persistence) * prng.nextGaussian();
}
