// What an operator may set of a live source. Owns the schema; opens nothing.
import { z } from 'zod';
import { type JsonSchema, jsonSchemaOf } from '../../lib/config/schema-lookup.ts';

const point = z.strictObject({
  from: z.string().min(1),
  unit: z.string().min(1).optional(),
  factor: z.number().optional(),
  offset: z.number().optional(),
});

/** Text is short for { from: text }. */
const pointOrName = z.union([
  z
    .string()
    .min(1)
    .transform((from) => ({ from })),
  point,
]);

const sensors = z.record(z.string(), pointOrName).default({});

const csvSource = z.strictObject({
  kind: z.literal('csv'),
  path: z.string().min(1),
  /** Goes on reading as the file grows. */
  follow: z.boolean().default(false),
  /** Replays by the time column, so many times as fast as it was written; as fast as possible where left out. */
  speed: z.number().positive().optional(),
  /** Begins anew at the end, with times that go on. */
  repeat: z.boolean().default(false),
  /** Column of time stamps. */
  time: z.string().min(1).default('time'),
  sensors,
});

const stdinSource = z.strictObject({ kind: z.literal('stdin'), time: z.string().min(1).default('time'), sensors });

const topic = z.strictObject({
  /** An MQTT topic filter; {sensor} stands for the level that names the sensor. */
  topic: z.string().min(1),
  /** Left out: sparkplug under spBv1.0/, else json. */
  payload: z.enum(['json', 'number', 'sparkplug']).optional(),
  /** Name of a single value; left out: the level at {sensor}, or the last level. */
  sensor: z.string().min(1).optional(),
  /** JSON pointer to the object of values, or to the single value. */
  at: z.string().regex(/^\//, 'must be a JSON pointer such as /data/values').optional(),
  /** Member, or JSON pointer, of the time stamp. */
  time: z.string().min(1).default('time'),
});

/** Address of an MQTT broker. */
export const mqttUrl = z
  .string()
  .regex(/^mqtts?:\/\/[^/@\s]+$/, 'must be as mqtt://host:1883 or mqtts://host:8883, without credentials');

/** Files in PEM; the system's authorities where ca is left out. */
export const tlsFiles = z.strictObject({
  ca: z.string().min(1).optional(),
  cert: z.string().min(1).optional(),
  key: z.string().min(1).optional(),
});

const mqttSource = z.strictObject({
  kind: z.literal('mqtt'),
  url: mqttUrl,
  topics: z.array(topic).min(1),
  clientId: z.string().min(1).optional(),
  /** Left out: RUMORMILL_MQTT_USERNAME and RUMORMILL_MQTT_PASSWORD of the environment, where they are set. */
  username: z.string().optional(),
  passwordFile: z.string().min(1).optional(),
  tls: tlsFiles.optional(),
  sensors,
});

const opcuaSource = z.strictObject({
  kind: z.literal('opcua'),
  url: z.string().regex(/^opc\.tcp:\/\/[^@\s]+$/, 'must be as opc.tcp://host:4840, without credentials'),
  /** Node whose variables are taken by their browse names; sensors with a node id of their own need none. */
  folder: z.string().min(1).default('ns=0;i=85'),
  /** How often the server looks at a variable; 0 for as often as it can. */
  samplingMs: z.number().min(0).max(86_400_000).default(1000),
  /** How often it tells what it saw. */
  publishMs: z.number().min(10).max(86_400_000).default(1000),
  security: z
    .strictObject({
      policy: z.literal('Basic256Sha256'),
      mode: z.enum(['Sign', 'SignAndEncrypt']).default('SignAndEncrypt'),
      /** Own certificate and key, and the servers' certificates that are trusted. */
      certificates: z.string().min(1),
    })
    .optional(),
  /** Left out: RUMORMILL_OPCUA_USERNAME and RUMORMILL_OPCUA_PASSWORD of the environment, where they are set, else anonymous. */
  username: z.string().optional(),
  passwordFile: z.string().min(1).optional(),
  sensors,
});

/** A live source as a file or the command line describes it; paths in it are absolute once it is read. */
export const sourceSchema = z.discriminatedUnion('kind', [csvSource, stdinSource, mqttSource, opcuaSource]);

/** The JSON Schema (draft 2020-12) of a source's YAML file, from which messages know keys and ranges. */
export function sourceJsonSchema(): JsonSchema {
  return jsonSchemaOf(sourceSchema, 'Rumormill source', 'Where a gateway takes its samples from.');
}

export type SourceConfig = z.output<typeof sourceSchema>;
export type CsvConfig = z.output<typeof csvSource>;
export type StdinConfig = z.output<typeof stdinSource>;
export type MqttConfig = z.output<typeof mqttSource>;
export type TopicConfig = z.output<typeof topic>;
export type OpcuaConfig = z.output<typeof opcuaSource>;
