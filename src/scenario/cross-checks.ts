// What makes a scenario impossible although each key by itself is right. Owns these rules only; reads no files.
import { isRobust, updatesNeeded } from '../gossip/mixing.ts';
import { claimProblem } from './claims.ts';
import { curvePointsMax } from './curve.ts';
import { exchangeProblems, knowsEveryone } from './exchange-checks.ts';
import type { SchemaLookup } from './json-schema.ts';
import { mixingWithMemoryProblems } from './mixing-checks.ts';
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

function* dataProblems({ data }: Scenario): Iterable<Problem> {
  if (data.source === 'csv' && data.path === undefined) {
    yield {
      path: ['data'],
      message: 'data.path is missing; source csv needs a .csv or .csv.gz file, or a folder of them',
    };
  }
  if (data.source !== 'csv' && data.path !== undefined) {
    yield {
      path: ['data', 'path'],
      message: `data.path is for source csv, and ${data.source} ${data.source === 'synthetic' ? 'reads no file' : 'is embedded'}; remove it, or set data.source: csv`,
    };
  }
  const { train, validate } = data.split;
  if (train + validate >= 1) {
    yield {
      path: ['data', 'split'],
      message: `data.split leaves nothing to test on: train ${train} and validate ${validate} must add to less than 1`,
    };
  }
  if (train === 0) {
    yield {
      path: ['data', 'split', 'train'],
      message: 'data.split.train is 0: there is nothing to train on; raise it',
    };
  }
  if (validate === 0) {
    yield {
      path: ['data', 'split', 'validate'],
      message: 'data.split.validate is 0: the threshold needs normal data held out; raise it',
    };
  }
  const both = data.ignore.find((column) => data.sensors?.includes(column));
  if (both !== undefined) {
    yield {
      path: ['data', 'ignore'],
      message: `data.ignore leaves out ${valueText(both)}, which data.sensors asks for; remove it from one of them`,
    };
  }
  const names = Object.values(data.columns);
  const shared = names.find((name, index) => names.indexOf(name) !== index);
  if (shared !== undefined) {
    yield {
      path: ['data', 'columns'],
      message: `data.columns uses column ${valueText(shared)} for two purposes; name a different column for each`,
    };
  }
}

function* federationProblems({ data, federation, model }: Scenario): Iterable<Problem> {
  const { scaler, ranges, heldOut } = federation;
  if (scaler === 'fixed' && ranges === undefined) {
    yield {
      path: ['federation', 'scaler'],
      message: 'federation.scaler fixed needs federation.ranges; give the lowest and highest value of each sensor',
    };
  }
  if (scaler !== 'fixed' && ranges !== undefined) {
    yield {
      path: ['federation', 'ranges'],
      message: `federation.ranges is for scaler fixed, not ${scaler}; remove it, or set federation.scaler: fixed`,
    };
  }
  for (const [sensor, [low, high]] of Object.entries(ranges ?? {})) {
    if (low < high) continue;
    yield {
      path: ['federation', 'ranges', sensor],
      message: `${pathText(['federation', 'ranges', sensor])} is [${low}, ${high}]; give the lower value first, and two that differ`,
    };
  }
  if (scaler === 'federated' && model.outputActivation !== 'linear') {
    yield {
      path: ['model', 'outputActivation'],
      message: `model.outputActivation ${model.outputActivation} cannot go with federation.scaler federated: when the shared scaler changes, only a linear output can be adjusted exactly; use linear, or scaler local or fixed`,
    };
  }
  if (data.devices === undefined) return;
  for (const [index, device] of heldOut.entries()) {
    if (data.devices.includes(device)) continue;
    yield {
      path: ['federation', 'heldOut', index],
      message: `federation.heldOut names ${valueText(device)}, which is not in data.devices; add it there, or remove it here`,
    };
  }
  if (data.devices.every((device) => heldOut.includes(device))) {
    yield {
      path: ['federation', 'heldOut'],
      message: 'federation.heldOut holds out every device; leave one to train on',
    };
  }
}

