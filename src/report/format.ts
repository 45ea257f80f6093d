// How numbers and names are written in the report: the same text on every machine, whatever its locale.

/** Stands where there is no number. */
export const missing = '–';

/** `value` with `digits` decimals and a true minus sign; a dash for null. Never '−0.000'. */
export function fixed(value: number | null, digits = 3): string {
  if (value === null) return missing;
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** As `fixed`, with a plus sign before what is above zero after rounding. */
export function signed(value: number | null, digits = 3): string {
  const text = fixed(value, digits);
  return value !== null && value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

/** Both ends of an interval: '−0.002 to 0.010'; a dash for null. */
export function interval(ci95: readonly [number, number] | null, digits = 3): string {
  return ci95 === null ? missing : `${fixed(ci95[0], digits)} to ${fixed(ci95[1], digits)}`;
}

/** A whole number with commas: 1,234,567. */
export function count(value: number): string {
  return fixed(value, 0).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A number with its noun: '1 seed', '5 seeds'. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** Bytes in decimal units: '950 B', '12.3 kB', '1.50 MB'. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let scaled = value;
  let unit = 0;
  // 999.5 would be written as 1000.
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  return `${significant(scaled, unit === 0)} ${units[unit]}`;
}

/** Seconds as a person says them: '0.42 s', '12.30 s', '3 min 05 s', '2 h 10 min'. */
export function duration(seconds: number): string {
  if (seconds < 99.995) return `${seconds.toFixed(2)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** A share in [0, 1] as '12.3 %'; what is above zero is never written as 0. */
export function percent(share: number): string {
  if (share > 0 && share < 0.0005) return '< 0.1 %';
  return `${(100 * share).toFixed(1)} %`;
}

/** A loss or a distance, of any magnitude, with three significant digits. */
export function magnitude(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  const text = size >= 0.001 && size < 100_000 ? String(Number(size.toPrecision(3))) : size.toExponential(2);
  return `${value < 0 ? '−' : ''}${text.replace('e+', 'e').replace('e-', 'e−')}`;
}

/** At most `length` characters, the middle left out: the ends tell the parts of a device apart. */
export function shortened(name: string, length: number): string {
  const characters = [...name];
  if (characters.length <= length) return name;
  const head = Math.ceil((length - 1) / 2);
  return `${characters.slice(0, head).join('')}…${characters.slice(characters.length - (length - 1 - head)).join('')}`;
}

/** Orders names with their numbers by size: 'well-2' before 'well-10'. */
export function byName(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}

/** Words as in a sentence: 'a', 'a and b', 'a, b and c'. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

const collator = new Intl.Collator('en', { numeric: true });

function significant(value: number, isWhole: boolean): string {
  if (isWhole || value >= 99.95) return value.toFixed(0);
  return value.toFixed(value >= 9.995 ? 1 : 2);
}
