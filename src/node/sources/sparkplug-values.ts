// Bytes of a Sparkplug B payload to numbers with names. Owns the types of Eclipse Sparkplug 3.0, section 6.4.16, as far as
// they are numbers; knows nothing of topics, order or aliases of earlier messages.
import { messageOf } from '../../lib/errors.ts';
import { type Metric, Payload, type PropertyValue } from './sparkplug-messages.ts';

/** Bytes that are no Sparkplug B payload. */
export class SparkplugError extends Error {
  override name = 'SparkplugError';
}

/** One metric, with what of it a gateway uses. */
export interface SparkplugMetric {
  name: string | undefined;
  alias: bigint | undefined;
  timeMs: number | undefined;
  /** Undefined where the message leaves it to the birth message. */
  type: number | undefined;
  /** NaN where it is null; undefined where the type is no number. Of a metric without a type: by the field that holds it. */
  value: (type: number | undefined) => number | undefined;
  unit: string | undefined;
  /** OPC quality code: 0 bad, 192 good, 500 stale; undefined where not given. */
  quality: number | undefined;
}

export interface SparkplugPayload {
  timeMs: number | undefined;
  seq: number | undefined;
  metrics: SparkplugMetric[];
}

/** Largest payload read, in bytes. */
const payloadBytesMax = 4 * 1024 * 1024;

/** Decodes a payload. Throws SparkplugError, and nothing else, where the bytes are not one. */
export function decodeSparkplug(bytes: Uint8Array): SparkplugPayload {
  if (bytes.length > payloadBytesMax) throw new SparkplugError(`the payload has ${bytes.length} bytes`);
  let payload: Payload;
  try {
    payload = Payload.decode(bytes);
  } catch (error) {
    // The decoder throws errors of many kinds, all of them for what the bytes hold.
    throw new SparkplugError(messageOf(error));
  }
  const { timestamp, seq } = payload;
  return {
    timeMs: timestamp === undefined ? undefined : Number(timestamp),
    seq: seq === undefined ? undefined : Number(seq),
    metrics: payload.metrics.map(metricOf),
  };
}

/** The payload of a command that asks an edge node for its birth messages (section 6.4.23). */
export function encodeRebirth(timeMs: number): Uint8Array {
  const timestamp = BigInt(Math.trunc(timeMs));
  const command: Metric = { name: rebirthMetric, timestamp, datatype: types.boolean, booleanValue: true };
  return Payload.encode({ timestamp, metrics: [command] });
}

/** The metric by which a birth is asked for. */
export const rebirthMetric = 'Node Control/Rebirth';

/** Numbers of the data types that are numbers. */
const types = {
  int8: 1,
  int16: 2,
  int32: 3,
  int64: 4,
  uint8: 5,
  uint16: 6,
  uint32: 7,
  uint64: 8,
  float: 9,
  double: 10,
  boolean: 11,
} as const;

function metricOf(metric: Metric): SparkplugMetric {
  const quality = property(metric, 'Quality');
  const unit = property(metric, 'engUnit');
  return {
    name: metric.name,
    alias: metric.alias,
    timeMs: metric.timestamp === undefined ? undefined : Number(metric.timestamp),
    type: metric.datatype,
    value: (type) => numberOf(metric, metric.datatype ?? type),
    unit: unit?.stringValue,
    quality:
      quality?.intValue ??
      (quality?.longValue === undefined ? undefined : Number(BigInt.asIntN(64, quality.longValue))),
  };
}

function property({ properties }: Metric, key: string): PropertyValue | undefined {
  const at = properties?.keys.indexOf(key) ?? -1;
  const value = at < 0 ? undefined : properties?.values[at];
  return value?.isNull === true ? undefined : value;
}

/** Signed integers are sent as the unsigned number of the same bits. */
function numberOf(metric: Metric, type: number | undefined): number | undefined {
  if (metric.isNull === true) return Number.NaN;
  const { longValue, floatValue, doubleValue, booleanValue } = metric;
  // Some senders put numbers of 32 bits into the field of 64, and the other way round.
  const intValue = metric.intValue ?? (longValue === undefined ? undefined : Number(BigInt.asUintN(32, longValue)));
  switch (type) {
    case types.int8:
      return intValue === undefined ? undefined : (intValue << 24) >> 24;
    case types.int16:
      return intValue === undefined ? undefined : (intValue << 16) >> 16;
    case types.int32:
      return intValue === undefined ? undefined : intValue | 0;
    case types.int64:
      return longValue === undefined ? metric.intValue : Number(BigInt.asIntN(64, longValue));
    case types.uint8:
    case types.uint16:
    case types.uint32:
      return intValue;
    case types.uint64:
      return longValue === undefined ? metric.intValue : Number(longValue);
    case types.float:
      return floatValue;
    case types.double:
      return doubleValue;
    case types.boolean:
      return booleanValue === undefined ? undefined : Number(booleanValue);
    case undefined:
      return doubleValue ?? floatValue ?? (booleanValue === undefined ? undefined : Number(booleanValue));
    default:
      return undefined;
  }
}
