import assert from 'node:assert/strict';
import type { Message, PullMessage, UpdateMessage } from '../../src/gossip/codec.ts';
import { plainVectors } from '../../src/gossip/mixing.ts';
import type { MomentsEntry } from '../../src/gossip/moments.ts';
import { decodePayload, encodePayload } from '../../src/gossip/payload.ts';
import type { CoreSettings, Effect } from '../../src/gossip/protocol.ts';
import { CoreNetwork, momentsAt, type NodeScript, type RoundEvent, updateOf } from '../support/core-network.ts';

const unknown = new Uint8Array(32);
const currentModel: PullMessage = { kind: 'pull', digest: new Uint8Array(), moments: true };

/** A node 'a' that trains since 20 ms, with neighbours that never say anything by themselves. */
function trainingNode(
  settings: Partial<CoreSettings> = {},
  peers: readonly string[] = ['b'],
  script: NodeScript = {},
): CoreNetwork {
  const network = joiningNode({ settleMs: 20, roundsMax: 100, ...settings }, peers, script);
  for (const from of peers) network.feed('a', { kind: 'notHeldReceived', from });
  network.run(20);
  return network;
}

function joiningNode(
  settings: Partial<CoreSettings> = {},
  peers: readonly string[] = ['b'],
  script: NodeScript = {},
): CoreNetwork {
  const network = new CoreNetwork({ settings, ...(script.moments && { features: 1 }) });
  network.add('a', script);
  for (const peer of peers) network.add(peer);
  network.start('a');
  for (const peer of peers) network.feed('a', { kind: 'peerUp', peer });
  return network;
}

function momentsOf(...origins: readonly [peer: string, mean: number][]): Message {
  return {
    kind: 'moments',
    origins: origins.map(([peer, mean]): MomentsEntry => ({ peer, version: 1, ...momentsAt(mean) })),
  };
}

function ofKind<K extends Effect['kind']>(network: CoreNetwork, kind: K): Extract<Effect, { kind: K }>[] {
  return network.effects('a').filter((effect): effect is Extract<Effect, { kind: K }> => effect.kind === kind);
}

function published(network: CoreNetwork): UpdateMessage[] {
  return ofKind(network, 'publish').flatMap(({ message }) => (message.kind === 'update' ? [message] : []));
}

function joined(network: CoreNetwork) {
  return network.events('a').find((event) => event.type === 'joined');
}

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

describe('GossipCore exchange', () => {
  const peers = ['b', 'c', 'd', 'e'];

  function offered(settings: Partial<CoreSettings>): CoreNetwork {
    const network = trainingNode(settings, peers);
    network.run(120);
    return network;
  }

  for (const exchange of ['mesh', 'broadcast'] as const) {
    it(`${exchange}: publishes the model with the number of neighbours as degree`, () => {
      const network = offered({ exchange });
      const [update] = published(network);
      assert.equal(update?.degree, 4);
      assert.equal(update?.payload?.length, 8);
      assert.equal(ofKind(network, 'send').length, 0);
    });
  }

  it('random: sends the model to fanout different peers and publishes none', () => {
    const network = offered({ exchange: 'random', fanout: 3 });
    const sends = ofKind(network, 'send');
    assert.equal(new Set(sends.map(({ peer }) => peer)).size, 3);
    assert.ok(sends.every(({ message }) => message.degree === 3 && message.payload));
    assert.deepEqual(published(network), []);
    assert.equal(ofKind(offered({ exchange: 'random', fanout: 9 }), 'send').length, 4);
  });

  it('pull, and any model above inlinePayloadBytesMax: publishes the header alone', () => {
    for (const settings of [{ exchange: 'pull' }, { inlinePayloadBytesMax: 7 }] as const) {
      const [header] = published(offered(settings));
      assert.equal(header?.payload, undefined);
      assert.equal(header?.payloadBytes, 8);
    }
  });

  it('pulls an announced model by its digest, and does not pull again where the answer has no payload', () => {
    const network = trainingNode();
    const { payload: _, ...header } = updateOf(1, [1, 1]);
    network.deliver('b', 'a', header);
    const pulls = ofKind(network, 'pull').slice(1);
    assert.deepEqual(pulls[0]?.message, { kind: 'pull', digest: header.digest, moments: false });
    network.deliver('b', 'a', header, true);
    assert.equal(ofKind(network, 'pull').length, 2);
    assert.deepEqual(network.penalties('a'), ['b malformed']);
  });

  it('pulls no announced model of a peer whose answer it waits for while joining', () => {
    const network = joiningNode({ exchange: 'pull' }, ['b', 'c']);
    network.feed('a', { kind: 'notHeldReceived', from: 'c' });
    for (const peer of ['b', 'c']) {
      const { payload: _, ...header } = updateOf(1, [1, 1]);
      network.deliver(peer, 'a', header);
    }
    assert.deepEqual(
      ofKind(network, 'pull').map(({ peer }) => peer),
      ['b', 'c', 'c'],
    );
  });

  it('int8: mixes the weights as they were sent', () => {
    const network = new CoreNetwork({ settings: { encoding: 'int8', originsExpected: 2, roundsMax: 2 } });
    const train = (_round: number, weights: Float32Array) => weights;
    network.add('a', { weights: [1, 1], train });
    network.add('b', { weights: [100, 0.2], train });
    network.link('a', 'b');
    network.start('a');
    network.start('b');
    network.run();
    const shapes = [{ rows: 1, columns: 2 }];
    const sent = decodePayload(encodePayload(Float32Array.of(100, 0.2), shapes, 'int8'), shapes, 'int8');
    assert.equal(sent[1], 0);
    // The update is one round old, so its weight is a quarter.
    assert.deepEqual(
      network.rounds('a').at(-1)?.weights,
      sent.map((weight) => 0.75 + weight / 4),
    );
  });
});

