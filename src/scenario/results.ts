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
  /** Mean over seeds; null for a device whose test data lack normal or anomalous rows. Above 128 nodes, of so many evenly spaced ones. */
  perDevice: z.record(z.string(), z.number().nullable()),
});
export type Statistic = z.infer<typeof statistic>;

const setMetrics = z.object({ auroc: statistic, auprc: statistic, f1: statistic, fpr: statistic, recall: statistic });
export type SetMetrics = z.infer<typeof setMetrics>;

/** A number over seeds; `perSeed` has one entry for each seed that counts, in order. */
const overSeeds = z.object({ mean: z.number(), ci95: interval, perSeed: z.array(z.number()) });

/**
 * One point of a learning curve: each node's model after `round` rounds of its own, on its own test data. Means over the
 * nodes that did that round, then over seeds. Above 128 nodes only so many, evenly spaced, have a curve.
 */
const curvePoint = z.object({
  round: z.number(),
  /** Null where no node could be evaluated. */
  auroc: z.number().nullable(),
  /** The worst node's; of a seed, then mean over seeds. */
  worst: z.number().nullable(),
  /** Sent by a node up to then. */
  bytesSentPerNode: z.number(),
});
export type CurvePoint = z.infer<typeof curvePoint>;

const bytesToTarget = z.object({
  /** evaluate.targetAuroc. */
  target: z.number(),
  /** Bytes sent by a node, on average, at the first point of the curve at or above the target; mean over seeds, null where a seed never got there. */
  bytesPerNode: z.number().nullable(),
  /** Seeds that got there. */
  reached: z.number(),
  /** Bytes by seed, in order; null for one that never got there. */
  perSeed: z.array(z.number().nullable()),
});
export type BytesToTarget = z.infer<typeof bytesToTarget>;

/**
 * Bytes sent by kind. payload: encoded models, the first copy to each recipient; duplicates: copies of a model that the
 * recipient had got already; control: everything else, as headers, moments, pulls, gossipsub's own messages and framing. The
 * three add up to all bytes sent. Of a simulation they are exact. On real transports all bytes are counted on the streams,
 * before encryption, and models by their sender, by recipient; but of what is forwarded (exchange broadcast) the receivers
 * count what comes again, and each node gets a share of that in proportion to what it has forwarded.
 */
const sentBytes = z.object({ payload: z.number(), duplicates: z.number(), control: z.number() });

const method = z.object({
  own: setMetrics,
  fleet: setMetrics,
  /** Null where the scenario holds no device out. */
  unseen: setMetrics.nullable(),
  /** Rows that entered a training step, all nodes together, mean over seeds. */
  samplesTrained: z.number(),
  /** Application bytes published or sent, per node: mean and most over nodes, and the mean by kind; mean over seeds. */
  bytesSentPerNode: z.object({ mean: z.number(), max: z.number(), split: sentBytes }),
  /** By round; empty without evaluate.everyRounds, and for methods that do not train. */
  curve: z.array(curvePoint),
  /** Null without evaluate.targetAuroc, and for methods that do not train. */
  bytesToTarget: bytesToTarget.nullable(),
  wallSeconds: z.number(),
  cpuSeconds: z.number(),
  peakRssBytes: z.number(),
});
export type MethodSummary = z.infer<typeof method>;

/** A baseline's metric minus gossip's, paired by seed: positive where the baseline is better (for fpr: worse). */
const gapEntry = overSeeds;

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
  /** Gossip's figure divided by the baseline's, paired by seed; absent where a seed of either lacks it. FedAvg alone sends. */
  ratio: z.object({ fedavg: z.object({ bytesToTarget: overSeeds }).optional() }),
  gossip: z.object({
    /** Mean over seeds by round, from round 1: root mean square distance of the nodes' weights from their mean; of the nodes that did that round. */
    consensusDistance: z.array(z.number()),
    /**
     * 1 − max(|λ₂|, |λₙ|) of the graph's Metropolis matrix, mean over seeds: averaging alone would multiply the consensus
     * distance by 1 minus this in a round. Null on real transports, where the graph changes, and where it was not computed.
     */
    spectralGap: z.number().nullable(),
    /** Updates that reached a node, all nodes, mean over seeds. */
    deliveries: z.number(),
    /** Updates that were mixed, by age in rounds, summed over seeds. */
    staleness: z.record(z.string(), z.number()),
    /** Messages turned away, by error code, summed over seeds. */
    rejected: z.record(z.string(), z.number()),
    /** Rounds of all nodes and seeds: in how many updates were at hand, in how many of those something was mixed, and in how
     * many a robust rule had too few updates and kept the node's own model. */
    rounds: z.object({ all: z.number(), withUpdates: z.number(), mixed: z.number(), tooFew: z.number() }),
  }),
  expectations: z.array(z.object({ claim: z.string(), value: z.number().nullable(), holds: z.boolean() })),
  /** Hash of the order of events; null on real transports, which are not deterministic. */
  traceHash: z.string().nullable(),
});
export type Summary = z.infer<typeof summarySchema>;

/** One line of metrics.jsonl. With more than 128 nodes, those of single nodes are of so many, evenly spaced. */
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
  /** One point of a method's learning curve. */
  curvePoint.extend({ event: z.literal('curve'), seed: z.number(), method: z.enum(methodNames) }),
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
    /** bytesSent by kind. */
    split: sentBytes,
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
