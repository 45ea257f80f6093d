// When churn and a trace take single nodes down and let them up. Owns the draws of churn; knows no timeline.
import type { Prng } from '../lib/prng.ts';
import type { TraceRow } from './fault-trace.ts';
import type { FaultsSpec } from './faults.ts';

/** What keeps a node down, as bits. It is up where nothing does. */
export const cause = { absent: 1, timeline: 2, churn: 4, trace: 8 } as const;

/** From atMs on, `cause` keeps a node down, or does no longer. */
export interface Toggle {
  atMs: number;
  node: number;
  cause: number;
  isDown: boolean;
}

/** How many crashes of all nodes together are to be expected. */
export function crashesOfChurn(churn: FaultsSpec['churn'], nodes: number): number {
  return churn === undefined ? 0 : (nodes * churn.untilMs) / (churn.meanUpMs + churn.meanDownMs);
}

/** Exponential times up and down, for each node from a generator of its own, until all come back. */
export function* churnToggles(churn: FaultsSpec['churn'], nodes: number, prng: Prng): Iterable<Toggle> {
  if (churn === undefined) return;
  const { meanUpMs, meanDownMs, untilMs } = churn;
  for (let node = 0; node < nodes; node++) {
    const own = prng.fork(`churn ${node}`);
    const draw = (meanMs: number) => -meanMs * Math.log(1 - own.nextFloat());
    for (let atMs = draw(meanUpMs); atMs < untilMs; atMs += draw(meanUpMs)) {
      yield { atMs, node, cause: cause.churn, isDown: true };
      atMs = Math.min(atMs + draw(meanDownMs), untilMs);
      yield { atMs, node, cause: cause.churn, isDown: false };
    }
  }
}

/** The rows of a trace, one toggle each. */
export function traceToggles(trace: readonly TraceRow[]): Toggle[] {
  return trace.map(({ node, atMs, isUp }) => ({ atMs, node, cause: cause.trace, isDown: !isUp }));
}

/** Nodes whose first row lets them up: they are not there before. */
export function absentAtFirst(trace: readonly TraceRow[]): number[] {
  const first = new Map<number, TraceRow>();
  for (const row of trace) if (!first.has(row.node)) first.set(row.node, row);
  return [...first.values()].filter(({ isUp, atMs }) => isUp && atMs > 0).map(({ node }) => node);
}