describe('GossipCore.answer()', () => {
  const digestOnly = (digest: Uint8Array): PullMessage => ({ kind: 'pull', digest, moments: false });
  const kinds = (network: CoreNetwork, pull: PullMessage) =>
    network
      .core('a')
      .answer(pull)
      .map(({ kind }) => kind);

  it('has no model before the first round, and moments where it shares a scaler', () => {
    assert.deepEqual(kinds(trainingNode(), currentModel), ['notHeld']);
    const scaled = trainingNode({}, ['b'], { moments: momentsAt(1) });
    assert.deepEqual(kinds(scaled, currentModel), ['moments', 'notHeld']);
  });

  it('gives the current model by no digest or by its own, and says that another is not held', () => {
    const network = trainingNode();
    network.run(120);
    const [update] = published(network);
    assert.deepEqual(network.core('a').answer(digestOnly(new Uint8Array())), [update]);
    assert.deepEqual(network.core('a').answer(digestOnly(update?.digest as Uint8Array)), [update]);
    assert.deepEqual(network.core('a').answer(digestOnly(unknown)), [{ kind: 'notHeld', digest: unknown }]);
  });

  it("sends the moments of its model's scaler with the model, and all that it knows without one", () => {
    const network = trainingNode({}, ['b'], { moments: momentsAt(1) });
    network.run(120);
    network.deliver('b', 'a', momentsOf(['b', 3]));
    const originsWith = (digest: Uint8Array) => {
      const [moments] = network.core('a').answer({ kind: 'pull', digest, moments: true });
      assert.equal(moments?.kind, 'moments');
      return moments?.kind === 'moments' && moments.origins.map(({ peer }) => peer);
    };
    assert.deepEqual(originsWith(new Uint8Array()), ['a']);
    assert.deepEqual(originsWith(unknown), ['a', 'b']);
  });
});

describe('GossipCore moments', () => {
  it('passes news on once, after spreadMs and to neighbours only', () => {
    const network = joiningNode({}, [], { moments: momentsAt(1) });
    network.run(200);
    assert.deepEqual(ofKind(network, 'publish'), []);
    network.add('b');
    network.feed('a', { kind: 'peerUp', peer: 'b' });
    network.deliver('b', 'a', momentsOf(['b', 3]));
    network.deliver('b', 'a', momentsOf(['b', 3]));
    network.run(249);
    assert.deepEqual(ofKind(network, 'publish'), []);
    network.run(900);
    const [{ message } = { message: undefined }, ...others] = ofKind(network, 'publish');
    assert.deepEqual(message?.kind === 'moments' && message.origins.map(({ peer }) => peer), ['a', 'b']);
    assert.deepEqual(others, []);
  });

  it('keeps news for later where the neighbours went away meanwhile', () => {
    const network = joiningNode({ settleMs: 5000 }, ['b'], { moments: momentsAt(1) });
    network.feed('a', { kind: 'peerDown', peer: 'b' });
    network.run(200);
    assert.deepEqual(ofKind(network, 'publish'), []);
    network.feed('a', { kind: 'peerUp', peer: 'b' });
    network.run(400);
    assert.equal(ofKind(network, 'publish').length, 1);
  });

  it('refuses moments where no scaler is shared', () => {
    const network = trainingNode();
    network.feed('a', {
      kind: 'momentsReceived',
      from: 'b',
      moments: momentsOf(['b', 3]) as Extract<Message, { kind: 'moments' }>,
      pulled: false,
    });
    assert.deepEqual(network.penalties('a'), ['b wrong-scaler']);
  });
});
