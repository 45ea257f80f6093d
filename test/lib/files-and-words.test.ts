import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '../../src/lib/atomic-file.ts';
import { messageOf } from '../../src/lib/errors.ts';
import { nearest } from '../../src/lib/nearest.ts';

describe('writeFileAtomic()', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-atomic-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('replaces a whole file and leaves no temporary one', async () => {
    const path = join(folder, 'a.json');
    await writeFileAtomic(path, 'long first content');
    await writeFileAtomic(path, 'second');
    assert.equal(await readFile(path, 'utf8'), 'second');
    assert.deepEqual(await readdir(folder), ['a.json']);
  });

  it('cleans up and passes the error on where it cannot replace', async () => {
    await mkdir(join(folder, 'taken'));
    await assert.rejects(writeFileAtomic(join(folder, 'taken'), 'x'), { code: 'EISDIR' });
    assert.deepEqual((await readdir(folder)).sort(), ['a.json', 'taken']);
  });
});

describe('nearest()', () => {
  it('finds the word with a slip of the hand', () => {
    assert.equal(nearest('trian', ['data', 'train', 'model']), 'train');
    assert.equal(nearest('Nodes', ['node', 'nodes']), 'nodes');
  });

  it('finds nothing where nothing is close', () => {
    assert.equal(nearest('temperature', ['data', 'train']), undefined);
    assert.equal(nearest('x', []), undefined);
  });
});

describe('messageOf()', () => {
  it('takes the message of an error and the text of anything else', () => {
    assert.equal(messageOf(new Error('broken')), 'broken');
    assert.equal(messageOf('text'), 'text');
  });
});
