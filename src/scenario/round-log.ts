// Follows the rounds of all nodes of one gossip run. Owns what is counted and when a round is complete.
import type { CoreEvent } from '../gossip/protocol.ts';
import { fleetNodes } from './fleet-sample.ts';
import type { Trial } from './outcome.ts';
import { Spread } from './spread.ts';

/** Rounds that may be open at a time. With more, as where a node is down for long, the oldest ends without the missing ones. */
export const openRoundsMax = 256;

interface OpenRound {
  /** Numbers of the nodes that have done it. */
  done: Set<number>;
  /** How many of these are down for ever since. */
  doneAndGone: number;
  spread: Spread;
}

/** The log of one gossip run; memory is bounded by openRoundsMax. */
export class RoundLog {
  /** Root mean square distance of the nodes' weights from their mean, by round from round 1, over the nodes that did it. */
  readonly consensusDistance: number[] = [];
  readonly staleness: Record<string, number> = {};
  readonly rounds = { all: 0, withUpdates: 0, mixed: 0, tooFew: 0 };
  private readonly trial: Trial;
  private readonly numbers: ReadonlyMap<string, number>;
  private readonly beganMs: number;
  private readonly open = new Map<number, OpenRound>();
  /** Nodes that are down for ever. */
  private gone = 0;
  /** Updates mixed, by the node that mixed and the peer they came from; of fleetNodes() only. */
  private readonly mixedBy: ReadonlyMap<string, Map<string, number>>;
  private delivered = 0;
  /** Losses since the last call of onRound. */
  private lossSum = 0;
  private latestDistance: number | null = null;

  constructor(trial: Trial, names: readonly string[], beganMs: number) {
    this.trial = trial;
    this.numbers = new Map(names.map((name, i) => [name, i]));
    this.mixedBy = new Map(fleetNodes(names).map((name) => [name, new Map()]));
    this.beganMs = beganMs;
  }

  take(node: string, event: CoreEvent): void {
    if (event.type === 'tooFew') this.rounds.tooFew++;
    if (event.type !== 'round') return;
    const { seed, record } = this.trial;
    const { round, loss, available, mixed, weights, atMs } = event;
    record({
      event: 'round',
      seed,
      method: 'gossip',
      node,
      round,
      atMs: atMs - this.beganMs,
      loss,
      available,
      mixed: mixed.length,
    });
    this.rounds.all++;
    if (available > 0) this.rounds.withUpdates++;
    if (mixed.length > 0) this.rounds.mixed++;
    const mixedFrom = this.mixedBy.get(node);
    for (const { peer, stalenessRounds } of mixed) {
      this.staleness[stalenessRounds] = (this.staleness[stalenessRounds] ?? 0) + 1;
      mixedFrom?.set(peer, (mixedFrom.get(peer) ?? 0) + 1);
    }
    this.delivered += available;
    this.gather(this.numbers.get(node) as number, round, weights);
    this.tell(loss);
  }

  /** A node that is down for ever is not waited for: rounds are complete without it. */
  leave(node: string): void {
    const number = this.numbers.get(node) as number;
    this.gone++;
    for (const [round, open] of [...this.open].sort(([a], [b]) => a - b)) {
      if (open.done.has(number)) open.doneAndGone++;
      if (this.isComplete(open)) this.end(round);
    }
  }

  /** Ends the rounds that not every node has done, since some were down or came late. To be called when the run is over. */
  close(): void {
    for (const round of [...this.open.keys()].sort((a, b) => a - b)) this.end(round);
  }

  /** The mixing graph as it was, as far as fleetNodes() mixed, with node names by peer id. */
  edges(nameOf: ReadonlyMap<string, string>): { from: string; to: string; mixed: number }[] {
    const edges = [...this.mixedBy].flatMap(([to, mixedFrom]) =>
      [...mixedFrom].map(([peer, mixed]) => ({ peer, edge: { from: nameOf.get(peer) ?? peer, to, mixed } })),
    );
    const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
    return edges.sort((a, b) => order(a.peer, b.peer) || order(a.edge.to, b.edge.to)).map(({ edge }) => edge);
  }

  /** A node that was set back may do a round again: the first time counts, since others have mixed what came of it. */
  private gather(node: number, round: number, weights: Float32Array): void {
    if (this.consensusDistance[round - 1] !== undefined) return;
    const open = this.open.get(round) ?? { done: new Set(), doneAndGone: 0, spread: new Spread(weights) };
    this.open.set(round, open);
    if (open.done.has(node)) return;
    open.done.add(node);
    open.spread.add(weights);
    if (this.isComplete(open)) this.end(round);
    else if (this.open.size > openRoundsMax) this.end(Math.min(...this.open.keys()));
  }

  private isComplete({ done, doneAndGone }: OpenRound): boolean {
    return done.size - doneAndGone + this.gone === this.numbers.size;
  }

  private end(round: number): void {
    const { seed, record } = this.trial;
    const { distance } = (this.open.get(round) as OpenRound).spread;
    this.open.delete(round);
    this.consensusDistance[round - 1] = distance;
    this.latestDistance = distance;
    record({ event: 'consensus', seed, round, distance });
  }

  /** Progress goes by the work that is done: a node that is down keeps rounds open, and does not keep people waiting. */
  private tell(loss: number): void {
    this.lossSum += loss;
    const nodes = this.numbers.size;
    if (this.rounds.all % nodes !== 0) return;
    const { onRound, scenario } = this.trial;
    onRound({
      round: Math.min(this.rounds.all / nodes, scenario.train.rounds),
      loss: this.lossSum / nodes,
      consensusDistance: this.latestDistance,
      delivered: this.delivered,
    });
    this.lossSum = 0;
  }
}
