import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zeroCounts } from '../../../src/node/intake/intake-counts.ts';
import { createSource } from '../../../src/node/sources/create-source.ts';
import { readSourceConfig } from '../../../src/node/sources/read-source-config.ts';
import { surroundings, twoSensors } from '../../support/live-source.ts';

describe('docs/sources.md', () => {
  it('has an example of each kind, and every example is a source', async () => {
    const text = await readFile('docs/sources.md', 'utf8');
    const examples = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml]) => yaml!);
    const folder = await mkdtemp(join(tmpdir(), 'rumormill-doc-'));
    const kinds = new Set<string>();
    try {
      for (const example of examples) {
        await writeFile(join(folder, 'source.yaml'), example);
        const config = await readSourceConfig('source.yaml', folder);
        createSource(config, twoSensors, surroundings());
        kinds.add(config.kind);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
    assert.deepEqual([...kinds].sort(), ['csv', 'mqtt', 'opcua', 'stdin']);
  });

  it('names every counter', async () => {
    const text = await readFile('docs/sources.md', 'utf8');
    const type = /export type SourceCounter =([\s\S]*?);\n\n/.exec(
      await readFile('src/node/sources/source.ts', 'utf8'),
    );
    const counters = [...type![1]!.matchAll(/'(\w+)'/g)].map(([, name]) => name!);
    assert.equal(counters.length, 8);
    for (const name of [...counters, ...Object.keys(zeroCounts()), 'outOfRange'])
      assert.ok(text.includes(`\`${name}\``), name);
  });
});
