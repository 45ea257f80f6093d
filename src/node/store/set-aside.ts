// What becomes of a damaged database file: another name, and a bound on how many there are.
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Damaged files that are kept. A dying disk must not fill itself with them. */
const damagedMax = 3;

/**
 * Renames the database at `path` and its log to a name with the time (milliseconds since the epoch), which it returns, and
 * removes all such files but the three newest. Throws the file system's errors.
 */
export function setAside(path: string, timeMs: number): string {
  const time = new Date(timeMs).toISOString().replaceAll(/[-:.]/g, '');
  const aside = `${path}.damaged-${time}`;
  for (const suffix of ['', '-wal', '-shm', '-journal']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
  forgetOldest(dirname(path), `${basename(path)}.damaged-`);
  return aside;
}

function forgetOldest(folder: string, prefix: string): void {
  const names = readdirSync(folder).filter((name) => name.startsWith(prefix));
  const times = [...new Set(names.map((name) => name.slice(prefix.length).split('-')[0] as string))].sort();
  for (const old of times.slice(0, -damagedMax)) {
    for (const name of names.filter((name) => name.startsWith(prefix + old))) rmSync(join(folder, name));
  }
}
