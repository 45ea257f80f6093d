// The schema of a federation's manifest, federation.yaml: every key, its range, its default and where the default is from.
// No I/O.
import { z } from 'zod';
import { gossipSchema } from '../gossip/settings.ts';
import { type JsonSchema, jsonSchemaOf } from '../lib/config/schema-lookup.ts';
import { modelSchema, thresholdSchema, trainSchema } from '../model/settings.ts';
import { ownerKeyPattern } from './owner-key.ts';

const positiveInt = z.number().int().min(1);
const dayMs = 86_400_000;

/** Text of at most `longest` characters on one line, without blanks around it, and well-formed, as canonical JSON needs it. */
const label = (longest: number) =>
  z
    .string()
    .max(longest, `must have at most ${longest} characters`)
    .regex(/^(?!\s)[^\p{Cc}\p{Cs}]+(?<!\s)$/u, 'must be text on one line without blanks around it');

/** What a sensor can be called. */
export const sensorNameSchema = label(128);

/** What a unit can be called. */
export const unitSchema = label(32);

const sensorSchema = z.strictObject({
  name: sensorNameSchema.describe('as the sources of all gateways call it, or map it to'),
  unit: label(32).optional().describe('of every value under this name; a source that says another unit is not used'),
  range: z
    .tuple([z.number(), z.number()])
    .optional()
    .describe('lowest and highest value found when the manifest was written; the scaler fixed scales by it'),
});

/**
 * The manifest as an operator writes it. A federation's id is the hash of what is written, so two manifests with one id must
 * mean the same in every release: a default here never changes while `rumormill` is 1, and neither does the
 * meaning of a key. A release that wants another default makes it version 2.
 */
export const manifestSchema = z.strictObject({
  rumormill: z.literal(1).describe('version of this file; it fixes the meaning and the default of every key'),
  name: z
    .string()
    .max(64, 'must have at most 64 characters')
    .regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower-case words joined by hyphens'),
  sensors: z.array(sensorSchema).min(1).max(1024).describe('what every gateway measures; the order counts'),
  sampling: z
    .strictObject({
      intervalMs: positiveInt.max(dayMs).describe('one row of the series each so many milliseconds'),
      holdMs: z
        .number()
        .int()
        .min(0)
        .max(7 * dayMs)
        .default(0)
        .describe('how long a value stands where its sensor says nothing new; 0: one interval'),
      latenessMs: z
        .number()
        .int()
        .min(0)
        .max(dayMs)
        .default(2000)
        .describe('how much later than the newest sample one may come and still be used'),
    })
    .describe('how samples become a regular series'),
  window: z
    .strictObject({ length: positiveInt.max(10_000), stride: positiveInt.max(10_000) })
    .describe('rows of the series that are judged together, and from one window to the next'),
  features: z.enum(['raw', 'summary']).default('summary').describe('summary: mean, deviation, slope, residual'),
  model: modelSchema.prefault({}),
  train: trainSchema.omit({ engine: true, workers: true, rounds: true }).prefault({}),
  gossip: gossipSchema
    .omit({ consensusStep: true, roundIntervalMs: true })
    .extend({
      roundIntervalMs: z.number().int().min(10).max(3_600_000).default(10_000).describe('barrier-free: shortest round'),
    })
    .prefault({}),
  scaler: z
    .enum(['federated', 'local', 'fixed'])
    .default('federated')
    .describe('federated: agreed by gossip; local: each gateway its own; fixed: from the ranges of the sensors'),
  threshold: thresholdSchema
    .prefault({ method: 'pot', risk: 0.0001 })
    .describe(
      'from the errors of normal windows that a gateway holds back; default: pot, one normal window in 10,000 is above',
    ),
  owner: z
    .string()
    .regex(ownerKeyPattern, 'must be the public key that rumormill owner new printed')
    .optional()
    .describe("public key of the federation's owner; with it only peers of the owner's roster take part"),
});

/** A manifest with every default filled in. */
export type ManifestSettings = z.output<typeof manifestSchema>;

/** The JSON Schema (draft 2020-12) of a manifest as an operator writes it, for editors. */
export function manifestJsonSchema(): JsonSchema {
  return jsonSchemaOf(
    manifestSchema,
    'Rumormill federation',
    'What all gateways of a federation agree on: sensors, windows, model, training and gossip.',
  );
}
