// Claims about a run's summary ("expect"): their grammar, the check that a claim can ever be answered, and their answer.
import assert from 'node:assert/strict';
import { z } from 'zod';
import { peerErrorCodes } from '../gossip/peer-error.ts';
import { suggestionText, valueText } from '../lib/config/wording.ts';
import { evaluationSets, metricNames, type Summary, summarySchema } from './results.ts';
import type { Scenario } from './schema.ts';

/** A claim's answer as it stands in summary.json; a null value never holds. */
export type Expectation = Summary['expectations'][number];

/** What a scenario runs, as far as it decides which claims can be answered. */
export interface ClaimScope {
  baselines: Scenario['baselines'];
  federation: Pick<Scenario['federation'], 'heldOut'>;
  evaluate: Pick<Scenario['evaluate'], 'everyRounds' | 'targetAuroc'>;
  network: Pick<Scenario['network'], 'transport'>;
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

interface Claim {
  keys: string[];
  operator: string;
  bound: number;
}

const form =
  /^\s*(?<path>[^\s<=>][^<=>]*?)\s*(?<operator><=|>=|==|<|>)\s*(?<bound>[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*$/i;
const comparisons: Record<string, (value: number, bound: number) => boolean> = {
  '<=': (value, bound) => value <= bound,
  '<': (value, bound) => value < bound,
  '>=': (value, bound) => value >= bound,
  '>': (value, bound) => value > bound,
  '==': (value, bound) => value === bound,
};
/** What a scenario must set for these figures to be there. */
const curveKeys: ReadonlyMap<string, keyof ClaimScope['evaluate']> = new Map([
  ['bytesToTarget', 'targetAuroc'],
  ['curve', 'everyRounds'],
]);
const roots = ['gap', 'ratio', 'methods', 'gossip'];
const gapKeys = evaluationSets.flatMap((set) => metricNames.map((metric) => `${set}.${metric}`));

/**
 * What is wrong with a claim, as the rest of a sentence that began with its place in the file; undefined where a finished
 * run of a scenario with this scope answers it.
 */
export function claimProblem(text: string, scope: ClaimScope): string | undefined {
  const claim = parse(text);
  if (claim === undefined) {
    return `${valueText(text)} is not a claim; write a path, one of <= < >= > ==, and a number, such as 'gap.centralised.own.auroc <= 0.01'`;
  }
  const resolved = resolve(claim.keys);
  if ('problem' in resolved) return `claim on ${claim.keys.join('.')} cannot be answered: ${resolved.problem}`;
  const [root, method, set = ''] = resolved.path;
  const curveKey = curveKeys.get(set);
  if (curveKey !== undefined && method !== undefined && !isTrained(method)) {
    return `claim on ${claim.keys.join('.')} cannot be answered: ${method} does not train, so it has no learning curve; name a method that does`;
  }
  if (curveKey !== undefined && scope.evaluate[curveKey] === undefined) {
    return `claim on ${claim.keys.join('.')} cannot be answered: there is no ${set} without evaluate.${curveKey}; add it`;
  }
  if (root === 'gossip' && method === 'spectralGap' && scope.network.transport !== 'sim') {
    return `claim on ${claim.keys.join('.')} cannot be answered: the graph of real nodes is gossipsub's and changes; set network.transport: sim`;
  }
  if (root === 'gossip') return undefined;
  if (root === 'gap' && method === 'gossip') {
    return "claim on gap.gossip cannot be answered: a gap is a baseline's metric minus gossip's; name a baseline";
  }
  if (method !== 'gossip' && !scope.baselines.some((name) => name === method)) {
    return `claim on ${claim.keys.join('.')} cannot be answered: baselines lacks ${method}; add it there`;
  }
  if (set.split('.')[0] === 'unseen' && scope.federation.heldOut.length === 0) {
    return `claim on ${claim.keys.join('.')} cannot be answered: no device is held out; name one in federation.heldOut`;
  }
  return undefined;
}

/** Answers each claim from the summary, in order. A value that the summary lacks is null, and the claim does not hold. */
export function evaluateClaims(claims: readonly string[], summary: Summary): Expectation[] {
  return claims.map((text) => {
    const claim = parse(text);
    const resolved = resolve(claim?.keys ?? []);
    const compare = comparisons[claim?.operator ?? ''];
    assert(claim !== undefined && compare !== undefined && 'path' in resolved, `unchecked claim: ${text}`);
    const value = lookUp(resolved.path, summary);
    return { claim: text, value, holds: value !== null && compare(value, claim.bound) };
  });
}

function isTrained(method: string): boolean {
  return method !== 'statistic' && method !== 'shared-statistic';
}

function parse(text: string): Claim | undefined {
  const groups = form.exec(text)?.groups;
  if (groups === undefined) return undefined;
  return {
    keys: (groups.path as string).split('.'),
    operator: groups.operator as string,
    bound: Number(groups.bound),
  };
}

/** Follows a claim's keys through the summary's schema to a number; `path` has one entry for each step, '.mean' filled in. */
function resolve(keys: readonly string[]): { path: string[] } | { problem: string } {
  let schema: JsonSchema = summaryJsonSchema;
  let rest = [...keys];
  const path: string[] = [];
  while (!isNumber(schema)) {
    const place = path.length === 0 ? 'a summary' : path.join('.');
    const names = namesIn(schema, path);
    if (names === undefined && schema.type !== 'object' && schema.type !== 'array') {
      return { problem: `${place} is not a number` };
    }
    if (rest.length === 0) {
      if (names?.includes('mean') !== true)
        return { problem: `${place} is no single number; add ${hint(schema, names)}` };
      rest = ['mean'];
    }
    const isFreeNumber = names === undefined && isNumber(objectOr(schema.additionalProperties));
    const taken = isFreeNumber ? rest.length : names === gapKeys ? 2 : 1;
    const key = rest.slice(0, taken).join('.');
    if (names !== undefined && !names.includes(key)) {
      return { problem: `${place} has no ${valueText(key)}; ${suggestionText(key, names, 'it has')}` };
    }
    if (schema.type === 'array' && key !== 'last' && !/^\d+$/.test(key)) {
      return { problem: `${place} is a list; add ${hint(schema, names)}, not ${valueText(key)}` };
    }
    schema = next(schema, key);
    path.push(key);
    rest = rest.slice(taken);
  }
  return rest.length === 0
    ? { path }
    : { problem: `${path.join('.')} is already a number; leave out .${rest.join('.')}` };
}

/** The keys that can be in the mapping at `path`; undefined where they are free, or it is no mapping. */
function namesIn(schema: JsonSchema, path: readonly string[]): readonly string[] | undefined {
  if (path.length === 0) return roots;
  if (path.length === 2 && path[0] === 'gap') return gapKeys;
  if (path.join('.') === 'gossip.rejected') return peerErrorCodes;
  if (schema.properties !== undefined) return Object.keys(schema.properties);
  const names = objectOr(schema.propertyNames).enum;
  return names?.map(String);
}

function hint(schema: JsonSchema, names: readonly string[] | undefined): string {
  if (names !== undefined) return `one of ${names.join(', ')}`;
  return schema.type === 'array' ? "'last' or an index from 0" : 'a name';
}

function next(schema: JsonSchema, key: string): JsonSchema {
  const child = schema.properties?.[key] ?? (schema.type === 'array' ? itemOf(schema) : schema.additionalProperties);
  const found = objectOr(child);
  return found.anyOf?.find((choice) => choice.type !== 'null') ?? found;
}

function itemOf(schema: JsonSchema): JsonSchema {
  return objectOr(schema.prefixItems?.[0] ?? (Array.isArray(schema.items) ? schema.items[0] : schema.items));
}

function isNumber(schema: JsonSchema): boolean {
  return [schema.type].flat().includes('number');
}

function objectOr(schema: JsonSchema | boolean | undefined): JsonSchema {
  return typeof schema === 'object' ? schema : {};
}

/** A count by code or age has a key only where something was counted: where gossip ran, a missing one is 0. */
function lookUp(path: readonly string[], summary: Summary): number | null {
  if (path[0] === 'gossip' && summary.methods.gossip === undefined) return null;
  let value: unknown = summary;
  for (const key of path) {
    if (Array.isArray(value)) value = value.at(key === 'last' ? -1 : Number(key));
    else if (typeof value === 'object' && value !== null && Object.hasOwn(value, key)) {
      value = (value as Record<string, unknown>)[key];
    } else value = path[0] === 'gossip' ? 0 : undefined;
  }
  return typeof value === 'number' ? value : null;
}

const summaryJsonSchema: JsonSchema = z.toJSONSchema(summarySchema);
