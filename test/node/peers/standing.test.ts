// What refused messages and limits add up to, on a clock of the test's own.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { actionOf, peerErrorCodes } from '../../../src/gossip/peer-error.ts';
import { TokenBucket, TokenBuckets } from '../../../src/node/peers/limits.ts';
import { blockedMs, blockFrom, Standing } from '../../../src/node/peers/standing.ts';

class TestClock {
  ms = 0;
  nowMs(): number {
    return this.ms;
  }
}

describe('Standing', () => {
  it('note() weighs what no honest peer sends, and nothing else', () => {
    for (const code of peerErrorCodes) {
      const standing = new Standing(new TestClock());
      standing.note('b', code);
      assert.equal(standing.scoreOf('b'), actionOf(code) === 'reject' ? -1 : 0, code);
    }
  });

  it('scoreOf() is below gossipsub’s threshold of -80 from the ninth in a burst on, halves its root in a minute, and ends at 0', () => {
    const clock = new TestClock();
    const standing = new Standing(clock);
    for (let i = 0; i < 8; i++) standing.note('b', 'malformed');
    assert.equal(standing.scoreOf('b'), -64);
    clock.ms = 60_000;
    assert.equal(standing.scoreOf('b'), -16);
    clock.ms = 5 * 60_000;
    assert.equal(standing.scoreOf('b'), 0);
    assert.equal(standing.scoreOf('c'), 0);
  });

  it('shuts a peer out once for a burst, for a while', () => {
    const clock = new TestClock();
    const standing = new Standing(clock);
    const notes = Array.from({ length: blockFrom + 5 }, () => standing.note('b', 'malformed'));
    assert.equal(notes.indexOf(true), blockFrom - 1);
    assert.equal(notes.filter(Boolean).length, 1);
    assert.equal(standing.isBlocked('b'), true);
    assert.equal(standing.isBlocked('c'), false);
    clock.ms = blockedMs - 1;
    assert.equal(standing.isBlocked('b'), true);
    clock.ms = blockedMs;
    assert.equal(standing.isBlocked('b'), false);
    assert.equal(standing.note('b', 'malformed'), false);
  });

  it('never shuts out who errs twice a minute', () => {
    const clock = new TestClock();
    const standing = new Standing(clock);
    for (; clock.ms < 24 * 3_600_000; clock.ms += 30_000) assert.equal(standing.note('b', 'malformed'), false);
  });

  it('keeps the worst of many peers', () => {
    const standing = new Standing(new TestClock());
    for (let i = 0; i < 5; i++) standing.note('worst', 'malformed');
    for (let i = 0; i < 5000; i++) standing.note(`peer ${i}`, 'malformed');
    assert.equal(standing.scoreOf('worst'), -25);
    assert.equal(standing.scoreOf('peer 0'), 0);
  });
});

describe('TokenBucket', () => {
  it('take() never lets more through than burst and rate allow', () => {
    const steps = fc.array(fc.tuple(fc.nat(2000), fc.integer({ min: 1, max: 5 })), { maxLength: 100 });
    fc.assert(
      fc.property(steps, (all) => {
        const clock = new TestClock();
        const bucket = new TokenBucket(10, 2, clock);
        let taken = 0;
        for (const [waitMs, amount] of all) {
          clock.ms += waitMs;
          if (bucket.take(amount)) taken += amount;
          assert.ok(taken <= 10 + (clock.ms / 1000) * 2 + 1e-6);
        }
      }),
    );
  });

  it('holds no more than its burst, however long nothing is taken', () => {
    const clock = new TestClock();
    const bucket = new TokenBucket(10, 2, clock);
    clock.ms = 3_600_000;
    assert.deepEqual([bucket.take(10), bucket.take(1)], [true, false]);
  });

  it('spend() gives the time until the debt is paid', () => {
    const clock = new TestClock();
    const bucket = new TokenBucket(100, 50, clock);
    assert.equal(bucket.spend(100), 0);
    assert.equal(bucket.spend(25), 500);
    clock.ms = 500;
    assert.equal(bucket.spend(0), 0);
    assert.equal(bucket.full, false);
    clock.ms = 2500;
    assert.equal(bucket.full, true);
  });

  it('TokenBuckets keeps keys apart, and a flood of keys within bounds', () => {
    const buckets = new TokenBuckets(1, 1, new TestClock());
    assert.deepEqual([buckets.take('a'), buckets.take('a'), buckets.take('b')], [true, false, true]);
    for (let i = 0; i < 4096; i++) buckets.take(`key ${i}`);
    assert.equal(buckets.take('a'), true);
  });
});
