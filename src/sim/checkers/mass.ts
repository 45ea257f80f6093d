// Invariant: push-sum makes no mass, and loses none but with a node that loses its memory.
import type { Mass } from '../../gossip/codec.ts';
import type { Effect, Input } from '../../gossip/protocol.ts';
import { type Checker, type CheckerFactory, type Fleet, InvariantViolated } from './checker.ts';

/** Share of the mass that float64 sums may be off by. */
const rounding = 1e-9;

/**
 * Adds up what all nodes hold and what is on its way, once in so many rounds as there are nodes, and at the end. Looks no
 * more once a node says that it may have lost some, since then nobody knows what is on its way.
 */
export const mass: CheckerFactory = (fleet) => new MassChecker(fleet);

class MassChecker implements Checker {
  readonly name = 'mass';
  private readonly fleet: Fleet;
  private readonly numbers: ReadonlyMap<string, number>;
  private readonly samples: number[] = [];
  /** By node that has crashed. */
  private readonly heardBefore: ReadonlyMap<string, Mass>[] = [];
  private begun = 0;
  private hasCrashed = false;
  private isOver = false;
  private rounds = 0;

  constructor(fleet: Fleet) {
    this.fleet = fleet;
    this.numbers = new Map(fleet.settings.map(({ self }, i) => [self, i]));
  }

  onInput(node: number, input: Input): void {
    if (input.kind === 'started') this.samples[node] = input.samples;
  }

  onDown(node: number): void {
    this.hasCrashed = true;
    const mass = this.fleet.now[node]?.core?.mass;
    this.isOver ||= mass?.mayHaveLost ?? false;
    // What it had taken in is not on its way any more; where it has heard nothing since its last start, what it had before that.
    const heard = new Map(this.heardBefore[node]);
    for (const [peer, { epoch, sequence, weight }] of mass?.heard ?? []) heard.set(peer, { epoch, sequence, weight });
    this.heardBefore[node] = heard;
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
      this.isOver ||= balance.mayHaveLost;
      if (this.isOver) return;
      total += balance.held;
      for (const [peer, { epoch, weight }] of balance.sent) {
        const receiver = this.numbers.get(peer) as number;
        const self = settings[i]?.self as string;
        const heard = [now[receiver]?.core?.mass?.heard.get(self), this.heardBefore[receiver]?.get(self)];
        total += weight - Math.max(0, ...heard.map((sums) => (sums?.epoch === epoch ? sums.weight : 0)));
      }
    }
    const isMore = total > this.begun * (1 + rounding);
    const isLess = total < this.begun * (1 - rounding) && !this.hasCrashed;
    if (!isMore && !isLess) return;
    const seen = `all nodes together have a mass of ${total}, and began with ${this.begun}`;
    throw new InvariantViolated(this.name, undefined, nowMs, seen);
  }
}
