import assert from 'node:assert/strict';
import { OperatorError } from '../../../src/lib/errors.ts';
import { Damaged, troubleOf } from '../../../src/node/store/trouble.ts';

/** As node:sqlite throws them; the code with its extension in the upper bytes. */
function sqliteError(errcode: number): Error {
  return Object.assign(new Error('of SQLite'), { code: 'ERR_SQLITE_ERROR', errcode });
}

describe('troubleOf()', () => {
  it('tells what passes from what is damaged, by the primary code alone', () => {
    const expected = {
      5: 'busy',
      8: 'unwritable',
      10: 'unwritable',
      11: 'damaged',
      13: 'full',
      14: 'unwritable',
      26: 'damaged',
    };
    for (const [code, trouble] of Object.entries(expected)) {
      assert.equal(troubleOf(sqliteError(Number(code)), 'running'), trouble);
      assert.equal(troubleOf(sqliteError(Number(code) + (15 << 8)), 'opening'), trouble);
    }
  });

  it('takes statements that do not fit for damage while a file is opened, and for a bug of ours afterwards', () => {
    const outOfRange = Object.assign(new RangeError('too large'), { code: 'ERR_OUT_OF_RANGE' });
    for (const error of [sqliteError(1), outOfRange]) {
      assert.equal(troubleOf(error, 'opening'), 'damaged');
      assert.equal(troubleOf(error, 'running'), undefined);
    }
    assert.equal(troubleOf(new Damaged('by its content'), 'running'), 'damaged');
  });

  it('knows the errors of a file system that cannot be written, and no others', () => {
    for (const code of ['EROFS', 'ENOSPC', 'EACCES', 'EIO', 'ESTALE', 'ENOTDIR']) {
      assert.equal(troubleOf(Object.assign(new Error(code), { code, syscall: 'mkdir' }), 'running'), 'unwritable');
    }
    for (const error of [new TypeError('a bug'), Object.assign(new Error('x'), { code: 'ERR_ASSERTION' }), 'text']) {
      assert.equal(troubleOf(error, 'running'), undefined);
      assert.equal(troubleOf(error, 'opening'), undefined);
    }
    assert.equal(troubleOf(new OperatorError('another federation'), 'opening'), undefined);
    assert.equal(troubleOf(new OperatorError('another federation'), 'running'), 'unwritable');
  });
});
