// Which sensors tell nothing on a node. Owns the rules for frozen and empty sensors; changes no values.
import type { Recording } from './types.ts';

/** For each sensor, what is wrong with it in some recordings; undefined where it is alive. */
export type SensorState = 'frozen' | 'empty' | undefined;

/**
 * A sensor is empty without any value, and frozen when it does not change within more than half of the recordings that hold
 * two or more values of it. A broken sensor often reports one constant, and another one after maintenance: asking for one
 * value over all recordings would miss it, or see it for one seed and not for the next. Where no recording holds two values
 * (windows of one row), a sensor is frozen when its value is the same in all.
 */
export function sensorStates(recordings: readonly Recording[], sensorCount: number): SensorState[] {
  return Array.from({ length: sensorCount }, (_, sensor) => stateOf(recordings, sensorCount, sensor));
}

function stateOf(recordings: readonly Recording[], sensorCount: number, sensor: number): SensorState {
  let first = Number.NaN;
  let changes = false;
  let still = 0;
  let moving = 0;
  for (const { values } of recordings) {
    let start = Number.NaN;
    let present = 0;
    let moves = false;
    for (let at = sensor; at < values.length; at += sensorCount) {
      const value = values[at]!;
      if (Number.isNaN(value)) continue;
      if (present === 0) start = value;
      else if (value !== start) moves = true;
      present += 1;
    }
    if (present === 0) continue;
    if (Number.isNaN(first)) first = start;
    if (start !== first || moves) changes = true;
    if (moves) moving += 1;
    else if (present > 1) still += 1;
  }
  if (Number.isNaN(first)) return 'empty';
  return still + moving > 0 ? (still > moving ? 'frozen' : undefined) : changes ? undefined : 'frozen';
}
