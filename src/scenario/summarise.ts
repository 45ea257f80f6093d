// From the outcomes of all finished seeds to summary.json. Owns its arithmetic; runs and writes nothing.
import { type SentBytes, totalOf } from '../gossip/sent-bytes.ts';
import { bytesToTarget, meanCurve } from './curve.ts';
import type { Evaluation } from './evaluate.ts';
import { fleetNodes } from './fleet-sample.ts';
import type { GossipOutcome } from './outcome.ts';
import {
  type CurvePoint,
  type EvaluationSet,
  evaluationSets,
  type MethodName,
  type MethodSummary,
  methodNames,
  metricNames,
  type SetMetrics,
  type Summary,
} from './results.ts';
import { interval95, mean as meanOf, pairedGap, summariseMetric } from './statistics.ts';

/** One method on one seed. */
export interface MethodResult {
  method: MethodName;
  evaluations: Evaluation[];
  samplesTrained: number;
  /** By node, in order. */
  bytesSent: SentBytes[];
  /** By round; empty where none was asked for. */
  curve: CurvePoint[];
  wallSeconds: number;
  cpuSeconds: number;
  peakRssBytes: number;
  gossip?: GossipOutcome;
  /** Of gossip's graph; absent on real transports, null where it was not computed. */
  spectralGap?: number | null;
}

/** Results of the seeds that were finished, in order. */
export interface SeedResult {
  seed: number;
  methods: MethodResult[];
}

type Findings = Pick<Summary, 'methods' | 'gap' | 'ratio' | 'gossip'>;

/**
 * Methods, gaps and gossip's own figures over all seeds, of the methods that every seed has finished. `targetAuroc` is the
 * scenario's.
 */
export function summarise(seeds: readonly SeedResult[], targetAuroc: number | undefined): Findings {
  const byMethod = new Map<MethodName, MethodResult[]>();
  for (const name of methodNames) {
    const results = seeds.flatMap(({ methods }) => methods.find(({ method }) => method === name) ?? []);
    if (results.length > 0 && results.length === seeds.length) byMethod.set(name, results);
  }
  const gossip = byMethod.get('gossip') ?? [];
  const compared = [...byMethod].filter(([name]) => name !== 'gossip' && gossip.length > 0);
  const methods: Summary['methods'] = Object.fromEntries(
    [...byMethod].map(([name, results]) => [name, summariseMethod(results, targetAuroc)]),
  );
  return {
    methods,
    ratio: ratioOf(methods),
    gap: Object.fromEntries(compared.map(([name, results]) => [name, gapsOf(results, gossip)])),
    gossip: {
      ...summariseGossip(gossip.flatMap((result) => result.gossip ?? [])),
      spectralGap: meanOrNull(gossip.flatMap(({ spectralGap }) => spectralGap ?? [])),
    },
  };
}

function summariseMethod(results: readonly MethodResult[], targetAuroc: number | undefined): MethodSummary {
  const curves = results.map(({ curve }) => curve);
  const hasCurve = curves.some(({ length }) => length > 0);
  const ofKind = (kind: keyof SentBytes) =>
    meanOf(results.map(({ bytesSent }) => meanOf(bytesSent.map((bytes) => bytes[kind]))));
  const hasUnseen = results.some(({ evaluations }) => evaluations.some(({ set }) => set === 'unseen'));
  return {
    own: summariseSet(results, 'own'),
    fleet: summariseSet(results, 'fleet'),
    unseen: hasUnseen ? summariseSet(results, 'unseen') : null,
    samplesTrained: meanOf(results.map(({ samplesTrained }) => samplesTrained)),
    bytesSentPerNode: {
      mean: meanOf(results.map(({ bytesSent }) => meanOf(bytesSent.map(totalOf)))),
      max: meanOf(results.map(({ bytesSent }) => Math.max(...bytesSent.map(totalOf)))),
      split: { payload: ofKind('payload'), duplicates: ofKind('duplicates'), control: ofKind('control') },
    },
    curve: meanCurve(curves),
    bytesToTarget: hasCurve && targetAuroc !== undefined ? bytesToTarget(curves, targetAuroc) : null,
    wallSeconds: sumOf(results.map(({ wallSeconds }) => wallSeconds)),
    cpuSeconds: sumOf(results.map(({ cpuSeconds }) => cpuSeconds)),
    peakRssBytes: Math.max(...results.map(({ peakRssBytes }) => peakRssBytes)),
  };
}

