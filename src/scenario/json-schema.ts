// The scenario's JSON Schema, for editors and for messages about a scenario. Owns its title.
import { type JsonSchema, jsonSchemaOf } from '../lib/config/schema-lookup.ts';
import { scenarioSchema } from './schema.ts';

/** The JSON Schema (draft 2020-12) of a scenario file as an operator writes it: keys with a default are optional. */
export function scenarioJsonSchema(): JsonSchema {
  return jsonSchemaOf(
    scenarioSchema,
    'Rumormill scenario',
    'One run: data, nodes, model, gossip, baselines and claims.',
  );
}
