// Keys that the chosen settings would not read. Owns the sentence about them; which keys those are is the settings' own.
import type { Problem } from './problem.ts';
import type { SchemaLookup } from './schema-lookup.ts';
import { pathText } from './wording.ts';

/** A key that only some settings read. */
export interface ConditionalKey {
  path: (string | number)[];
  value: unknown;
  isUnread: boolean;
  /** The setting that reads it, such as 'exchange random'. */
  needs: string;
}

/** A problem for each unread key. A value left at its default says nothing, so a resolved configuration stays valid. */
export function* unreadKeyProblems(keys: readonly ConditionalKey[], lookup: SchemaLookup): Iterable<Problem> {
  for (const { path, value, isUnread, needs } of keys) {
    if (!isUnread || JSON.stringify(value) === JSON.stringify(lookup.defaultAt(path))) continue;
    yield { path, message: `${pathText(path)} would be ignored: it is for ${needs}; remove it, or choose ${needs}` };
  }
}
