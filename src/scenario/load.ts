// Reads a scenario file: YAML, changes from the command line, schema, cross-checks. Owns the place that each problem is
// reported at (file:line or flag); knows no rule about a scenario itself.
import { isUtf8 } from 'node:buffer';
import { readFile, stat } from 'node:fs/promises';
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { messageOf, OperatorError } from '../lib/errors.ts';
import { crossCheck, type Problem } from './cross-checks.ts';
import { SchemaLookup } from './json-schema.ts';
import { applyOverride, type Override, parseOverrides, type ScenarioChanges } from './overrides.ts';
import { type Scenario, scenarioSchema } from './schema.ts';
import { issueProblems } from './schema-problems.ts';

const bytesMax = 1024 * 1024;
const problemsMax = 10;

interface Source {
  file: string;
  document: Document;
  lines: LineCounter;
  overrides: readonly Override[];
}

/**
 * The scenario of a YAML file with `changes` applied and every default filled in. Throws OperatorError with one line for
 * each problem: the file and line (or the flag), the path, what is wrong and the mend.
 */
export async function loadScenario(path: string, changes: ScenarioChanges = {}): Promise<Scenario> {
  const overrides = parseOverrides(changes);
  const lines = new LineCounter();
  const document = parseDocument(await readText(path), { lineCounter: lines, prettyErrors: false, merge: true });
  const source: Source = { file: path, document, lines, overrides };
  const tree = treeOf(source);
  const lookup = new SchemaLookup();
  for (const override of overrides) applyOverride(tree, override, lookup);
  const parsed = scenarioSchema.safeParse(tree);
  if (!parsed.success) throw located(issueProblems(parsed.error.issues, tree, lookup), source);
  const problems = crossCheck(parsed.data, lookup);
  if (problems.length > 0) throw located(problems, source);
  return parsed.data;
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > bytesMax) {
      throw new OperatorError(`${path} has ${size} bytes, more than a scenario file's ${bytesMax}; give the YAML file`);
    }
    const bytes = await readFile(path);
    if (!isUtf8(bytes)) throw new OperatorError(`${path} is not text in UTF-8; give a YAML file`);
    return bytes.toString('utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new OperatorError(`${path} does not exist; give a scenario file`);
    if (code === 'EISDIR') throw new OperatorError(`${path} is a folder; give a scenario file in it`);
    if (code === 'EACCES' || code === 'EPERM')
      throw new OperatorError(`${path} cannot be read; change its permissions`);
    throw error;
  }
}

/** The document as plain values. Throws for YAML that is wrong, empty, or no mapping. */
function treeOf({ file, document, lines }: Source): Record<string, unknown> {
  const problems = [...document.errors, ...document.warnings];
  if (problems.length > 0) {
    throw new OperatorError(
      problems
        .map(({ pos, message, code }) => {
          const { line, col } = lines.linePos(pos[0]);
          return `${file}:${line}:${col}: ${yamlText(code, message)}`;
        })
        .join('\n'),
    );
  }
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return;
      const { line } = lines.linePos(startOf(alias) ?? 0);
      throw new OperatorError(
        `${file}:${line}: nothing above has the anchor &${alias.source}; set it before this alias`,
      );
    },
  });
  const tree = plainValues(file, document);
  if (tree === null || tree === undefined) {
    throw new OperatorError(`${file} is empty; a scenario needs at least name and data`);
  }
  if (typeof tree !== 'object' || Array.isArray(tree)) {
    throw new OperatorError(`${file}:1: the file is not a mapping of keys to values; start with name: and data:`);
  }
  return tree as Record<string, unknown>;
}

function plainValues(file: string, document: Document): unknown {
  try {
    return document.toJS();
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw new OperatorError(`${file}: the aliases in the YAML are wrong (${messageOf(error)}); write the values out`);
  }
}

function yamlText(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'the same key stands twice in one mapping; remove one';
  if (code === 'MULTIPLE_DOCS') return 'a second YAML document begins; leave one in the file';
  return `this is not YAML: ${message.replaceAll(/\s+/g, ' ')}; mend it here or just above`;
}

function located(problems: readonly Problem[], source: Source): OperatorError {
  const lines = problems
    .map(({ path, message }) => ({ ...placeOf(path, source), message }))
    .sort((a, b) => a.line - b.line)
    .map(({ place, message }) => `${place}: ${message}`);
  const more = lines.length - problemsMax;
  return new OperatorError([...lines.slice(0, problemsMax), ...(more > 0 ? [`and ${more} more`] : [])].join('\n'));
}

/** The flag that is nearest to `path`, else the file and the line of the deepest key on the way to it. */
function placeOf(path: readonly (string | number)[], source: Source): { place: string; line: number } {
  const { offset, depth } = deepest(source.document, path);
  let best: Override | undefined;
  let bestDepth = depth;
  for (const override of source.overrides) {
    const shared = sharedLength(override.path, path);
    const isSetter = shared === override.path.length;
    if (shared > bestDepth || (isSetter && shared > 0)) {
      best = override;
      bestDepth = isSetter ? path.length : shared;
    }
  }
  const { line } = source.lines.linePos(offset);
  return best === undefined ? { place: `${source.file}:${line}`, line } : { place: best.flag, line: 0 };
}

function sharedLength(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  const differs = a.findIndex((key, index) => String(key) !== String(b[index]));
  return differs === -1 ? a.length : differs;
}

/** Where the deepest key of `path` that the document has begins, and how many keys of it the document has. */
function deepest(document: Document, path: readonly (string | number)[]): { offset: number; depth: number } {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, key] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) => String(isScalar(item.key) ? item.key.value : item.key) === String(key));
      if (pair === undefined) return { offset, depth };
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && node.items[Number(key)] !== undefined) {
      node = node.items[Number(key)];
      offset = startOf(node) ?? offset;
    } else return { offset, depth };
  }
  return { offset, depth: path.length };
}

function startOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;
}
