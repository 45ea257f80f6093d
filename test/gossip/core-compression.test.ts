// Sparse updates in the core: what a receiver makes of what is missing, and who gets a whole model.
import assert from 'node:assert/strict';
import type { PullMessage, UpdateMessage } from '../../src/gossip/codec.ts';
import { readSparse, sparsifyTopK } from '../../src/gossip/compression/sparse-payload.ts';
import { decodePayload, digestOf, encodePayload } from '../../src/gossip/payload.ts';
import type { CoreSettings } from '../../src/gossip/protocol.ts';
import { CoreNetwork, momentsAt, type NodeScript, updateOf } from '../support/core-network.ts';
import { lateJoiner } from './core-fixture.ts';

const shapes = [{ rows: 1, columns: 4 }];
const sparse = { shapes, encoding: 'float32', sparsifier: 'top-k', keep: 0.25 } as const;
const currentModel: PullMessage = { kind: 'pull', digest: new Uint8Array(), moments: false };

/** A node 'a' that trains since 20 ms for 100 ms a round, and a neighbour 'b' that says nothing by itself. */
function trainingNode(settings: Partial<CoreSettings> = {}, script: NodeScript = {}): CoreNetwork {
  const network = new CoreNetwork({
    settings: { ...sparse, settleMs: 20, roundsMax: 100, ...settings },
    ...(script.moments && { features: 1 }),
  });
  network.add('a', script);
  network.add('b');
  network.start('a');
  network.feed('a', { kind: 'peerUp', peer: 'b' });
  network.feed('a', { kind: 'notHeldReceived', from: 'b' });
  network.run(20);
  return network;
}

/** An update of 'b' that carries the quarter of `weights` that is furthest from 0. */
function sparseUpdate(round: number, weights: readonly number[], changes: Partial<UpdateMessage> = {}): UpdateMessage {
  const payload = sparsifyTopK(Float32Array.from(weights), new Float32Array(weights.length), sparse);
  return withPayload({ ...updateOf(round, [0, 0]), sparsifier: 'top-k', ...changes }, payload);
}

function wholeUpdate(round: number, weights: readonly number[]): UpdateMessage {
  return withPayload(updateOf(round, [0, 0]), encodePayload(Float32Array.from(weights), shapes, 'float32'));
}

function withPayload(update: UpdateMessage, payload: Uint8Array): UpdateMessage {
  return { ...update, payload, payloadBytes: payload.length, digest: digestOf(payload) };
}

function published(network: CoreNetwork): UpdateMessage[] {
  return network
    .effects('a')
    .flatMap((effect) => (effect.kind === 'publish' && effect.message.kind === 'update' ? [effect.message] : []));
}

/** What each update of 'a' carries, as index and value. */
function carried(network: CoreNetwork): [index: number, value: number][][] {
  return published(network).map(({ payload }) => {
    const { indices, values } = readSparse(payload as Uint8Array, 4, sparse);
    return [...indices].map((index, j): [number, number] => [index, values[j] as number]);
  });
}

