// How V8 collects garbage where its defaults do not fit a program. Owns flags of the engine; nothing else depends on them.
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

/**
 * From now on V8's nursery does not grow, in this thread and those that start later. By default loading a program's modules makes it
 * grow to 32 MB and more, where it stays; a gateway that does little has no use for it. To be called before the modules are loaded.
 */
export function keepNurserySmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
