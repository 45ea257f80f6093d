// Time stamps of live sources. Owns the rule for numbers.
import { parseTimeMs } from '../../data/cells.ts';

/** From here on a number is milliseconds: as seconds it would be past the year 5000. */
const millisecondsFrom = 1e11;

/**
 * A time stamp in milliseconds since the epoch: ISO 8601 (UTC where no zone is given), a number of seconds, or a number of
 * milliseconds, which is told by its size. Throws CellError on anything else.
 */
export function liveTimeMs(stamp: string | number): number {
  const timeMs = parseTimeMs(typeof stamp === 'number' ? String(stamp) : stamp);
  return isNumber(stamp) && Math.abs(timeMs) >= millisecondsFrom * 1000 ? timeMs / 1000 : timeMs;
}

function isNumber(stamp: string | number): boolean {
  return typeof stamp === 'number' || !/[-:]/.test(stamp.trim().slice(1).replace(/e-/i, 'e'));
}
