// Results of a run that never was, with the shape and the look of real ones. Builds; asserts nothing.
import type { SentBytes } from '../../src/gossip/sent-bytes.ts';
import { Prng } from '../../src/lib/prng.ts';
import type { Results } from '../../src/report/series.ts';
import { fleetNodes, sampledRecord } from '../../src/scenario/fleet-sample.ts';
import {
  type BytesToTarget,
  type CurvePoint,
  type EvaluationSet,
  type MethodName,
  type MethodSummary,
  type MetricName,
  type MetricsEvent,
  methodNames,
  metricNames,
  type SetMetrics,
  type Statistic,
  type Summary,
} from '../../src/scenario/results.ts';

/** What kind of run it was. */
export interface FixtureOptions {
  /** Eight of them are wells; with more, each well is split into parts. Default 8. */
  nodes?: number;
  /** Finished seeds. Default 5. */
  seeds?: number;
  /** Default 40. */
  rounds?: number;
  methods?: readonly MethodName[];
  /** Devices that never took part. Default 0. */
  unseen?: number;
  /** 'some': three wells in eight have no anomalous test rows. Default 'some'. */
  evaluable?: 'some' | 'none';
  /** Stopped in the middle of the next seed. Default false. */
  incomplete?: boolean;
  /** Replaces the names of the first devices. */
  names?: readonly string[];
}

/** What each method is good for on average. */
const skill: Record<MethodName, { auroc: number; loss: number; bytes: number }> = {
  gossip: { auroc: 0.951, loss: 0.061, bytes: 1_480_000 },
  centralised: { auroc: 0.955, loss: 0.055, bytes: 0 },
  fedavg: { auroc: 0.952, loss: 0.06, bytes: 610_000 },
  local: { auroc: 0.964, loss: 0.048, bytes: 0 },
  statistic: { auroc: 0.938, loss: 0, bytes: 0 },
  'shared-statistic': { auroc: 0.938, loss: 0, bytes: 0 },
};

/** Two-sided 95 % quantiles of Student's t by degrees of freedom, from 1. */
const studentT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

type Scores = Record<MetricName, number | null>;

/** The same options give the same results. The summary agrees with the events. */
export function resultsFixture(options: FixtureOptions = {}): Results {
  const { seeds: seedCount = 5, rounds = 40, methods = methodNames, unseen = 0, evaluable = 'some' } = options;
  const { nodes: nodeCount = 8, incomplete = false } = options;
  const prng = new Prng('report fixture');
  const nodes = nodeNames(nodeCount, options.names ?? []);
  const unseenDevices = Array.from({ length: unseen }, (_, i) => `WELL-${String(i + 9).padStart(5, '0')}`);
  const finished = Array.from({ length: seedCount }, (_, i) => i + 1);
  const begun = incomplete ? [...finished, seedCount + 1] : finished;
  const sample = fleetNodes(nodes);
  const events: MetricsEvent[] = [
    { event: 'started', scenario: 'offshore-wells', atUtc: '2026-03-02T08:15:00.000Z', nodes },
  ];
  const scores = new Map<string, Scores[]>();

  for (const seed of begun) {
    const isFinished = seed <= seedCount;
    for (const method of methods) {
      if (method === 'statistic' || method === 'shared-statistic' || (!isFinished && method !== 'gossip')) continue;
      const last = isFinished ? rounds : Math.ceil(rounds / 3);
      roundEvents(events, prng.fork(`${seed}/${method}`), { seed, method, nodes, rounds: last });
    }
    if (methods.includes('gossip') && isFinished)
      gossipEvents(events, prng.fork(`${seed}/graph`), { seed, nodes, rounds });
    if (!isFinished) continue;
    for (const method of methods) {
      for (const [set, devices] of [
        ['own', nodes],
        ['fleet', nodes],
        ['unseen', unseenDevices],
      ] as const) {
        for (const [i, device] of devices.entries()) {
          const isCalm = evaluable === 'none' || (set === 'own' && [2, 5, 7].includes(i % 8));
          const found = score(prng, { seed, method, set, device, isCalm });
          const key = `${method}/${set}/${device}`;
          scores.set(key, [...(scores.get(key) ?? []), found]);
          events.push({ event: 'evaluation', seed, method, set, device, ...found });
        }
      }
    }
  }
  events.push({ event: 'ended', atUtc: '2026-03-02T08:16:41.000Z', incomplete });

  const setOf = (method: MethodName, set: EvaluationSet, devices: readonly string[]): SetMetrics =>
    Object.fromEntries(
      metricNames.map((metric) => [
        metric,
        statisticOf(
          devices.map((device) => [device, (scores.get(`${method}/${set}/${device}`) ?? []).map((s) => s[metric])]),
          metric,
        ),
      ]),
    ) as SetMetrics;
  const ran = finished.length === 0 ? [] : methods;
  const summaries: Partial<Record<MethodName, MethodSummary>> = {};
  for (const method of ran) {
    const isTrained = method !== 'statistic' && method !== 'shared-statistic';
    summaries[method] = {
      own: listing(setOf(method, 'own', nodes), sample),
      fleet: setOf(method, 'fleet', sample),
      unseen: unseen === 0 ? null : setOf(method, 'unseen', unseenDevices),
      samplesTrained: isTrained ? nodeCount * rounds * 20 * 32 : 0,
      bytesSentPerNode: {
        mean: skill[method].bytes,
        max: Math.round(skill[method].bytes * 1.21),
        split: splitOf(method, skill[method].bytes),
      },
      curve: isTrained ? curveOf(method, rounds) : [],
      bytesToTarget: isTrained ? targetOf(curveOf(method, rounds), seedCount) : null,
      wallSeconds: isTrained ? 5.2 + skill[method].loss * 30 : 0.08,
      cpuSeconds: isTrained ? 8.1 + skill[method].loss * 50 : 0.08,
      peakRssBytes: 212_000_000 + skill[method].bytes * 20,
    };
  }
  const kept: MetricsEvent[] = [];
  const record = sampledRecord(nodes, (event) => kept.push(event));
  for (const event of events) record(event);
  return {
    summary: summaryOf({ options, nodes, finished, rounds, summaries, scores, incomplete, events }),
    events: kept,
    configYaml,
  };
}

