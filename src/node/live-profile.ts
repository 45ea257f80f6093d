// Profiles a running source: listens for a while to whatever it says. Owns that while and its end; sources and findings are
// elsewhere.
import { OperatorError } from '../lib/errors.ts';
import type { Profile } from './source-profile.ts';
import { sourceOf } from './sources/create-source.ts';
import { LearningTable, learntSensorsMax } from './sources/learning-table.ts';
import type { Sample } from './sources/source.ts';
import type { SourceConfig } from './sources/source-config.ts';
import { processSurroundings, type Surroundings } from './sources/surroundings.ts';

/** What was heard so far. */
export interface Heard {
  sensors: number;
  values: number;
}

/** How a source is listened to. */
export interface Listening {
  forMs: number;
  /** Takes what an operator wants to read, one sentence each. */
  say(sentence: string): void;
  onHeard(heard: Heard): void;
}

/**
 * What the source says until it ends, `forMs` are over or `signal` aborts. A broker keeps nothing for who listens so, and a
 * gateway on the same source is not disturbed. Throws OperatorError where it can never work as it is set up, or has more than
 * 1,024 sensors.
 */
export async function profileSource(
  config: SourceConfig,
  { forMs, say, onHeard }: Listening,
  signal: AbortSignal,
  surroundings: Surroundings = processSurroundings(),
): Promise<Profile> {
  const table = new LearningTable(config.sensors);
  const source = sourceOf(config, table, { ...surroundings, gateway: undefined });
  const { profile } = table;
  const ending = new AbortController();
  const end = (): void => ending.abort();
  const timer = setTimeout(end, forMs);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  let values = 0;
  const take = ({ timeMs, values: measured }: Sample): void => {
    for (const { index, name } of table.slots) {
      const value = measured[index]!;
      if (Number.isNaN(value)) continue;
      profile.observe(name, undefined, timeMs, value);
      values += 1;
    }
    if (table.isOverfull) end();
    onHeard({ sensors: table.slots.length, values });
  };
  try {
    await source.run({ take, count: () => undefined, say }, ending.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
  if (table.isOverfull) {
    throw new OperatorError(
      `${source.name}: has more than the ${learntSensorsMax} sensors that a federation can have; give a narrower topic or folder`,
    );
  }
  const found = profile.result();
  const isEndless = ending.signal.aborted;
  const speaksOfChanges = config.kind === 'mqtt' || config.kind === 'opcua';
  return {
    ...found,
    // More will come.
    ...(isEndless && { rows: Number.POSITIVE_INFINITY }),
    ...(speaksOfChanges && { silenceMs: profile.silenceMs() }),
  };
}
