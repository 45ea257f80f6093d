// JSON objects to samples: flat members by name, or what a JSON pointer finds. Owns this mapping; reads no stream.
import { CellError } from '../../data/cells.ts';
import { liveTimeMs } from './live-time.ts';
import type { Readings } from './readings.ts';
import type { Sample } from './source.ts';

/** Where in a message its parts are. */
export interface JsonShape {
  /** JSON pointer (RFC 6901) to the object of values, or to a single value; the whole message where left out. */
  at?: string | undefined;
  /** Member, or JSON pointer, of the time stamp. */
  time: string;
}

/**
 * The sample of one message. A single value is of the sensor `single`. Undefined, and counted, where there is nothing
 * to read. Null and empty text are missing values; true and false are 1 and 0.
 *
 * @param timeMs of a message without a time stamp; undefined where such a message cannot be used
 */
export function jsonSample(
  message: unknown,
  shape: JsonShape,
  single: string | undefined,
  timeMs: number | undefined,
  readings: Readings,
): Sample | undefined {
  const own = timeOf(message, shape.time, readings);
  if (own === 'malformed') return undefined;
  const measuredMs = own ?? timeMs;
  if (measuredMs === undefined) return undefined;
  const found = shape.at === undefined ? message : pointed(message, shape.at);
  const sample = readings.sample(measuredMs);
  if (isObject(found)) {
    const timeKey = shape.at === undefined ? shape.time : undefined;
    for (const [name, value] of Object.entries(found)) {
      if (name !== timeKey) putJson(sample, name, value, readings);
    }
  } else if (single !== undefined && isScalar(found)) putJson(sample, single, found, readings);
  else {
    readings.malformed('a message has no object of values');
    return undefined;
  }
  return sample;
}

/** What a JSON pointer or a member's name finds; undefined where there is nothing. */
export function pointed(message: unknown, pointer: string): unknown {
  const keys = pointer.startsWith('/') ? pointer.slice(1).split('/').map(unescapeKey) : [pointer];
  let value = message;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function unescapeKey(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~');
}

function timeOf(message: unknown, key: string, readings: Readings): number | 'malformed' | undefined {
  const stamp = pointed(message, key);
  if (stamp === undefined || stamp === null) return undefined;
  try {
    if (typeof stamp === 'string' || typeof stamp === 'number') return liveTimeMs(stamp);
  } catch (error) {
    if (!(error instanceof CellError)) throw error;
  }
  readings.malformed(`a message has no time stamp at ${key}`);
  return 'malformed';
}

function putJson(sample: Sample, name: string, value: unknown, readings: Readings): void {
  const slot = readings.slot(name);
  if (slot === undefined || value === null) return;
  try {
    if (typeof value === 'number') readings.put(sample, slot, value);
    else if (typeof value === 'boolean') readings.put(sample, slot, value ? 1 : 0);
    else if (typeof value === 'string') readings.put(sample, slot, readings.number(slot, value));
    else readings.malformed(`${slot.name} is no number`);
  } catch (error) {
    if (!(error instanceof CellError)) throw error;
    readings.malformed(`${slot.name} ${error.message}`);
  }
}

function isScalar(value: unknown): boolean {
  return value === null || (value !== undefined && typeof value !== 'object');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
