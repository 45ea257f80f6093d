// How often V8 collects garbage where most memory is outside its heap. Owns one flag of the engine; nothing else depends on it.
import { setFlagsFromString } from 'node:v8';

/** The first V8 that has the flag, Node 24's. */
const v8Since = 13;

/**
 * From now on V8 lets the memory of typed arrays grow in proportion before it collects garbage, as it does with its own heap. Otherwise
 * it begins a collection each time 64 MiB of them were made, however many are alive; with ten thousand models alive that is half of
 * all work. For the whole process; memory grows to about one and a half times. Does nothing before Node 24. See decision 0010.
 */
export function collectInProportion(): void {
  if (Number.parseInt(process.versions.v8, 10) >= v8Since) {
    setFlagsFromString('--external-memory-accounted-in-global-limit');
  }
}
