// From the outcomes of all finished seeds to summary.json. Owns its arithmetic; runs and writes nothing.
import type { Evaluation } from './evaluate.ts';
import type { GossipOutcome } from './outcome.ts';
import {
  type EvaluationSet,
  evaluationSets,
  type MethodName,
  type MethodSummary,
  methodNames,
  metricNames,
  type SetMetrics,
  type Summary,
} from './results.ts';
import { pairedGap, summariseMetric } from './statistics.ts';

/** One method on one seed. */
export interface MethodResult {
  method: MethodName;
  evaluations: Evaluation[];
  samplesTrained: number;
  bytesSent: number[];
  wallSeconds: number;
  cpuSeconds: number;
  peakRssBytes: number;
  gossip?: GossipOutcome;
}

/** Results of the seeds that were finished, in order. */
export interface SeedResult {
  seed: number;
  methods: MethodResult[];
}

type Findings = Pick<Summary, 'methods' | 'gap' | 'gossip'>;

/** Methods, gaps and gossip's own figures over all seeds, of the methods that every seed has finished. */
export function summarise(seeds: readonly SeedResult[]): Findings {
  const byMethod = new Map<MethodName, MethodResult[]>();
  for (const name of methodNames) {
    const results = seeds.flatMap(({ methods }) => methods.find(({ method }) => method === name) ?? []);
    if (results.length > 0 && results.length === seeds.length) byMethod.set(name, results);
  }
  const gossip = byMethod.get('gossip') ?? [];
  const compared = [...byMethod].filter(([name]) => name !== 'gossip' && gossip.length > 0);
  return {
    methods: Object.fromEntries([...byMethod].map(([name, results]) => [name, summariseMethod(results)])),
    gap: Object.fromEntries(compared.map(([name, results]) => [name, gapsOf(results, gossip)])),
    gossip: summariseGossip(gossip.flatMap((result) => result.gossip ?? [])),
  };
}

function summariseMethod(results: readonly MethodResult[]): MethodSummary {
  const hasUnseen = results.some(({ evaluations }) => evaluations.some(({ set }) => set === 'unseen'));
  return {
    own: summariseSet(results, 'own'),
    fleet: summariseSet(results, 'fleet'),
    unseen: hasUnseen ? summariseSet(results, 'unseen') : null,
    samplesTrained: meanOf(results.map(({ samplesTrained }) => samplesTrained)),
    bytesSentPerNode: {
      mean: meanOf(results.map(({ bytesSent }) => meanOf(bytesSent))),
      max: meanOf(results.map(({ bytesSent }) => Math.max(...bytesSent))),
    },
    wallSeconds: sumOf(results.map(({ wallSeconds }) => wallSeconds)),
    cpuSeconds: sumOf(results.map(({ cpuSeconds }) => cpuSeconds)),
    peakRssBytes: Math.max(...results.map(({ peakRssBytes }) => peakRssBytes)),
  };
}

function summariseSet(results: readonly MethodResult[], set: EvaluationSet): SetMetrics {
  const ofMetric = (metric: (typeof metricNames)[number]) =>
    summariseMetric(
      results.map(({ evaluations }) =>
        evaluations
          .filter((each) => each.set === set)
          .map(({ device, metrics }) => ({ device, value: metrics[metric] })),
      ),
      metric === 'fpr' ? 'highest' : 'lowest',
    );
  return {
    auroc: ofMetric('auroc'),
    auprc: ofMetric('auprc'),
    f1: ofMetric('f1'),
    fpr: ofMetric('fpr'),
    recall: ofMetric('recall'),
  };
}

function gapsOf(
  baseline: readonly MethodResult[],
  gossip: readonly MethodResult[],
): Record<string, NonNullable<ReturnType<typeof pairedGap>>> {
  const gaps: Record<string, NonNullable<ReturnType<typeof pairedGap>>> = {};
  for (const set of evaluationSets) {
    for (const metric of metricNames) {
      const meanBySeed = (results: readonly MethodResult[]) =>
        results.map((result) => summariseSet([result], set)[metric].mean);
      const gap = pairedGap(meanBySeed(baseline), meanBySeed(gossip));
      if (gap !== null) gaps[`${set}.${metric}`] = gap;
    }
  }
  return gaps;
}

function summariseGossip(outcomes: readonly GossipOutcome[]): Summary['gossip'] {
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

function meanOf(values: readonly number[]): number {
  return sumOf(values) / values.length;
}
