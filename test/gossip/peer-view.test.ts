import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PeerView } from '../../src/gossip/peer-view.ts';
import { Prng } from '../../src/lib/prng.ts';

function viewOf(peers: readonly string[]): PeerView {
  const view = new PeerView();
  for (const peer of peers) view.add(peer);
  return view;
}

describe('PeerView', () => {
  it('add() says whether the peer is new, and remove() takes it out', () => {
    const view = new PeerView();
    assert.equal(view.add('a'), true);
    assert.equal(view.add('a'), false);
    assert.ok(view.has('a'));
    view.remove('a');
    view.remove('b');
    assert.deepEqual([view.size, view.has('a')], [0, false]);
  });

  it('lists and samples the same whatever the order of arrival', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string()), fc.nat(6), fc.nat(), (peers, count, seed) => {
        const one = viewOf(peers);
        const other = viewOf(peers.toReversed());
        assert.deepEqual(one.sorted(), other.sorted());
        const sample = one.sample(count, new Prng(seed));
        assert.deepEqual(sample, other.sample(count, new Prng(seed)));
        assert.equal(sample.length, Math.min(count, peers.length));
        assert.equal(new Set(sample).size, sample.length);
        assert.ok(sample.every((peer) => one.has(peer)));
      }),
    );
  });

  it('sample() chooses every peer equally often', () => {
    const view = viewOf(['a', 'b', 'c', 'd']);
    const prng = new Prng(1);
    const counts = new Map<string, number>();
    for (let i = 0; i < 4000; i++) {
      for (const peer of view.sample(2, prng)) counts.set(peer, (counts.get(peer) ?? 0) + 1);
    }
    // 2000 expected; the standard deviation is below 32.
    for (const count of counts.values()) assert.ok(Math.abs(count - 2000) < 150, `${count}`);
  });
});
