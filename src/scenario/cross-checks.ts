// What makes a scenario impossible although each key by itself is right. Owns these rules only; reads no files.
import { conditionalGossipKeys, gossipProblems, mixingProblems } from '../gossip/settings-checks.ts';
import type { Problem } from '../lib/config/problem.ts';
import type { SchemaLookup } from '../lib/config/schema-lookup.ts';
import { type ConditionalKey, unreadKeyProblems } from '../lib/config/unread-keys.ts';
import { pathText, valueText } from '../lib/config/wording.ts';
import { conditionalTrainKeys, thresholdProblem } from '../model/settings.ts';
import { claimProblem } from './claims.ts';
import { curvePointsMax } from './curve.ts';
import { dataProblems, federationProblems } from './data-checks.ts';
import { exchangeProblems } from './exchange-checks.ts';
import { chocoProblems, nodesNamed } from './mixing-checks.ts';
import type { Scenario } from './schema.ts';
import { simulationProblems } from './simulation-checks.ts';

/** Every problem of a scenario that its schema accepts, in the order of the file's sections. */
export function crossCheck(scenario: Scenario, lookup: SchemaLookup): Problem[] {
  return [
    ...dataProblems(scenario),
    ...federationProblems(scenario),
    ...gossipProblems(scenario.gossip),
    ...networkProblems(scenario),
    ...simulationProblems(scenario),
    ...mixingProblems(scenario.gossip, nodesNamed(scenario)),
    ...chocoProblems(scenario),
    ...thresholdProblems(scenario),
    ...curveProblems(scenario),
    ...repeats(scenario),
    ...unreadKeyProblems(conditionalKeys(scenario), lookup),
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
  const problem = thresholdProblem(threshold);
  if (problem !== undefined) yield { path: ['evaluate', 'threshold'], message: `evaluate.threshold ${problem}` };
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

/** Keys that only some settings of a scenario read. */
function conditionalKeys(scenario: Scenario): ConditionalKey[] {
  const { data, federation, train, gossip, network } = scenario;
  const isSkewed = federation.partition === 'dirichlet' || federation.partition === 'quantity';
  const isSimulated = network.transport === 'sim';
  const csv = { isUnread: data.source !== 'csv', needs: 'source csv' };
  const synthetic = { isUnread: data.source !== 'synthetic', needs: 'source synthetic' };
  const simulated = { isUnread: !isSimulated, needs: 'transport sim' };
  return [
    ...Object.entries(data.columns).map(([key, value]) => ({ path: ['data', 'columns', key], value, ...csv })),
    { path: ['data', 'ignore'], value: data.ignore, ...csv },
    ...(['machines', 'recordings', 'samplesPerRecording', 'fleetSeed'] as const).map((key) => ({
      path: ['data', key],
      value: data[key],
      ...synthetic,
    })),
    {
      path: ['federation', 'alpha'],
      value: federation.alpha,
      isUnread: !isSkewed,
      needs: 'partition dirichlet or quantity',
    },
    ...conditionalTrainKeys(train),
    ...conditionalGossipKeys(gossip),
    {
      path: ['gossip', 'degree'],
      value: gossip.degree,
      isUnread: isSimulated && network.topology.kind !== 'mesh',
      needs: 'network.topology mesh',
    },
    ...(['latency', 'topology', 'bandwidthMbps', 'loss', 'duplication', 'stepMs', 'speedSpread'] as const).map(
      (key) => ({
        path: ['network', key],
        value: network[key],
        ...simulated,
      }),
    ),
    { path: ['faults'], value: scenario.faults, ...simulated },
  ];
}
