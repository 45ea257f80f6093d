// Invariant: what a node keeps is bounded by its settings and its neighbours, whatever arrives.
import { keptPerPeer, sendersMax } from '../../gossip/inbox.ts';
import { offersKept } from '../../gossip/offers.ts';
import type { Held, Input } from '../../gossip/protocol.ts';
import { type Checker, type CheckerFactory, type Fleet, violation } from './checker.ts';

/** Looks when a round is about to be mixed, since then most updates wait. */
export const boundedMemory: CheckerFactory = (fleet) => new BoundedMemory(fleet);

class BoundedMemory implements Checker {
  readonly name = 'bounded-memory';
  private readonly fleet: Fleet;
  private readonly neighbours: Int32Array;
  private readonly neighboursMost: Int32Array;

  constructor(fleet: Fleet) {
    this.fleet = fleet;
    this.neighbours = new Int32Array(fleet.settings.length);
    this.neighboursMost = new Int32Array(fleet.settings.length);
  }

  onInput(node: number, { kind }: Input, nowMs: number): void {
    switch (kind) {
      case 'peerUp':
        this.neighbours[node]!++;
        this.neighboursMost[node] = Math.max(this.neighboursMost[node]!, this.neighbours[node]!);
        return;
      case 'peerDown':
        this.neighbours[node]!--;
        return;
      case 'trained':
      case 'timerFired':
        this.check(node, nowMs);
        return;
    }
  }

  onDown(node: number): void {
    this.neighbours[node] = 0;
    this.neighboursMost[node] = 0;
  }

  private check(node: number, nowMs: number): void {
    const { scaler } = this.fleet.settings[node]!;
    const { core } = this.fleet.now[node]!;
    if (core === undefined) return;
    const { held } = core;
    const peers = this.neighboursMost[node]!;
    const bounds: Held = {
      peers,
      senders: Math.max(sendersMax, peers),
      waiting: keptPerPeer * held.senders,
      offered: offersKept,
      origins: scaler?.originsMax ?? 0,
      silent: held.peers,
    };
    for (const key of heldKeys) {
      if (held[key] <= bounds[key]) continue;
      throw violation(this, this.fleet, node, nowMs, `keeps ${held[key]} ${key}, at most ${bounds[key]} are right`);
    }
  }
}

const heldKeys = ['peers', 'senders', 'waiting', 'offered', 'origins', 'silent'] as const satisfies (keyof Held)[];
