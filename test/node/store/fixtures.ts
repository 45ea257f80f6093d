// A folder for a test's database, and small values to keep in it. Asserts nothing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Prng } from '../../../src/lib/prng.ts';
import type { Checkpoint } from '../../../src/node/store/checkpoints.ts';
import { digestOf } from '../../../src/node/store/mirrored-map.ts';
import type { StoreEvent } from '../../../src/node/store/state-file.ts';
import { openStore, type Store, type StoreOptions } from '../../../src/node/store/store.ts';
import { hashOf } from '../../support/live-federation.ts';

export const features = 3;

/** Options of one gateway, with the list of what it said. */
export function gateway(changes: Partial<StoreOptions> = {}): StoreOptions & { said: StoreEvent[] } {
  const said: StoreEvent[] = [];
  return {
    federation: hashOf('federation'),
    peer: 'peer-a',
    features,
    originsMax: 4,
    onEvent: (event) => said.push(event),
    wallClockMs: () => Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    said,
    ...changes,
  };
}

/** Folders of one suite, gone with it. */
export class Folders {
  private readonly made: string[] = [];

  make(): string {
    const folder = mkdtempSync(join(tmpdir(), 'rumormill-store-'));
    this.made.push(folder);
    return folder;
  }

  removeAll(): void {
    for (const folder of this.made.splice(0)) rmSync(folder, { recursive: true, force: true });
  }
}

/** A checkpoint that says its round in every value. */
export function checkpointOf(round: number, length = 10): Checkpoint {
  const one = Float64Array.of(round, round, round);
  return {
    weights: new Float32Array(length).fill(round),
    optimiser: { step: 4 * round, slots: new Float32Array(2 * length).fill(-round) },
    progress: {
      round,
      clockRound: round + 1,
      steps: 4 * round,
      origins: [{ peer: 'peer-a', version: 1, count: one, mean: one, m2: one }],
    },
  };
}

/** Something in every part of the state. */
export function fill(store: Store, seed = 'state'): void {
  const prng = new Prng(seed);
  for (let round = 1; round <= 3; round++) store.checkpoints.put(checkpointOf(round));
  for (let slot = 0; slot < 200; slot++) {
    const values = Float64Array.from({ length: features }, () => prng.nextGaussian());
    store.windows.set(slot, { startMs: slot * 1000, endMs: slot * 1000 + 900, values });
  }
  for (let id = 1; id <= 5; id++) store.alerts.put(alertOf(id));
  for (let i = 0; i < 5; i++) store.outbox.put(`body ${i}`);
  store.counters.add('samples', 17);
  store.facts.set('roster', Uint8Array.of(1, 2, 3));
  store.flush();
}

export function alertOf(id: number) {
  const sensors = [{ name: 'pressure', share: 0.75 }];
  return { id, startMs: id, endMs: id + 1, highest: 2, threshold: 1, sensors, isOpen: false, acknowledged: false };
}

/** All of the state in a form to compare. */
export function contentOf(store: Store) {
  return {
    checkpoint: store.checkpoints.latest(),
    windows: new Map(store.windows.entries()),
    alerts: store.alerts.list(),
    outbox: [...store.outbox.map.entries()],
    counters: store.counters.all(),
    facts: new Map([...store.facts.map.entries()].map(([name, bytes]) => [name, digestOf(name, bytes)])),
  };
}

/** Opens, works, closes. */
export function withStore<T>(folder: string, options: StoreOptions, work: (store: Store) => T): T {
  const store = openStore(folder, options);
  try {
    return work(store);
  } finally {
    store.close();
  }
}
