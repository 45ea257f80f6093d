// The faults of a simulated scenario: a plan for each seed, made before anything runs, and what a reader must know of it.
import { isAbsolute, resolve } from 'node:path';
import { type FaultPlan, planFaults } from '../sim/fault-plan.ts';
import { readFaultTrace } from '../sim/fault-trace.ts';
import type { Scenario } from './schema.ts';
import { simulationPrng } from './simulation-prng.ts';

/** A trace's path as seen from the scenario file's folder. */
export function tracePath(path: string, scenarioFolder: string): string {
  return isAbsolute(path) ? path : resolve(scenarioFolder, path);
}

/**
 * What befalls `nodes` nodes in each seed, by seed; empty where the scenario has no faults. Throws OperatorError where a
 * fault cannot happen in one of the seeds, or the trace cannot be read.
 */
export async function planAllFaults(
  { faults, seeds }: Scenario,
  scenarioFolder: string,
  nodes: number,
): Promise<ReadonlyMap<number, FaultPlan>> {
  if (faults === undefined) return new Map();
  const trace = faults.trace === undefined ? [] : await readFaultTrace(tracePath(faults.trace, scenarioFolder), nodes);
  return new Map(seeds.map((seed) => [seed, planFaults(faults, nodes, trace, simulationPrng(seed).fork('faults'))]));
}

/** Nodes in a note; more are counted. */
const namedMax = 5;

/** One sentence for each seed in which nodes go down for ever. */
export function faultNotes(plans: ReadonlyMap<number, FaultPlan>, names: readonly string[]): string[] {
  return [...plans].flatMap(([seed, { goneForEverAtMs }]) => {
    const gone = [...goneForEverAtMs].sort(([a], [b]) => a - b);
    if (gone.length === 0) return [];
    const named = gone.slice(0, namedMax).map(([node, atMs]) => `${names[node]} from ${Math.round(atMs)} ms`);
    const more = gone.length > namedMax ? ` and ${gone.length - namedMax} more` : '';
    return `Seed ${seed}: down to the end are ${named.join(', ')}${more}; a node that is down keeps the model of its last checkpoint.`;
  });
}
