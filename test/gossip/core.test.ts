import assert from 'node:assert/strict';
import { plainVectors } from '../../src/gossip/mixing.ts';
import type { CoreSettings } from '../../src/gossip/protocol.ts';
import { CoreNetwork, momentsAt, type RoundEvent, updateOf } from '../support/core-network.ts';
import { joiningNode, momentsOf, ofKind, published, trainingNode, unknown } from './core-fixture.ts';

describe('GossipCore rounds', () => {
  it('does roundsMax rounds, then says so and takes no more updates', () => {
    const network = trainingNode({ roundsMax: 2 });
    network.run();
    assert.deepEqual(
      network.events('a').map((event) => (event.type === 'round' ? event.round : event.type)),
      ['joined', 1, 2, 'finished'],
    );
    const before = network.effects('a').length;
    network.deliver('b', 'a', updateOf(5, [1, 1]));
    network.deliver('b', 'a', updateOf(5, [1, 1], { digest: unknown }));
    assert.equal(network.effects('a').length, before);
  });

  it('does nothing after it is stopped, whatever still comes in', () => {
    const network = trainingNode();
    const core = network.core('a');
    core.handle({ kind: 'stopped' }, 20);
    const weights = Float32Array.of(1, 1);
    assert.deepEqual(core.handle({ kind: 'trained', round: 1, weights, loss: 1 }, 30), []);
    assert.deepEqual(core.handle({ kind: 'timerFired', timer: 'round' }, 30), []);
    assert.deepEqual(core.handle({ kind: 'peerUp', peer: 'c' }, 30), []);
    const update = updateOf(1, [1, 1]);
    assert.deepEqual(core.handle({ kind: 'updateReceived', from: 'b', update, pulled: false }, 30), []);
  });

  it('mixes an update once, though it comes by the topic and as an answer', () => {
    const network = trainingNode();
    network.deliver('b', 'a', updateOf(2, [8, 8]));
    network.run(120);
    network.deliver('b', 'a', updateOf(2, [8, 8]), true);
    network.run(320);
    assert.deepEqual(
      network.rounds('a').map(({ mixed }) => mixed.length),
      [1, 0, 0],
    );
    assert.deepEqual(network.penalties('a'), []);
  });

  it('mixes with the vector arithmetic that it is given', () => {
    const network = trainingNode({ vectors: { ...plainVectors, weightedSum: () => Float32Array.of(7, 7) } });
    network.deliver('b', 'a', updateOf(2, [8, 8]));
    network.run(120);
    assert.deepEqual([...(network.rounds('a')[0] as RoundEvent).weights], [7, 7]);
  });

  it('mixes updates up to stalenessMaxRounds old and tells their age', () => {
    const network = trainingNode({ stalenessMaxRounds: 2 });
    network.run(420);
    assert.equal(published(network).at(-1)?.round, 4);
    network.deliver('b', 'a', updateOf(3, [8, 8]));
    network.run(520);
    network.deliver('c', 'a', updateOf(3, [8, 8]));
    network.run(620);
    const [five, six] = network.rounds('a').slice(-2);
    assert.deepEqual(five?.mixed, [{ peer: 'b', round: 3, stalenessRounds: 2 }]);
    assert.deepEqual(six?.mixed, []);
    assert.deepEqual(network.penalties('a'), ['c stale']);
  });

  it('finds the neighbours of one liar neither stale nor too far ahead', () => {
    const honest = ['b', 'c', 'd', 'e', 'f'];
    const network = trainingNode({}, [...honest, 'liar']);
    for (let round = 1; round <= 20; round++) {
      for (const peer of honest) network.deliver(peer, 'a', updateOf(round, [1, 1]));
      const clock = published(network).at(-1)?.round ?? 0;
      network.deliver('liar', 'a', updateOf(clock + 1000, [1, 1]));
      network.run(20 + 100 * round);
    }
    assert.ok((published(network).at(-1)?.round ?? 0) > 1000);
    assert.deepEqual(network.penalties('a'), []);
    for (const { mixed } of network.rounds('a')) assert.equal(mixed.length, 6);
  });

  it('mixes what a neighbour sent, however many strangers send after it', () => {
    const network = trainingNode();
    network.deliver('b', 'a', updateOf(1, [1, 1]));
    for (let i = 0; i < 300; i++) network.deliver(`sybil${i}`, 'a', updateOf(1, [1, 1]));
    network.run(120);
    assert.ok(network.rounds('a')[0]?.mixed.some(({ peer }) => peer === 'b'));
  });

  it('comes back to a federation that went on by more than aheadMaxRounds', () => {
    const network = trainingNode({ aheadMaxRounds: 100 });
    for (let i = 1; i <= 40; i++) {
      network.deliver('b', 'a', updateOf(300 + i, [1, 1]));
      network.run(20 + 100 * i);
    }
    const mixed = network.rounds('a').map((event) => event.mixed.length);
    assert.equal(mixed.lastIndexOf(0), 20);
    assert.deepEqual(network.penalties('a'), Array(21).fill('b future-round'));
    assert.equal(published(network).at(-1)?.round, 340);
  });

  it('refuses at mixing what came from too far ahead while it joined', () => {
    const network = joiningNode({ settleMs: 20 }, ['b']);
    network.deliver('b', 'a', updateOf(5000, [1, 1]));
    network.run(120);
    assert.deepEqual(network.penalties('a'), ['b future-round']);
    assert.deepEqual(network.rounds('a')[0]?.mixed, []);
  });

  it('asks the sender of an unknown scaler for the moments alone, and not again once it knows them', () => {
    const network = trainingNode({}, ['b'], { moments: momentsAt(1) });
    const scaler = Uint8Array.from({ length: 32 }, () => 7);
    const pulls = () => ofKind(network, 'pull').slice(1);
    network.deliver('b', 'a', updateOf(1, [1, 1], { scaler }));
    network.run(120);
    assert.deepEqual(network.penalties('a'), ['b wrong-scaler']);
    assert.deepEqual(pulls(), [{ kind: 'pull', peer: 'b', message: { kind: 'pull', digest: scaler, moments: true } }]);
    const other = trainingNode({}, [], { moments: momentsAt(1) });
    other.deliver('b', 'a', momentsOf(['b', 9]));
    network.deliver('b', 'a', momentsOf(['b', 9]));
    other.run(320);
    const known = published(other).at(-1)?.scaler as Uint8Array;
    network.deliver('b', 'a', updateOf(2, [1, 1], { scaler: known }));
    network.deliver('c', 'a', updateOf(2, [1, 1]));
    network.run(220);
    assert.deepEqual(network.penalties('a').slice(1), ['b wrong-scaler', 'c wrong-scaler']);
    assert.equal(pulls().length, 1);
  });

  it('keeps its scaler where the weights would not stay finite in the newest', () => {
    const network = new CoreNetwork({ features: 1, settings: { settleMs: 20, roundsMax: 4 } });
    network.add('a', { moments: momentsAt(1) });
    network.start('a');
    network.run(50);
    network.deliver('b', 'a', momentsOf(['b', 1e99]));
    network.run();
    assert.equal(network.events('a').at(-1)?.type, 'finished');
    assert.equal(ofKind(network, 'rescale').length, 1);
  });
});

