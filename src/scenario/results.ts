// The contract of a run's output: summary.json and the lines of metrics.jsonl. Schemas and types only.
import { z } from 'zod';

export const methodNames = ['gossip', 'centralised', 'fedavg', 'local', 'statistic', 'shared-statistic'] as const;
export const evaluationSets = ['own', 'fleet', 'unseen'] as const;
export const metricNames = ['auroc', 'auprc', 'f1', 'fpr', 'recall'] as const;
export type MethodName = (typeof methodNames)[number];
export type EvaluationSet = (typeof evaluationSets)[number];
export type MetricName = (typeof metricNames)[number];

/** Two-sided 95 % interval over seeds (Student's t); null with fewer than two seeds. */
const interval = z.tuple([z.number(), z.number()]).nullable();

const statistic = z.object({
  /** Mean over devices, then over seeds; null where no device could be evaluated. */
  mean: z.number().nullable(),
  /** Worst device of a seed (lowest; for fpr highest), mean over seeds. */
  worst: z.number().nullable(),
  ci95: interval,
  /** Mean over seeds; null for a device whose test data lack normal or anomalous rows. */
  perDevice: z.record(z.string(), z.number().nullable()),
});
export type Statistic = z.infer<typeof statistic>;

const setMetrics = z.object({ auroc: statistic, auprc: statistic, f1: statistic, fpr: statistic, recall: statistic });
export type SetMetrics = z.infer<typeof setMetrics>;

const method = z.object({
  own: setMetrics,
  fleet: setMetrics,
  /** Null where the scenario holds no device out. */
  unseen: setMetrics.nullable(),
  /** Rows that entered a training step, all nodes together, mean over seeds. */
  samplesTrained: z.number(),
  /** Application bytes published or sent, per node: mean and most over nodes, mean over seeds. */
  bytesSentPerNode: z.object({ mean: z.number(), max: z.number() }),
  wallSeconds: z.number(),
  cpuSeconds: z.number(),
  peakRssBytes: z.number(),
});
export type MethodSummary = z.infer<typeof method>;

/** A baseline's metric minus gossip's, paired by seed: positive where the baseline is better (for fpr: worse). */
const gapEntry = z.object({ mean: z.number(), ci95: interval, perSeed: z.array(z.number()) });

export const summarySchema = z.object({
  scenario: z.string(),
  rumormill: z.string(),
  /** True where the run was stopped before its end; what is here is what was finished. */
  incomplete: z.boolean(),
  /** Seeds that were finished. */
  seeds: z.array(z.number()),
  nodes: z.number(),
  rounds: z.number(),
  transport: z.string(),
  engine: z.string(),
  /** What a reader must know about the data, one sentence each. */
  notes: z.array(z.string()),
  methods: z.partialRecord(z.enum(methodNames), method),
  /** gap[baseline]['own.auroc'] and so on. */
  gap: z.partialRecord(z.enum(methodNames), z.record(z.string(), gapEntry)),
  gossip: z.object({
    /** Mean over seeds by round, from round 1: root mean square distance of the nodes' weights from their mean. */
    consensusDistance: z.array(z.number()),
    /** Updates that reached a node, all nodes, mean over seeds. */
    deliveries: z.number(),
    /** Updates that were mixed, by age in rounds, summed over seeds. */
    staleness: z.record(z.string(), z.number()),
    /** Messages turned away, by error code, summed over seeds. */
    rejected: z.record(z.string(), z.number()),
    /** Rounds of all nodes and seeds: in how many updates were at hand, and in how many of those something was mixed. */
    rounds: z.object({ all: z.number(), withUpdates: z.number(), mixed: z.number() }),
  }),
  expectations: z.array(z.object({ claim: z.string(), value: z.number().nullable(), holds: z.boolean() })),
  /** Hash of the order of events; null on real transports, which are not deterministic. */
  traceHash: z.string().nullable(),
});
export type Summary = z.infer<typeof summarySchema>;

/** One line of metrics.jsonl. */
export const metricsEventSchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('started'), scenario: z.string(), atUtc: z.string(), nodes: z.array(z.string()) }),
  /** After a node's round (or, for centralised, one round's share of steps with node 'all'). */
  z.object({
    event: z.literal('round'),
    seed: z.number(),
    method: z.enum(methodNames),
    node: z.string(),
    round: z.number(),
    /** Milliseconds since this method's training began. */
    atMs: z.number(),
    loss: z.number(),
    /** Updates at hand, and updates mixed, in this round; 0 for methods without peers. */
    available: z.number(),
    mixed: z.number(),
  }),
  z.object({ event: z.literal('consensus'), seed: z.number(), round: z.number(), distance: z.number() }),
  /** The mixing graph as it was: how many updates of `from` were mixed by `to` in the whole run. */
  z.object({
    event: z.literal('mixing-graph'),
    seed: z.number(),
    edges: z.array(z.object({ from: z.string(), to: z.string(), mixed: z.number() })),
  }),
  z.object({
    event: z.literal('node-traffic'),
    seed: z.number(),
    node: z.string(),
    bytesSent: z.number(),
    bytesReceived: z.number(),
    updatesSent: z.number(),
    updatesReceived: z.number(),
  }),
  z.object({ event: z.literal('rejected'), seed: z.number(), node: z.string(), code: z.string(), count: z.number() }),
  z.object({
    event: z.literal('evaluation'),
    seed: z.number(),
    method: z.enum(methodNames),
    set: z.enum(evaluationSets),
    device: z.string(),
    auroc: z.number().nullable(),
    auprc: z.number().nullable(),
    f1: z.number().nullable(),
    fpr: z.number().nullable(),
    recall: z.number().nullable(),
  }),
  z.object({ event: z.literal('ended'), atUtc: z.string(), incomplete: z.boolean() }),
]);
export type MetricsEvent = z.infer<typeof metricsEventSchema>;