/** Only these devices one by one. */
function listing(metrics: SetMetrics, devices: readonly string[]): SetMetrics {
  const listed = new Set(devices);
  const cut = (statistic: Statistic): Statistic => ({
    ...statistic,
    perDevice: Object.fromEntries(Object.entries(statistic.perDevice).filter(([device]) => listed.has(device))),
  });
  const entries = Object.entries(metrics).map(([metric, statistic]) => [metric, cut(statistic)]);
  return Object.fromEntries(entries) as SetMetrics;
}

/** Nine tenths of what gossip sends are models, and one in fifty of them comes twice; a server's clients send models alone. */
function splitOf(method: MethodName, bytes: number): SentBytes {
  if (method !== 'gossip') return { payload: bytes, duplicates: 0, control: 0 };
  const [payload, duplicates] = [Math.round(bytes * 0.9), Math.round(bytes * 0.02)];
  return { payload, duplicates, control: bytes - payload - duplicates };
}

/** A point every five rounds and one at the end, rising to the method's skill. */
function curveOf(method: MethodName, rounds: number): CurvePoint[] {
  const at = Array.from({ length: rounds }, (_, i) => i + 1).filter((round) => round % 5 === 0 || round === rounds);
  return at.map((round) => {
    const auroc = skill[method].auroc - 0.3 * Math.exp(-round / 8);
    return { round, auroc, worst: auroc - 0.08, bytesSentPerNode: (skill[method].bytes * round) / rounds };
  });
}

function targetOf(curve: readonly CurvePoint[], seeds: number): BytesToTarget {
  const found = curve.find(({ auroc }) => auroc !== null && auroc >= 0.94)?.bytesSentPerNode ?? null;
  const perSeed = Array.from({ length: seeds }, () => found);
  return { target: 0.94, bytesPerNode: found, reached: found === null ? 0 : seeds, perSeed };
}

function nodeNames(count: number, replaced: readonly string[]): string[] {
  return Array.from({ length: count }, (_, i) => {
    const well = `WELL-${String((i % 8) + 1).padStart(5, '0')}`;
    return replaced[i] ?? (count <= 8 ? well : `${well}/${Math.floor(i / 8) + 1}`);
  });
}

function roundEvents(
  events: MetricsEvent[],
  prng: Prng,
  { seed, method, nodes, rounds }: { seed: number; method: MethodName; nodes: readonly string[]; rounds: number },
): void {
  const names = method === 'centralised' ? ['all'] : nodes;
  for (const [i, node] of names.entries()) {
    const level = skill[method].loss * Math.exp(0.25 * prng.nextGaussian() + (i % 5) * 0.06);
    for (let round = 1; round <= rounds; round++) {
      const loss = (level + 0.9 * Math.exp(-round / 5)) * (1 + 0.04 * prng.nextGaussian());
      const available = method === 'gossip' && round > 1 ? 3 + prng.nextInt(4) : 0;
      events.push({
        event: 'round',
        seed,
        method,
        node,
        round,
        atMs: round * 120 + i,
        loss,
        available,
        mixed: available,
      });
    }
  }
}

