// Invariant: nothing is mixed that is older, or further ahead, than the settings allow.
import type { Effect } from '../../gossip/protocol.ts';
import { type Checker, type CheckerFactory, type Fleet, violation } from './checker.ts';

/**
 * Barrier-free, the ages of all that is mixed count from one round, not after the node's own, and none passes the bound;
 * in synchronous rounds all that is mixed is of one round, the node's own or a later one that it has gone on to.
 */
export const stalenessBound: CheckerFactory = (fleet) => new StalenessBound(fleet);

class StalenessBound implements Checker {
  readonly name = 'staleness-bound';
  private readonly fleet: Fleet;
  /** The round of the update that a node has offered since its latest mixing; undefined where it offered it to nobody. */
  private readonly offered: (number | undefined)[] = [];

  constructor(fleet: Fleet) {
    this.fleet = fleet;
  }

  onDown(node: number): void {
    this.offered[node] = undefined;
  }

  onEffect(node: number, effect: Effect, nowMs: number): void {
    if (effect.kind === 'publish' || effect.kind === 'send') {
      if (effect.message.kind === 'update') this.offered[node] = effect.message.round;
      return;
    }
    if (effect.kind !== 'emit' || effect.event.type !== 'round') return;
    const { mixed } = effect.event;
    const own = this.offered[node];
    this.offered[node] = undefined;
    if (mixed.length > 0 && own !== undefined) this.check(node, mixed, own, nowMs);
  }

  private check(
    node: number,
    mixed: readonly { peer: string; round: number; stalenessRounds: number }[],
    own: number,
    nowMs: number,
  ): void {
    const { rounds, stalenessMaxRounds, aheadMaxRounds } = this.fleet.settings[node]!;
    const isSynchronous = rounds === 'synchronous';
    // Of updates that are not old, only that the reference is not after them is known.
    const oldest = mixed.reduce((a, b) => (b.stalenessRounds > a.stalenessRounds ? b : a));
    const reference = isSynchronous || oldest.stalenessRounds > 0 ? oldest.round + oldest.stalenessRounds : undefined;
    for (const { peer, round, stalenessRounds } of mixed) {
      const isRight = isSynchronous
        ? stalenessRounds === 0 && round === reference && round >= own
        : stalenessRounds >= 0 &&
          stalenessRounds <= stalenessMaxRounds &&
          round <= own + aheadMaxRounds &&
          (reference === undefined || (reference <= own && stalenessRounds === Math.max(0, reference - round)));
      if (isRight) continue;
      const seen = `mixed round ${round} of ${peer} as ${stalenessRounds} rounds old in its round ${own}`;
      throw violation(this, this.fleet, node, nowMs, seen);
    }
  }
}
