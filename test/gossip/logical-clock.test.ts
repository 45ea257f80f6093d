import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LogicalClock } from '../../src/gossip/logical-clock.ts';

function clockAt(round: number, aheadMaxRounds = 1000): LogicalClock {
  const clock = new LogicalClock(aheadMaxRounds);
  clock.set(round);
  return clock;
}

describe('LogicalClock', () => {
  it('goes on by one with each round, and not past what a message can carry', () => {
    const clock = clockAt(4);
    clock.tick();
    assert.equal(clock.round, 5);
    clock.set(2 ** 32 - 1);
    clock.tick();
    assert.equal(clock.round, 2 ** 32 - 1);
  });

  it('follow() moves to the latest round heard since the last time, and never back', () => {
    const clock = clockAt(10);
    for (const round of [12, 30, 5]) clock.hear(round);
    clock.follow();
    assert.equal(clock.round, 30);
    clock.follow();
    assert.equal(clock.round, 30);
    clock.hear(20);
    clock.follow();
    assert.equal(clock.round, 30);
  });

  it('follow() moves by a tenth of aheadMaxRounds at most', () => {
    const clock = clockAt(10);
    clock.hear(2 ** 32 - 1);
    clock.follow();
    assert.equal(clock.round, 110);
  });

  it('isAhead() begins one round above aheadMaxRounds', () => {
    const clock = clockAt(10);
    assert.equal(clock.isAhead(1010), false);
    assert.equal(clock.isAhead(1011), true);
  });

  it('reference() is its own round, or the median of several at hand where that is lower', () => {
    assert.equal(clockAt(10).reference([]), 10);
    assert.equal(clockAt(10).reference([3]), 10);
    assert.equal(clockAt(10).reference([3, 4]), 4);
    assert.equal(clockAt(10).reference([30, 40, 50]), 10);
  });

  it('reference() leaves at least half of several updates fresh, and all honest ones where liars are fewer', () => {
    const rounds = fc.array(fc.integer({ min: 1, max: 1000 }), { maxLength: 8 });
    fc.assert(
      fc.property(rounds, rounds, (honest, lies) => {
        fc.pre(honest.length + lies.length > 1);
        const claims = lies.map((lie) => 1000 + lie);
        const reference = clockAt(2000).reference([...honest, ...claims]);
        const fresh = [...honest, ...claims].filter((round) => round >= reference).length;
        assert.ok(2 * fresh >= honest.length + claims.length);
        if (lies.length < honest.length) assert.ok(reference <= Math.max(...honest));
      }),
    );
  });

  it('rejoin() moves to the median of the neighbours where that is two rounds ahead, and else stays', () => {
    const rejoined = (rounds: number[]) => {
      const clock = clockAt(5);
      clock.rejoin(rounds);
      return clock.round;
    };
    assert.equal(rejoined([]), 5);
    assert.equal(rejoined([6, 6, 6]), 5);
    assert.equal(rejoined([9, 6, 8]), 8);
    assert.equal(rejoined([5, 5, 900]), 5);
    assert.equal(rejoined([0, 0, 9]), 5);
  });
});