function gossipEvents(
  events: MetricsEvent[],
  prng: Prng,
  { seed, nodes, rounds }: { seed: number; nodes: readonly string[]; rounds: number },
): void {
  for (let round = 1; round <= rounds; round++) {
    const distance = (0.9 * Math.exp(-round / 6) + 0.035) * Math.exp(0.08 * prng.nextGaussian());
    events.push({ event: 'consensus', seed, round, distance });
  }
  const edges: { from: string; to: string; mixed: number }[] = [];
  for (const [i, from] of nodes.entries()) {
    for (const [j, to] of nodes.entries()) {
      // About three new neighbours a node and seed, and one link in ten in one direction only.
      if (j <= i || prng.nextFloat() > 5 / nodes.length) continue;
      edges.push({ from, to, mixed: rounds - prng.nextInt(12) });
      if (prng.nextFloat() > 0.1) edges.push({ from: to, to: from, mixed: rounds - prng.nextInt(12) });
    }
  }
  events.push({ event: 'mixing-graph', seed, edges });
  for (const node of nodes) {
    const updatesSent = rounds * (5 + prng.nextInt(3));
    const updatesReceived = rounds * 5 + prng.nextInt(rounds);
    const size = skill.gossip.bytes / (rounds * 6);
    events.push({
      event: 'node-traffic',
      seed,
      node,
      bytesSent: Math.round(updatesSent * size),
      split: splitOf('gossip', Math.round(updatesSent * size)),
      bytesReceived: Math.round(updatesReceived * size),
      updatesSent,
      updatesReceived,
    });
  }
  events.push({ event: 'rejected', seed, node: nodes[0] as string, code: 'stale', count: 4 + seed });
}

function score(
  prng: Prng,
  {
    seed,
    method,
    set,
    device,
    isCalm,
  }: { seed: number; method: MethodName; set: EvaluationSet; device: string; isCalm: boolean },
): Scores {
  const ofDevice = prng.fork(device);
  const hardness = 0.045 * ofDevice.nextGaussian();
  const fit = 0.02 * ofDevice.fork(method).nextGaussian();
  const noise = 0.006 * ofDevice.fork(`${method}/${seed}`).nextGaussian();
  const penalty = set === 'own' ? 0 : set === 'fleet' ? 0.02 : 0.05;
  const auroc = Math.min(0.9995, Math.max(0.4, skill[method].auroc - penalty - Math.abs(hardness) + fit + noise));
  const fpr = Math.min(1, Math.max(0, 0.03 - fit + noise));
  if (isCalm) return { auroc: null, auprc: null, f1: null, fpr, recall: null };
  const recall = Math.max(0, auroc - 0.24 + fit);
  return { auroc, auprc: Math.max(0, auroc - 0.08), f1: Math.max(0, recall - 0.05), fpr, recall };
}

/** As results.ts defines it: over devices, then over seeds. */
function statisticOf(values: [device: string, bySeed: (number | null)[]][], metric: MetricName): Statistic {
  const seedCount = values[0]?.[1].length ?? 0;
  const means: number[] = [];
  const worsts: number[] = [];
  for (let s = 0; s < seedCount; s++) {
    const found = values.map(([, bySeed]) => bySeed[s]).filter((v): v is number => typeof v === 'number');
    if (found.length === 0) continue;
    means.push(mean(found));
    worsts.push(metric === 'fpr' ? Math.max(...found) : Math.min(...found));
  }
  return {
    mean: means.length === 0 ? null : mean(means),
    worst: worsts.length === 0 ? null : mean(worsts),
    ci95: intervalOf(means),
    perDevice: Object.fromEntries(
      values.map(([device, bySeed]) => {
        const found = bySeed.filter((v): v is number => v !== null);
        return [device, found.length === 0 ? null : mean(found)];
      }),
    ),
  };
}

interface SummaryParts {
  options: FixtureOptions;
  nodes: readonly string[];
  finished: number[];
  rounds: number;
  summaries: Partial<Record<MethodName, MethodSummary>>;
  scores: ReadonlyMap<string, Scores[]>;
  incomplete: boolean;
  events: readonly MetricsEvent[];
}

