// Lines of CSV to samples. Owns header and cells; a bad line is counted and left out, unlike in the files of a scenario.
import { parse } from 'csv-parse/sync';
import { CellError, quote } from '../../data/cells.ts';
import { splitUnit } from '../../data/header-unit.ts';
import { defaultColumns, suggest } from '../../data/layout.ts';
import { messageOf, OperatorError } from '../../lib/errors.ts';
import type { Line } from './line-splitter.ts';
import { liveTimeMs } from './live-time.ts';
import type { Readings } from './readings.ts';
import type { Slot } from './sensor-table.ts';
import type { Sample } from './source.ts';

interface Header {
  width: number;
  time: number | undefined;
  columns: { at: number; slot: Slot; isUsed: boolean }[];
  /** Columns that are no sensor. */
  unknown: readonly number[];
}

/** Columns that a file for scenarios may have, and a live source has no use for. */
const otherColumns: readonly string[] = [
  defaultColumns.device,
  defaultColumns.instance,
  defaultColumns.label,
  defaultColumns.split,
];

/** Reads the lines of one CSV, its header first. */
export class CsvRows {
  private readonly readings: Readings;
  private readonly timeColumn: string;
  private readonly arrivedMs: (() => number) | undefined;
  private readonly name: string;
  private header: Header | undefined;
  /** Of the file before this one. */
  private earlier: Header | undefined;

  /** @param arrivedMs time of rows where there is no time column; undefined where a time column is needed */
  constructor(name: string, timeColumn: string, readings: Readings, arrivedMs?: () => number) {
    this.name = name;
    this.timeColumn = timeColumn;
    this.readings = readings;
    this.arrivedMs = arrivedMs;
  }

  /**
   * The sample of a line; undefined for the header, for blank lines and for what cannot be read, which is counted. Throws
   * OperatorError for a first header without a sensor, or without the time column that is needed.
   */
  read(line: Line): Sample | undefined {
    if (typeof line !== 'string') {
      this.readings.malformed(`${this.name}: a line is too long`);
      return undefined;
    }
    if (line.trim() === '') return undefined;
    const cells = this.cells(line);
    if (cells === undefined) return undefined;
    if (this.header !== undefined) return this.row(cells, this.header);
    try {
      this.header = this.headerOf(cells);
      return undefined;
    } catch (error) {
      // A file that goes on where another ended may do without a header, and must not end the gateway.
      if (this.earlier === undefined || !(error instanceof OperatorError)) throw error;
      this.header = this.earlier;
      return this.row(cells, this.header);
    }
  }

  /** From here on lines are of another file. */
  restart(): void {
    this.earlier = this.header ?? this.earlier;
    this.header = undefined;
  }

  private cells(line: string): string[] | undefined {
    try {
      const [cells] = parse(line, { bom: true, relax_column_count: true, record_delimiter: '\n' }) as string[][];
      return cells;
    } catch (error) {
      this.readings.malformed(`${this.name}: a line is no CSV (${messageOf(error)})`);
      return undefined;
    }
  }

  private headerOf(cells: readonly string[]): Header {
    const names = cells.map((cell) => cell.trim());
    const time = names.indexOf(this.timeColumn);
    if (time < 0 && this.arrivedMs === undefined) {
      throw new OperatorError(
        `${this.name} line 1: there is no column ${quote(this.timeColumn)}${suggest(this.timeColumn, names)} Set time to the name of the column with the time stamps`,
      );
    }
    const columns: Header['columns'] = [];
    const unknown: number[] = [];
    const split = names.map(splitUnit);
    const times = Map.groupBy(split, (each) => each.name);
    for (const [at, name] of names.entries()) {
      if (at === time || otherColumns.includes(name)) continue;
      const { name: base, unit } = split[at]!;
      // A unit that is all that tells two columns apart stays in their names.
      const slot = this.readings.peek(name, base) ?? this.readings.meet(times.get(base)!.length > 1 ? name : base);
      if (slot === undefined) {
        unknown.push(at);
        this.readings.sayOnce(
          `unknown ${name}`,
          `${this.name}: column ${quote(name)} is no sensor of the federation and is not used`,
        );
      } else columns.push({ at, slot, isUsed: this.readings.accepts(slot, slot.from === name ? undefined : unit, 0) });
    }
    if (columns.length === 0) {
      throw new OperatorError(
        `${this.name} line 1: no column is a sensor of the federation (the header is ${quote(names.join(','))}); rename them or map them in sensors`,
      );
    }
    const found = new Set(columns.map(({ slot }) => slot));
    const missing = this.readings.slots.filter((slot) => !found.has(slot)).map(({ from }) => quote(from));
    if (missing.length > 0) {
      this.readings.sayOnce(
        `missing ${missing.join()}`,
        `${this.name}: there is no column ${missing.join(', ')}; those sensors stay without values from here`,
      );
    }
    return { width: names.length, time: time < 0 ? undefined : time, columns, unknown };
  }

  private row(cells: readonly string[], header: Header): Sample | undefined {
    if (cells.length !== header.width) {
      this.readings.malformed(`${this.name}: a row has ${cells.length} cells where the header has ${header.width}`);
      return undefined;
    }
    try {
      const timeMs = header.time === undefined ? this.arrivedMs!() : liveTimeMs(cells[header.time]!);
      const sample = this.readings.sample(timeMs);
      // All cells are read before one is counted, so that a bad line counts once.
      const values = header.columns.map(({ at, slot }) => this.readings.number(slot, cells[at]!));
      for (const [i, { slot, isUsed }] of header.columns.entries()) {
        if (isUsed) this.readings.put(sample, slot, values[i]!);
        else if (!Number.isNaN(values[i]!)) this.readings.sink.count('unitMismatch');
      }
      const strangers = header.unknown.filter((at) => cells[at]!.trim() !== '').length;
      if (strangers > 0) this.readings.sink.count('unknownSensor', strangers);
      return sample;
    } catch (error) {
      if (!(error instanceof CellError)) throw error;
      this.readings.malformed(`${this.name}: a row ${error.message}`);
      return undefined;
    }
  }
}
