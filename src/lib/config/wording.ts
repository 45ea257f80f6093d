// Pieces of sentences about the keys and values of a configuration file. Owns their form only; decides nothing.
import { nearest } from '../nearest.ts';

/** 'gossip.mixing', 'model.hidden[1]'; 'the file' for the empty path. */
export function pathText(path: readonly PropertyKey[]): string {
  return (
    path.reduce<string>((text, key) => {
      if (typeof key === 'number') return `${text}[${key}]`;
      return text === '' ? String(key) : `${text}.${String(key)}`;
    }, '') || 'the file'
  );
}

/** A value as an operator would recognise it, on one line and at most 60 characters. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object') return 'a mapping';
  if (typeof value !== 'string') return String(value);
  const oneLine = value.replaceAll(/[\s\p{Cc}]+/gu, ' ');
  return `'${oneLine.length > 50 ? `${oneLine.slice(0, 50)}…` : oneLine}'`;
}

/** "did you mean 'nodes'?" where a candidate is close to `word`, else the list of all candidates after `lead`. */
export function suggestionText(word: string, candidates: readonly string[], lead: string): string {
  const close = nearest(word, candidates);
  return close === undefined ? `${lead} ${candidates.join(', ')}` : `did you mean '${close}'?`;
}
