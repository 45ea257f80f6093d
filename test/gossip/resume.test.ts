// A core that goes on from a checkpoint.
import assert from 'node:assert/strict';
import type { UpdateMessage } from '../../src/gossip/codec.ts';
import type { CoreSettings, Effect, Progress } from '../../src/gossip/protocol.ts';
import { CoreNetwork, momentsAt, updateOf } from '../support/core-network.ts';

type Checkpoint = Extract<Effect, { kind: 'checkpoint' }>;

const progress: Progress = { round: 4, clockRound: 10, steps: 80, origins: [] };

/** A node 'a' that goes on from `progress` with the weights [5, 5], and has a neighbour 'b' that only says what it is told to. */
function resumed(settings: Partial<CoreSettings> = {}): CoreNetwork {
  const network = new CoreNetwork({ settings: { settleMs: 20, roundsMax: 6, originsExpected: 2, ...settings } });
  network.add('a', { weights: [5, 5], resume: progress });
  network.add('b');
  network.start('a');
  network.feed('a', { kind: 'peerUp', peer: 'b' });
  return network;
}

function ofKind<K extends Effect['kind']>(network: CoreNetwork, kind: K): Extract<Effect, { kind: K }>[] {
  return network.effects('a').filter((effect): effect is Extract<Effect, { kind: K }> => effect.kind === kind);
}

function published(network: CoreNetwork): UpdateMessage[] {
  return ofKind(network, 'publish').flatMap(({ message }) => (message.kind === 'update' ? [message] : []));
}

describe('GossipCore after a restart', () => {
  it('does the rounds that are left, with its own weights, steps and clock', () => {
    const network = resumed();
    network.run();
    assert.deepEqual(
      network.events('a').map((event) => (event.type === 'round' ? event.round : event.type)),
      ['joined', 5, 6, 'finished'],
    );
    assert.deepEqual([...(ofKind(network, 'train')[0]?.weights ?? [])], [5, 5]);
    assert.deepEqual(
      published(network).map(({ round, steps }) => [round, steps]),
      [
        [11, 100],
        [12, 120],
      ],
    );
  });

  it('has nothing left to do where the checkpoint was the last', () => {
    const network = resumed({ roundsMax: 4 });
    network.run();
    assert.deepEqual(
      network.events('a').map(({ type }) => type),
      ['joined', 'finished'],
    );
    assert.equal(ofKind(network, 'train').length, 0);
  });

  it('asks its neighbours, keeps its model and follows their clock where they are at most stalenessMaxRounds ahead', () => {
    for (const [offered, expected] of [
      [7, 11],
      [10, 11],
      [13, 14],
    ] as const) {
      const network = resumed({ stalenessMaxRounds: 3 });
      assert.equal(ofKind(network, 'pull').length, 1);
      network.deliver('b', 'a', updateOf(offered, [9, 9]), true);
      const joined = network.events('a')[0];
      assert.deepEqual(joined, { type: 'joined', atMs: 0, origins: 0, caughtUpFrom: undefined });
      assert.deepEqual([...(ofKind(network, 'train')[0]?.weights ?? [])], [5, 5]);
      network.run();
      assert.equal(published(network)[0]?.round, expected);
    }
  });

  it('takes over the model of a neighbour that is further ahead, and counts its own rounds on', () => {
    const network = resumed({ stalenessMaxRounds: 3 });
    network.deliver('b', 'a', updateOf(14, [9, 9]), true);
    assert.deepEqual(network.events('a')[0], { type: 'joined', atMs: 0, origins: 0, caughtUpFrom: 'b' });
    const [train] = ofKind(network, 'train');
    assert.deepEqual([...(train?.weights ?? [])], [9, 9]);
    assert.deepEqual([train?.round, train?.clockRound], [5, 15]);
  });

  it('goes on in the scaler of its checkpoint, and adopts what it hears', () => {
    const network = new CoreNetwork({ features: 1, settings: { settleMs: 20, roundsMax: 6 } });
    const origins = [
      { peer: 'a', version: 1, ...momentsAt(1) },
      { peer: 'b', version: 1, ...momentsAt(3) },
    ];
    network.add('a', { weights: [5, 5], moments: momentsAt(1), resume: { ...progress, origins } });
    network.start('a');
    network.run(10);
    assert.deepEqual(
      ofKind(network, 'rescale').map(({ moments }) => moments.mean[0]),
      [2],
    );
    network.deliver('c', 'a', { kind: 'moments', origins: [{ peer: 'c', version: 1, ...momentsAt(8) }] });
    network.run();
    assert.deepEqual(
      ofKind(network, 'rescale').map(({ moments }) => moments.mean[0]),
      [2, 4],
    );
    // The weights are expressed in the new scaler, whose mean is 2 higher.
    assert.deepEqual([...(ofKind(network, 'train')[0]?.weights ?? [])], [7, 7]);
  });

  it('is the same node again: from the checkpoint of any round, the rest of its rounds are those it would have done', () => {
    const whole = new CoreNetwork({ settings: { settleMs: 20, roundsMax: 6 } });
    whole.add('a', { weights: [1, 2] });
    whole.start('a');
    whole.run();
    const checkpoints = ofKind(whole, 'checkpoint');
    assert.equal(checkpoints.length, 6);
    for (const { kind: _, weights, ...resume } of checkpoints satisfies Checkpoint[]) {
      const rest = new CoreNetwork({ settings: { settleMs: 20, roundsMax: 6 } });
      rest.add('a', { weights: [...weights], resume });
      rest.start('a');
      rest.run();
      assert.deepEqual(ofKind(rest, 'checkpoint'), checkpoints.slice(resume.round));
      assert.deepEqual(published(rest), published(whole).slice(resume.round));
    }
  });
});

