// Invariant: what nodes say of themselves is in order. Rounds count up by one, and time never runs backwards.
import type { Effect, Input } from '../../gossip/protocol.ts';
import { type Checker, type CheckerFactory, type Fleet, InvariantViolated, violation } from './checker.ts';

/** A node joins, does its rounds one by one and finishes; after a crash it goes on from the round of its checkpoint. */
export const eventOrder: CheckerFactory = (fleet) => new EventOrder(fleet);

class EventOrder implements Checker {
  readonly name = 'event-order';
  private readonly fleet: Fleet;
  /** Rounds done; undefined before the node has joined and after it has finished. */
  private readonly rounds: (number | undefined)[] = [];
  private readonly resumed: number[] = [];
  /** By the node's own clock. */
  private readonly latestMs: number[] = [];
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

  onInput(node: number, input: Input): void {
    if (input.kind === 'started') this.resumed[node] = input.resume?.round ?? 0;
  }

  onDown(node: number): void {
    this.rounds[node] = undefined;
  }

  onEffect(node: number, effect: Effect, nowMs: number): void {
    if (effect.kind !== 'emit') return;
    const { event } = effect;
    const before = this.rounds[node];
    const latestMs = this.latestMs[node] ?? 0;
    if (!(event.atMs >= latestMs))
      this.fail(node, nowMs, `gave ${event.type} the time ${event.atMs} after ${latestMs}`);
    this.latestMs[node] = event.atMs;
    if ((event.type === 'joined') !== (before === undefined)) {
      this.fail(
        node,
        nowMs,
        `gave the event ${event.type} ${before === undefined ? 'outside of' : 'amidst'} its rounds`,
      );
    }
    switch (event.type) {
      case 'joined':
        this.rounds[node] = this.resumed[node];
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
