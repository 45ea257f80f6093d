import assert from 'node:assert/strict';
import type { Message } from '../../src/gossip/codec.ts';
import { CoreNetwork, momentsAt, updateOf } from '../support/core-network.ts';
import { currentModel, joined, joiningNode, momentsOf, ofKind, published, unknown } from './core-fixture.ts';

describe('GossipCore joining', () => {
  it('takes no message before it is started, so that a peer cannot fill the store first', () => {
    const network = new CoreNetwork({ features: 1 });
    network.add('a', { moments: momentsAt(1) });
    const origins = Array.from({ length: 64 }, (_, i): [string, number] => [`sybil${i}`, 1]);
    const moments = momentsOf(...origins) as Extract<Message, { kind: 'moments' }>;
    const effects = network.core('a').handle({ kind: 'momentsReceived', from: 'b', moments, pulled: false }, 0);
    assert.deepEqual(effects, []);
    network.start('a');
  });

  it('starts at once when all expected origins are known and all asked have answered', () => {
    const network = joiningNode({ originsExpected: 2 }, ['b'], { moments: momentsAt(1) });
    network.deliver('b', 'a', momentsOf(['b', 3]), true);
    assert.equal(joined(network), undefined);
    network.feed('a', { kind: 'notHeldReceived', from: 'b' });
    assert.deepEqual(joined(network), { type: 'joined', atMs: 0, origins: 2, caughtUpFrom: undefined });
  });

  it('does not wait for a peer that went away', () => {
    const network = joiningNode({ originsExpected: 2 }, ['b', 'c']);
    network.feed('a', { kind: 'notHeldReceived', from: 'b' });
    assert.equal(joined(network), undefined);
    network.feed('a', { kind: 'peerDown', peer: 'c' });
    assert.ok(joined(network));
  });

  it('does not wait for more after an answer that is wrong', () => {
    const network = joiningNode({ originsExpected: 2 }, ['b']);
    network.deliver('b', 'a', updateOf(3, [1, 1], { digest: unknown }), true);
    assert.deepEqual(network.penalties('a'), ['b wrong-digest']);
    assert.deepEqual(joined(network), { type: 'joined', atMs: 0, origins: 0, caughtUpFrom: undefined });
  });

  it('takes over a model that came by the topic before it came as the answer', () => {
    const network = joiningNode({ originsExpected: 2 }, ['b']);
    network.deliver('b', 'a', updateOf(3, [5, 5]));
    network.deliver('b', 'a', updateOf(3, [5, 5]), true);
    assert.equal(joined(network)?.caughtUpFrom, 'b');
    assert.deepEqual([...(ofKind(network, 'train')[0]?.weights ?? [])], [5, 5]);
    assert.deepEqual(network.penalties('a'), []);
  });

  it('takes over a model from however far ahead, also in synchronous rounds', () => {
    for (const rounds of ['barrier-free', 'synchronous'] as const) {
      const network = joiningNode({ originsExpected: 2, rounds }, ['b']);
      network.deliver('b', 'a', updateOf(5000, [5, 5]), true);
      assert.equal(joined(network)?.caughtUpFrom, 'b');
      network.run(100);
      assert.equal(published(network)[0]?.round, 5001);
    }
  });

  it('goes on from the model of the median round, whatever one liar offers', () => {
    const network = joiningNode({ originsExpected: 2 }, ['b', 'c', 'liar']);
    network.deliver('liar', 'a', updateOf(0xffff_ffff, [666, 666]), true);
    network.deliver('b', 'a', updateOf(7, [1, 1]), true);
    network.deliver('c', 'a', updateOf(8, [2, 2]), true);
    assert.equal(joined(network)?.caughtUpFrom, 'c');
    network.run(100);
    assert.equal(published(network)[0]?.round, 9);
  });

  it('outlives a neighbour, the only one, that offers the last round there is', () => {
    const network = joiningNode({ originsExpected: 2 }, ['liar']);
    network.deliver('liar', 'a', updateOf(0xffff_ffff, [1, 1]), true);
    network.run(1000);
    assert.ok(published(network).length > 1);
  });

  it('gives the scaler to the learner also where it took over exactly the one that it knows', () => {
    const network = joiningNode({ originsExpected: 2 }, ['b'], { moments: momentsAt(1) });
    const other = joiningNode({ originsExpected: 1 }, [], { moments: momentsAt(1) });
    other.deliver('b', 'a', momentsOf(['b', 3]));
    other.run(250);
    const answers = other.core('a').answer(currentModel);
    assert.deepEqual(
      answers.map(({ kind }) => kind),
      ['moments', 'update'],
    );
    for (const answer of answers) network.deliver('b', 'a', answer, true);
    assert.equal(joined(network)?.caughtUpFrom, 'b');
    assert.equal(ofKind(network, 'rescale').length, 1);
  });

  it('waits longer for each new origin, and not for new versions of one', () => {
    const network = joiningNode({}, ['b'], { moments: momentsAt(1) });
    const settles = () => ofKind(network, 'setTimer').filter(({ timer }) => timer === 'settle').length;
    network.deliver('b', 'a', momentsOf(['b', 3]));
    assert.equal(settles(), 2);
    for (let version = 2; version < 9; version++) {
      const origin = { peer: 'b', version, ...momentsAt(version) };
      network.deliver('b', 'a', { kind: 'moments', origins: [origin] });
    }
    assert.equal(settles(), 2);
  });

  it('starts after settleMs whatever is known', () => {
    const network = joiningNode({ settleMs: 300 }, ['b']);
    network.run(299);
    assert.equal(joined(network), undefined);
    network.run(300);
    assert.ok(joined(network));
  });
});
