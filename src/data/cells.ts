// Text cells to numbers, times, labels and splits. Owns what a cell may hold; knows nothing of files or columns.

/** What is wrong with one cell; the reader adds file, line and column. */
export class CellError extends Error {
  override name = 'CellError';
}

const decimal = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;
const nonFinite = /^\s*[+-]?(?:nan|inf|infinity)\s*$/i;
const dateTime =
  /^\s*(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?\s*(Z|[+-]\d\d(?::?\d\d)?)?)?\s*$/i;

/** A sensor cell as a number; NaN where the cell is empty. Throws CellError on text and on an explicit non-finite value. */
export function parseNumber(cell: string): number {
  if (decimal.test(cell)) {
    const value = Number(cell);
    if (Number.isFinite(value)) return value;
  } else {
    if (cell.trim() === '') return Number.NaN;
    if (!nonFinite.test(cell)) {
      throw new CellError(`has the text ${quote(cell)} where a number is needed; correct it, or empty the cell`);
    }
  }
  throw new CellError(`has the non-finite value ${quote(cell)}; empty the cell where the value is missing`);
}

/**
 * A time cell in milliseconds since the epoch: ISO 8601 or 'YYYY-MM-DD HH:MM:SS' (UTC where no zone is given), or a
 * number of seconds. Throws CellError on anything else, also on an empty cell.
 */
export function parseTimeMs(cell: string): number {
  if (decimal.test(cell)) {
    const seconds = Number(cell);
    if (Number.isFinite(seconds * 1000)) return seconds * 1000;
  }
  const parts = dateTime.exec(cell);
  if (parts !== null) {
    const part = (index: number): number => Number(parts[index] ?? 0);
    const month = part(2) - 1;
    const dayMs = Date.UTC(part(1), month, part(3));
    // Date.UTC rolls 31 February over into March; only a date that stays as written is a date.
    const exists = new Date(dayMs).getUTCMonth() === month;
    if (exists && part(4) < 24 && part(5) < 60 && part(6) < 60) {
      return dayMs + (part(4) * 60 + part(5)) * 60_000 + part(6) * 1000 - zoneMs(parts[7]);
    }
  }
  const found = cell.trim() === '' ? 'an empty cell' : `the text ${quote(cell)}`;
  throw new CellError(`has ${found} where a time is needed; write 2024-01-31 23:59:59 (UTC) or a number of seconds`);
}

/** A label cell: 0 normal, 1 anomalous. Throws CellError on anything else. */
export function parseLabel(cell: string): 0 | 1 {
  if (decimal.test(cell)) {
    const value = Number(cell);
    if (value === 0 || value === 1) return value;
  }
  throw new CellError(`has ${quote(cell)} where a label is needed; write 0 (normal) or 1 (anomalous)`);
}

/** A split cell: 'train' or 'test'. Throws CellError on anything else. */
export function parseSplit(cell: string): 'train' | 'test' {
  const word = cell.trim();
  if (word === 'train' || word === 'test') return word;
  throw new CellError(`has ${quote(cell)} where a split is needed; write train or test`);
}

/** A name cell (device, instance) without surrounding blanks. Throws CellError when it is empty. */
export function parseName(cell: string): string {
  const name = cell.trim();
  if (name === '') throw new CellError('has an empty cell where a name is needed');
  return name;
}

/** A cell as shown in a message: in single quotes, at most 40 characters, control characters as '?'. */
export function quote(cell: string): string {
  const shown = cell.length > 40 ? `${cell.slice(0, 40)}…` : cell;
  return `'${shown.replace(/\p{Cc}/gu, '?')}'`;
}

function zoneMs(zone: string | undefined): number {
  if (zone === undefined || zone.toUpperCase() === 'Z') return 0;
  const sign = zone.startsWith('-') ? -1 : 1;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(-2)) * (zone.length > 3 ? 1 : 0);
  return sign * (hours * 60 + minutes) * 60_000;
}
