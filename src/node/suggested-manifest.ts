// Settings for a federation that begins, from the profile of one source. Owns the rules and their reasons; writes no text.

import { quote } from '../data/cells.ts';
import { featureNames } from '../data/features.ts';
import { sensorNameSchema, unitSchema } from './manifest-schema.ts';
import type { Profile, ProfiledSensor } from './source-profile.ts';

/** What a manifest is written from. */
export interface SuggestedManifest {
  sensors: readonly ProfiledSensor[];
  /** As in Profile. */
  leftOut: readonly string[];
  sampling: { intervalMs: number; holdMs: number; latenessMs: number };
  /** The longest silence of a sensor, in milliseconds, where the hold follows from it. */
  silenceMs: number | undefined;
  window: { length: number; stride: number };
  /** Values of the sensor that had most, from which the window follows. */
  rows: number;
  hidden: readonly [number, number, number];
}

/** Rows of a window where there are enough: with one each second a minute, in which most faults of machines show. Chosen by us. */
const windowRows = 60;

/** A series should hold about so many windows that do not overlap, or there is little to learn from and less to hold out. */
const windowsWanted = 20;

/** Fewest rows of a window: a slope and what is left around it mean little in fewer. */
const windowRowsMin = 10;

/** Widest layer suggested: updates of a wider one are megabytes, each round, to each neighbour. */
const widthMax = 256;

const latenessMsMin = 2000;
const dayMs = 86_400_000;

/** A gateway holds no value for longer; see Grid. */
const intervalsHeldMax = 100_000;

/** Settings that suit the profile; undefined where it has no sensor, or no sensor had two values. */
export function suggestManifest(profile: Profile): SuggestedManifest | undefined {
  const { intervalMs, slowestMs, rows, silenceMs = 0 } = profile;
  const leftOut = [...profile.leftOut];
  const names = profile.sensors.map(({ name }) => name);
  const ofFeatures = new Set(featureNames(names, 'summary', 1));
  const sensors = profile.sensors.flatMap((sensor) => {
    const { unit, ...rest } = sensor;
    const why = ofFeatures.has(sensor.name)
      ? 'is also what a feature of another sensor is called'
      : sensorNameSchema.safeParse(sensor.name).success
        ? undefined
        : 'has a name that is too long, or not on one line';
    if (why !== undefined) leftOut.push(`${quote(sensor.name)} ${why}`);
    return why !== undefined ? [] : [unit === undefined || unitSchema.safeParse(unit).success ? sensor : rest];
  });
  if (sensors.length === 0 || intervalMs === undefined || slowestMs === undefined) return undefined;
  const interval = Math.min(intervalMs, dayMs);
  const length = Math.max(windowRowsMin, Math.min(windowRows, Math.floor(rows / windowsWanted)));
  return {
    sensors,
    leftOut,
    sampling: {
      intervalMs: interval,
      holdMs: holdFor(interval, Math.max(slowestMs, silenceMs)),
      latenessMs: Math.max(latenessMsMin, interval),
    },
    window: { length, stride: Math.ceil(length / 2) },
    silenceMs: silenceMs > Math.max(slowestMs, interval) ? silenceMs : undefined,
    rows,
    hidden: hiddenFor(featureNames(names, 'summary', length).length),
  };
}

/**
 * A sensor that speaks less often than once an interval stands for three of its longest steps: two may be lost, or a value may
 * stay what it is for longer than it was seen to, before it counts as missing.
 */
function holdFor(intervalMs: number, stepMs: number): number {
  if (stepMs <= intervalMs) return 0;
  return Math.min(3 * stepMs, 7 * dayMs, intervalsHeldMax * intervalMs);
}

/**
 * Twice as wide as the features, as a power of two, and a waist of a quarter of them: [64, 8, 64] for 32 features, with which
 * the scenario offshore-wells is near its centralised model.
 */
function hiddenFor(features: number): [number, number, number] {
  const width = Math.min(widthMax, Math.max(16, 2 ** Math.round(Math.log2(2 * features))));
  return [width, Math.max(2, width / 8), width];
}
