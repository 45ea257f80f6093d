// Invariant: every node goes on. None stays in one round longer than its settings allow, and all finish.
import type { CoreSettings, Effect, Input } from '../../gossip/protocol.ts';
import { type Checker, type CheckerFactory, type Fleet, InvariantViolated, violation } from './checker.ts';

/** Times are sums of float64; they may differ from the same sums in another order by this share. */
const rounding = 1e-9;

/** No loss, no silence of others and no message of theirs keeps a node from its next round. */
export const liveness: CheckerFactory = (fleet) => new Liveness(fleet);

class Liveness implements Checker {
  readonly name = 'liveness';
  private readonly fleet: Fleet;
  /** When each node must have come to its next round; Infinity where nothing is to come. */
  private readonly dueMs: Float64Array;
  private readonly roundMs: Float64Array;
  /** All nodes are looked at once in the time of the slowest one's round, so that an event costs the same in any fleet. */
  private readonly lookEveryMs: number;
  private readonly eventsAtOnceMax: number;
  private nextLookMs = 0;
  private nowMs = 0;
  private eventsAtOnce = 0;

  constructor(fleet: Fleet) {
    this.fleet = fleet;
    this.dueMs = new Float64Array(fleet.nodes.length).fill(Number.POSITIVE_INFINITY);
    this.roundMs = Float64Array.from(fleet.nodes, ({ settings, trainMs }) => roundMsMax(settings, trainMs));
    this.lookEveryMs = this.roundMs.reduce((longest, each) => Math.max(longest, each), 0);
    // Everyone may send everyone a few messages at one time, where nothing takes time; all in a circle would go on for ever.
    this.eventsAtOnceMax = 1000 * (1 + fleet.nodes.length) ** 2;
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
    if (kind === 'started') this.expect(node, nowMs, joinMsMax(this.fleet.nodes[node]!.settings));
    if (kind === 'stopped') this.expect(node, nowMs, Number.POSITIVE_INFINITY);
  }

  onEffect(node: number, effect: Effect, nowMs: number): void {
    if (effect.kind !== 'emit') return;
    switch (effect.event.type) {
      case 'joined':
      case 'round':
        this.expect(node, nowMs, this.roundMs[node]!);
        return;
      case 'diverged':
      case 'finished':
        this.expect(node, nowMs, Number.POSITIVE_INFINITY);
        return;
    }
  }

  onEnd(): void {
    // Nothing will come any more, however long one waits.
    this.look(Number.MAX_VALUE);
  }

  private expect(node: number, nowMs: number, withinMs: number): void {
    this.dueMs[node] = (nowMs + withinMs) * (1 + rounding);
  }

  private look(nowMs: number): void {
    const late = this.dueMs.findIndex((dueMs) => dueMs < nowMs);
    if (late === -1) return;
    const seen = `has not come to its next round by ${this.dueMs[late]} ms`;
    throw violation(this, this.fleet, late, this.nowMs, seen);
  }
}

/** The longest round: its training may fail once and begin again, and then the round's own time passes. */
function roundMsMax({ rounds, roundIntervalMs, roundTimeoutMs }: CoreSettings, trainMs: number): number {
  return rounds === 'synchronous' ? 2 * trainMs + roundTimeoutMs : trainMs + Math.max(trainMs, roundIntervalMs);
}

/** The longest joining: each new origin of moments makes a node wait once more. */
function joinMsMax({ settleMs, scaler }: CoreSettings): number {
  return settleMs * (1 + (scaler?.originsMax ?? 0));
}
