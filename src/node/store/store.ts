// A gateway's state: what is kept in memory, and on disk as its copy. Owns which parts there are and when they go to disk together.
import type { FeatureRow } from '../intake/feature-row.ts';
import { Alerts } from './alerts.ts';
import { type CheckpointLimits, Checkpoints } from './checkpoints.ts';
import { Counters } from './counters.ts';
import { Facts } from './facts.ts';
import type { MirroredMap } from './mirrored-map.ts';
import { Outbox } from './outbox.ts';
import { StateFile, type StateFileOptions } from './state-file.ts';
import { windowRows } from './window-rows.ts';

/** Whose state, where, and how much of it. */
export interface StoreOptions extends Omit<StateFileOptions, 'folder'>, Omit<CheckpointLimits, 'federation'> {
  /** Alerts that are kept; default 1,000. */
  alertsMax?: number;
  /** Deliveries that wait at most; default 1,000. */
  deliveriesMax?: number;
}

/**
 * Opens the state of a gateway in `folder`, or begins it. Throws OperatorError where another gateway has it open, where it is
 * another federation's, another peer's or a newer release's, and where it is there and cannot be read.
 */
export function openStore(folder: string, options: StoreOptions): Store {
  return new Store(folder, options);
}

/**
 * Memory is what counts and the disk follows at each flush(): so a disk that is full, read-only or failing costs nothing but
 * what a power cut would then take. No call throws for the disk's sake; the event says when it fails and when it is back.
 */
export class Store {
  readonly checkpoints: Checkpoints;
  /** The reservoir's rows by slot. */
  readonly windows: MirroredMap<number, FeatureRow>;
  readonly alerts: Alerts;
  readonly outbox: Outbox;
  readonly counters = new Counters();
  readonly facts = new Facts();
  private readonly file: StateFile;
  private readonly maps: readonly MirroredMap<never, unknown>[];
  /** Which database has all but what changed since. */
  private generation: number;

  constructor(folder: string, options: StoreOptions) {
    const { alertsMax = 1000, deliveriesMax = 1000, features, onEvent } = options;
    this.checkpoints = new Checkpoints(options, () => this.flush(true));
    this.windows = windowRows(features);
    this.alerts = new Alerts(alertsMax);
    this.outbox = new Outbox(deliveriesMax, () => this.counters.add('outbox.dropped'));
    const parts = [this.checkpoints, this.alerts, this.outbox, this.counters, this.facts];
    this.maps = [this.windows, ...parts.map(({ map }) => map)] as MirroredMap<never, unknown>[];
    let damagedRows = 0;
    this.file = new StateFile({ ...options, folder }, (db) => {
      const failures: unknown[] = [];
      for (const map of this.maps) {
        try {
          damagedRows += map.load(db);
        } catch (error) {
          // What the other tables hold is still good.
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    });
    this.generation = this.file.generation;
    if (damagedRows > 0) {
      this.counters.add('store.damagedRows', damagedRows);
      onEvent({ type: 'damaged', sentence: `${this.file.path} had ${damagedRows} damaged rows, which were left out` });
    }
    this.flush();
  }

  /** True while the disk does not take what is written. */
  get degraded(): boolean {
    return this.file.degraded;
  }

  /**
   * Writes what changed since the last time, in one transaction; true where the disk is up to date then. With `durable` that holds
   * across a power cut; without, a power cut may undo the last writes, each as a whole.
   */
  flush(durable = false): boolean {
    const { file, maps } = this;
    if (file.isOpen && !file.degraded && !durable && maps.every(({ hasChanged }) => !hasChanged)) return true;
    const isWritten = file.write((db) => {
      const isOther = file.generation !== this.generation;
      for (const map of maps) map.write(db, isOther);
    }, durable);
    if (isWritten) {
      for (const map of maps) map.written();
      this.generation = file.generation;
    } else this.counters.add('store.failedWrites');
    return isWritten;
  }

  /** Writes what changed, synced, and closes the database. */
  close(): void {
    this.flush(true);
    this.file.close();
  }
}