describe('GossipCore rounds of a shortest time', () => {
  const roundTimes = (network: CoreNetwork) => network.rounds('a').map(({ atMs }) => atMs);

  it('last roundIntervalMs from start to start, and offer what was trained at once', () => {
    const network = trainingNode({ roundIntervalMs: 250, roundsMax: 3 });
    network.run(120);
    assert.equal(published(network).length, 1);
    network.run();
    assert.deepEqual(roundTimes(network), [270, 520, 770]);
    assert.equal(published(network).length, 3);
    const { atMs } = network.events('a').at(-1) as { atMs: number };
    assert.equal(atMs, 770);
  });

  it('mix what arrived while they waited, and not before the time is over', () => {
    const network = trainingNode({ roundIntervalMs: 250 }, ['b', 'c']);
    network.run(60);
    network.deliver('b', 'a', updateOf(1, [1, 1]));
    network.run(269);
    network.deliver('c', 'a', updateOf(1, [2, 2]));
    network.feed('a', { kind: 'peerDown', peer: 'c' });
    assert.deepEqual(roundTimes(network), []);
    network.run(270);
    assert.deepEqual(
      network.rounds('a').map(({ mixed }) => mixed.map(({ peer }) => peer)),
      [['b', 'c']],
    );
  });

  it('wait no more where training took longer, and count from the next start', () => {
    const trainMs = (round: number) => (round === 2 ? 400 : 100);
    const network = trainingNode({ roundIntervalMs: 250, roundsMax: 4 }, ['b'], { trainMs });
    network.run();
    assert.deepEqual(roundTimes(network), [270, 670, 920, 1170]);
    const exact = trainingNode({ roundIntervalMs: 100, roundsMax: 2 });
    exact.run();
    assert.deepEqual(roundTimes(exact), [120, 220]);
    assert.deepEqual(
      ofKind(exact, 'setTimer').filter(({ timer }) => timer === 'round'),
      [],
    );
  });

  it('start again at once where training failed', () => {
    const network = trainingNode({ roundIntervalMs: 250 });
    network.run(270);
    network.feed('a', { kind: 'trainingFailed' });
    const starts = ofKind(network, 'train').map(({ round }) => round);
    assert.deepEqual(starts, [1, 2, 2]);
  });

  it('are not for synchronous rounds, which wait for neighbours alone', () => {
    const network = trainingNode({ rounds: 'synchronous', roundIntervalMs: 5000, roundTimeoutMs: 500 });
    network.deliver('b', 'a', updateOf(1, [3, 3]));
    network.run(620);
    network.run(720);
    assert.deepEqual(roundTimes(network), [120, 720]);
  });
});

