// What a running gateway tells of itself to the commands on its machine: schemas and types only.
import { z } from 'zod';

const counts = z.record(z.string(), z.number());

const alertSchema = z.object({
  startUtc: z.string(),
  endUtc: z.string(),
  /** Highest score, and the threshold it was held against. */
  score: z.number(),
  threshold: z.number(),
  /** Sensors by their share of the error, the largest first. */
  sensors: z.array(z.object({ name: z.string(), share: z.number() })),
});
export type AlertStatus = z.infer<typeof alertSchema>;

/** The answer to /status. */
export const statusSchema = z.object({
  federation: z.object({ name: z.string(), id: z.string() }),
  peer: z.string(),
  addresses: z.array(z.string()),
  startedAtUtc: z.string(),
  uptimeSeconds: z.number(),
  /** Without data enough, a gateway has neighbours and does not train yet. */
  phase: z.enum(['gathering', 'joining', 'training']),
  source: z.object({ name: z.string().nullable(), counts, ended: z.boolean() }),
  data: z.object({ trainRows: z.number(), validateRows: z.number(), rowsNeeded: z.number(), counts }),
  model: z.object({
    /** This gateway's own rounds. */
    round: z.number(),
    /** The federation's logical clock. */
    clockRound: z.number(),
    loss: z.number().nullable(),
    threshold: z.number().nullable(),
    /** Of the newest window. */
    score: z.number().nullable(),
    /** Updates of others that the latest round mixed. */
    mixed: z.number(),
    divergences: z.number(),
  }),
  network: z.object({
    connections: z.number(),
    mesh: z.number(),
    updatesSent: z.number(),
    updatesReceived: z.number(),
    bytesSent: z.number(),
    bytesReceived: z.number(),
    sendsFailed: z.number(),
    /** Messages of peers that were refused, by code. */
    rejected: counts,
  }),
  alerts: z.object({
    open: z.boolean(),
    total: z.number(),
    latest: z.array(alertSchema),
    /** Null where they go nowhere else. */
    delivery: z
      .object({
        target: z.string(),
        waiting: z.number(),
        /** Failed attempts at the oldest that waits. */
        attempts: z.number(),
        delivered: z.number(),
        /** Thrown away since the target will never take them, and since too many waited. */
        refused: z.number(),
        dropped: z.number(),
      })
      .nullable(),
  }),
  store: z.object({
    folder: z.string(),
    bytes: z.number(),
    /** Why nothing can be written at present; null where all is well. */
    degraded: z.string().nullable(),
    counts,
  }),
  process: z.object({
    rssBytes: z.number(),
    cpuSeconds: z.number(),
    /** Of one core, over the last minute at most. */
    cpuShare: z.number(),
    cpuShareMax: z.number().nullable(),
  }),
});
export type GatewayStatus = z.infer<typeof statusSchema>;

/** The answer to /peers. */
export const peersSchema = z.array(
  z.object({
    /** Peer id, or the configured address that has not been reached yet. */
    who: z.string(),
    origin: z.enum(['configured', 'heard', 'inbound']),
    connected: z.boolean(),
    /** Whether models are exchanged with it. */
    inMesh: z.boolean(),
    /** Where it is connected, or is tried. */
    address: z.string(),
    /** Why it is not connected, as far as known. */
    reason: z.string().nullable(),
    /** 0 for a peer without blemish, less for what had to be refused. */
    score: z.number(),
  }),
);
export type PeersStatus = z.infer<typeof peersSchema>;

/** The answer to /model: all that scoring needs. */
export const modelSchema = z.object({
  /** The manifest's canonical JSON. */
  manifest: z.string(),
  round: z.number(),
  /** Little-endian float32 in base64. */
  weights: z.string(),
  /** For each feature, in raw units; a deviation of null marks a feature that nobody has measured. */
  scale: z.object({ mean: z.array(z.number()), deviation: z.array(z.number().nullable()) }),
  threshold: z.number().nullable(),
});
export type ModelSnapshot = z.infer<typeof modelSchema>;
