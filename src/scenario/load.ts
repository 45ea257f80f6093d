// Reads a scenario file: YAML, changes from the command line, schema, cross-checks. Owns the place that each problem is
// reported at (file:line or flag); knows no rule about a scenario itself.
import { type Problem, problemsError } from '../lib/config/problem.ts';
import { SchemaLookup } from '../lib/config/schema-lookup.ts';
import { issueProblems } from '../lib/config/schema-problems.ts';
import { type FileKind, readConfigText, YamlFile } from '../lib/config/yaml-file.ts';
import type { OperatorError } from '../lib/errors.ts';
import { crossCheck } from './cross-checks.ts';
import { scenarioJsonSchema } from './json-schema.ts';
import { applyOverride, type Override, parseOverrides, type ScenarioChanges } from './overrides.ts';
import { type Scenario, scenarioSchema } from './schema.ts';

const scenarioFile: FileKind = { name: 'scenario', firstKeys: ['name', 'data'] };

/**
 * The scenario of a YAML file with `changes` applied and every default filled in. Throws OperatorError with one line for
 * each problem: the file and line (or the flag), the path, what is wrong and the mend.
 */
export async function loadScenario(path: string, changes: ScenarioChanges = {}): Promise<Scenario> {
  const overrides = parseOverrides(changes);
  const file = new YamlFile(path, await readConfigText(path, scenarioFile), scenarioFile);
  const tree = file.tree();
  const lookup = new SchemaLookup(scenarioJsonSchema());
  for (const override of overrides) applyOverride(tree, override, lookup);
  const parsed = scenarioSchema.safeParse(tree);
  if (!parsed.success) throw located(issueProblems(parsed.error.issues, tree, lookup), file, overrides);
  const problems = crossCheck(parsed.data, lookup);
  if (problems.length > 0) throw located(problems, file, overrides);
  return parsed.data;
}

function located(problems: readonly Problem[], file: YamlFile, overrides: readonly Override[]): OperatorError {
  return problemsError(problems.map(({ path, message }) => ({ ...placeOf(path, file, overrides), message })));
}

/** The flag that is nearest to `path`, else the file and the line of the deepest key on the way to it. */
function placeOf(
  path: readonly (string | number)[],
  file: YamlFile,
  overrides: readonly Override[],
): { place: string; line: number } {
  const { line, depth } = file.deepest(path);
  let best: Override | undefined;
  let bestDepth = depth;
  for (const override of overrides) {
    const shared = sharedLength(override.path, path);
    const isSetter = shared === override.path.length;
    if (shared > bestDepth || (isSetter && shared > 0)) {
      best = override;
      bestDepth = isSetter ? path.length : shared;
    }
  }
  return best === undefined ? { place: `${file.file}:${line}`, line } : { place: best.flag, line: 0 };
}

function sharedLength(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  const differs = a.findIndex((key, index) => String(key) !== String(b[index]));
  return differs === -1 ? a.length : differs;
}