describe('GossipCore synchronous rounds', () => {
  const synchronous: Partial<CoreSettings> = { rounds: 'synchronous', roundTimeoutMs: 500 };

  it('mixes when every neighbour has sent this round', () => {
    const network = trainingNode(synchronous, ['b', 'c']);
    network.deliver('b', 'a', updateOf(1, [3, 3]));
    network.run(150);
    assert.equal(network.rounds('a').length, 0);
    network.deliver('c', 'a', updateOf(1, [3, 3]));
    assert.deepEqual(
      network.rounds('a')[0]?.mixed.map(({ peer }) => peer),
      ['b', 'c'],
    );
  });

  it('does not wait for a neighbour that has gone on or went away', () => {
    const network = trainingNode(synchronous, ['b', 'c']);
    network.deliver('b', 'a', updateOf(2, [3, 3]));
    network.run(150);
    network.feed('a', { kind: 'peerDown', peer: 'c' });
    assert.deepEqual(network.rounds('a')[0]?.mixed, []);
    network.run(260);
    assert.deepEqual(
      network.rounds('a')[1]?.mixed.map(({ peer }) => peer),
      ['b'],
    );
  });

  it('waits once for a neighbour that has fallen silent, and again after it was heard', () => {
    const network = trainingNode(synchronous, ['b']);
    network.run(620);
    assert.equal(network.rounds('a').length, 1);
    network.run(820);
    assert.equal(network.rounds('a').length, 3);
    network.deliver('b', 'a', updateOf(3, [3, 3]));
    assert.deepEqual(network.penalties('a'), ['b stale']);
    network.run(1000);
    assert.equal(network.rounds('a').length, 3);
    network.deliver('b', 'a', updateOf(4, [3, 3]));
    assert.equal(network.rounds('a')[3]?.mixed.length, 1);
  });

  it('waits again for a silent neighbour that went away and came back', () => {
    const network = trainingNode(synchronous, ['b']);
    network.run(620);
    network.feed('a', { kind: 'peerDown', peer: 'b' });
    network.feed('a', { kind: 'peerUp', peer: 'b' });
    network.run(820);
    assert.equal(network.rounds('a').length, 1);
  });
});
