// What watches a simulated fleet: the interface of a checker, what it may look at, and the error of a broken invariant.
// Owns no invariant.
import type { CoreSettings, Effect, Held, Input } from '../../gossip/protocol.ts';
import type { MassBalance } from '../../gossip/push-sum.ts';

/** A simulated fleet as checkers see it: to look at, at any moment, and never to change. By number of the node. */
export interface Fleet {
  readonly settings: readonly CoreSettings[];
  readonly now: readonly FleetState[];
}

/** What a node is at the moment. */
export interface FleetState {
  /** Undefined while the node is down. */
  readonly core: { readonly held: Held; readonly mass: MassBalance | undefined } | undefined;
  /** Virtual milliseconds that a round of training takes that begins now. */
  readonly trainMs: number;
  /** From milliseconds of the node's own clock to virtual ones. */
  virtualMs(localMs: number): number;
}

/**
 * One invariant, watched. A node is its number, times are virtual milliseconds. Every method throws InvariantViolated where
 * the invariant is broken, and nothing else; none changes what it is given or keeps it longer than it says.
 */
export interface Checker {
  /** In lower-case words joined by hyphens. */
  readonly name: string;
  /** Before a core handles an input. */
  onInput?(node: number, input: Input, nowMs: number): void;
  /** After a core has handled an input, for each effect in order, before the effect is carried out. */
  onEffect?(node: number, effect: Effect, nowMs: number): void;
  /** A node is about to crash: after this it knows nothing any more but its checkpoint, from which its next input, 'started', may begin. */
  onDown?(node: number): void;
  /** Before each event of the simulation, of the time that it happens at. */
  onTime?(nowMs: number): void;
  /** Once, when every node has finished or is down for ever. */
  onEnd?(nowMs: number): void;
}

/** Makes the checker of one simulation. */
export type CheckerFactory = (fleet: Fleet) => Checker;

/** An invariant does not hold: a bug of ours. */
export class InvariantViolated extends Error {
  override name = 'InvariantViolated';
  /** Name of the checker. */
  readonly checker: string;
  /** The node's name; undefined where it is nobody's alone. */
  readonly node: string | undefined;
  /** Virtual time. */
  readonly atMs: number;

  /** @param seen what was seen, to be read after the node's name. */
  constructor(checker: string, node: string | undefined, atMs: number, seen: string) {
    super(`${checker}: at ${atMs} ms ${node === undefined ? '' : `${node} `}${seen}`);
    this.checker = checker;
    this.node = node;
    this.atMs = atMs;
  }
}

/** The error of `checker` about node number `node` of `fleet`. */
export function violation(checker: Checker, fleet: Fleet, node: number, atMs: number, seen: string): InvariantViolated {
  return new InvariantViolated(checker.name, fleet.settings[node]?.self, atMs, seen);
}
