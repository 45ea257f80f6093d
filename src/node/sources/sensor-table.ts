// Which sensor a name at the source means, in which unit. Owns mapping and conversion; counts nothing.
import { parseNumber, quote } from '../../data/cells.ts';
import { suggest } from '../../data/layout.ts';
import { OperatorError } from '../../lib/errors.ts';
import type { Sensor } from './source.ts';
import { isSameUnit } from './units.ts';

/** Where a sensor's values are at the source. */
export interface Point {
  /** Its name there: a column, a JSON key, a metric, a node id, or what stands for {sensor} in a topic. */
  from: string;
  /** The unit there, where the source does not say or says it wrongly. */
  unit?: string | undefined;
  /** A value of the manifest's unit is `value * factor + offset`. */
  factor?: number | undefined;
  offset?: number | undefined;
}

/** Points by the manifest's name of the sensor; a sensor without one is found by its own name. */
export type Mapping = Readonly<Record<string, Point>>;

/** A sensor as the source has it. */
export interface Slot {
  /** Position in the manifest. */
  index: number;
  name: string;
  /** Its name at the source. */
  from: string;
  unit: string | undefined;
  /** The unit of the source that its values are taken in; undefined where any will do. */
  expectedUnit: string | undefined;
  /** Whether the mapping states the unit, so that what the source says of it does not count. */
  isDeclared: boolean;
  factor: number;
  offset: number;
}

/** The sensors of the manifest by their names at one source. */
export class SensorTable {
  /** Whether sensors are added as their names come. Not here: the manifest has them all. */
  readonly isOpen: boolean = false;
  private readonly known: Slot[];
  private readonly byName = new Map<string, Slot>();

  /** Throws OperatorError where the mapping names no sensor of the manifest, one name twice, or a unit that needs a factor. */
  constructor(sensors: readonly Sensor[], mapping: Mapping) {
    const names = sensors.map(({ name }) => name);
    for (const name of Object.keys(mapping)) {
      if (!names.includes(name)) {
        throw new OperatorError(`sensors.${name}: the federation has no sensor ${quote(name)}${suggest(name, names)}`);
      }
    }
    this.known = sensors.map((sensor, index) => slotOf(sensor, index, mapping[sensor.name]));
    for (const slot of this.known) {
      const other = this.byName.get(slot.from);
      if (other !== undefined) {
        throw new OperatorError(
          `sensors.${slot.name}: ${quote(slot.from)} is already where ${quote(other.name)} comes from; give each its own`,
        );
      }
      this.byName.set(slot.from, slot);
    }
  }

  /** In the manifest's order. */
  get slots(): readonly Slot[] {
    return this.known;
  }

  /** Values of a sample. */
  get width(): number {
    return this.known.length;
  }

  /** The sensor of the first of `names` that is one. */
  find(...names: readonly string[]): Slot | undefined {
    for (const name of names) {
      const slot = this.byName.get(name);
      if (slot !== undefined) return slot;
    }
    return undefined;
  }

  /** What becomes of a name that find() does not know: nothing, where a manifest says what there is. */
  meet(_name: string): Slot | undefined {
    return undefined;
  }

  /** The value that `text` of `slot` says, NaN where it is empty. Throws CellError for what is no number. */
  number(_slot: Slot, text: string): number {
    return parseNumber(text);
  }

  /** False where values of `slot` in `unit`, as the source calls it, cannot be used. */
  accepts(slot: Slot, unit: string | undefined): boolean {
    if (slot.isDeclared || unit === undefined || unit.trim() === '' || slot.expectedUnit === undefined) return true;
    return isSameUnit(unit, slot.expectedUnit);
  }

  protected add(slot: Slot): void {
    this.known.push(slot);
    this.byName.set(slot.from, slot);
  }
}

/** The slot of a sensor. Throws OperatorError where `point` has another unit and no conversion. */
export function slotOf({ name, unit }: Sensor, index: number, point: Point | undefined): Slot {
  const { from = name, factor = 1, offset = 0 } = point ?? {};
  const isConverted = point?.factor !== undefined || point?.offset !== undefined;
  const declared = point?.unit;
  if (declared !== undefined && unit !== undefined && !isConverted && !isSameUnit(declared, unit)) {
    throw new OperatorError(
      `sensors.${name}.unit: the source has ${quote(declared)} and the federation ${quote(unit)}; add factor and offset to convert`,
    );
  }
  const expectedUnit = isConverted ? undefined : unit;
  return { index, name, from, unit, expectedUnit, isDeclared: declared !== undefined, factor, offset };
}
