// How much memory a process holds once its garbage is gone. Owns the one place that exposes V8's collector.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Gives a function that collects garbage and returns the resident set in bytes. */
export function residentMeter(): () => number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  return () => {
    collect();
    return process.memoryUsage.rss();
  };
}
