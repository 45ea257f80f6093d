// What the charts show, computed from the events of a run. Pure; draws nothing.
import type { SentBytes } from '../gossip/sent-bytes.ts';
import { type MethodName, type MetricsEvent, methodNames, type Summary } from '../scenario/results.ts';
import { byName } from './format.ts';

/** A run's results as written to its folder. */
export interface Results {
  summary: Summary;
  /** Lines of metrics.jsonl in order. */
  events: readonly MetricsEvent[];
  /** Text of config.yaml. */
  configYaml: string;
}

/** Loss in one round over all nodes and seeds: median and quartiles. */
export interface LossPoint {
  round: number;
  low: number;
  median: number;
  high: number;
}

/** Loss of each method that trains, in the order of `methodNames`; at most `pointsMax` rounds, the first and last among them. */
export function lossCurves(events: readonly MetricsEvent[], pointsMax = 120): Map<MethodName, LossPoint[]> {
  const losses = new Map<MethodName, Map<number, number[]>>();
  for (const event of events) {
    if (event.event !== 'round') continue;
    const byRound = getOrAdd(losses, event.method, () => new Map<number, number[]>());
    getOrAdd(byRound, event.round, () => []).push(event.loss);
  }
  const curves = new Map<MethodName, LossPoint[]>();
  for (const method of methodNames) {
    const byRound = losses.get(method);
    if (byRound === undefined) continue;
    const rounds = [...byRound].sort(([a], [b]) => a - b);
    curves.set(
      method,
      thinned(rounds, pointsMax).map(([round, values]) => {
        values.sort((a, b) => a - b);
        return { round, low: quantile(values, 0.25), median: quantile(values, 0.5), high: quantile(values, 0.75) };
      }),
    );
  }
  return curves;
}

/** Consensus distance after one round, at least 0. */
export interface DistancePoint {
  round: number;
  distance: number;
}

/** Consensus distance over rounds: the summary's mean, and one line a seed, each of at most `pointsMax` points. */
export function consensusCurves(
  { summary, events }: Results,
  pointsMax = 120,
): { mean: DistancePoint[]; seeds: Map<number, DistancePoint[]> } {
  const seeds = new Map<number, DistancePoint[]>();
  for (const event of events) {
    if (event.event !== 'consensus') continue;
    getOrAdd(seeds, event.seed, () => []).push({ round: event.round, distance: event.distance });
  }
  for (const [seed, points] of seeds) seeds.set(seed, thinned(points, pointsMax));
  const mean = summary.gossip.consensusDistance.map((distance, i) => ({ round: i + 1, distance }));
  return { mean: thinned(mean, pointsMax), seeds };
}

/** One node's bytes, mean over the seeds that report it. */
export interface NodeTraffic {
  node: string;
  bytesSent: number;
  /** bytesSent by kind. */
  split: SentBytes;
  bytesReceived: number;
}

/** Bytes of every node that reports traffic, by name. */
export function trafficByNode(events: readonly MetricsEvent[]): NodeTraffic[] {
  const totals = new Map<string, { split: SentBytes; received: number; seeds: number }>();
  for (const event of events) {
    if (event.event !== 'node-traffic') continue;
    const total = getOrAdd(totals, event.node, () => ({
      split: { payload: 0, duplicates: 0, control: 0 },
      received: 0,
      seeds: 0,
    }));
    for (const kind of ['payload', 'duplicates', 'control'] as const) total.split[kind] += event.split[kind];
    total.received += event.bytesReceived;
    total.seeds++;
  }
  return [...totals]
    .map(([node, { split, received, seeds }]) => {
      const [payload, duplicates, control] = [split.payload / seeds, split.duplicates / seeds, split.control / seeds];
      const bytesSent = payload + duplicates + control;
      return { node, bytesSent, split: { payload, duplicates, control }, bytesReceived: received / seeds };
    })
    .sort((a, b) => byName(a.node, b.node));
}

/** Two nodes of which one or both mixed the other's updates: `a` is before `b` in the order of names. */
export interface MixingEdge {
  a: string;
  b: string;
  /** Updates of `a` that `b` mixed. */
  aToB: number;
  bToA: number;
}

/** Who mixed whose updates in one seed. */
export interface MixingGraph {
  seed: number;
  /** Every node of the run, by name, also one that mixed nothing. */
  nodes: string[];
  edges: MixingEdge[];
}

/** The mixing graph of the first seed that reports one, since a sum over seeds never was; undefined where none does. */
export function mixingGraph(events: readonly MetricsEvent[]): MixingGraph | undefined {
  const graph = events.find((event) => event.event === 'mixing-graph');
  if (graph === undefined) return undefined;
  const started = events.find((event) => event.event === 'started');
  const names = new Set(started?.nodes);
  const edges = new Map<string, Map<string, MixingEdge>>();
  for (const { from, to, mixed } of graph.edges) {
    names.add(from).add(to);
    // A node's own model is no edge.
    if (from === to || mixed === 0) continue;
    const isForward = byName(from, to) < 0;
    const [a, b] = isForward ? [from, to] : [to, from];
    const row = getOrAdd(edges, a, () => new Map<string, MixingEdge>());
    const edge = getOrAdd(row, b, () => ({ a, b, aToB: 0, bToA: 0 }));
    if (isForward) edge.aToB += mixed;
    else edge.bToA += mixed;
  }
  return {
    seed: graph.seed,
    nodes: [...names].sort(byName),
    edges: [...edges.values()].flatMap((row) => [...row.values()]).sort((x, y) => byName(x.a, y.a) || byName(x.b, y.b)),
  };
}

/** At most `pointsMax` of `items`, evenly spaced, the first and the last among them. */
export function thinned<T>(items: readonly T[], pointsMax: number): T[] {
  if (items.length <= pointsMax) return [...items];
  const step = (items.length - 1) / (pointsMax - 1);
  return Array.from({ length: pointsMax }, (_, i) => items[Math.round(i * step)] as T);
}

/** Linear interpolation between order statistics (Hyndman and Fan, 1996, type 7). `sorted` is ascending and not empty. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] as number;
  const above = sorted[Math.ceil(at)] as number;
  return below + (above - below) * (at - Math.floor(at));
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
