// Protocol behaviour as readable transcripts (after etcd-io/raft's testdata). UPDATE_GOLDEN=1 rewrites them; review the
// difference as one reviews code.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { scripts } from './scripts.ts';

const folder = new URL('./', import.meta.url);

describe('golden transcripts', () => {
  for (const [name, script] of Object.entries(scripts)) {
    it(`${name}.txt is what the core does`, () => {
      const path = new URL(`${name}.txt`, folder);
      const text = `${script().join('\n')}\n`;
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, text);
      assert.equal(readFileSync(path, 'utf8'), text, `${name}.txt differs; UPDATE_GOLDEN=1 npm test rewrites it`);
    });
  }

  it('has a script for every file', () => {
    const files = readdirSync(folder).filter((file) => file.endsWith('.txt'));
    assert.deepEqual(
      files.sort(),
      Object.keys(scripts)
        .map((name) => `${name}.txt`)
        .sort(),
    );
  });
});
