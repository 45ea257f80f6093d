// Push-sum and CHOCO in the core: who joins late, what is refused, and what must not be lost.
import assert from 'node:assert/strict';
import type { Content, Mass, PullMessage, UpdateMessage } from '../../src/gossip/codec.ts';
import { decodePayload } from '../../src/gossip/payload.ts';
import type { CoreSettings } from '../../src/gossip/protocol.ts';
import { CoreNetwork, updateOf } from '../support/core-network.ts';
import { lateJoiner } from './core-fixture.ts';

const shapes = [{ rows: 1, columns: 2 }];
const pushSum = { mixing: 'push-sum' } as const;
const choco = { mixing: 'choco', consensusStep: 0.5, rounds: 'synchronous' } as const;
const currentModel: PullMessage = { kind: 'pull', digest: new Uint8Array(), moments: false };
const mass: Mass = { epoch: 5, sequence: 1, weight: 10 };

/** A node 'a' that waits until 20 ms for the answer of 'b', which says nothing by itself, and trains for 100 ms a round. */
function joiningNode(settings: Partial<CoreSettings>): CoreNetwork {
  const network = new CoreNetwork({ settings: { settleMs: 20, roundsMax: 100, roundTimeoutMs: 1000, ...settings } });
  network.add('a');
  network.add('b');
  network.start('a');
  network.feed('a', { kind: 'peerUp', peer: 'b' });
  return network;
}

function trainingNode(settings: Partial<CoreSettings>): CoreNetwork {
  const network = joiningNode(settings);
  network.feed('a', { kind: 'notHeldReceived', from: 'b' });
  network.run(20);
  return network;
}

function sent(network: CoreNetwork, name = 'a'): UpdateMessage[] {
  return network
    .effects(name)
    .flatMap((effect) =>
      (effect.kind === 'publish' || effect.kind === 'send') && effect.message.kind === 'update' ? [effect.message] : [],
    );
}

function mixedRounds(network: CoreNetwork): number[][] {
  return network.rounds('a').map(({ mixed }) => mixed.map(({ round }) => round));
}

