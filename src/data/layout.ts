// Which column of a CSV file is what. Owns the checks of a header against the configuration; reads no rows.
import { OperatorError } from '../lib/errors.ts';
import { nearest } from '../lib/nearest.ts';
import { CellError, parseTimeMs, quote } from './cells.ts';

/** Names of the columns that are not sensors; each may be absent from the file. */
export interface ColumnNames {
  device: string;
  instance: string;
  time: string;
  label: string;
  split: string;
}

/** The names taken when the operator gives none. */
export const defaultColumns: ColumnNames = {
  device: 'device',
  instance: 'instance',
  time: 'time',
  label: 'label',
  split: 'split',
};

/** Positions of columns in one file; undefined where the file lacks the column. */
export interface Layout {
  header: readonly string[];
  device: number | undefined;
  instance: number | undefined;
  time: number | undefined;
  label: number | undefined;
  split: number | undefined;
  sensors: readonly string[];
  /** Position of each of `sensors`. */
  sensorAt: readonly number[];
}

/** What of the configuration decides the layout. */
export interface LayoutConfig {
  columns: ColumnNames;
  ignore: readonly string[];
  sensors?: readonly string[] | undefined;
}

/** What a message calls the setting by which a column is named, or columns are left out. */
export type SettingName = (key: keyof ColumnNames | 'ignore' | 'sensors') => string;

const scenarioSetting: SettingName = (key) => (key in defaultColumns ? `data.columns.${key}` : `data.${key}`);

/**
 * Reads a header. Throws OperatorError when it is no header, names a column twice or not at all, lacks a column that the
 * configuration names on purpose, or leaves no sensor.
 */
export function layoutOf(
  cells: readonly string[],
  config: LayoutConfig,
  file: string,
  setting = scenarioSetting,
): Layout {
  const header = cells.map((cell) => cell.trim());
  checkHeader(header, file);
  const at = new Map(header.map((name, index) => [name, index]));
  const position = (key: keyof ColumnNames): number | undefined => {
    const name = config.columns[key];
    const index = at.get(name);
    if (index === undefined && name !== defaultColumns[key]) {
      throw new OperatorError(`${setting(key)}: ${file} has no column ${quote(name)}${suggest(name, header)}`);
    }
    return index;
  };
  const special = {
    device: position('device'),
    instance: position('instance'),
    time: position('time'),
    label: position('label'),
    split: position('split'),
  };
  for (const name of config.ignore) {
    if (!at.has(name))
      throw new OperatorError(`${setting('ignore')}: ${file} has no column ${quote(name)}${suggest(name, header)}`);
  }
  const reserved = new Set([...Object.values(config.columns), ...config.ignore]);
  const candidates = header.filter((name) => !reserved.has(name));
  const sensors = config.sensors ?? candidates;
  for (const [index, name] of sensors.entries()) {
    if (!candidates.includes(name)) {
      throw new OperatorError(
        `${setting('sensors')}: ${file} has no sensor column ${quote(name)}${suggest(name, candidates)}`,
      );
    }
    if (sensors.indexOf(name) !== index)
      throw new OperatorError(`${setting('sensors')}: ${quote(name)} is named twice; name it once`);
  }
  if (sensors.length === 0) {
    throw new OperatorError(
      `${file} line 1: no sensor column is left (the header is ${quote(header.join(','))}); check ${setting('ignore')}`,
    );
  }
  return { header, ...special, sensors, sensorAt: sensors.map((name) => at.get(name)!) };
}

/** Throws OperatorError unless both files have the same columns; their order may differ. */
export function checkSameColumns(first: Layout, firstFile: string, other: Layout, otherFile: string): void {
  const compare = (a: Layout, b: Layout): string | undefined => a.header.find((name) => !b.header.includes(name));
  const lacking = compare(first, other);
  const extra = compare(other, first);
  if (lacking === undefined && extra === undefined) return;
  const what =
    lacking !== undefined ? `lacks the column ${quote(lacking)} of` : `has a column ${quote(extra!)} that is not in`;
  throw new OperatorError(`${otherFile} line 1: the file ${what} ${firstFile}; give all files the same columns`);
}

/** ' (did you mean 'x'?)' or the known names, as the end of a message about an unknown name. */
export function suggest(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  if (near !== undefined) return `; did you mean ${quote(near)}?`;
  const shown = known.slice(0, 12).map(quote).join(', ');
  return `; there are ${shown === '' ? 'none' : shown}${known.length > 12 ? ', …' : ''}`;
}

function checkHeader(header: readonly string[], file: string): void {
  if (header.every(looksLikeData)) {
    throw new OperatorError(
      `${file} line 1: looks like data, not like a header (${quote(header.join(','))}); add a line of column names`,
    );
  }
  const unnamed = header.indexOf('');
  if (unnamed >= 0 && header.filter((name) => name === '').length > 1) {
    throw new OperatorError(
      `${file} line 1: columns ${unnamed + 1} and ${header.indexOf('', unnamed + 1) + 1} have no name; name them`,
    );
  }
  const twice = header.find((name, index) => header.indexOf(name) !== index);
  if (twice !== undefined)
    throw new OperatorError(`${file} line 1: the column ${quote(twice)} is named twice; rename one`);
  if (header.length === 1 && /[;\t|]/.test(header[0]!)) {
    throw new OperatorError(`${file} line 1: one column only (${quote(header[0]!)}); separate the cells by commas`);
  }
}

function looksLikeData(cell: string): boolean {
  if (cell === '') return true;
  try {
    parseTimeMs(cell);
    return true;
  } catch (error) {
    if (error instanceof CellError) return false;
    throw error;
  }
}
