// What a JSON Schema says about one path: key lists, ranges and defaults for messages. Validates nothing.
import { z } from 'zod';

/** A JSON Schema (draft 2020-12) as zod writes it. */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

type Key = string | number;

/** The JSON Schema of a file as an operator writes it: keys with a default are optional. */
export function jsonSchemaOf(schema: z.ZodType, title: string, description: string): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return { ...($schema === undefined ? {} : { $schema }), title, description, ...rest };
}

/** What a schema says at a path; knows nothing of the file that is checked. */
export class SchemaLookup {
  private readonly root: JsonSchema;

  constructor(root: JsonSchema) {
    this.root = root;
  }

  /**
   * The schemas that may hold at `path`, none where the path leads nowhere. Where the schema is a choice told by a
   * constant key (a threshold's method, a source's kind), `tree` picks the option if it already has that key.
   */
  at(path: readonly Key[], tree?: unknown): JsonSchema[] {
    let schemas = options(this.root, tree);
    let value = tree;
    for (const key of path) {
      schemas = schemas.flatMap((schema) => child(schema, key));
      value = childValue(value, key);
      schemas = schemas.flatMap((schema) => options(schema, value));
    }
    return schemas;
  }

  /** The keys that may stand in the mapping at `path`: a list, 'any' for a mapping with free keys, or undefined for no mapping. */
  keysAt(path: readonly Key[], tree?: unknown): string[] | 'any' | undefined {
    const mappings = this.at(path, tree).filter((schema) => schema.type === 'object');
    if (mappings.length === 0) return undefined;
    if (mappings.some((schema) => typeof schema.additionalProperties === 'object')) return 'any';
    return [...new Set(mappings.flatMap((schema) => Object.keys(schema.properties ?? {})))];
  }

  /** The default at `path`, or undefined where there is none. */
  defaultAt(path: readonly Key[], tree?: unknown): unknown {
    return this.at(path, tree).find((schema) => schema.default !== undefined)?.default;
  }
}

function child(schema: JsonSchema, key: Key): JsonSchema[] {
  const properties = schema.properties ?? {};
  const index = Number(key);
  const found = Object.hasOwn(properties, key)
    ? properties[key]
    : schema.type === 'array' && Number.isInteger(index)
      ? (schema.prefixItems?.[index] ?? (Array.isArray(schema.items) ? schema.items[index] : schema.items))
      : schema.additionalProperties;
  return typeof found === 'object' ? [found] : [];
}

function options(schema: JsonSchema, value: unknown): JsonSchema[] {
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices === undefined) return [schema];
  const picked = choices.filter((choice) =>
    Object.entries(choice.properties ?? {}).some(
      ([key, property]) =>
        typeof property === 'object' && property.const !== undefined && property.const === childValue(value, key),
    ),
  );
  // The default belongs to the choice as a whole.
  const rest = schema.default === undefined ? {} : { default: schema.default };
  return (picked.length > 0 ? picked : choices).map((choice) => ({ ...choice, ...rest }));
}

function childValue(value: unknown, key: Key): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<Key, unknown>)[key]
    : undefined;
}
