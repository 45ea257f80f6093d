import assert from 'node:assert/strict';
import { Closers } from '../../src/lib/closers.ts';

describe('Closers', () => {
  it('close() runs the steps one after the other, the last one first', async () => {
    const closers = new Closers();
    const log: string[] = [];
    closers.add(() => log.push('first'));
    closers.add(async () => {
      await Promise.resolve();
      log.push('second');
    });
    closers.add(() => log.push('third'));
    await closers.close();
    assert.deepEqual(log, ['third', 'second', 'first']);
    await closers.close();
    assert.equal(log.length, 3);
  });

  it('close() runs every step also after one has failed, and rejects with the first failure', async () => {
    const closers = new Closers();
    const log: string[] = [];
    closers.add(() => log.push('first'));
    closers.add(() => Promise.reject(new Error('later')));
    closers.add(() => {
      throw new Error('earlier');
    });
    await assert.rejects(closers.close(), { message: 'earlier' });
    assert.deepEqual(log, ['first']);
  });
});
