// Sparkplug B messages as an edge node sends them.
import { type Metric, Payload } from '../../src/node/sources/sparkplug-messages.ts';

/** Data types by name (Eclipse Sparkplug 3.0, section 6.4.16). */
export const dataType = {
  int8: 1,
  int16: 2,
  int32: 3,
  int64: 4,
  uint32: 7,
  uint64: 8,
  float: 9,
  double: 10,
  boolean: 11,
  string: 12,
};

export function payload(seq: number | undefined, metrics: readonly Metric[], timeMs = 1000): Buffer {
  const message: Payload = { timestamp: BigInt(timeMs), metrics: [...metrics] };
  if (seq !== undefined) message.seq = BigInt(seq);
  return Buffer.from(Payload.encode(message));
}

/** A metric of a birth message with an alias and, where given, a unit. */
export function born(name: string, alias: number, doubleValue: number, unit?: string): Metric {
  const metric: Metric = { name, alias: BigInt(alias), datatype: dataType.double, doubleValue };
  if (unit !== undefined)
    metric.properties = { keys: ['engUnit'], values: [{ type: dataType.string, stringValue: unit }] };
  return metric;
}

/** A metric of a data message. */
export function changed(alias: number, doubleValue: number): Metric {
  return { alias: BigInt(alias), doubleValue };
}
