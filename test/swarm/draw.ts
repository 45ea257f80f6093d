// What one run of the swarm is, drawn from its seed. Owns the ranges; what cannot work is refused by the rules for scenarios.
// Each feature is off in many runs (swarm testing; Groce et al., ISSTA 2012): what is always on hides what it disturbs.
import assert from 'node:assert/strict';
import { isRobust, type MixingName, type MixingParameters, mixingNames } from '../../src/gossip/mixing.ts';
import type { CoreSettings } from '../../src/gossip/protocol.ts';
import { knowsEveryone, tooFewUpdates } from '../../src/gossip/settings-checks.ts';
import { SchemaLookup } from '../../src/lib/config/schema-lookup.ts';
import { OperatorError } from '../../src/lib/errors.ts';
import { Prng } from '../../src/lib/prng.ts';
import { crossCheck } from '../../src/scenario/cross-checks.ts';
import { scenarioJsonSchema } from '../../src/scenario/json-schema.ts';
import { type Scenario, scenarioSchema } from '../../src/scenario/schema.ts';
import { type FaultPlan, planFaults } from '../../src/sim/fault-plan.ts';
import type { FaultsSpec } from '../../src/sim/faults.ts';
import { type TopologySpec, topologyProblem } from '../../src/sim/topology.ts';
import type { WireFaults } from '../../src/sim/wire.ts';
import { type ToyKind, toyKinds } from './toy-learner.ts';

/** Settings of a core that no scenario changes. */
type Beyond = Pick<
  CoreSettings,
  'originsExpected' | 'settleMs' | 'spreadMs' | 'inlinePayloadBytesMax' | 'aheadMaxRounds'
>;

/** One run. */
export interface Draw {
  seed: number;
  nodes: number;
  features: number;
  /** Whose sections federation, model, train, gossip, network and faults are read. */
  scenario: Scenario;
  core: Beyond;
  /** Of moments that a node keeps, where a scaler is shared; corruption makes up origins. */
  originsMax: number;
  learner: ToyKind;
  /** Whether all nodes begin with the same weights, as in a scenario. */
  sameStart: boolean;
  /** Standard deviation of first weights and targets. */
  magnitude: number;
  /** Undefined where messages are passed on as objects. */
  wire: WireFaults | undefined;
}

const nodesMax = 40;
const attemptsMax = 1000;
const lookup = new SchemaLookup(scenarioJsonSchema());

/** The run of `seed`, an integer in [0, 2³²). */
export function drawRun(seed: number): Draw {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const draw = attemptOf(seed, new Prng(`swarm ${seed} ${attempt}`));
    if (refusals(draw).length === 0) return draw;
  }
  return assert.fail(`seed ${seed} gave nothing that can work in ${attemptsMax} draws`);
}

function refusals({ scenario, nodes, seed }: Draw): string[] {
  const { gossip, network, faults } = scenario;
  const { topology } = network;
  return [
    ...crossCheck(scenario, lookup).map(({ message }) => message),
    ...[
      tooFewUpdates(gossip, nodes),
      topology.kind === 'mesh' ? undefined : topologyProblem(topology, nodes),
      faultsProblem(faults, nodes, seed),
    ].filter((problem) => problem !== undefined),
  ];
}

/** Why these faults cannot happen to so many nodes. */
function faultsProblem(faults: FaultsSpec | undefined, nodes: number, seed: number): string | undefined {
  try {
    if (faults) faultPlanOf(faults, nodes, seed);
    return undefined;
  } catch (error) {
    // It refuses by this error, as a scenario's faults are planned before anything runs.
    if (error instanceof OperatorError) return error.message;
    throw error;
  }
}

/** What befalls the fleet of `seed`. */
export function faultPlanOf(faults: FaultsSpec, nodes: number, seed: number): FaultPlan {
  return planFaults(faults, nodes, [], new Prng(`faults ${seed}`));
}

