import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '../../src/lib/atomic-file.ts';
import { messageOf } from '../../src/lib/errors.ts';
import { nearest } from '../../src/lib/nearest.ts';
import { refuseExisting, writeNewFile } from '../../src/lib/new-file.ts';

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

describe('writeNewFile()', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-new-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('writeNewFile() writes a file with its mode, and never over another', async () => {
    const path = join(folder, 'a.key');
    await writeNewFile(path, 'first', 0o600, 'give another');
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    const message = `${path} exists already and is not overwritten; give another`;
    await assert.rejects(writeNewFile(path, 'second', 0o600, 'give another'), { name: 'OperatorError', message });
    await assert.rejects(refuseExisting(path, 'give another'), { name: 'OperatorError', message });
    assert.equal(await readFile(path, 'utf8'), 'first');
    await refuseExisting(join(folder, 'absent'), 'give another');
  });

  it('writeNewFile() names a folder that is not there', async () => {
    await assert.rejects(writeNewFile(join(folder, 'absent', 'a'), 'x', 0o600, 'give another'), {
      name: 'OperatorError',
      message: /its folder does not exist; make it, or give another path$/,
    });
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
