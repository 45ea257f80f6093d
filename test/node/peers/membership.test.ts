// Who may take part, from rosters as they come.
import assert from 'node:assert/strict';
import { Membership } from '../../../src/node/peers/membership.ts';
import { plainRoster, verifyPlain } from './networks.ts';

function fresh(): { membership: Membership; versions: number[] } {
  const versions: number[] = [];
  return { membership: new Membership((version) => versions.push(version)), versions };
}

describe('Membership', () => {
  it('lets everyone in without an owner, whatever rosters come', () => {
    const { membership, versions } = fresh();
    assert.equal(membership.known, true);
    assert.equal(membership.offer(plainRoster(1, ['a'])), false);
    assert.equal(membership.isAllowed('b'), true);
    assert.deepEqual(versions, []);
  });

  it('lets everyone ask before there is a roster, and members only from then on', () => {
    const { membership, versions } = fresh();
    membership.restrict(verifyPlain);
    assert.deepEqual([membership.known, membership.restricted, membership.version], [false, true, 0]);
    assert.equal(membership.isAllowed('b'), true);
    assert.equal(membership.offer(plainRoster(3, ['a'])), true);
    assert.deepEqual([membership.known, membership.version], [true, 3]);
    assert.deepEqual(
      ['a', 'b'].map((peer) => membership.isAllowed(peer)),
      [true, false],
    );
    assert.deepEqual(membership.bytes, plainRoster(3, ['a']));
    assert.deepEqual(versions, [3]);
  });

  it('keeps the roster with the greatest version, whatever the order they come in', () => {
    const { membership, versions } = fresh();
    membership.restrict(verifyPlain);
    const taken = [2, 1, 2, 4, 3].map((version) => membership.offer(plainRoster(version, [`only of ${version}`])));
    assert.deepEqual(taken, [true, false, false, true, false]);
    assert.equal(membership.isAllowed('only of 4'), true);
    assert.equal(membership.isAllowed('only of 2'), false);
    assert.deepEqual(versions, [2, 4]);
  });

  it('keeps its roster where a forged one is offered, and its own copy of the bytes', () => {
    const { membership } = fresh();
    membership.restrict(verifyPlain);
    const bytes = plainRoster(1, ['a']);
    membership.offer(bytes);
    bytes.fill(0);
    assert.throws(() => membership.offer(new TextEncoder().encode('forged')), { code: 'unsigned' });
    assert.deepEqual(membership.bytes, plainRoster(1, ['a']));
  });
});
