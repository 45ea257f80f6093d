// Invariant: no update is mixed twice, however often it arrives.
import type { Effect, Input } from '../../gossip/protocol.ts';
import { type Checker, type CheckerFactory, type Fleet, violation } from './checker.ts';

/** Rounds remembered of each sender: a copy that is older still would be stale. */
const roundsKept = 32;

/** A round of a sender is mixed once at most by a node, as long as neither of the two starts again. */
export const mixedOnce: CheckerFactory = (fleet) => new MixedOnce(fleet);

class MixedOnce implements Checker {
  readonly name = 'mixed-once';
  private readonly fleet: Fleet;
  private readonly started = new Set<number>();
  /** Of each node, the rounds of each sender that it has mixed, the latest last. */
  private readonly mixed: readonly Map<string, number[]>[];

  constructor(fleet: Fleet) {
    this.fleet = fleet;
    this.mixed = fleet.settings.map(() => new Map());
  }

  onInput(node: number, { kind }: Input): void {
    if (kind !== 'started') return;
    if (this.started.has(node)) this.forget(node);
    this.started.add(node);
  }

  onEffect(node: number, effect: Effect, nowMs: number): void {
    if (effect.kind !== 'emit' || effect.event.type !== 'round') return;
    const mixed = this.mixed[node] as Map<string, number[]>;
    for (const { peer, round } of effect.event.mixed) {
      const rounds = mixed.get(peer);
      if (rounds === undefined) {
        mixed.set(peer, [round]);
        continue;
      }
      if (rounds.includes(round)) {
        throw violation(this, this.fleet, node, nowMs, `mixed round ${round} of ${peer} a second time`);
      }
      if (rounds.push(round) > roundsKept) rounds.shift();
    }
  }

  /** A node that starts again has lost its memory, and may count its rounds from an earlier one. */
  private forget(node: number): void {
    this.mixed[node]?.clear();
    const self = this.fleet.settings[node]?.self as string;
    for (const each of this.mixed) each.delete(self);
  }
}
