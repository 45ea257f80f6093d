// From the section of faults to what happens to which node when. Owns every random draw of faults and the refusal of those
// that cannot happen; carries nothing out.
import { OperatorError } from '../lib/errors.ts';
import type { Prng } from '../lib/prng.ts';
import { absentAtFirst, cause, churnToggles, crashesOfChurn, type Toggle, traceToggles } from './fault-toggles.ts';
import type { TraceRow } from './fault-trace.ts';
import type { FaultsSpec, TimelineFault } from './faults.ts';

/** One thing that happens, to nodes in ascending order. */
export type FaultEvent = { atMs: number } & (
  | { kind: 'down' | 'up'; nodes: readonly number[] }
  /** For each node the number of its part; messages between parts are lost. */
  | { kind: 'partition'; parts: readonly number[] }
  | { kind: 'heal' }
  | { kind: 'slow'; nodes: readonly number[]; factor: number }
);

/** What befalls a fleet. */
export interface FaultPlan {
  /** Nodes that are not there at the start, ascending. */
  absent: readonly number[];
  /** In order of time; down only where a node is up, up only where it is not. */
  events: readonly FaultEvent[];
  /** When nodes go down that never come up again, by node; 0 for those that never come. */
  goneForEverAtMs: ReadonlyMap<number, number>;
  /** Of each node: how fast its clock goes, about 1. */
  clockRates: readonly number[];
  /** How long it takes until neighbours notice that a node is gone or back. */
  detectionMs: number;
}

/** Of all nodes together; more than any run of 10,000 nodes has rounds, and a few seconds to plan. */
const churnCrashesMax = 1_000_000;

/**
 * The plan of `spec` for `nodes` nodes, drawn from `prng`; `trace` holds the rows of the file that spec names. Throws
 * OperatorError with the place, the reason and the mend where a fault cannot happen, or where every node ends down.
 */
export function planFaults(spec: FaultsSpec, nodes: number, trace: readonly TraceRow[], prng: Prng): FaultPlan {
  const crashes = crashesOfChurn(spec.churn, nodes);
  if (crashes > churnCrashesMax) {
    throw new OperatorError(
      `faults.churn makes about ${Math.round(crashes)} crashes of ${nodes} nodes, and at most ${churnCrashesMax} are planned; raise meanUpMs or meanDownMs, or lower untilMs`,
    );
  }
  const clocks = prng.fork('clocks');
  return {
    ...new Planner(spec, nodes, prng).plan(trace),
    clockRates: Array.from({ length: nodes }, () => 1 + 1e-6 * spec.clockDriftPpm * clocks.nextGaussian()),
    detectionMs: spec.detectionMs,
  };
}

class Planner {
  private readonly spec: FaultsSpec;
  private readonly nodes: number;
  private readonly prng: Prng;
  private readonly draws: Prng;
  /** In order of time, with the place in the file. */
  private readonly timeline: { fault: TimelineFault; index: number }[];
  private readonly joinsAtMs = new Map<number, number>();
  private readonly downBy: Uint8Array;
  private readonly downSinceMs = new Map<number, number>();
  private readonly events: FaultEvent[] = [];
  /** The nodes of the latest event. */
  private together: number[] = [];
  private isParted = false;

  constructor(spec: FaultsSpec, nodes: number, prng: Prng) {
    this.spec = spec;
    this.nodes = nodes;
    this.prng = prng;
    this.draws = prng.fork('timeline');
    this.downBy = new Uint8Array(nodes);
    this.timeline = spec.timeline
      .map((fault, index) => ({ fault, index }))
      .sort((a, b) => a.fault.atMs - b.fault.atMs || a.index - b.index);
  }

  plan(trace: readonly TraceRow[]): Pick<FaultPlan, 'absent' | 'events' | 'goneForEverAtMs'> {
    const joins = this.planJoins();
    for (const node of absentAtFirst(trace)) this.downBy[node] = (this.downBy[node] as number) | cause.trace;
    const others = [...churnToggles(this.spec.churn, this.nodes, this.prng), ...traceToggles(trace)];
    const toggles = [...others, ...joins].sort((a, b) => a.atMs - b.atMs);
    this.downBy.forEach((causes, node) => {
      if (causes !== 0) this.downSinceMs.set(node, 0);
    });
    const absent = [...this.downSinceMs.keys()];
    let next = 0;
    const togglesUntil = (atMs: number) => {
      for (; next < toggles.length && (toggles[next] as Toggle).atMs < atMs; next++)
        this.toggle(toggles[next] as Toggle);
    };
    for (const { fault, index } of this.timeline) {
      togglesUntil(fault.atMs);
      if (fault.action !== 'join') this.befall(fault, index);
    }
    togglesUntil(Number.POSITIVE_INFINITY);
    if (this.downSinceMs.size === this.nodes) {
      throw new OperatorError(
        'faults: in the end every node is down for ever, so none could finish; restart one of them',
      );
    }
    return { absent, events: this.events, goneForEverAtMs: this.downSinceMs };
  }

