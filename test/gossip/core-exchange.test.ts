import assert from 'node:assert/strict';
import type { Message, PullMessage } from '../../src/gossip/codec.ts';
import { decodePayload, encodePayload } from '../../src/gossip/payload.ts';
import type { CoreSettings } from '../../src/gossip/protocol.ts';
import { CoreNetwork, momentsAt, updateOf } from '../support/core-network.ts';
import { currentModel, joiningNode, momentsOf, ofKind, published, trainingNode, unknown } from './core-fixture.ts';

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
