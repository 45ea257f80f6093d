// What may befall a simulated fleet: the scenario's section of faults. Owns its keys, ranges and the form of each fault;
// what a fleet of a given size makes of it is planned elsewhere.
import { z } from 'zod';

const dayMs = 86_400_000;
const atMs = z.number().min(0).max(dayMs).describe('virtual milliseconds');
const duration = z.number().gt(0).max(dayMs);
const node = z.number().int().min(0).max(9_999);
const nodes = z.array(node).min(1).optional().describe('node numbers, in the order of the devices, from 0');
const share = z.number().gt(0).max(1).optional().describe('in place of nodes: so many at random, one at least');

const faultSchema = z.discriminatedUnion('action', [
  z.strictObject({ atMs, action: z.literal('crash'), nodes, share }),
  z.strictObject({ atMs, action: z.literal('restart'), nodes }),
  z.strictObject({
    atMs,
    action: z.literal('partition'),
    groups: z.array(z.array(node).min(1)).min(2).optional().describe('node numbers of each part; every node once'),
    parts: z.number().int().min(2).max(100).optional().describe('in place of groups: so many equal parts at random'),
  }),
  z.strictObject({ atMs, action: z.literal('heal') }),
  z.strictObject({
    atMs,
    action: z.literal('slow'),
    nodes,
    share,
    factor: z.number().gt(0).max(1000).describe('training takes so many times as long from then on; 1 ends it'),
  }),
  z.strictObject({ atMs, action: z.literal('join'), nodes, share }),
]);

/** The keys of the section `faults`. */
export const faultsSchema = z.strictObject({
  timeline: z
    .array(faultSchema)
    .max(10_000)
    .default([])
    .describe('what happens when, in any order; a node that joins is not there before'),
  churn: z
    .strictObject({
      meanUpMs: duration,
      meanDownMs: duration,
      untilMs: atMs.describe('all come back then'),
    })
    .optional()
    .describe('each node crashes and restarts after exponentially distributed times'),
  trace: z
    .string()
    .min(1)
    .optional()
    .describe('a CSV file with the columns node, atMs, state (up or down), relative to the scenario file'),
  clockDriftPpm: z
    .number()
    .min(0)
    .max(10_000)
    .default(0)
    .describe("deviation of the nodes' clock rates from true, in parts per million (standard deviation)"),
  detectionMs: z
    .number()
    .min(0)
    .max(dayMs)
    .default(1000)
    .describe("until neighbours notice that a node is gone or back; about a heartbeat of gossipsub's"),
});

/** The section with defaults filled in. */
export type FaultsSpec = z.output<typeof faultsSchema>;

/** One entry of the timeline. */
export type TimelineFault = FaultsSpec['timeline'][number];

/** Why an entry cannot mean anything, whatever the fleet, as a sentence's end with the mend; undefined where it can. */
export function faultFormProblem(fault: TimelineFault): string | undefined {
  switch (fault.action) {
    case 'crash':
    case 'slow':
    case 'join':
      return eitherProblem(fault, 'nodes', fault.nodes, 'share', fault.share) ?? repeatProblem(fault, fault.nodes);
    case 'restart':
      return repeatProblem(fault, fault.nodes);
    case 'partition':
      return (
        eitherProblem(fault, 'groups', fault.groups, 'parts', fault.parts) ??
        repeatProblem(fault, fault.groups?.flat(), ' in its groups')
      );
    case 'heal':
      return undefined;
  }
}

function eitherProblem(
  { action }: TimelineFault,
  one: string,
  oneValue: unknown,
  other: string,
  otherValue: unknown,
): string | undefined {
  if ((oneValue === undefined) !== (otherValue === undefined)) return undefined;
  const what = oneValue === undefined ? `neither ${one} nor ${other}` : `both ${one} and ${other}`;
  return `is a ${action} with ${what}; give one of them`;
}

function repeatProblem(
  { action }: TimelineFault,
  named: readonly number[] | undefined,
  where = '',
): string | undefined {
  const repeated = named?.find((each, i) => named.indexOf(each) !== i);
  if (repeated === undefined) return undefined;
  return `is a ${action} that names node ${repeated} twice${where}; name it once`;
}