describe('GossipCore and a peer that restarts', () => {
  it('mixes its earlier rounds once it was gone, and refuses copies of what came before', () => {
    const network = new CoreNetwork({ settings: { settleMs: 20, roundsMax: 100, stalenessMaxRounds: 1000 } });
    network.add('a');
    network.add('b');
    network.start('a');
    network.feed('a', { kind: 'peerUp', peer: 'b' });
    network.run(20);
    network.deliver('b', 'a', updateOf(50, [1, 1]));
    network.deliver('b', 'a', updateOf(2, [1, 1]));
    assert.deepEqual(network.penalties('a'), ['b duplicate']);
    network.feed('a', { kind: 'peerDown', peer: 'b' });
    network.feed('a', { kind: 'peerUp', peer: 'b' });
    network.deliver('b', 'a', updateOf(50, [1, 1]));
    assert.deepEqual(network.penalties('a'), ['b duplicate', 'b duplicate']);
    network.run(120);
    network.deliver('b', 'a', updateOf(2, [1, 1]));
    network.run(220);
    network.deliver('b', 'a', updateOf(3, [1, 1]));
    network.deliver('b', 'a', updateOf(2, [1, 1]));
    network.run(320);
    assert.deepEqual(
      network.rounds('a').map(({ mixed }) => mixed.length),
      [1, 1, 1],
    );
    assert.equal(network.penalties('a').length, 3);
  });
});

describe('GossipCore in synchronous rounds with changing neighbours', () => {
  it('does not leave its round for that of a neighbour whose update of this round is at hand', () => {
    const network = new CoreNetwork({ settings: { settleMs: 20, roundsMax: 2, rounds: 'synchronous' } });
    network.add('a');
    network.add('b');
    network.start('a');
    network.feed('a', { kind: 'peerUp', peer: 'b' });
    network.run(20);
    network.deliver('b', 'a', updateOf(1, [1, 1]));
    network.deliver('b', 'a', updateOf(3, [3, 3]));
    network.run(120);
    assert.deepEqual(network.rounds('a')[0]?.mixed, [{ peer: 'b', round: 1, stalenessRounds: 0 }]);
    assert.equal(ofKind(network, 'train').at(-1)?.clockRound, 2);
  });
});
