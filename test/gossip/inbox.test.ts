import assert from 'node:assert/strict';
import { Inbox, type ReceivedUpdate, sendersMax } from '../../src/gossip/inbox.ts';

const nobody = () => false;

function update(peer: string, round: number): ReceivedUpdate {
  return { peer, round, weights: Float32Array.of(round), samples: 1, degree: 1, scaler: new Uint8Array() };
}

function inboxOf(updates: readonly (readonly [string, number])[]): Inbox {
  const inbox = new Inbox();
  for (const [peer, round] of updates) inbox.put(update(peer, round), nobody);
  return inbox;
}

function names(updates: readonly ReceivedUpdate[]): string[] {
  return updates.map(({ peer, round }) => `${peer}${round}`);
}

describe('Inbox', () => {
  it('counts the peers that it remembers and the updates that wait', () => {
    const inbox = inboxOf([
      ['b', 1],
      ['a', 4],
      ['b', 2],
      ['b', 3],
    ]);
    assert.deepEqual([inbox.senderCount, inbox.waitingCount], [2, 3]);
    inbox.takeNewest();
    assert.deepEqual([inbox.senderCount, inbox.waitingCount], [2, 0]);
  });

  it('takeNewest() gives the newest of each peer in order of peer, and all only once', () => {
    const inbox = inboxOf([
      ['b', 1],
      ['a', 4],
      ['b', 2],
    ]);
    assert.deepEqual(names(inbox.takeNewest()), ['a4', 'b2']);
    assert.deepEqual(inbox.takeNewest(), []);
  });

  it('takeRound() gives one round, keeps later ones and drops older ones', () => {
    const inbox = inboxOf([
      ['b', 2],
      ['a', 1],
      ['a', 2],
      ['b', 3],
      ['c', 1],
    ]);
    assert.deepEqual(names(inbox.takeRound(2)), ['a2', 'b2']);
    assert.deepEqual(names(inbox.takeNewest()), ['b3']);
  });

  it('takes an overtaken round where it counts as new, and keeps the latest in mind', () => {
    const inbox = inboxOf([['a', 2]]);
    assert.ok(inbox.hasSeen('a', 1) && !inbox.hasSeen('a', 1, true) && inbox.hasSeen('a', 2, true));
    inbox.put(update('a', 1), nobody);
    assert.equal(inbox.latestRound('a'), 2);
    assert.ok(inbox.holds('a', 1) && inbox.holds('a', 2) && inbox.hasSeen('a', 1, true));
    assert.deepEqual(names(inbox.takeRound(1)), ['a1']);
    assert.deepEqual(names(inbox.takeRound(2)), ['a2']);
  });

  it('remembers a round after it was taken, so that it is not mixed twice', () => {
    const inbox = inboxOf([['a', 3]]);
    inbox.takeNewest();
    assert.ok(inbox.hasSeen('a', 3) && inbox.hasSeen('a', 2));
    assert.ok(!inbox.hasSeen('a', 4) && !inbox.hasSeen('b', 1));
    assert.equal(inbox.latestRound('a'), 3);
  });

  it('keeps two updates a peer at most', () => {
    const inbox = inboxOf([
      ['a', 1],
      ['a', 2],
      ['a', 3],
    ]);
    assert.deepEqual(names(inbox.takeRound(1)), []);
    assert.deepEqual(names(inbox.takeRound(2)), ['a2']);
    assert.deepEqual(names(inbox.takeRound(3)), ['a3']);
  });

  it('holds a bounded number of peers and never forgets a neighbour, under however many names a stranger sends', () => {
    const neighbours = ['n1', 'n2', 'n3'];
    const strangers = Array.from({ length: 1000 }, (_, i) => `s${i}`);
    const inbox = new Inbox();
    for (const peer of [...neighbours, ...strangers]) inbox.put(update(peer, 1), (name) => neighbours.includes(name));
    const seen = [...neighbours, ...strangers].filter((peer) => inbox.hasSeen(peer, 1));
    assert.equal(seen.length, sendersMax);
    assert.deepEqual(seen.slice(0, 3), neighbours);
    assert.equal(inbox.takeNewest().length, sendersMax);
  });

  it('holds every neighbour, though there are more than strangers are allowed', () => {
    const neighbours = Array.from({ length: sendersMax + 10 }, (_, i) => `n${i}`);
    const inbox = new Inbox();
    for (const peer of neighbours) inbox.put(update(peer, 1), () => true);
    assert.equal(inbox.takeNewest().length, neighbours.length);
  });

  it('forgets the stranger that was silent for longest', () => {
    const inbox = new Inbox();
    for (let i = 0; i < sendersMax; i++) inbox.put(update(`s${i}`, 1), nobody);
    inbox.put(update('s0', 2), nobody);
    inbox.put(update('new', 1), nobody);
    assert.ok(inbox.hasSeen('s0', 2) && inbox.hasSeen('new', 1));
    assert.ok(!inbox.hasSeen('s1', 1));
  });

  it('takes earlier rounds from a peer that was gone, once each, and still knows late copies', () => {
    const inbox = inboxOf(Array.from({ length: 20 }, (_, i): [string, number] => ['a', 31 + i]));
    assert.ok(inbox.hasSeen('a', 3));
    inbox.noteGone('a');
    assert.ok(!inbox.hasSeen('a', 3) && inbox.hasSeen('a', 50) && inbox.hasSeen('a', 43));
    inbox.put(update('a', 3), nobody);
    assert.ok(inbox.hasSeen('a', 3) && inbox.hasSeen('a', 2) && inbox.hasSeen('a', 50));
    assert.ok(!inbox.hasSeen('a', 4));
    assert.equal(inbox.latestRound('a'), 3);
    inbox.noteGone('nobody');
  });

  it('holds() tells whether an update of a round waits', () => {
    const inbox = inboxOf([
      ['a', 2],
      ['a', 4],
    ]);
    assert.deepEqual(
      [1, 2, 3, 4].map((round) => inbox.holds('a', round)),
      [false, true, false, true],
    );
    inbox.takeRound(2);
    assert.ok(!inbox.holds('a', 2) && inbox.holds('a', 4) && !inbox.holds('b', 4));
  });
});
