// Invariant: what nodes say of themselves is in order. Rounds count up by one, and time never runs backwards.
import type { CoreEvent } from '../../gossip/protocol.ts';
import { type Checker, type CheckerFactory, type Fleet, InvariantViolated, violation } from './checker.ts';

/** A node joins, does its rounds one by one, and finishes; every event has the time at which it happens. */
export const eventOrder: CheckerFactory = (fleet) => new EventOrder(fleet);

class EventOrder implements Checker {
  readonly name = 'event-order';
  private readonly fleet: Fleet;
  /** Rounds done since the start; undefined before the node has joined and after it has finished. */
  private readonly rounds: (number | undefined)[] = [];
  private lastMs = Number.NEGATIVE_INFINITY;

  constructor(fleet: Fleet) {
    this.fleet = fleet;
  }

  onTime(nowMs: number): void {
    // Written so that NaN fails.
    if (!(nowMs >= this.lastMs)) {
      throw new InvariantViolated(this.name, undefined, nowMs, `time ran backwards, from ${this.lastMs} ms`);
    }
    this.lastMs = nowMs;
  }

  onEffect(node: number, effect: { kind: string; event?: CoreEvent }, nowMs: number): void {
    const { event } = effect;
    if (event === undefined) return;
    const before = this.rounds[node];
    if (event.atMs !== nowMs) this.fail(node, nowMs, `gave the event ${event.type} the time ${event.atMs} ms`);
    if ((event.type === 'joined') !== (before === undefined)) {
      this.fail(
        node,
        nowMs,
        `gave the event ${event.type} ${before === undefined ? 'outside of' : 'amidst'} its rounds`,
      );
    }
    switch (event.type) {
      case 'joined':
        this.rounds[node] = 0;
        return;
      case 'round':
        if (event.round !== (before as number) + 1) this.fail(node, nowMs, `did round ${event.round} after ${before}`);
        this.rounds[node] = event.round;
        return;
      case 'finished':
        this.rounds[node] = undefined;
        return;
    }
  }

  private fail(node: number, nowMs: number, seen: string): never {
    throw violation(this, this.fleet, node, nowMs, seen);
  }
}
