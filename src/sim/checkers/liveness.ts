// Invariant: every node that is up goes on. None stays in one round longer than its settings allow, whatever befalls others.
import type { CoreSettings, Effect, Input } from '../../gossip/protocol.ts';
import {
  type Checker,
  type CheckerFactory,
  type Fleet,
  type FleetState,
  InvariantViolated,
  violation,
} from './checker.ts';

/** Times are sums of float64; they may differ from the same sums in another order by this share. */
const rounding = 1e-9;

/**
 * No loss, no silence of others and no message of theirs keeps a node from its next round; so all finish but those that are
 * down for ever. A fleet in which nothing is planned any more ends by an assertion of its own.
 */
export const liveness: CheckerFactory = (fleet) => new Liveness(fleet);

class Liveness implements Checker {
  readonly name = 'liveness';
  private readonly fleet: Fleet;
  /** When each node must have come to its next round; Infinity where nothing is to come. */
  private readonly dueMs: Float64Array;
  /** All nodes are looked at once in the time of the longest round, so that an event costs the same in any fleet. */
  private lookEveryMs: number;
  private readonly eventsAtOnceMax: number;
  private nextLookMs = 0;
  private nowMs = 0;
  private eventsAtOnce = 0;

  constructor(fleet: Fleet) {
    this.fleet = fleet;
    this.dueMs = new Float64Array(fleet.settings.length).fill(Number.POSITIVE_INFINITY);
    const roundsMs = fleet.settings.map((settings, node) => roundMsMax(settings, fleet.now[node]!));
    this.lookEveryMs = roundsMs.reduce((longest, each) => Math.max(longest, each), 0);
    // Everyone may send everyone a few messages at one time, where nothing takes time; all in a circle would go on for ever.
    this.eventsAtOnceMax = 1000 * (1 + fleet.settings.length) ** 2;
  }

  onTime(nowMs: number): void {
    this.eventsAtOnce = nowMs === this.nowMs ? this.eventsAtOnce + 1 : 0;
    this.nowMs = nowMs;
    if (this.eventsAtOnce > this.eventsAtOnceMax) {
      throw new InvariantViolated(this.name, undefined, nowMs, `time stood still for ${this.eventsAtOnce} events`);
    }
    if (nowMs < this.nextLookMs) return;
    this.nextLookMs = nowMs + this.lookEveryMs;
    this.look(nowMs);
  }

  onInput(node: number, { kind }: Input, nowMs: number): void {
    if (kind !== 'started') return;
    this.expect(node, nowMs, this.fleet.now[node]!.virtualMs(joinMsMax(this.fleet.settings[node]!)));
  }

  onEffect(node: number, effect: Effect, nowMs: number): void {
    if (effect.kind === 'train') {
      const roundMs = roundMsMax(this.fleet.settings[node]!, this.fleet.now[node]!);
      this.lookEveryMs = Math.max(this.lookEveryMs, roundMs);
      this.expect(node, nowMs, roundMs);
    }
    if (effect.kind === 'emit' && (effect.event.type === 'finished' || effect.event.type === 'diverged')) {
      this.onDown(node);
    }
  }

  onDown(node: number): void {
    this.dueMs[node] = Number.POSITIVE_INFINITY;
  }

  onEnd(nowMs: number): void {
    this.look(nowMs);
  }

  private expect(node: number, nowMs: number, withinMs: number): void {
    this.dueMs[node] = (nowMs + withinMs) * (1 + rounding);
  }

  private look(nowMs: number): void {
    const late = this.dueMs.findIndex((dueMs) => dueMs < nowMs);
    if (late === -1) return;
    const seen = `has not come to its next round by ${this.dueMs[late]} ms`;
    throw violation(this, this.fleet, late, nowMs, seen);
  }
}

/** The longest time from the training of a round, which may be its second, to the next training. */
function roundMsMax({ rounds, roundIntervalMs, roundTimeoutMs }: CoreSettings, state: FleetState): number {
  const { trainMs } = state;
  return rounds === 'synchronous'
    ? trainMs + state.virtualMs(roundTimeoutMs)
    : Math.max(trainMs, state.virtualMs(roundIntervalMs));
}

/** The longest joining: each new origin of moments makes a node wait once more. */
function joinMsMax({ settleMs, scaler }: CoreSettings): number {
  return settleMs * (1 + (scaler?.originsMax ?? 0));
}
