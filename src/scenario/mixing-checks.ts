// What a way to mix needs, and what it cannot go with. Owns these rules only; reads no files.
import { isRobust, updatesNeeded } from '../gossip/mixing.ts';
import type { Problem } from './cross-checks.ts';
import type { Scenario } from './schema.ts';
import { absenceIn } from './simulation-checks.ts';

/** What the mixing rule, the exchange, the rounds and the sparsifier cannot go with among themselves. */
export function* gossipProblems({ gossip }: Scenario): Iterable<Problem> {
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

/** What the way to mix lacks, and what it cannot go with. */
export function* mixingProblems(scenario: Scenario): Iterable<Problem> {
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
  if (mixing === 'push-sum') yield* pushSumProblems(scenario);
  if (mixing === 'choco') yield* chocoProblems(scenario);
  const message = tooFewUpdates(scenario.gossip, nodesNamed(scenario));
  if (message !== undefined) yield { path: ['gossip', 'byzantine'], message };
}

/** Nodes of the federation where the file says how many, and otherwise undefined: the data will tell. */
export function nodesNamed({ federation, data }: Scenario): number | undefined {
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

function* pushSumProblems({ gossip: { exchange, encoding, sparsifier } }: Scenario): Iterable<Problem> {
  if (exchange !== 'mesh') {
    yield problem(
      `gossip.mixing push-sum cannot go with exchange ${exchange}: each neighbour gets sums of its own, round after round; set gossip.exchange: mesh`,
    );
  }
  if (encoding !== 'float32' || sparsifier !== 'none') {
    yield problem(
      'gossip.mixing push-sum sends sums that grow, of which compression would lose more with each round; set gossip.encoding: float32 and gossip.sparsifier: none',
    );
  }
}

function* chocoProblems({ gossip, network, faults }: Scenario): Iterable<Problem> {
  if (gossip.rounds !== 'synchronous') {
    yield problem(
      'gossip.mixing choco needs rounds synchronous: no difference may be left out; set gossip.rounds: synchronous',
    );
  }
  if (network.transport !== 'sim') {
    yield problem(
      `gossip.mixing choco cannot go with network.transport ${network.transport}: the mesh of a real network changes, and then neighbours have no estimate of each other; set network.transport: sim, or mix by another rule`,
    );
    return;
  }
  const { topology, loss } = network;
  if ('redrawn' in topology && topology.redrawn) {
    yield problem(
      `gossip.mixing choco cannot go with network.topology ${topology.kind}, whose graph changes from round to round: neighbours would have no estimate of each other; choose one that stays, or another rule`,
    );
  }
  const absence = absenceIn(faults);
  if (absence !== undefined) {
    yield problem(
      `gossip.mixing choco cannot go with faults.${absence.key}${absence.key === 'timeline' ? `, which has a ${absence.action}` : ''}: who misses a difference, or comes back, has no estimate of its neighbours; remove it, or mix by another rule`,
    );
  }
  if (loss > 0) {
    yield problem(
      `gossip.mixing choco cannot go with network.loss ${loss}: a lost difference would leave neighbours with a wrong estimate for ever; set network.loss: 0, or mix by another rule`,
    );
  }
}

function problem(message: string): Problem {
  return { path: ['gossip', 'mixing'], message };
}
