// Values by name at the source to samples of the manifest's sensors. Owns counting and the first word about each kind of
// trouble; reads no format.
import { quote } from '../../data/cells.ts';
import type { SensorTable, Slot } from './sensor-table.ts';
import type { Sample, SourceSink } from './source.ts';

/** How many unknown names and wrong units are said; a source of endless new names must not fill memory. */
const saidMax = 32;

/** One run of a source: its table and where its samples go. */
export class Readings {
  readonly sink: SourceSink;
  private readonly table: SensorTable;
  private readonly said = new Set<string>();

  constructor(table: SensorTable, sink: SourceSink) {
    this.table = table;
    this.sink = sink;
  }

  /** The sensors as the source has them, in the manifest's order. */
  get slots(): readonly Slot[] {
    return this.table.slots;
  }

  /** A sample without a value yet. */
  sample(timeMs: number): Sample {
    return { timeMs, values: new Float64Array(this.table.width).fill(Number.NaN) };
  }

  /** The sensor that the first known of `names` means; undefined, and counted, where none is known. */
  slot(...names: readonly string[]): Slot | undefined {
    const slot = this.table.find(...names) ?? this.table.meet(names[0]!);
    if (slot === undefined) {
      this.sink.count('unknownSensor');
      this.sayOnce(`unknown ${names[0]}`, `${quote(names[0]!)} is no sensor of the federation and is not used`);
    }
    return slot;
  }

  /** As slot(), of names that are known already, and without counting. */
  peek(...names: readonly string[]): Slot | undefined {
    return this.table.find(...names);
  }

  /** What becomes of a name that peek() does not know; see SensorTable. */
  meet(name: string): Slot | undefined {
    return this.table.meet(name);
  }

  /** The value that `text` says. Throws CellError for what is no number. */
  number(slot: Slot, text: string): number {
    return this.table.number(slot, text);
  }

  /** True where `slot` can be used in `unit`, as the source calls it; else `values` of them are counted. */
  accepts(slot: Slot, unit: string | undefined, values = 1): boolean {
    if (this.table.accepts(slot, unit)) return true;
    if (values > 0) this.sink.count('unitMismatch', values);
    this.sayOnce(
      `unit ${slot.name}`,
      `${slot.name} comes in ${quote(unit!)} where the federation has ${quote(slot.unit!)}, and is not used; give unit, or factor and offset`,
    );
    return false;
  }

  /** Puts a value, in the source's unit, into `sample`; a value that is infinite is malformed, one that is NaN is none. */
  put(sample: Sample, slot: Slot, value: number): void {
    if (Number.isNaN(value)) return;
    const converted = value * slot.factor + slot.offset;
    if (Number.isFinite(converted)) sample.values[slot.index] = converted;
    else this.malformed(`${slot.name} has the value ${value}`);
  }

  /** Hands a sample on, and waits while the sink does; one that says nothing is left out. */
  async deliver(sample: Sample): Promise<void> {
    if (sample.stale === undefined && sample.values.every(Number.isNaN)) return;
    this.sink.count('samples');
    await this.sink.take(sample);
  }

  /** Counts something that cannot be read; the first is said. */
  malformed(what: string): void {
    this.sink.count('malformed');
    this.sayOnce('malformed', `${what}; this and others like it are counted as malformed`);
  }

  /** Counts a value that its source marks as bad. */
  badQuality(slot: Slot, status: string): void {
    this.sink.count('badQuality');
    this.sayOnce(`quality ${slot.name}`, `${slot.name} is marked ${status} by its source, and is not used while it is`);
  }

  /** Says a sentence the first time that `about` comes up in this run. */
  sayOnce(about: string, sentence: string): void {
    if (this.said.has(about) || this.said.size >= saidMax) return;
    this.said.add(about);
    this.sink.say(sentence);
  }
}
