// Changes given on the command line to a scenario as read (--set, --seed, --seeds, --transport), before it is validated.
import { parseDocument } from 'yaml';
import type { SchemaLookup } from '../lib/config/schema-lookup.ts';
import { pathText, suggestionText, valueText } from '../lib/config/wording.ts';
import { messageOf, OperatorError } from '../lib/errors.ts';

/** What a caller wants changed in a scenario file. */
export interface ScenarioChanges {
  /** 'path=value' each, the value in YAML: 'federation.nodes=64', 'model.hidden=[32, 8, 32]'. Later ones win. */
  set?: readonly string[] | undefined;
  /** Run exactly this seed. */
  seed?: number | undefined;
  /** Run the seeds 1 to this number. */
  seeds?: number | undefined;
  /** 'memory', 'tcp' or 'processes'; another is refused with the rest of the scenario. */
  transport?: string | undefined;
}

/** One change: where, to what, and the flag as the operator gave it, for messages. */
export interface Override {
  flag: string;
  path: (string | number)[];
  value: unknown;
}

type Tree = Record<string | number, unknown>;

const seedsMax = 100;

/** The changes in the order in which they apply. Throws OperatorError for text that is no path=value, or a bad count of seeds. */
export function parseOverrides(changes: ScenarioChanges): Override[] {
  const overrides = (changes.set ?? []).map(parseSet);
  const { seed, seeds, transport } = changes;
  if (seed !== undefined) overrides.push({ flag: `--seed ${seed}`, path: ['seeds'], value: [seed] });
  if (seeds !== undefined) {
    if (!Number.isInteger(seeds) || seeds < 1 || seeds > seedsMax) {
      throw new OperatorError(`--seeds ${seeds}: give a whole number of seeds between 1 and ${seedsMax}`);
    }
    overrides.push({
      flag: `--seeds ${seeds}`,
      path: ['seeds'],
      value: Array.from({ length: seeds }, (_, i) => i + 1),
    });
  }
  if (transport !== undefined) {
    overrides.push({ flag: `--transport ${transport}`, path: ['network', 'transport'], value: transport });
  }
  return overrides;
}

/**
 * Applies one change to the scenario as read, in place. Mappings on the way are made, lists that the file leaves at their
 * default are copied from it. Throws OperatorError for a key that the schema does not have or an index outside a list.
 */
export function applyOverride(scenario: Tree, override: Override, lookup: SchemaLookup): void {
  let node = scenario;
  for (const [position, key] of override.path.entries()) {
    const above = override.path.slice(0, position);
    checkKey(node, key, above, override, lookup, scenario);
    if (position === override.path.length - 1) {
      node[key] = override.value;
      return;
    }
    const here = [...above, key];
    const child = node[key] ?? emptyAt(here, lookup, scenario);
    if (typeof child !== 'object' || child === null) {
      throw new OperatorError(
        `${override.flag}: ${pathText(here)} is ${valueText(child)}, a single value; set it with --set ${pathText(here)}=VALUE`,
      );
    }
    node[key] = child;
    node = child as Tree;
  }
}

function parseSet(text: string): Override {
  const flag = `--set ${text}`;
  const equals = text.indexOf('=');
  const keys = text.slice(0, Math.max(equals, 0)).trim().split('.');
  if (equals < 1 || keys.includes('')) {
    throw new OperatorError(`${flag}: write PATH=VALUE with a dotted path, such as --set federation.nodes=64`);
  }
  const document = parseDocument(text.slice(equals + 1), { prettyErrors: false, merge: true });
  const notYaml = (why: string) =>
    new OperatorError(`${flag}: the value is not YAML (${why}); quote it, or write a list as [1, 2]`);
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) throw notYaml(problem.message);
  try {
    return { flag, path: keys.map((key) => (/^\d+$/.test(key) ? Number(key) : key)), value: document.toJS() };
  } catch (error) {
    // An alias without its anchor is found only now.
    if (!(error instanceof ReferenceError)) throw error;
    throw notYaml(messageOf(error));
  }
}

function checkKey(
  node: Tree,
  key: string | number,
  above: (string | number)[],
  { flag }: Override,
  lookup: SchemaLookup,
  scenario: Tree,
): void {
  if (Array.isArray(node)) {
    if (typeof key === 'number' && key <= node.length) return;
    throw new OperatorError(
      `${flag}: ${pathText(above)} is a list of ${node.length}; give an index from 0 to ${node.length} (the last adds one)`,
    );
  }
  const known = lookup.keysAt(above, scenario) ?? [];
  if (known === 'any' ? key !== '__proto__' : known.includes(String(key))) return;
  throw new OperatorError(
    known === 'any' || known.length === 0
      ? `${flag}: ${pathText([...above, key])} is not a known key; leave it out`
      : `${flag}: ${pathText([...above, key])} is not a known key; ${suggestionText(String(key), known, 'known here:')}`,
  );
}

function emptyAt(path: (string | number)[], lookup: SchemaLookup, scenario: Tree): unknown {
  const isList = lookup.at(path, scenario).some((schema) => schema.type === 'array');
  return isList ? structuredClone(lookup.defaultAt(path, scenario) ?? []) : {};
}
