// What a method hands back to the runner, and what it is given. Types only.
import type { PreparedData } from '../data/types.ts';
import type { SentBytes } from '../gossip/sent-bytes.ts';
import type { EnginePool } from '../model/engine-pool.ts';
import type { FaultPlan } from '../sim/fault-plan.ts';
import type { Checkpoint } from './curve.ts';
import type { ScoringModel } from './evaluate.ts';
import type { Agreement } from './manifest.ts';
import type { MetricsEvent } from './results.ts';
import type { Scenario } from './schema.ts';

/** One seed of a scenario, ready for any method. */
export interface Trial {
  scenario: Scenario;
  seed: number;
  prepared: PreparedData;
  agreement: Agreement;
  pool: EnginePool;
  /** What befalls the nodes of a simulation; nothing unless given. */
  faults?: FaultPlan | undefined;
  signal: AbortSignal;
  /** Takes a line of metrics.jsonl. */
  record(event: MetricsEvent): void;
  /** Says that as many rounds are done as all nodes have in one round together. */
  onRound(progress: { round: number; loss: number | null; consensusDistance: number | null; delivered: number }): void;
}

/** What gossip alone has to tell. */
export interface GossipOutcome {
  /** By round, from round 1. */
  consensusDistance: number[];
  deliveries: number;
  /** Mixed updates by age in rounds. */
  staleness: Record<string, number>;
  rejected: Record<string, number>;
  rounds: { all: number; withUpdates: number; mixed: number; tooFew: number };
  /** Of a simulation. */
  traceHash?: string;
  /** Of a simulation whose graph stays the same: numbers of each node's neighbours. */
  neighbours?: readonly (readonly number[])[];
}

/** What a method has made of one seed. */
export interface Outcome {
  /** One for each node, in order; the same object where nodes hold the same model. */
  models: ScoringModel[];
  samplesTrained: number;
  /** Bytes sent by each node, in order. */
  bytesSent: SentBytes[];
  /** Models part-way, for the learning curve; empty where none was asked for. */
  checkpoints: Checkpoint[];
  /** Of processes other than the run's own. */
  extraCpuSeconds: number;
  extraPeakRssBytes: number;
  gossip?: GossipOutcome;
}
