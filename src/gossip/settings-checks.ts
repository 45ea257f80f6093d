// What a way to gossip needs, and what it cannot go with, although each key by itself is right. Owns these rules only.
import type { Problem } from '../lib/config/problem.ts';
import type { ConditionalKey } from '../lib/config/unread-keys.ts';
import { payloadBytesRange } from './compression/update-payload.ts';
import { isRobust, updatesNeeded } from './mixing.ts';
import type { MatrixShape } from './payload.ts';
import type { GossipSettings } from './settings.ts';

/** Whether a node exchanges with whomever it can reach, and not with the neighbours that a topology gives it. */
export function knowsEveryone(exchange: GossipSettings['exchange']): boolean {
  return exchange === 'random' || exchange === 'broadcast';
}

/** What the mixing rule, the exchange, the rounds and the sparsifier cannot go with among themselves. */
export function* gossipProblems(gossip: GossipSettings): Iterable<Problem> {
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

/** What the way to mix lacks, and what it cannot go with; `nodes` as in tooFewUpdates(). */
export function* mixingProblems(gossip: GossipSettings, nodes: number | undefined): Iterable<Problem> {
  const { mixing, rounds, byzantine, clipRadius, ageGapMaxRounds, consensusStep } = gossip;
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
  if (mixing === 'push-sum') yield* pushSumProblems(gossip);
  if (mixing === 'choco' && rounds !== 'synchronous') {
    yield problem(
      'gossip.mixing choco needs rounds synchronous: no difference may be left out; set gossip.rounds: synchronous',
    );
  }
  const message = tooFewUpdates(gossip, nodes);
  if (message !== undefined) yield { path: ['gossip', 'byzantine'], message };
}

/**
 * Why a robust rule would keep every node's own model round after round; undefined where it would not. `nodes` is undefined
 * where it is not known yet.
 */
export function tooFewUpdates(gossip: GossipSettings, nodes: number | undefined): string | undefined {
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

/** Why updates of models with those shapes cannot be forwarded in messages of `bytesMax`; undefined where they can, or need not. */
export function tooLargeToForward(
  gossip: GossipSettings,
  shapes: readonly MatrixShape[],
  bytesMax: number,
): string | undefined {
  if (gossip.exchange !== 'broadcast') return undefined;
  const { max } = payloadBytesRange(shapes, gossip);
  if (max <= bytesMax) return undefined;
  return `gossip.exchange broadcast: an update of ${max} bytes is more than the ${bytesMax} that can be forwarded; take a smaller model, the encoding int8, a sparsifier, or the exchange mesh`;
}

/** Keys of a section `gossip` that its other settings do not read. */
export function conditionalGossipKeys(gossip: GossipSettings): ConditionalKey[] {
  const { exchange, mixing, sparsifier, rounds } = gossip;
  const key = (name: keyof GossipSettings, isUnread: boolean, needs: string): ConditionalKey => ({
    path: ['gossip', name],
    value: gossip[name],
    isUnread,
    needs,
  });
  return [
    key('degree', knowsEveryone(exchange), 'exchange mesh or pull'),
    key('fanout', exchange !== 'random', 'exchange random'),
    key('byzantine', !isRobust(mixing), 'a robust mixing rule such as trimmed-mean'),
    key('keep', sparsifier === 'none', 'sparsifier top-k or random-k'),
    key('clipRadius', mixing !== 'clipped', 'mixing clipped'),
    key('ageGapMaxRounds', mixing !== 'limited-merge', 'mixing limited-merge'),
    key('consensusStep', mixing !== 'choco', 'mixing choco'),
    key('roundIntervalMs', rounds === 'synchronous', 'rounds barrier-free'),
    key('roundTimeoutMs', rounds !== 'synchronous', 'rounds synchronous'),
  ];
}

function* pushSumProblems({ exchange, encoding, sparsifier }: GossipSettings): Iterable<Problem> {
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

function problem(message: string): Problem {
  return { path: ['gossip', 'mixing'], message };
}