function attemptOf(seed: number, prng: Prng): Draw {
  const { oneOf, whole, real, logReal, maybe } = drawing(prng);
  // Mostly few: small runs are many runs, and most bugs need no more.
  const nodes = prng.nextFloat() < 0.03 ? 1 : 2 + Math.floor((nodesMax - 1) * real(0.3, 1) ** 4);
  // More than half of all rules are robust, and often have too few updates to mix.
  const mixing = oneOf(maybe(mixingNames, () => mixingNames.filter((name) => !isRobust(name))));
  // What these two cannot go with is much, and drawing again until nothing of it is there would leave them rare.
  const [isPushSum, isChoco] = [mixing === 'push-sum', mixing === 'choco'];
  const exchange = isPushSum || isChoco ? 'mesh' : oneOf(['mesh', 'mesh', 'pull', 'random', 'broadcast'] as const);
  const knowsAll = knowsEveryone(exchange);
  const topology = knowsAll ? ({ kind: 'mesh' } as const) : topologyOf(mixing, nodes, prng);
  const rounds =
    isChoco || mixing === 'graph' ? 'synchronous' : oneOf(['barrier-free', 'barrier-free', 'synchronous'] as const);
  // Where so many tell everyone of everyone's moments, one run takes as long as a hundred others.
  const tellAll = (knowsAll || topology.kind === 'complete') && nodes > 20;
  const train = { rounds: whole(1, 12), stepsPerRound: whole(1, 5) };
  const stepMs = logReal(0.1, 20);
  const roundIntervalMs = rounds === 'synchronous' ? 0 : maybe(0, () => whole(1, 200));
  // About as long as a run takes, so that faults fall into it.
  const spanMs = train.rounds * Math.max(roundIntervalMs, train.stepsPerRound * stepMs);
  const latency = oneOf([
    { distribution: 'constant', ms: maybe(0, () => logReal(0.1, 100)) },
    { distribution: 'uniform', lowMs: real(0, 10), highMs: real(10, 200) },
    { distribution: 'log-normal', medianMs: logReal(0.1, 100), sigma: real(0, 2) },
  ] as const);
  const scenario = scenarioSchema.parse({
    name: 'swarm',
    data: { source: 'synthetic' },
    federation: { nodes, scaler: tellAll ? 'local' : oneOf(['local', 'local', 'federated'] as const) },
    model: { hidden: [whole(1, 3)] },
    train,
    gossip: {
      exchange,
      mixing,
      ...parametersOf(mixing, prng),
      rounds,
      encoding: isPushSum ? 'float32' : oneOf(['float32', 'float16', 'int8'] as const),
      ...(isPushSum
        ? {}
        : oneOf([
            {},
            {},
            { sparsifier: 'top-k', keep: real(0.05, 1) },
            { sparsifier: 'random-k', keep: real(0.05, 1) },
          ])),
      stalenessMaxRounds: whole(0, 5),
      ...(topology.kind === 'mesh' && !knowsAll && { degree: whole(1, 8) }),
      ...(exchange === 'random' && { fanout: whole(1, 8) }),
      ...(rounds === 'synchronous' ? { roundTimeoutMs: Math.ceil(logReal(1, 1000)) } : { roundIntervalMs }),
    },
    network: {
      transport: 'sim',
      topology,
      latency,
      bandwidthMbps: maybe(100, () => logReal(0.05, 1000)),
      loss: isChoco ? 0 : maybe(0, () => real(0, 0.5)),
      duplication: maybe(0, () => real(0, 1)),
      stepMs,
      speedSpread: maybe(0, () => real(0, 1.5)),
    },
    ...maybe({}, () => ({ faults: faultsOf(spanMs, prng) })),
  });
  return {
    seed,
    nodes,
    features: whole(1, 3),
    scenario,
    core: {
      originsExpected: maybe(nodes, () => 0),
      settleMs: whole(10, 500),
      spreadMs: whole(1, 100),
      inlinePayloadBytesMax: maybe(256 * 1024, () => 0),
      aheadMaxRounds: maybe(1000, () => whole(1, 20)),
    },
    originsMax: nodes + whole(0, 8),
    learner: oneOf(toyKinds),
    sameStart: maybe(true, () => false),
    magnitude: logReal(1e-3, 1e3),
    wire: maybe(undefined, () => ({
      corruption: maybe(0, () => real(0, 0.3)),
      strays: maybe(0, () => real(0, 0.3)),
    })),
  };
}

function parametersOf(mixing: MixingName, prng: Prng): MixingParameters {
  const { whole, real, logReal } = drawing(prng);
  switch (mixing) {
    case 'metropolis':
    case 'epidemic':
    case 'fedavg-all':
    case 'age-weighted':
    case 'push-sum':
    case 'loss-weighted':
    case 'graph':
      return {};
    case 'choco':
      return { consensusStep: real(0.01, 1) };
    case 'clipped':
      return { clipRadius: logReal(1e-3, 1e3) };
    case 'limited-merge':
      return { ageGapMaxRounds: whole(0, 10) };
    default:
      return { byzantine: whole(0, 2) };
  }
}