  private planJoins(): Toggle[] {
    const toggles: Toggle[] = [];
    for (const { fault, index } of this.timeline) {
      if (fault.action !== 'join') continue;
      const { atMs } = fault;
      const others = this.all().filter((node) => !this.joinsAtMs.has(node));
      for (const node of this.chosen(fault, index, others)) {
        const before = this.joinsAtMs.get(node);
        if (before !== undefined)
          throw this.refusal(index, `lets node ${node} join, which joins at ${before} ms; remove one`);
        this.joinsAtMs.set(node, atMs);
        this.downBy[node] = cause.absent;
        toggles.push({ atMs, node, cause: cause.absent, isDown: false });
      }
    }
    return toggles;
  }

  private toggle({ atMs, node, cause, isDown }: Toggle): void {
    const before = this.downBy[node] as number;
    const after = isDown ? before | cause : before & ~cause;
    this.downBy[node] = after;
    if ((before === 0) === (after === 0)) return;
    if (isDown) this.downSinceMs.set(node, atMs);
    else this.downSinceMs.delete(node);
    this.add(atMs, isDown ? 'down' : 'up', node);
  }

  /** Nodes of one time go down or come up together. */
  private add(atMs: number, kind: 'down' | 'up', node: number): void {
    const last = this.events.at(-1);
    if (last?.atMs !== atMs || last.kind !== kind) {
      this.together = [];
      this.events.push({ atMs, kind, nodes: this.together });
    }
    const before = this.together.findLastIndex((other) => other < node);
    this.together.splice(before + 1, 0, node);
  }

  private befall(fault: Exclude<TimelineFault, { action: 'join' }>, index: number): void {
    const { atMs } = fault;
    switch (fault.action) {
      case 'crash':
        this.crash(fault, index);
        return;
      case 'restart':
        this.restart(fault, index);
        return;
      case 'partition':
        this.isParted = true;
        this.events.push({ atMs, kind: 'partition', parts: this.partsOf(fault, index) });
        return;
      case 'heal':
        if (!this.isParted) throw this.refusal(index, 'heals where nothing is parted; put a partition before it');
        this.isParted = false;
        this.events.push({ atMs, kind: 'heal' });
        return;
      case 'slow':
        this.events.push({ atMs, kind: 'slow', nodes: this.chosen(fault, index, this.all()), factor: fault.factor });
    }
  }

  private crash(fault: Extract<TimelineFault, { action: 'crash' }>, index: number): void {
    const { atMs } = fault;
    const up = this.all().filter((node) => this.downBy[node] === 0);
    for (const node of this.chosen(fault, index, up)) {
      const causes = this.downBy[node] as number;
      if (causes & cause.absent) {
        const joinsAtMs = this.joinsAtMs.get(node);
        throw this.refusal(index, `crashes node ${node}, which joins at ${joinsAtMs} ms only; crash it later`);
      }
      if (causes & cause.timeline) {
        throw this.refusal(index, `crashes node ${node}, which is down already; restart it before`);
      }
      this.toggle({ atMs, node, cause: cause.timeline, isDown: true });
    }
  }

  private restart({ atMs, nodes }: Extract<TimelineFault, { action: 'restart' }>, index: number): void {
    const down = new Set(this.all().filter((node) => (this.downBy[node] as number) & cause.timeline));
    if (down.size === 0) throw this.refusal(index, 'restarts nodes where none is down; crash some before');
    for (const node of nodes ?? down) {
      this.check(node, index);
      if (!down.has(node)) throw this.refusal(index, `restarts node ${node}, which is not down; crash it before`);
      this.toggle({ atMs, node, cause: cause.timeline, isDown: false });
    }
  }

  private partsOf(fault: Extract<TimelineFault, { action: 'partition' }>, index: number): number[] {
    const parts = new Array<number>(this.nodes).fill(-1);
    const { groups, parts: count = 0 } = fault;
    if (groups === undefined) {
      if (count > this.nodes) {
        throw this.refusal(index, `makes ${count} parts of ${this.nodes} nodes; give at most ${this.nodes}`);
      }
      this.draws.shuffled(this.all()).forEach((node, i) => {
        parts[node] = i % count;
      });
      return parts;
    }
    groups.forEach((group, part) => {
      for (const node of group) {
        this.check(node, index);
        parts[node] = part;
      }
    });
    const missing = parts.indexOf(-1);
    if (missing >= 0) throw this.refusal(index, `leaves node ${missing} in no group; put every node into one`);
    return parts;
  }

  /** The nodes that a fault names, or its share of `candidates` at random; ascending. */
  private chosen(
    { action, nodes, share = 0 }: { action: string; nodes?: number[] | undefined; share?: number | undefined },
    index: number,
    candidates: readonly number[],
  ): number[] {
    for (const node of nodes ?? []) this.check(node, index);
    const ascending = (a: number, b: number) => a - b;
    if (nodes !== undefined) return nodes.toSorted(ascending);
    if (candidates.length === 0) throw this.refusal(index, `is a ${action} for which no node is left; remove it`);
    const count = Math.max(1, Math.round(share * candidates.length));
    return this.draws.shuffled(candidates).slice(0, count).sort(ascending);
  }

  private check(node: number, index: number): void {
    if (node < this.nodes) return;
    throw this.refusal(index, `names node ${node}, but the nodes are 0 to ${this.nodes - 1}; correct the number`);
  }

  private all(): number[] {
    return Array.from({ length: this.nodes }, (_, node) => node);
  }

  private refusal(index: number, problem: string): OperatorError {
    return new OperatorError(`faults.timeline[${index}] ${problem}`);
  }
}
