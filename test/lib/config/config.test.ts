import assert from 'node:assert/strict';
import { z } from 'zod';
import { problemsError } from '../../../src/lib/config/problem.ts';
import { jsonSchemaOf, SchemaLookup } from '../../../src/lib/config/schema-lookup.ts';
import { issueProblems } from '../../../src/lib/config/schema-problems.ts';
import { unreadKeyProblems } from '../../../src/lib/config/unread-keys.ts';
import { YamlFile } from '../../../src/lib/config/yaml-file.ts';

const recipe = z.strictObject({
  title: z.string(),
  minutes: z.number().int().min(1).max(600).default(30),
  steps: z.array(z.strictObject({ do: z.string(), heat: z.enum(['low', 'high']).optional() })).min(1),
});
const lookup = new SchemaLookup(jsonSchemaOf(recipe, 'Recipe', 'What to cook.'));
const kind = { name: 'recipe', firstKeys: ['title', 'steps'] as const };
const yaml = (text: string) => new YamlFile('soup.yaml', text, kind);

function problemsOf(text: string): string[] {
  const tree = yaml(text).tree();
  const parsed = recipe.safeParse(tree);
  return parsed.success ? [] : issueProblems(parsed.error.issues, tree, lookup).map(({ message }) => message);
}

describe('YamlFile', () => {
  it('deepest() finds the line of a path, of the nearest key above where it is absent, and through an alias', () => {
    const file = yaml('title: soup\nsteps:\n  - &first\n    do: boil\n  - *first\n');
    assert.deepEqual(file.deepest(['title']), { line: 1, depth: 1 });
    assert.deepEqual(file.deepest(['steps', 0, 'do']), { line: 4, depth: 3 });
    assert.deepEqual(file.deepest(['steps', 1, 'do']), { line: 4, depth: 3 });
    assert.deepEqual(file.deepest(['steps', 7, 'do']), { line: 2, depth: 1 });
    assert.deepEqual(file.deepest(['minutes']), { line: 1, depth: 0 });
  });

  it('tree() speaks of the kind of file', () => {
    assert.throws(() => yaml('# nothing\n').tree(), {
      name: 'OperatorError',
      message: 'soup.yaml is empty; a recipe needs at least title and steps',
    });
    assert.throws(() => yaml('- boil\n').tree(), {
      name: 'OperatorError',
      message: 'soup.yaml:1: the file is not a mapping of keys to values; start with title: and steps:',
    });
  });
});

describe('issueProblems()', () => {
  it('issueProblems() names the nearest key, the range and the choices of any schema', () => {
    assert.deepEqual(problemsOf('title: soup\nsteps: [{do: boil}]\n'), []);
    assert.deepEqual(problemsOf('title: soup\nminuts: 3\nminutes: 0\nsteps: [{do: boil, heat: hot}]\n'), [
      'minutes is 0; it must be a whole number from 1 to 600',
      "steps[0].heat is 'hot'; it must be one of low, high",
      "minuts is not a known key; did you mean 'minutes'?",
    ]);
  });
});

describe('unreadKeyProblems()', () => {
  it('unreadKeyProblems() is silent about a key that is read, or at its default', () => {
    const key = { path: ['minutes'], needs: 'heat high' };
    const sentences = (value: unknown, isUnread: boolean) =>
      [...unreadKeyProblems([{ ...key, value, isUnread }], lookup)].map(({ message }) => message);
    assert.deepEqual(sentences(5, true), [
      'minutes would be ignored: it is for heat high; remove it, or choose heat high',
    ]);
    assert.deepEqual(sentences(5, false), []);
    assert.deepEqual(sentences(30, true), []);
  });
});

describe('problemsError()', () => {
  it('problemsError() sorts by line and counts what is above ten', () => {
    const problems = Array.from({ length: 12 }, (_, i) => ({ place: `f:${12 - i}`, line: 12 - i, message: 'bad' }));
    const lines = problemsError(problems).message.split('\n');
    assert.deepEqual(lines.slice(0, 2), ['f:1: bad', 'f:2: bad']);
    assert.deepEqual(lines.slice(-2), ['f:10: bad', 'and 2 more']);
  });
});
