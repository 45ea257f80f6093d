// A small simulated fleet with a learner that needs no engine, for tests. Asserts nothing.
import { federationId } from '../../src/gossip/manifest.ts';
import type { CoreEvent, CoreSettings } from '../../src/gossip/protocol.ts';
import { Prng } from '../../src/lib/prng.ts';
import { type FaultPlan, planFaults } from '../../src/sim/fault-plan.ts';
import { faultsSchema } from '../../src/sim/faults.ts';
import type { NetworkSettings } from '../../src/sim/network.ts';
import {
  type SimulatedLearner,
  type SimulatedNode,
  type SimulationOptions,
  type SimulationResult,
  simulate,
} from '../../src/sim/simulation.ts';

export type Round = Extract<CoreEvent, { type: 'round' }> & { node: number; bytesSent: number };

const quiet: NetworkSettings = {
  latency: { distribution: 'constant', ms: 1 },
  bandwidthMbps: 1000,
  loss: 0,
  duplication: 0,
};

/** Pulls every weight half-way to its own target. */
export class TowardsTarget implements SimulatedLearner {
  private readonly target: number;

  constructor(target: number) {
    this.target = target;
  }

  async train(_round: number, weights: Float32Array): Promise<{ weights: Float32Array; loss: number }> {
    return { weights: weights.map((weight) => (weight + this.target) / 2), loss: Math.abs(this.target) };
  }

  rescale(): void {
    throw new Error('there is no shared scaler');
  }

  isDivergence(error: unknown): boolean {
    return error instanceof RangeError;
  }
}

/** Node i, whose target is i, of a fleet that trains ten rounds of 10 ms. */
export function toyNode(
  i: number,
  changes: Partial<CoreSettings> = {},
  learner: SimulatedLearner = new TowardsTarget(i),
): SimulatedNode {
  const settings: CoreSettings = {
    self: `n${i}`,
    shapes: [{ rows: 1, columns: 3 }],
    exchange: 'mesh',
    mixing: 'metropolis',
    rounds: 'barrier-free',
    encoding: 'float32',
    sparsifier: 'none',
    keep: 0.1,
    fanout: 2,
    stepsPerRound: 1,
    roundsMax: 10,
    stalenessMaxRounds: 3,
    aheadMaxRounds: 1000,
    roundIntervalMs: 0,
    roundTimeoutMs: 1000,
    inlinePayloadBytesMax: 1000,
    scaler: undefined,
    originsExpected: 3,
    settleMs: 1000,
    spreadMs: 10,
    ...changes,
  };
  return { settings, createLearner: () => learner, weights: new Float32Array(3), samples: 10, trainMs: 10 };
}

/** What a run of a fleet left behind. */
export interface ToyRun extends SimulationResult {
  rounds: Round[];
  /** Every event, with its node. */
  events: (CoreEvent & { node: number; bytesSent: number })[];
  gone: number[];
}

export interface ToyOptions extends Partial<Omit<SimulationOptions, 'network' | 'prng' | 'nodes'>> {
  network?: Partial<NetworkSettings>;
  seed?: number;
  faults?: FaultPlan;
}

/** Runs `nodes`, each a neighbour of every other unless `options` say otherwise. */
export async function runFleet(nodes: readonly SimulatedNode[], options: ToyOptions = {}): Promise<ToyRun> {
  const { network, seed = 1, ...others } = options;
  const events: ToyRun['events'] = [];
  const gone: number[] = [];
  const result = await simulate({
    federation: federationId({ test: 'simulation' }),
    nodes,
    neighbours: nodes.map((_, i) => nodes.flatMap((_, j) => (j === i ? [] : [j]))),
    prng: new Prng(seed),
    signal: new AbortController().signal,
    onEvent: (node, event, bytesSent) => events.push({ ...event, node, bytesSent }),
    onGone: (node) => gone.push(node),
    ...others,
    network: { ...quiet, ...network },
  });
  const rounds = events.flatMap((event) => (event.type === 'round' ? [event] : []));
  return { ...result, rounds, events, gone };
}

/** `count` nodes that join without waiting long for anyone. */
export function toyFleet(count: number, changes: Partial<CoreSettings> = {}): SimulatedNode[] {
  return Array.from({ length: count }, (_, i) => toyNode(i, { settleMs: 50, ...changes }));
}

/** The plan of a scenario's section of faults; neighbours notice after 20 ms unless it says otherwise. */
export function faultPlan(section: object, nodes: number, seed = 1): FaultPlan {
  return planFaults(faultsSchema.parse({ detectionMs: 20, ...section }), nodes, [], new Prng(seed));
}

/** Own rounds of a node, in the order in which they were done. */
export function roundsOf({ rounds }: ToyRun, node: number): number[] {
  return rounds.filter((each) => each.node === node).map(({ round }) => round);
}

/** When a node ended its rounds, in whole milliseconds. */
export function timesOf({ rounds }: ToyRun, node: number): number[] {
  return rounds.filter((each) => each.node === node).map(({ atMs }) => Math.round(atMs));
}

/** 1 … count. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}