function topologyOf(mixing: MixingName, nodes: number, prng: Prng): TopologySpec | { kind: 'mesh' } {
  const { oneOf, whole, real, maybe } = drawing(prng);
  if (mixing === 'graph') return oneOf([{ kind: 'base', degree: whole(1, 3) }, { kind: 'one-peer-exponential' }]);
  if (nodes === 1) return { kind: 'mesh' };
  const node = () => prng.nextInt(nodes);
  const redrawn = maybe(false, () => true);
  return oneOf<() => TopologySpec | { kind: 'mesh' }>([
    () => ({ kind: 'mesh' }),
    () => ({ kind: 'mesh' }),
    () => ({ kind: 'ring' }),
    () => ({ kind: 'torus' }),
    () => ({ kind: 'star' }),
    () => ({ kind: 'complete' }),
    () => ({ kind: 'hierarchical', branching: whole(1, 4) }),
    // So dense that one of a thousand draws is connected as good as surely.
    () => ({ kind: 'erdos-renyi', probability: real(Math.min(1, 6 / nodes), 1), redrawn }),
    () => ({ kind: 'small-world', degree: 2 * whole(1, 3), rewiring: real(0, 0.5), redrawn }),
    () => ({ kind: 'regular', degree: whole(2, 6), redrawn }),
    // A random tree, and some more.
    () => {
      const tree = Array.from({ length: nodes - 1 }, (_, i): [number, number] => [prng.nextInt(i + 1), i + 1]);
      const more = Array.from({ length: whole(0, 3) }, (): [number, number] => [node(), node()]);
      return { kind: 'edges', edges: [...tree, ...more] };
    },
  ])();
}

/** Each kind of fault in half of the runs that have any, within the first `spanMs` or soon after. */
function faultsOf(spanMs: number, prng: Prng) {
  const { real, logReal, maybe } = drawing(prng);
  const between = () => {
    const times = [real(0, spanMs), real(0, 2 * spanMs)] as const;
    return [Math.min(...times), Math.max(...times)] as const;
  };
  const share = () => real(0.05, 0.8);
  const [crashMs, restartMs] = between();
  const [partMs, healMs] = between();
  const [slowMs, fastMs] = between();
  const crash = { atMs: crashMs, action: 'crash', share: share() } as const;
  return {
    timeline: [
      ...maybe([], () => [crash, ...maybe([], () => [{ atMs: restartMs, action: 'restart' } as const])]),
      ...maybe([], () => [
        { atMs: partMs, action: 'partition', parts: 2 } as const,
        ...maybe([], () => [{ atMs: healMs, action: 'heal' } as const]),
      ]),
      ...maybe([], () => [
        { atMs: slowMs, action: 'slow', share: share(), factor: logReal(0.1, 20) } as const,
        ...maybe([], () => [{ atMs: fastMs, action: 'slow', share: 1, factor: 1 } as const]),
      ]),
      ...maybe([], () => [{ atMs: real(0, spanMs), action: 'join', share: share() } as const]),
    ],
    ...maybe({}, () => ({
      churn: { meanUpMs: spanMs * real(0.1, 2), meanDownMs: spanMs * real(0.01, 0.5), untilMs: spanMs * real(0.2, 2) },
    })),
    clockDriftPpm: maybe(0, () => real(0, 10_000)),
    detectionMs: maybe(0, () => spanMs * real(0, 0.5)),
  };
}

function drawing(prng: Prng) {
  const real = (low: number, high: number) => low + (high - low) * prng.nextFloat();
  return {
    oneOf: <T>(values: readonly T[]): T => values[prng.nextInt(values.length)] as T,
    /** Both ends included. */
    whole: (low: number, high: number) => low + prng.nextInt(high - low + 1),
    real,
    logReal: (low: number, high: number) => Math.exp(real(Math.log(low), Math.log(high))),
    /** Off in half of all runs. */
    maybe: <Off, On>(off: Off, on: () => On): Off | On => (prng.nextFloat() < 0.5 ? off : on()),
  };
}
