// A bounded sample of the gateway's normal feature rows, newer ones likelier. Owns which rows are kept and which of them are
// for training; whether a row is normal is the guard's, and the disk is the store's.
import type { Prng } from '../../lib/prng.ts';
import { type Moments, momentsOf } from '../../model/scaler.ts';
import type { FeatureRow } from '../intake/feature-row.ts';

/** Where rows are kept, by slot; the store's windows, or a Map. */
export interface RowSlots {
  get(slot: number): FeatureRow | undefined;
  set(slot: number, row: FeatureRow): void;
  delete(slot: number): void;
  entries(): Iterable<[number, FeatureRow]>;
}

/** How much is kept, and for how long. */
export interface ReservoirOptions {
  slots: RowSlots;
  prng: Prng;
  /** Values of a row. */
  features: number;
  /** Rows for training and rows for the threshold, at most. */
  trainRows: number;
  validateRows: number;
  /**
   * A full reservoir's rows are this many rows of their kind old on average, at least trainRows for training: with more, a row
   * is taken in with the probability trainRows / horizonRows only. The same share goes for validateRows.
   */
  horizonRows: number;
  /** Length of a block of time; a window is shorter. Every fifth block is for the threshold. */
  blockMs: number;
}

type Kind = 'train' | 'validate';

/** What became of a row: kept, in place of another one where full; left out as it lies in two kinds of block, by lot, or as no numbers. */
export type Placement = Kind | 'boundary' | 'passed' | 'unusable';

const kinds: readonly Kind[] = ['train', 'validate'];
const blocksPerCycle = 5;

/** Values of a larger magnitude are refused: their squares would not fit the moments that nodes exchange. */
const magnitudeMax = 1e40;

/**
 * Two biased reservoirs (Aggarwal, On biased reservoir sampling in the presence of stream evolution, VLDB 2006, algorithm
 * 3.1): in a full one a new row, where the lot falls on it, replaces a random one, so that the chance to be still there falls
 * exponentially with the rows that came since. Unlike there, nothing is replaced or passed over before it is full: a gateway is to
 * learn as soon as it can. The two kinds are split in time, so that no
 * sample of a window for the threshold was trained on.
 */
export class Reservoir {
  private readonly options: ReservoirOptions;
  /** Rows of each kind; they fill the slots 2i and 2i + 1 without a gap. */
  private readonly used: Record<Kind, number> = { train: 0, validate: 0 };
  private changes = 0;
  private moments: { of: number; value: Moments } | undefined;

  /** Goes on with the rows in the slots; those beyond the bounds, or after a lost one, are moved or dropped. */
  constructor(options: ReservoirOptions) {
    this.options = options;
    const { slots } = options;
    const found = [...slots.entries()].sort(([a], [b]) => a - b);
    for (const [slot, row] of found) {
      const kind = kinds[slot % 2] as Kind;
      const to = slotOf(kind, this.used[kind]);
      const isKept = row.values.length === options.features && this.used[kind] < this.capacityOf(kind);
      if (isKept) this.used[kind]++;
      if (isKept && to === slot) continue;
      slots.delete(slot);
      if (isKept) slots.set(to, row);
    }
  }

  /** Counts up whenever the training rows change. */
  get version(): number {
    return this.changes;
  }

  get trainCount(): number {
    return this.used.train;
  }

  get validateCount(): number {
    return this.used.validate;
  }

  /** Takes one row, whose values are not changed afterwards, by whoever gave it. */
  add(row: FeatureRow): Placement {
    const { prng, slots, horizonRows, trainRows } = this.options;
    if (!isUsable(row)) return 'unusable';
    const kind = this.kindOf(row);
    if (kind === undefined) return 'boundary';
    const capacity = this.capacityOf(kind);
    if (this.used[kind] < capacity) this.append(kind, row);
    else if (prng.nextFloat() < trainRows / horizonRows) slots.set(slotOf(kind, prng.nextInt(capacity)), row);
    else return 'passed';
    if (kind === 'train') this.changes++;
    return kind;
  }

  /** Rows × features, row-major, raw, NaN where missing. */
  trainValues(): Float64Array {
    return this.valuesOf('train');
  }

  /** As trainValues(), of the rows that the threshold is found on. */
  validateValues(): Float64Array {
    return this.valuesOf('validate');
  }

  /** Moments of the training rows. Computed anew where rows have changed: taking a row out of running sums loses digits each time. */
  trainMoments(): Moments {
    if (this.moments?.of !== this.changes) {
      this.moments = { of: this.changes, value: momentsOf(this.trainValues(), this.options.features) };
    }
    return this.moments.value;
  }

  private kindOf({ startMs, endMs }: FeatureRow): Kind | undefined {
    const { blockMs } = this.options;
    const [first, last] = [startMs, endMs].map((timeMs) => Math.floor(timeMs / blockMs)) as [number, number];
    const kind = kindOfBlock(first);
    return last - first <= 1 && kindOfBlock(last) === kind ? kind : undefined;
  }

  private capacityOf(kind: Kind): number {
    return kind === 'train' ? this.options.trainRows : this.options.validateRows;
  }

  private append(kind: Kind, row: FeatureRow): void {
    this.options.slots.set(slotOf(kind, this.used[kind]), row);
    this.used[kind]++;
  }

  private valuesOf(kind: Kind): Float64Array {
    const { slots, features } = this.options;
    const values = new Float64Array(this.used[kind] * features);
    for (let i = 0; i < this.used[kind]; i++) {
      values.set((slots.get(slotOf(kind, i)) as FeatureRow).values, i * features);
    }
    return values;
  }
}

/** Blocks are counted from the epoch, so that a restart splits time as before. */
function kindOfBlock(block: number): Kind {
  return block % blocksPerCycle === blocksPerCycle - 1 ? 'validate' : 'train';
}

function slotOf(kind: Kind, index: number): number {
  return 2 * index + kinds.indexOf(kind);
}

function isUsable({ startMs, endMs, values }: FeatureRow): boolean {
  const isPresent = values.some((value) => !Number.isNaN(value));
  return isPresent && startMs >= 0 && endMs >= startMs && values.every((value) => !(Math.abs(value) > magnitudeMax));
}