describe('GossipCore with a sparsifier', () => {
  it('mixes its own weights, as they are after training, for those that an update does not carry', () => {
    const train = (_round: number, weights: Float32Array) => weights.map((weight, i) => weight + i);
    const network = trainingNode({ mixing: 'epidemic' }, { train });
    network.deliver('b', 'a', sparseUpdate(1, [0, 9, 0, 0]));
    network.run(120);
    assert.deepEqual(network.rounds('a')[0]?.weights, Float32Array.of(0, 5, 2, 3));
  });

  it('top-k: sends what has changed most since it was sent, so that everything comes in the end', () => {
    const train = (round: number) => Float32Array.of(5 - round / 10, 4, 3, 2 + 5 * Number(round > 3));
    const network = trainingNode({}, { train });
    network.run(420);
    const rounded = carried(network).map((update) => update.map(([index, value]) => [index, Math.fround(value)]));
    assert.deepEqual(rounded, [[[0, Math.fround(4.9)]], [[1, 4]], [[2, 3]], [[3, 7]]]);
  });

  it('top-k: begins from the model that it takes over, since its neighbours have that', () => {
    const network = new CoreNetwork({ settings: { ...sparse, originsExpected: 2 } });
    const train = (_round: number, weights: Float32Array) => weights.map((weight, i) => weight + (i === 1 ? 1 : 0));
    network.add('a', { train });
    network.add('b');
    network.start('a');
    network.feed('a', { kind: 'peerUp', peer: 'b' });
    network.deliver('b', 'a', wholeUpdate(7, [50, 60, 70, 80]), true);
    network.run(100);
    assert.deepEqual(carried(network)[0], [[1, 61]]);
  });

  it('top-k: follows a change of the scaler, which is no change to send', () => {
    // The test's reparameterise() adds the difference of the means to every weight.
    const train = (round: number, weights: Float32Array) => weights.map((weight, i) => weight - (i === round ? 1 : 0));
    const network = trainingNode({}, { moments: momentsAt(0), train });
    network.deliver('b', 'a', { kind: 'moments', origins: [{ peer: 'b', version: 1, ...momentsAt(200) }] });
    network.run(230);
    const notes = network.transcript.lines.filter((line) => line.includes('reparameterise'));
    assert.ok(
      notes.some((line) => line.includes('n=10 mean=0 -> n=20 mean=100')),
      notes.join('\n'),
    );
    assert.deepEqual(carried(network), [[[1, -1]], [[2, 99]]]);
  });

  it('gives the current model whole, and the update by its digest as it was sent', () => {
    const network = trainingNode({}, { train: () => Float32Array.of(1, 2, 3, 4) });
    network.run(120);
    const [update] = published(network) as [UpdateMessage];
    assert.equal(update.sparsifier, 'top-k');
    const [whole] = network.core('a').answer(currentModel);
    assert.ok(whole?.kind === 'update' && whole.payload);
    const { payload, digest, payloadBytes, sparsifier, ...header } = whole;
    assert.deepEqual(decodePayload(payload, shapes, 'float32'), Float32Array.of(1, 2, 3, 4));
    assert.deepEqual([sparsifier, payloadBytes, digest], ['none', 16, digestOf(payload)]);
    const { payload: _, digest: __, payloadBytes: ___, sparsifier: ____, ...sent } = update;
    assert.deepEqual(header, sent);
    assert.deepEqual(network.core('a').answer({ ...currentModel, digest: update.digest }), [update]);
  });

  it('goes on from a whole model only, and keeps a sparse answer as the update that it is', () => {
    const network = new CoreNetwork({ settings: { ...sparse, settleMs: 20 } });
    network.add('a', {});
    network.add('b');
    network.start('a');
    network.feed('a', { kind: 'peerUp', peer: 'b' });
    network.deliver('b', 'a', sparseUpdate(1, [0, 8, 0, 0]), true);
    network.deliver('b', 'a', sparseUpdate(1, [0, 8, 0, 0]));
    assert.deepEqual(network.penalties('a'), ['b duplicate']);
    network.deliver('b', 'a', sparseUpdate(2, [0, 8, 0, 0]));
    network.deliver('b', 'a', sparseUpdate(1, [0, 8, 0, 0]), true);
    network.deliver('b', 'a', sparseUpdate(2, [0, 8, 0, 0]));
    assert.deepEqual(network.penalties('a'), ['b duplicate', 'b duplicate']);
    network.run(120);
    assert.ok(network.events('a').some((event) => event.type === 'joined' && event.caughtUpFrom === undefined));
    assert.deepEqual(network.rounds('a')[0]?.mixed, [{ peer: 'b', round: 2, stalenessRounds: 0 }]);
  });

  it('lets a late joiner go on from a whole model, and mix sparse updates from then on', () => {
    const train = (_round: number, weights: Float32Array) => weights.map((weight, i) => weight + i + 1);
    const { network, joined, beganFrom, trained } = lateJoiner(sparse, { train });
    assert.ok(joined?.type === 'joined' && joined.caughtUpFrom === 'a');
    assert.ok(trained.includes(beganFrom), beganFrom);
    assert.ok(network.rounds('late').some(({ mixed }) => mixed.length > 0));
    assert.deepEqual([network.penalties('a'), network.penalties('late')], [[], []]);
  });

  it('announces a sparse payload with exchange pull, and pulls it by its digest', () => {
    const network = trainingNode({ exchange: 'pull' });
    const { payload: _, ...header } = sparseUpdate(1, [0, 8, 0, 0]);
    network.deliver('b', 'a', header);
    const pulls = network.effects('a').flatMap((effect) => (effect.kind === 'pull' ? [effect.message.digest] : []));
    assert.deepEqual(pulls.at(-1), header.digest);
    network.deliver('b', 'a', sparseUpdate(1, [0, 8, 0, 0]), true);
    network.run(120);
    assert.equal(network.rounds('a')[0]?.mixed.length, 1);
    const [announced] = published(network);
    assert.equal(announced?.payload, undefined);
    assert.equal(announced?.sparsifier, 'top-k');
  });

  it('refuses an update in another encoding or with another sparsifier, but for whole models that it pulled', () => {
    const network = trainingNode();
    network.deliver('b', 'a', wholeUpdate(1, [1, 1, 1, 1]));
    network.deliver('b', 'a', sparseUpdate(1, [1, 1, 1, 1], { sparsifier: 'random-k' }));
    network.deliver('b', 'a', sparseUpdate(1, [1, 1, 1, 1], { encoding: 'int8' }));
    network.deliver('b', 'a', sparseUpdate(1, [1, 1, 1, 1], { sparsifier: 'random-k' }), true);
    assert.deepEqual(network.penalties('a'), Array(4).fill('b wrong-encoding'));
    network.deliver('b', 'a', wholeUpdate(1, [1, 1, 1, 1]), true);
    assert.equal(network.penalties('a').length, 4);
    network.run(120);
    assert.equal(network.rounds('a')[0]?.mixed.length, 1);
  });

  it('refuses lengths that no sparse payload has, also of an announcement', () => {
    const network = trainingNode();
    const { payload: _, ...header } = sparseUpdate(1, [1, 1, 1, 1]);
    // One value of 4 bytes, and an index of at most 3 bits.
    for (const payloadBytes of [1, 4, 6, 16]) network.deliver('b', 'a', { ...header, payloadBytes });
    assert.deepEqual(network.penalties('a'), Array(4).fill('b wrong-shape'));
  });

  it('two nodes that no longer train agree in the end, with random-k also where a third of the updates is lost', () => {
    for (const sparsifier of ['top-k', 'random-k'] as const) {
      let updates = 0;
      const network = new CoreNetwork({
        settings: { ...sparse, sparsifier, originsExpected: 2, roundsMax: 200 },
        loses: (_from, _to, { kind }) => sparsifier === 'random-k' && kind === 'update' && updates++ % 3 === 0,
      });
      const trainedTo = (...first: number[]): NodeScript => ({
        train: (round, weights) => (round === 1 ? Float32Array.from(first) : weights),
      });
      network.add('a', trainedTo(0.3, -1.7, 2.9, 0.4));
      network.add('b', trainedTo(1.1, 0.6, -0.2, 5.3));
      network.link('a', 'b');
      network.start('a');
      network.start('b');
      network.run();
      const [a, b] = ['a', 'b'].map((name) => network.rounds(name).at(-1)?.weights as Float32Array);
      const apart = Math.max(...(a as Float32Array).map((weight, i) => Math.abs(weight - (b?.[i] as number))));
      assert.ok(apart < 1e-3, `${sparsifier}: ${a} and ${b}`);
    }
  });
});