describe('GossipCore that mixes with a memory', () => {
  for (const [settings, content] of [
    [pushSum, 'sums'],
    [choco, 'difference'],
  ] as const) {
    it(`${settings.mixing}: gives its current model whole, as weights, whatever its updates hold`, () => {
      const network = trainingNode(settings);
      network.run(120);
      const [update] = sent(network);
      assert.equal(update?.content, content);
      const [answer] = network.core('a').answer(currentModel);
      assert.ok(answer?.kind === 'update' && answer.payload);
      assert.deepEqual([answer.content, answer.sparsifier, answer.mass], ['weights', 'none', undefined]);
      assert.deepEqual(decodePayload(answer.payload, shapes, 'float32'), Float32Array.of(1, 1));
    });

    it(`${settings.mixing}: refuses an update of any other content`, () => {
      const network = trainingNode(settings);
      const others = (['weights', 'difference', 'sums'] as Content[]).filter((other) => other !== content);
      for (const [i, other] of others.entries()) {
        const changes = { content: other, ...(other === 'sums' && { mass }) };
        network.deliver('b', 'a', updateOf(i + 1, [9, 9], changes));
      }
      assert.deepEqual(network.penalties('a'), ['b wrong-encoding', 'b wrong-encoding']);
      network.run(2000);
      assert.ok(network.rounds('a').every(({ mixed }) => mixed.length === 0));
    });

    it(`${settings.mixing}: drops the model that it asked for when it has begun without it`, () => {
      const network = joiningNode(settings);
      network.run(50);
      network.deliver('b', 'a', updateOf(1, [9, 9]), true);
      assert.deepEqual(network.penalties('a'), []);
      network.run(2000);
      assert.ok(network.rounds('a').length > 1);
      assert.ok(network.rounds('a').every(({ mixed }) => mixed.length === 0));
      assert.deepEqual(network.rounds('a')[0]?.weights, Float32Array.of(1, 1));
    });
  }

  it('a rule without a memory refuses differences and sums', () => {
    const network = trainingNode({ mixing: 'metropolis' });
    network.deliver('b', 'a', updateOf(1, [9, 9], { content: 'difference' }));
    network.deliver('b', 'a', updateOf(1, [9, 9], { content: 'sums', mass }));
    assert.deepEqual(network.penalties('a'), ['b wrong-encoding', 'b wrong-encoding']);
    assert.equal(network.core('a').held.waiting, 0);
  });

  it('push-sum: a late joiner goes on from a whole model, and mixes sums from then on', () => {
    const { network, joined, beganFrom, trained } = lateJoiner(pushSum);
    assert.ok(joined?.type === 'joined' && joined.caughtUpFrom === 'a');
    assert.ok(trained.includes(beganFrom), beganFrom);
    assert.ok(network.rounds('late').some(({ mixed }) => mixed.length > 0));
    assert.ok(network.rounds('a').some(({ mixed }) => mixed.some(({ peer }) => peer === 'late')));
    assert.deepEqual(
      ['a', 'b', 'late'].map((name) => network.penalties(name)),
      [[], [], []],
    );
  });

  it('choco: begins with the first weights and round, whatever its neighbours offer, and with all their differences', () => {
    const network = joiningNode({ ...choco, originsExpected: 2 });
    network.deliver('b', 'a', updateOf(1, [4, 4], { content: 'difference' }));
    network.deliver('b', 'a', updateOf(1, [4, 4]), true);
    const [joined] = network.events('a');
    assert.ok(joined?.type === 'joined' && joined.caughtUpFrom === undefined);
    network.run(110);
    assert.equal(sent(network)[0]?.round, 1);
    // x̂ is 1 for a and 4 for b, and b's weight is 1/2: 1 + γ/2 · (4 − 1).
    assert.deepEqual(mixedRounds(network), [[1]]);
    assert.deepEqual(network.rounds('a')[0]?.weights, Float32Array.of(1.75, 1.75));
    assert.deepEqual(network.penalties('a'), []);
  });

  it('choco: pulls a difference that is announced while it joins', () => {
    const network = joiningNode(choco);
    const { payload: _, ...announced } = updateOf(1, [4, 4], { content: 'difference' });
    network.deliver('b', 'a', announced);
    const pulls = network.effects('a').flatMap((effect) => (effect.kind === 'pull' ? [effect.message.digest] : []));
    assert.deepEqual(pulls.at(-1), announced.digest);
    network.deliver('b', 'a', updateOf(1, [4, 4], { content: 'difference' }), true);
    network.run(130);
    assert.deepEqual(mixedRounds(network), [[1]]);
  });

  it('choco: waits for a difference that a later one has overtaken, and mixes both in order', () => {
    const network = trainingNode(choco);
    network.deliver('b', 'a', updateOf(2, [2, 2], { content: 'difference' }));
    network.run(200);
    assert.deepEqual(mixedRounds(network), []);
    network.deliver('b', 'a', updateOf(1, [4, 4], { content: 'difference' }));
    network.deliver('b', 'a', updateOf(1, [4, 4], { content: 'difference' }));
    network.run(400);
    assert.deepEqual(mixedRounds(network), [[1], [2]]);
    assert.deepEqual(network.penalties('a'), ['b duplicate']);
  });

  it('choco: mixes no more with a neighbour of which it has waited for a difference in vain', () => {
    const network = trainingNode({ ...choco, roundTimeoutMs: 50 });
    network.run(180);
    assert.deepEqual(mixedRounds(network), [[]]);
    network.deliver('b', 'a', updateOf(2, [2, 2], { content: 'difference' }));
    network.run(400);
    assert.deepEqual(mixedRounds(network).slice(0, 2), [[], []]);
    assert.deepEqual(network.penalties('a'), ['b out-of-step']);
  });
});
