// Invariant: push-sum makes no mass, and loses none but with a node that loses its memory.
import type { Effect, Input } from '../../gossip/protocol.ts';
import { type Checker, type CheckerFactory, type Fleet, InvariantViolated } from './checker.ts';

/** Share of the mass that float64 sums may be off by. */
const rounding = 1e-9;

/** Adds up what all nodes hold and what is on its way, once in so many rounds as there are nodes, and at the end. */
export const mass: CheckerFactory = (fleet) => new MassChecker(fleet);

class MassChecker implements Checker {
  readonly name = 'mass';
  private readonly fleet: Fleet;
  private readonly numbers: ReadonlyMap<string, number>;
  private readonly samples: number[] = [];
  private begun = 0;
  private hasCrashed = false;
  private rounds = 0;

  constructor(fleet: Fleet) {
    this.fleet = fleet;
    this.numbers = new Map(fleet.settings.map(({ self }, i) => [self, i]));
  }

  onInput(node: number, input: Input): void {
    if (input.kind === 'started') this.samples[node] = input.samples;
  }

  onDown(): void {
    this.hasCrashed = true;
  }

  onEffect(node: number, effect: Effect, nowMs: number): void {
    if (effect.kind !== 'emit') return;
    if (effect.event.type === 'joined') this.begun += Math.max(1, this.samples[node] as number);
    if (effect.event.type !== 'round') return;
    if (++this.rounds % this.fleet.settings.length === 0) this.check(nowMs);
  }

  onEnd(nowMs: number): void {
    this.check(nowMs);
  }

  private check(nowMs: number): void {
    const { now, settings } = this.fleet;
    let total = 0;
    for (const [i, { core }] of now.entries()) {
      const balance = core?.mass;
      if (balance === undefined) continue;
      total += balance.held;
      for (const [peer, { epoch, weight }] of balance.sent) {
        const receiver = now[this.numbers.get(peer) as number]?.core?.mass;
        const heard = receiver?.heard.get(settings[i]?.self as string);
        total += weight - (heard?.epoch === epoch ? heard.weight : 0);
      }
    }
    const isMore = total > this.begun * (1 + rounding);
    const isLess = total < this.begun * (1 - rounding) && !this.hasCrashed;
    if (!isMore && !isLess) return;
    const seen = `all nodes together have a mass of ${total}, and began with ${this.begun}`;
    throw new InvariantViolated(this.name, undefined, nowMs, seen);
  }
}