function* gossipProblems({ gossip }: Scenario): Iterable<Problem> {
  const { mixing, exchange, rounds, sparsifier } = gossip;
  if (mixing === 'fedavg-all' && exchange !== 'broadcast') {
    yield {
      path: ['gossip', 'mixing'],
      message: `gossip.mixing fedavg-all cannot go with exchange ${exchange}: it averages every node's update, and only broadcast brings them all; set gossip.exchange: broadcast, or mix by metropolis or epidemic`,
    };
  }
  if (sparsifier !== 'none' && isRobust(mixing)) {
    yield {
      path: ['gossip', 'sparsifier'],
      message: `gossip.sparsifier ${sparsifier} cannot go with mixing ${mixing}: a node fills in what an update does not carry from its own model, and then a bound on f liars holds no more; set gossip.sparsifier: none, or mix by clipped`,
    };
  }
  if (sparsifier !== 'none' && mixing === 'limited-merge') {
    yield {
      path: ['gossip', 'sparsifier'],
      message: `gossip.sparsifier ${sparsifier} cannot go with mixing limited-merge: a node fills in what an update does not carry from its own model, which this rule may be leaving out; set gossip.sparsifier: none, or mix by age-weighted`,
    };
  }
  if (rounds === 'synchronous' && exchange === 'random') {
    yield {
      path: ['gossip', 'rounds'],
      message:
        'gossip.rounds synchronous cannot go with exchange random: a node cannot know which peers will push to it, so it cannot wait for them; use rounds: barrier-free, or exchange mesh',
    };
  }
}

function* mixingProblems(scenario: Scenario): Iterable<Problem> {
  const { mixing, rounds, byzantine, clipRadius, ageGapMaxRounds, consensusStep } = scenario.gossip;
  const required: [string, unknown, boolean, string][] = [
    ['byzantine', byzantine, isRobust(mixing), 'how many of the updates at hand may be lies'],
    ['clipRadius', clipRadius, mixing === 'clipped', 'how far one update may draw, as a distance between weights'],
    [
      'ageGapMaxRounds',
      ageGapMaxRounds,
      mixing === 'limited-merge',
      'how many rounds behind the oldest model is too young',
    ],
    [
      'consensusStep',
      consensusStep,
      mixing === 'choco',
      'how far towards the estimates of the neighbours a round goes',
    ],
  ];
  for (const [key, value, isRead, meaning] of required) {
    if (!isRead || value !== undefined) continue;
    yield {
      path: ['gossip', 'mixing'],
      message: `gossip.mixing ${mixing} needs gossip.${key}, which has no default; say ${meaning}`,
    };
  }
  if (rounds === 'synchronous' && (mixing === 'age-weighted' || mixing === 'limited-merge')) {
    yield {
      path: ['gossip', 'mixing'],
      message: `gossip.mixing ${mixing} cannot go with rounds synchronous: there all models have the same age, so it would be their plain mean; set gossip.mixing: epidemic, or rounds: barrier-free`,
    };
  }
  yield* mixingWithMemoryProblems(scenario);
  const message = tooFewUpdates(scenario.gossip, nodesNamed(scenario));
  if (message !== undefined) yield { path: ['gossip', 'byzantine'], message };
}

/** Nodes of the federation where the file says how many, and otherwise undefined: the data will tell. */
function nodesNamed({ federation, data }: Scenario): number | undefined {
  return federation.nodes ?? data.devices?.filter((device) => !federation.heldOut.includes(device)).length;
}

/**
 * Why a robust rule would keep every node's own model round after round; undefined where it would not. `nodes` is undefined
 * where it is not known yet.
 */
export function tooFewUpdates(gossip: Scenario['gossip'], nodes: number | undefined): string | undefined {
  const { mixing, byzantine, exchange } = gossip;
  if (!isRobust(mixing) || byzantine === undefined) return undefined;
  const others = (nodes ?? Number.POSITIVE_INFINITY) - 1;
  const key = exchange === 'random' ? 'fanout' : 'degree';
  const reach = exchange === 'broadcast' ? Number.POSITIVE_INFINITY : gossip[key];
  const needed = updatesNeeded(mixing, byzantine);
  const expected = Math.min(reach, others);
  if (expected >= needed) return undefined;
  const limits: string[] = [];
  const mends: string[] = [];
  if (reach < needed) {
    limits.push(`${key} ${reach} brings about ${reach}`);
    mends.push(`raise gossip.${key} to at least ${needed}`);
  }
  if (others < needed) {
    limits.push(`${nodes} nodes bring at most ${others}`);
    mends.push(`take at least ${needed + 1} nodes`);
  }
  const most = Math.floor((expected - updatesNeeded(mixing, 0)) / 2);
  const instead = most >= 0 ? `lower gossip.byzantine to at most ${most}` : 'mix by a rule that needs fewer';
  return `gossip.mixing ${mixing} with byzantine ${byzantine} needs ${needed} updates a round besides a node's own model, and ${limits.join(' and ')}; ${mends.join(' and ')}, or ${instead}`;
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