/** Statistics of all devices; `perDevice` of the own set lists fleetNodes(). */
function summariseSet(results: readonly MethodResult[], set: EvaluationSet): SetMetrics {
  const devices = results[0]?.evaluations.flatMap((each) => (each.set === set ? each.device : [])) ?? [];
  const listed = new Set(set === 'own' ? fleetNodes(devices) : devices);
  const ofMetric = (metric: (typeof metricNames)[number]) =>
    summariseMetric(
      results.map(({ evaluations }) =>
        evaluations
          .filter((each) => each.set === set)
          .map(({ device, metrics }) => ({ device, value: metrics[metric] })),
      ),
      metric === 'fpr' ? 'highest' : 'lowest',
      (device) => listed.has(device),
    );
  return {
    auroc: ofMetric('auroc'),
    auprc: ofMetric('auprc'),
    f1: ofMetric('f1'),
    fpr: ofMetric('fpr'),
    recall: ofMetric('recall'),
  };
}

/** Gossip's bytes to the target by FedAvg's, where every seed of both got there. */
function ratioOf({ gossip, fedavg }: Summary['methods']): Summary['ratio'] {
  const [ours, theirs] = [gossip?.bytesToTarget, fedavg?.bytesToTarget];
  if (!ours || !theirs || ours.bytesPerNode === null || theirs.bytesPerNode === null) return {};
  const perSeed = ours.perSeed.map((bytes, i) => (bytes as number) / (theirs.perSeed[i] as number));
  return { fedavg: { bytesToTarget: { mean: meanOf(perSeed), ci95: interval95(perSeed), perSeed } } };
}

function gapsOf(
  baseline: readonly MethodResult[],
  gossip: readonly MethodResult[],
): Record<string, NonNullable<ReturnType<typeof pairedGap>>> {
  const gaps: Record<string, NonNullable<ReturnType<typeof pairedGap>>> = {};
  for (const set of evaluationSets) {
    const [theirs, ours] = [baseline, gossip].map((results) => results.map((result) => summariseSet([result], set)));
    for (const metric of metricNames) {
      const meanBySeed = (metrics: readonly SetMetrics[] = []) => metrics.map((each) => each[metric].mean);
      const gap = pairedGap(meanBySeed(theirs), meanBySeed(ours));
      if (gap !== null) gaps[`${set}.${metric}`] = gap;
    }
  }
  return gaps;
}

function summariseGossip(outcomes: readonly GossipOutcome[]): Omit<Summary['gossip'], 'spectralGap'> {
  const rounds = Math.max(0, ...outcomes.map(({ consensusDistance }) => consensusDistance.length));
  return {
    consensusDistance: Array.from({ length: rounds }, (_, i) =>
      meanOf(outcomes.flatMap(({ consensusDistance }) => consensusDistance[i] ?? [])),
    ),
    deliveries: outcomes.length === 0 ? 0 : meanOf(outcomes.map(({ deliveries }) => deliveries)),
    staleness: addedUp(outcomes.map(({ staleness }) => staleness)),
    rejected: addedUp(outcomes.map(({ rejected }) => rejected)),
    rounds: {
      all: sumOf(outcomes.map(({ rounds }) => rounds.all)),
      withUpdates: sumOf(outcomes.map(({ rounds }) => rounds.withUpdates)),
      mixed: sumOf(outcomes.map(({ rounds }) => rounds.mixed)),
      tooFew: sumOf(outcomes.map(({ rounds }) => rounds.tooFew)),
    },
  };
}

/** The sums of counts by key. */
export function addedUp(counts: readonly Record<string, number>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const count of counts) {
    for (const [key, value] of Object.entries(count)) total[key] = (total[key] ?? 0) + value;
  }
  return total;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function meanOrNull(values: readonly number[]): number | null {
  return values.length === 0 ? null : meanOf(values);
}
