import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { followRosterFile, offerRosterFile } from '../../../src/node/gateway/roster-file.ts';
import { eventually } from '../../support/live-federation.ts';

describe('the roster as a file', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rumormill-roster-'));
    path = join(folder, 'roster');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('offerRosterFile() hands on the bytes, and names a file that is missing or refused', async () => {
    const offered: string[] = [];
    const take = (bytes: Uint8Array) => offered.push(Buffer.from(bytes).toString());
    await assert.rejects(offerRosterFile(path, take), {
      name: 'OperatorError',
      message: new RegExp(
        `^--roster ${path}: cannot be used \\(ENOENT.*\\); give the roster that rumormill owner sign wrote`,
      ),
    });
    writeFileSync(path, 'one');
    await offerRosterFile(path, take);
    assert.deepEqual(offered, ['one']);
    const refuse = () => {
      throw new Error('unsigned');
    };
    await assert.rejects(offerRosterFile(path, refuse), {
      name: 'OperatorError',
      message: /cannot be used \(unsigned\)/,
    });
  });

  it('followRosterFile() offers it at each change, says what is wrong with one, and ends with the signal', async () => {
    writeFileSync(path, 'one');
    const offered: string[] = [];
    const said: string[] = [];
    const stopping = new AbortController();
    const following = followRosterFile(
      path,
      (bytes) => {
        const text = Buffer.from(bytes).toString();
        if (text === 'bad') throw new Error('unsigned');
        offered.push(text);
      },
      (sentence) => said.push(sentence),
      stopping.signal,
      20,
    );
    await eventually(() => offered.length === 1, 'the file as it is');
    writeFileSync(path, 'bad');
    await eventually(() => said.length === 1, 'what is wrong is said');
    assert.match(said[0] as string, /cannot be used \(unsigned\)/);
    writeFileSync(`${path}.new`, 'two');
    renameSync(`${path}.new`, path);
    await eventually(() => offered.length === 2, 'the next one is offered');
    stopping.abort();
    await following;
    assert.deepEqual(offered, ['one', 'two']);
    assert.equal(said.length, 1);
  });
});
