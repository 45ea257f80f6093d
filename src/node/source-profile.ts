// What a source turns out to measure: sensors, units, ranges and how often they say something. Owns these findings, in bounded
// memory whatever comes; reads no source and suggests no settings.
import { quote } from '../data/cells.ts';
import type { Sensor } from './sources/source.ts';

/** A sensor of a profile. `range` is absent where all its values are one. */
export interface ProfiledSensor extends Sensor {
  /** Values seen. */
  values: number;
  /** Cells or messages that held no finite number. */
  unreadable: number;
  /** What its name does not say and a reader of the manifest should know; undefined for nothing. */
  note: string | undefined;
}

/** The findings. */
export interface Profile {
  /** In the order in which they were first seen. */
  sensors: ProfiledSensor[];
  /** What cannot be a sensor, with the reason: "'mode' has text, such as 'AUTO', in 4 of 4 places". */
  leftOut: string[];
  /** Time between two values of a sensor, in milliseconds; undefined where no sensor had two. */
  intervalMs: number | undefined;
  /** The same of the slowest sensor. */
  slowestMs: number | undefined;
  /** Values of the sensor that had most, in one series; infinite where more will come. */
  rows: number;
  /** Of a source that may report changes only: the longest time for which a sensor said nothing while others may have. */
  silenceMs?: number;
}

/** Steps of a sensor that are kept to find their median: enough for it to settle, and few enough for thousands of sensors. */
const stepsMax = 1000;

/** Series of a sensor whose times are told apart; values of others only count towards the range. */
const seriesMax = 1000;

interface Track {
  lastMs: number;
  /** The longest step between two values. */
  longestMs: number;
  values: number;
}

class SensorFindings {
  readonly units = new Set<string>();
  lowest = Number.POSITIVE_INFINITY;
  highest = Number.NEGATIVE_INFINITY;
  values = 0;
  unreadable = 0;
  text = '';
  readonly steps: number[] = [];
  readonly tracks = new Map<string, Track>();

  time(timeMs: number, series: string): void {
    const track = this.tracks.get(series);
    if (track === undefined) {
      if (this.tracks.size < seriesMax) this.tracks.set(series, { lastMs: timeMs, longestMs: 0, values: 1 });
      return;
    }
    const step = timeMs - track.lastMs;
    // Several values of one time, and values that come late, say nothing about how often a sensor speaks.
    if (step > 0 && this.steps.length < stepsMax) this.steps.push(step);
    track.longestMs = Math.max(track.longestMs, step);
    track.lastMs = timeMs;
    track.values += 1;
  }
}

/** Collects observations of one source. */
export class SourceProfile {
  private readonly findings = new Map<string, SensorFindings>();
  private readonly sensorsMax: number;
  private isFull = false;

  /** @param sensorsMax names beyond so many are left out, as a manifest takes no more and a source may invent them without end. */
  constructor(sensorsMax = 1024) {
    this.sensorsMax = sensorsMax;
  }

  /** Makes a name known before it has a value, so that sensors keep the order of a header. */
  declare(name: string, unit: string | undefined): void {
    this.of(name, unit);
  }

  /**
   * One value of a sensor, at a time in milliseconds since the epoch. NaN is a missing value, and an infinite one is unreadable.
   * `series` tells apart the machines or recordings of a source that mixes several.
   */
  observe(name: string, unit: string | undefined, timeMs: number, value: number, series = ''): void {
    if (Number.isNaN(value)) return;
    if (!Number.isFinite(value)) {
      this.observeText(name, unit, String(value));
      return;
    }
    const found = this.of(name, unit);
    if (found === undefined) return;
    found.values += 1;
    if (value < found.lowest) found.lowest = value;
    if (value > found.highest) found.highest = value;
    found.time(timeMs, series);
  }

  /** Something that is no number, where a value of the sensor was expected. */
  observeText(name: string, unit: string | undefined, text: string): void {
    const found = this.of(name, unit);
    if (found === undefined) return;
    if (found.unreadable === 0) found.text = text;
    found.unreadable += 1;
  }

  /** What was found so far. */
  result(): Profile {
    const sensors: ProfiledSensor[] = [];
    const leftOut: string[] = [];
    const medians: number[] = [];
    let rows = 0;
    for (const [name, found] of this.findings) {
      const why = reasonAgainst(found);
      if (why !== undefined) {
        leftOut.push(`${quote(name)} ${why}`);
        continue;
      }
      sensors.push(profiled(name, found));
      if (found.steps.length > 0) medians.push(typicalStepMs(found.steps));
      for (const track of found.tracks.values()) rows = Math.max(rows, track.values);
    }
    if (this.isFull) leftOut.push(`names beyond the first ${this.sensorsMax} were not looked at`);
    medians.sort((a, b) => a - b);
    // The lower of two middles: at least half of the sensors have something new in each interval, or nearly so.
    return { sensors, leftOut, intervalMs: medians[(medians.length - 1) >> 1], slowestMs: medians.at(-1), rows };
  }

  /** The longest time, in milliseconds, from a value of a sensor to its next one, or to the newest value of all; with two digits. */
  silenceMs(): number {
    const tracks = [...this.findings.values()].flatMap((found) => [...found.tracks.values()]);
    const newestMs = tracks.reduce((newest, { lastMs }) => Math.max(newest, lastMs), Number.NEGATIVE_INFINITY);
    const longestMs = tracks.reduce((most, track) => Math.max(most, track.longestMs, newestMs - track.lastMs), 0);
    return Number(longestMs.toPrecision(2));
  }

  private of(name: string, unit: string | undefined): SensorFindings | undefined {
    let found = this.findings.get(name);
    if (found === undefined) {
      if (this.findings.size >= this.sensorsMax) {
        this.isFull = true;
        return undefined;
      }
      found = new SensorFindings();
      this.findings.set(name, found);
    }
    // Two are enough to know that they differ.
    if (unit !== undefined && found.units.size < 2) found.units.add(unit);
    return found;
  }
}

function reasonAgainst({ values, unreadable, text }: SensorFindings): string | undefined {
  if (values === 0 && unreadable === 0) return 'has no value';
  return values <= unreadable
    ? `has text, such as ${quote(text)}, in ${unreadable} of ${values + unreadable} places`
    : undefined;
}

function profiled(name: string, { units, lowest, highest, values, unreadable, text }: SensorFindings): ProfiledSensor {
  const [unit, other] = units;
  const notes = [
    ...(lowest < highest ? [] : [`always ${lowest} here`]),
    ...(other === undefined ? [] : [`comes in ${quote(unit!)} and in ${quote(other)}: settle on one`]),
    ...(unreadable === 0
      ? []
      : [`${unreadable} of ${values + unreadable} values are no numbers, such as ${quote(text)}`]),
  ];
  return {
    name,
    ...(unit !== undefined && other === undefined && { unit }),
    ...(lowest < highest && { range: [lowest, highest] }),
    values,
    unreadable,
    note: notes.length === 0 ? undefined : notes.join('; '),
  };
}

/** The median step, at least 1; with two digits where steps vary, since those of a clock that jitters are not its period. */
function typicalStepMs(steps: readonly number[]): number {
  const sorted = [...steps].sort((a, b) => a - b);
  const median = sorted[(sorted.length - 1) >> 1]!;
  const isRegular = 2 * steps.filter((step) => step === median).length > steps.length;
  return Math.max(1, Math.round(isRegular ? median : Number(median.toPrecision(2))));
}
