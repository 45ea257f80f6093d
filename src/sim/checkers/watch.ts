// Shows a simulation to its checkers. Owns which ones watch every run; decides nothing.
import type { Effect, Input } from '../../gossip/protocol.ts';
import { boundedMemory } from './bounded-memory.ts';
import type { Checker, CheckerFactory, Fleet } from './checker.ts';
import { eventOrder } from './event-order.ts';
import { finiteWeights } from './finite-weights.ts';
import { liveness } from './liveness.ts';
import { mass } from './mass.ts';
import { membersOnly } from './members-only.ts';
import { mixedOnce } from './mixed-once.ts';
import { stalenessBound } from './staleness-bound.ts';

/** Cheap enough for every simulation: each does a little an event, and looks at weights once a round. */
const always: readonly CheckerFactory[] = [
  eventOrder,
  mixedOnce,
  membersOnly,
  stalenessBound,
  boundedMemory,
  finiteWeights,
  liveness,
];

/** All checkers of one simulation. */
export class Watch {
  private readonly ofInputs: readonly Required<Pick<Checker, 'onInput'>>[];
  private readonly ofEffects: readonly Required<Pick<Checker, 'onEffect'>>[];
  private readonly ofCrashes: readonly Required<Pick<Checker, 'onDown'>>[];
  private readonly ofTime: readonly Required<Pick<Checker, 'onTime'>>[];
  private readonly ofEnd: readonly Required<Pick<Checker, 'onEnd'>>[];

  /**
   * @param more besides those that watch every run.
   * @param isHonest whether no message is changed on its way: who claims mass that nobody gave makes it.
   */
  constructor(fleet: Fleet, more: readonly CheckerFactory[], isHonest: boolean) {
    const hasMass = isHonest && fleet.settings.some(({ mixing }) => mixing === 'push-sum');
    const checkers = [...always, ...(hasMass ? [mass] : []), ...more].map((create) => create(fleet));
    this.ofInputs = checkers.filter((checker) => has(checker, 'onInput'));
    this.ofEffects = checkers.filter((checker) => has(checker, 'onEffect'));
    this.ofCrashes = checkers.filter((checker) => has(checker, 'onDown'));
    this.ofTime = checkers.filter((checker) => has(checker, 'onTime'));
    this.ofEnd = checkers.filter((checker) => has(checker, 'onEnd'));
  }

  /** Before a core handles an input. */
  onInput(node: number, input: Input, nowMs: number): void {
    for (const checker of this.ofInputs) checker.onInput(node, input, nowMs);
  }

  /** After a core has handled an input, before an effect of it is carried out. */
  onEffect(node: number, effect: Effect, nowMs: number): void {
    for (const checker of this.ofEffects) checker.onEffect(node, effect, nowMs);
  }

  /** After a crash. */
  onDown(node: number): void {
    for (const checker of this.ofCrashes) checker.onDown(node);
  }

  /** Before an event at `nowMs`. */
  onTime(nowMs: number): void {
    for (const checker of this.ofTime) checker.onTime(nowMs);
  }

  /** Once, at the end. */
  onEnd(nowMs: number): void {
    for (const checker of this.ofEnd) checker.onEnd(nowMs);
  }
}

function has<Key extends keyof Checker>(checker: Checker, key: Key): checker is Checker & Required<Pick<Checker, Key>> {
  return checker[key] !== undefined;
}
