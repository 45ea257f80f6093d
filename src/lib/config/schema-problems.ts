// Turns a validator's findings into sentences with the mend: nearest key, allowed values, range. Knows no file and no line.
import type { z } from 'zod';
import type { Problem } from './problem.ts';
import type { SchemaLookup } from './schema-lookup.ts';
import { pathText, suggestionText, valueText } from './wording.ts';

type Path = (string | number)[];

/** One problem for each wrong key or value in `tree`, the file as read. */
export function issueProblems(issues: readonly z.core.$ZodIssue[], tree: unknown, lookup: SchemaLookup): Problem[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
    const meant = issue.code === 'invalid_union' ? alternativeMeant(issue.errors) : undefined;
    if (meant !== undefined) {
      const placed = meant.map((inner) => ({ ...inner, path: [...path, ...inner.path] }));
      return issueProblems(placed, tree, lookup);
    }
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, tree, lookup));
    return [{ path, message: `${pathText(path)} ${complaint(issue, path, tree, lookup)}` }];
  });
}

/** Where a value may be of several types, such as text or a mapping: the findings for the only one whose type it has. */
function alternativeMeant(errors: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue[] | undefined {
  const [meant, ...others] = errors.filter((issues) =>
    issues.every(({ code, path }) => code !== 'invalid_type' || path.length > 0),
  );
  return others.length === 0 ? meant : undefined;
}

function unknownKey(path: Path, key: string, tree: unknown, lookup: SchemaLookup): Problem {
  const known = lookup.keysAt(path, tree);
  const mend = Array.isArray(known) ? suggestionText(key, known, 'known here:') : 'leave it out';
  return { path: [...path, key], message: `${pathText([...path, key])} is not a known key; ${mend}` };
}

function complaint(issue: z.core.$ZodIssue, path: Path, tree: unknown, lookup: SchemaLookup): string {
  const value = valueAt(tree, path);
  const allowed = allowedValues(issue, path, tree, lookup);
  if (value === undefined)
    return `is missing; ${allowed === undefined ? 'add it' : `give one of ${allowed.join(', ')}`}`;
  if (allowed !== undefined) {
    const mend = typeof value === 'string' ? `; ${suggestionText(value, allowed, 'it must be one of')}` : '';
    return mend === ''
      ? `is ${valueText(value)}; it must be one of ${allowed.join(', ')}`
      : `is ${valueText(value)}${mend}`;
  }
  if (issue.code === 'invalid_format') return `is ${valueText(value)}; it ${issue.message}`;
  return `is ${valueText(value)}; it must be ${expectation(path, tree, lookup) ?? issue.message}`;
}

function allowedValues(issue: z.core.$ZodIssue, path: Path, tree: unknown, lookup: SchemaLookup): string[] | undefined {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  if (issue.code !== 'invalid_union') return undefined;
  const constants = lookup
    .at(path, tree)
    .flatMap((schema) => (schema.const === undefined ? [] : [String(schema.const)]));
  return constants.length > 0 ? constants : undefined;
}

/** "a whole number between 1 and 64", "a list of 1 to 16 items": what the schema wants at a path. */
function expectation(path: Path, tree: unknown, lookup: SchemaLookup): string | undefined {
  const [schema] = lookup.at(path, tree);
  switch (schema?.type) {
    case 'integer':
      return `a whole number${rangeText(schema)}`;
    case 'number':
      return `a number${rangeText(schema)}`;
    case 'string':
      return 'text; quote it if it looks like a number';
    case 'boolean':
      return 'true or false';
    case 'object':
      return 'a mapping of keys to values';
    case 'array': {
      const { minItems = 0, maxItems } = schema;
      if (maxItems === undefined) return minItems === 0 ? 'a list' : `a list of ${minItems} or more`;
      return minItems === maxItems ? `a list of ${minItems}` : `a list of ${minItems} to ${maxItems}`;
    }
    default:
      return undefined;
  }
}

function rangeText(schema: z.core.JSONSchema.BaseSchema): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const isBounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  if (minimum !== undefined && isBounded) return ` from ${minimum} to ${maximum}`;
  const low =
    minimum !== undefined ? `at least ${minimum}` : exclusiveMinimum !== undefined ? `above ${exclusiveMinimum}` : '';
  const high = isBounded ? `at most ${maximum}` : exclusiveMaximum !== undefined ? `below ${exclusiveMaximum}` : '';
  const both = [low, high].filter((part) => part !== '').join(' and ');
  return both === '' ? '' : ` ${both}`;
}

function valueAt(tree: unknown, path: Path): unknown {
  let value = tree;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}
