// Which names a source has, where no manifest says it yet: every name becomes a sensor as it comes. Owns that, and what is found
// of units and text; values go the way of all samples.
import { CellError, parseNumber } from '../../data/cells.ts';
import { OperatorError } from '../../lib/errors.ts';
import { SourceProfile } from '../source-profile.ts';
import { type Mapping, SensorTable, type Slot, slotOf } from './sensor-table.ts';

/** As many as a manifest takes. */
export const learntSensorsMax = 1024;

/** Longer ones are cut, which is long enough to see that no manifest takes them; names of megabytes must not fill memory. */
const nameLengthMax = 200;

/** A table that learns. It begins with the sensors of the mapping, whose names are the operator's. */
export class LearningTable extends SensorTable {
  override readonly isOpen = true;
  /** Names in the order of the slots, their units, and what was no number. */
  readonly profile = new SourceProfile(learntSensorsMax);
  /** Whether there were more names than a manifest takes. */
  isOverfull = false;

  /** Throws OperatorError where the mapping gives one name twice, or has too many. */
  constructor(mapping: Mapping) {
    super(
      Object.keys(mapping).map((name) => ({ name })),
      mapping,
    );
    if (this.slots.length > learntSensorsMax) {
      throw new OperatorError(
        `sensors: has ${this.slots.length} entries, and a federation at most ${learntSensorsMax}; map fewer`,
      );
    }
    for (const { name } of this.slots) {
      const { unit, factor, offset } = mapping[name]!;
      this.profile.declare(name, factor === undefined && offset === undefined ? unit : undefined);
    }
  }

  /** That of every sample, however many names there are yet. */
  override get width(): number {
    return learntSensorsMax;
  }

  override meet(given: string): Slot | undefined {
    const name = given.slice(0, nameLengthMax);
    // A mapped sensor has its values from another name.
    if (name.trim() === '' || this.slots.some((slot) => slot.name === name)) return undefined;
    if (this.slots.length >= learntSensorsMax) this.isOverfull = true;
    if (this.isOverfull) return undefined;
    const slot = slotOf({ name }, this.slots.length, undefined);
    this.add(slot);
    this.profile.declare(name, undefined);
    return slot;
  }

  override accepts(slot: Slot, unit: string | undefined): boolean {
    const isSettled = slot.isDeclared || slot.factor !== 1 || slot.offset !== 0;
    if (unit !== undefined && unit.trim() !== '' && !isSettled) this.profile.declare(slot.name, unit.trim());
    return true;
  }

  override number(slot: Slot, text: string): number {
    try {
      return parseNumber(text);
    } catch (error) {
      if (!(error instanceof CellError)) throw error;
      this.profile.observeText(slot.name, undefined, text);
      return Number.NaN;
    }
  }
}
