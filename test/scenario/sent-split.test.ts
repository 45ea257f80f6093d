import assert from 'node:assert/strict';
import fc from 'fast-check';
import { totalOf } from '../../src/gossip/sent-bytes.ts';
import { type MeasuredBytes, splitSent } from '../../src/scenario/sent-split.ts';

const own = (payload: number, duplicates = 0) => ({ payload, duplicates });

describe('splitSent()', () => {
  it('splitSent() takes what the sender knows where nothing is forwarded', () => {
    const node = { total: 1000, own: own(700, 100), forwarded: 0, repeated: 0 };
    assert.deepEqual(splitSent([node]), [{ payload: 700, duplicates: 100, control: 200 }]);
  });

  it('splitSent() shares the repeated copies out by what each has forwarded', () => {
    const nodes: MeasuredBytes[] = [
      { total: 1000, own: own(300), forwarded: 600, repeated: 0 },
      { total: 1000, own: own(300), forwarded: 200, repeated: 400 },
    ];
    // 400 of 800 forwarded bytes came again.
    assert.deepEqual(splitSent(nodes), [
      { payload: 600, duplicates: 300, control: 100 },
      { payload: 400, duplicates: 100, control: 500 },
    ]);
  });

  it('splitSent() takes off what was not written when the node stopped', () => {
    assert.deepEqual(splitSent([{ total: 500, own: own(700), forwarded: 0, repeated: 0 }]), [
      { payload: 500, duplicates: 0, control: 0 },
    ]);
  });

  it('splitSent() gives parts that are not negative and add up to the total, whatever was measured', () => {
    const nodes = fc.array(
      fc.record({
        total: fc.nat(10_000),
        own: fc.record({ payload: fc.nat(9000), duplicates: fc.nat(9000) }),
        forwarded: fc.nat(9000),
        repeated: fc.nat(20_000),
      }),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(nodes, (measured) => {
        for (const [i, split] of splitSent(measured).entries()) {
          assert.equal(totalOf(split), measured[i]?.total);
          assert.ok(Object.values(split).every((part) => part >= 0));
        }
      }),
    );
  });
});
