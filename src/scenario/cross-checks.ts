// What makes a scenario impossible although each key by itself is right. Owns these rules only; reads no files.
import { isRobust } from '../gossip/mixing.ts';
import { claimProblem } from './claims.ts';
import { curvePointsMax } from './curve.ts';
import { dataProblems, federationProblems } from './data-checks.ts';
import { exchangeProblems, knowsEveryone } from './exchange-checks.ts';
import type { SchemaLookup } from './json-schema.ts';
import { gossipProblems, mixingProblems, nodesNamed } from './mixing-checks.ts';
import type { Scenario } from './schema.ts';
import { simulationProblems } from './simulation-checks.ts';
import { pathText, valueText } from './wording.ts';

/** One problem: the path it is reported at, and the sentence after the place in the file. */
export interface Problem {
  path: (string | number)[];
  message: string;
}

/** Every problem of a scenario that its schema accepts, in the order of the file's sections. */
export function crossCheck(scenario: Scenario, lookup: SchemaLookup): Problem[] {
  return [
    ...dataProblems(scenario),
    ...federationProblems(scenario),
    ...gossipProblems(scenario),
    ...networkProblems(scenario),
    ...simulationProblems(scenario),
    ...mixingProblems(scenario),
    ...thresholdProblems(scenario),
    ...curveProblems(scenario),
    ...repeats(scenario),
    ...ignored(scenario, lookup),
    ...scenario.expect.flatMap((claim, index) => {
      const message = claimProblem(claim, scenario);
      return message === undefined ? [] : [{ path: ['expect', index], message }];
    }),
  ];
}

function* networkProblems(scenario: Scenario): Iterable<Problem> {
  const { network } = scenario;
  yield* exchangeProblems(scenario, nodesNamed(scenario));
  const { latency } = network;
  if (latency.distribution === 'uniform' && latency.lowMs > latency.highMs) {
    yield {
      path: ['network', 'latency'],
      message: `network.latency goes from ${latency.lowMs} to ${latency.highMs}; give the lower value as lowMs`,
    };
  }
}

function* thresholdProblems({ evaluate: { threshold } }: Scenario): Iterable<Problem> {
  if (threshold.method === 'pot' && threshold.risk >= 1 - threshold.initialQuantile) {
    yield {
      path: ['evaluate', 'threshold'],
      message: `evaluate.threshold has risk ${threshold.risk}, which must be below 1 − initialQuantile; lower one of them`,
    };
  }
}

function* curveProblems({ evaluate: { everyRounds, targetAuroc }, train: { rounds } }: Scenario): Iterable<Problem> {
  if (targetAuroc !== undefined && everyRounds === undefined) {
    yield {
      path: ['evaluate', 'targetAuroc'],
      message:
        'evaluate.targetAuroc would be ignored: it is looked for on learning curves; add evaluate.everyRounds, or remove it',
    };
  }
  if (everyRounds === undefined) return;
  if (everyRounds > rounds) {
    yield {
      path: ['evaluate', 'everyRounds'],
      message: `evaluate.everyRounds ${everyRounds} is more than the ${rounds} of train.rounds, so a curve would have one point; lower it`,
    };
  }
  if (rounds / everyRounds > curvePointsMax) {
    yield {
      path: ['evaluate', 'everyRounds'],
      message: `evaluate.everyRounds ${everyRounds} makes curves of ${Math.ceil(rounds / everyRounds)} points, and at most ${curvePointsMax} are kept; raise it to at least ${Math.ceil(rounds / curvePointsMax)}`,
    };
  }
}

/** A name given twice: a repeated seed would count twice and narrow the intervals. */
function* repeats({ data, federation, baselines, seeds }: Scenario): Iterable<Problem> {
  const lists: [string[], readonly (string | number)[]][] = [
    [['data', 'devices'], data.devices ?? []],
    [['data', 'sensors'], data.sensors ?? []],
    [['data', 'ignore'], data.ignore],
    [['federation', 'heldOut'], federation.heldOut],
    [['baselines'], baselines],
    [['seeds'], seeds],
  ];
  for (const [path, names] of lists) {
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) === index) continue;
      yield { path: [...path, index], message: `${pathText(path)} names ${valueText(name)} twice; remove one` };
    }
  }
}

/** Keys that the chosen settings would not read. A value left at its default says nothing, so a resolved config stays valid. */
function* ignored(scenario: Scenario, lookup: SchemaLookup): Iterable<Problem> {
  const { data, federation, train, gossip, network } = scenario;
  const isSkewed = federation.partition === 'dirichlet' || federation.partition === 'quantity';
  const unread: [(string | number)[], unknown, boolean, string][] = [
    ...Object.entries(data.columns).map(([key, value]): [string[], unknown, boolean, string] => [
      ['data', 'columns', key],
      value,
      data.source !== 'csv',
      'source csv',
    ]),
    [['data', 'ignore'], data.ignore, data.source !== 'csv', 'source csv'],
    ...(['machines', 'recordings', 'samplesPerRecording', 'fleetSeed'] as const).map(
      (key): [string[], unknown, boolean, string] => [
        ['data', key],
        data[key],
        data.source !== 'synthetic',
        'source synthetic',
      ],
    ),
    [['federation', 'alpha'], federation.alpha, !isSkewed, 'partition dirichlet or quantity'],
    [['train', 'momentum'], train.momentum, train.optimiser !== 'sgd', 'optimiser sgd'],
    [['gossip', 'degree'], gossip.degree, knowsEveryone(gossip.exchange), 'exchange mesh or pull'],
    [
      ['gossip', 'degree'],
      gossip.degree,
      network.transport === 'sim' && network.topology.kind !== 'mesh',
      'network.topology mesh',
    ],
    [['gossip', 'fanout'], gossip.fanout, gossip.exchange !== 'random', 'exchange random'],
    [['gossip', 'byzantine'], gossip.byzantine, !isRobust(gossip.mixing), 'a robust mixing rule such as trimmed-mean'],
    [['gossip', 'keep'], gossip.keep, gossip.sparsifier === 'none', 'sparsifier top-k or random-k'],
    [['gossip', 'clipRadius'], gossip.clipRadius, gossip.mixing !== 'clipped', 'mixing clipped'],
    [['gossip', 'ageGapMaxRounds'], gossip.ageGapMaxRounds, gossip.mixing !== 'limited-merge', 'mixing limited-merge'],
    [['gossip', 'consensusStep'], gossip.consensusStep, gossip.mixing !== 'choco', 'mixing choco'],
    [['gossip', 'roundIntervalMs'], gossip.roundIntervalMs, gossip.rounds === 'synchronous', 'rounds barrier-free'],
    ...(['latency', 'topology', 'bandwidthMbps', 'loss', 'duplication', 'stepMs', 'speedSpread'] as const).map(
      (key): [string[], unknown, boolean, string] => [
        ['network', key],
        network[key],
        network.transport !== 'sim',
        'transport sim',
      ],
    ),
    [['faults'], scenario.faults, network.transport !== 'sim', 'transport sim'],
    [['gossip', 'roundTimeoutMs'], gossip.roundTimeoutMs, gossip.rounds !== 'synchronous', 'rounds synchronous'],
  ];
  for (const [path, value, isUnread, needs] of unread) {
    if (!isUnread || JSON.stringify(value) === JSON.stringify(lookup.defaultAt(path))) continue;
    yield { path, message: `${pathText(path)} would be ignored: it is for ${needs}; remove it, or choose ${needs}` };
  }
}
