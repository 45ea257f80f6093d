// A fleet of two nodes for checkers to look at, and events to show them.
import type { CoreEvent, CoreSettings, Effect, Held } from '../../../src/gossip/protocol.ts';
import { type Checker, type CheckerFactory, type Fleet, InvariantViolated } from '../../../src/sim/checkers/checker.ts';
import { toyNode } from '../../support/toy-fleet.ts';

/** What a core keeps of nothing. */
export const nothingHeld: Held = { peers: 0, senders: 0, waiting: 0, offered: 0, origins: 0, silent: 0 };

/** The checker of a fleet of n0 and n1, which train for 10 ms and have `changes` in their settings. */
export function checkerOf(
  create: CheckerFactory,
  changes: Partial<CoreSettings> = {},
  held: Held = nothingHeld,
): Checker & Required<Pick<Checker, 'onEffect' | 'onInput' | 'onDown' | 'onTime'>> {
  const nodes = [0, 1].map((i) => toyNode(i, changes));
  const fleet: Fleet = {
    settings: nodes.map(({ settings }) => settings),
    now: nodes.map(({ trainMs }) => ({ core: { held, mass: undefined }, trainMs, virtualMs: (localMs) => localMs })),
  };
  const checker = create(fleet);
  return {
    name: checker.name,
    onInput: (...args) => checker.onInput?.(...args),
    onEffect: (...args) => checker.onEffect?.(...args),
    onDown: (node) => checker.onDown?.(node),
    onTime: (nowMs) => checker.onTime?.(nowMs),
    onEnd: (nowMs) => checker.onEnd?.(nowMs),
  };
}

/** The end of a round that mixed `mixed`. */
export function roundOf(
  mixed: readonly { peer: string; round: number; stalenessRounds?: number }[],
  changes: Partial<Extract<CoreEvent, { type: 'round' }>> = {},
): Effect {
  return emitted({
    type: 'round',
    atMs: 0,
    round: 1,
    loss: 0,
    weights: new Float32Array(3),
    available: mixed.length,
    mixed: mixed.map((each) => ({ stalenessRounds: 0, ...each })),
    ...changes,
  });
}

/** A core's event as the effect that it comes in. */
export function emitted(event: CoreEvent): Effect {
  return { kind: 'emit', event };
}

/** For assert.throws(): the violation of `checker` by `node` whose text matches. */
export function violates(checker: string, node: string | undefined, text: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof InvariantViolated &&
    error.checker === checker &&
    error.node === node &&
    error.message.startsWith(`${checker}: at ${error.atMs} ms `) &&
    text.test(error.message);
}