function summaryOf(parts: SummaryParts): Summary {
  const { nodes, finished, rounds, summaries, incomplete, events } = parts;
  const gap: Summary['gap'] = {};
  const has = summaries.gossip !== undefined;
  for (const method of methodNames) {
    if (method === 'gossip' || summaries[method] === undefined || !has) continue;
    const entries: Record<string, { mean: number; ci95: [number, number] | null; perSeed: number[] }> = {};
    for (const set of ['own', 'fleet', 'unseen'] as const) {
      for (const metric of metricNames) {
        const perSeed = gapsOf(parts, method, set, metric);
        if (perSeed.length > 0)
          entries[`${set}.${metric}`] = { mean: mean(perSeed), ci95: intervalOf(perSeed), perSeed };
      }
    }
    gap[method] = entries;
  }
  const distances = Array.from({ length: finished.length === 0 || !has ? 0 : rounds }, (_, i) =>
    mean(events.flatMap((e) => (e.event === 'consensus' && e.round === i + 1 ? [e.distance] : []))),
  );
  const all = has ? nodes.length * rounds * finished.length : 0;
  const value = gap.centralised?.['own.auroc']?.mean ?? null;
  return {
    scenario: 'offshore-wells',
    rumormill: '0.1.0',
    incomplete,
    seeds: finished,
    nodes: nodes.length,
    rounds,
    transport: 'tcp',
    engine: 'tfjs-wasm',
    notes: [
      'T-JUS-CKGL: no node has training values, so dropped from the features.',
      'WELL-00001: P-PDG never changes and counts as missing.',
      'WELL-00007: no normal recording to validate on (it has 1); its threshold comes from its training rows.',
      'WELL-00003, WELL-00006 and WELL-00008: no anomalous test rows, so trained on and without AUROC of their own.',
    ],
    methods: summaries,
    gap,
    ratio: {},
    gossip: {
      consensusDistance: distances,
      spectralGap: null,
      deliveries: has ? nodes.length * rounds * 5 : 0,
      staleness: has ? { 0: Math.round(all * 4.1), 1: Math.round(all * 0.8), 2: Math.round(all * 0.07), 3: 11 } : {},
      rejected: has ? { stale: 35, 'future-round': 2 } : {},
      rounds: { all, withUpdates: Math.round(all * 0.975), mixed: Math.round(all * 0.975), tooFew: 0 },
    },
    expectations: [
      { claim: 'gap.centralised.own.auroc <= 0.01', value, holds: value !== null && value <= 0.01 },
      {
        claim: 'methods.gossip.own.auroc.worst >= 0.9',
        value: summaries.gossip?.own.auroc.worst ?? null,
        holds: (summaries.gossip?.own.auroc.worst ?? 0) >= 0.9,
      },
    ],
    traceHash: null,
  };
}

/** Baseline minus gossip by seed, as means over the devices of the set. */
function gapsOf(
  { finished, scores }: SummaryParts,
  method: MethodName,
  set: EvaluationSet,
  metric: MetricName,
): number[] {
  return finished.flatMap((_, s) => {
    const of = (name: MethodName): number[] =>
      [...scores].flatMap(([key, bySeed]) => {
        const value = key.startsWith(`${name}/${set}/`) ? bySeed[s]?.[metric] : null;
        return typeof value === 'number' ? [value] : [];
      });
    const [ours, theirs] = [of('gossip'), of(method)];
    return ours.length === 0 || theirs.length === 0 ? [] : [mean(theirs) - mean(ours)];
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function intervalOf(values: readonly number[]): [number, number] | null {
  if (values.length < 2) return null;
  const centre = mean(values);
  const variance = values.reduce((sum, v) => sum + (v - centre) ** 2, 0) / (values.length - 1);
  const t = studentT[Math.min(values.length - 2, studentT.length - 1)] as number;
  const half = t * Math.sqrt(variance / values.length);
  return [centre - half, centre + half];
}

const configYaml = `# Resolved by rumormill 0.1.0: every default is filled in.
name: offshore-wells
description: Eight oil wells share an autoencoder without a server
data:
  source: petrobras-3w
  window: { length: 15, stride: 15, unit: samples }
  features: summary
federation:
  partition: device
  scaler: federated
model:
  hidden: [64, 8, 64]
  activation: tanh
train:
  engine: tfjs
  stepsPerRound: 20
  rounds: 40
gossip:
  exchange: mesh
  mixing: metropolis
network:
  transport: tcp
seeds: [1, 2, 3, 4, 5]
expect:
  - gap.centralised.own.auroc <= 0.01
`;
