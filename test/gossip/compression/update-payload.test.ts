import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type Compression,
  filledIn,
  readSparse,
  type SparseVector,
  sparsifiers,
  sparsifyTopK,
} from '../../../src/gossip/compression/sparse-payload.ts';
import {
  longestPayloadBytes,
  payloadBytesRange,
  readPayload,
  UpdateWriter,
} from '../../../src/gossip/compression/update-payload.ts';
import { decodePayload, digestOf, type Encoding, encodePayload, encodings } from '../../../src/gossip/payload.ts';
import { PeerError } from '../../../src/gossip/peer-error.ts';
import { Prng } from '../../../src/lib/prng.ts';

function writerOf(compression: Compression, reference: Float32Array): UpdateWriter {
  const writer = new UpdateWriter([{ rows: 1, columns: reference.length }], compression, new Prng('writer'));
  writer.begin(reference);
  return writer;
}

function gaussians(count: number, prng: Prng): Float32Array {
  return Float32Array.from({ length: count }, () => prng.nextGaussian());
}

/** Two nodes that exchange and average without training; the largest difference between them in the end. */
function distanceAfter(rounds: number, writes: ((weights: Float32Array) => SparseVector)[]): number {
  const prng = new Prng('two nodes');
  let models = writes.map(() => gaussians(200, prng));
  for (let round = 0; round < rounds; round++) {
    const sent = models.map((model, i) => (writes[i] as (weights: Float32Array) => SparseVector)(model));
    models = models.map((model, i) => {
      const other = filledIn(sent[1 - i] as SparseVector, model);
      return model.map((weight, at) => (weight + (other[at] as number)) / 2);
    });
  }
  const [a, b] = models as [Float32Array, Float32Array];
  return Math.max(...a.map((weight, at) => Math.abs(weight - (b[at] as number))));
}

describe('UpdateWriter', () => {
  it('writes every weight where the sparsifier is none', () => {
    const weights = Float32Array.of(1, 2, 3);
    for (const encoding of encodings) {
      const payload = writerOf({ encoding, sparsifier: 'none', keep: 0.1 }, weights).write(weights);
      assert.deepEqual(payload, encodePayload(weights, [{ rows: 1, columns: 3 }], encoding));
    }
  });

  it('top-k sends each weight that has changed in the end, the most changed first', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, min: -1000, max: 1000 }), { minLength: 1, maxLength: 60 }),
        fc.constantFrom(0.05, 0.1, 0.4),
        (list, keep) => {
          const weights = Float32Array.from(list);
          const compression: Compression = { encoding: 'float32', sparsifier: 'top-k', keep };
          const writer = writerOf(compression, new Float32Array(list.length));
          let known = new Float32Array(list.length);
          let before = Number.POSITIVE_INFINITY;
          for (let sent = 0; sent < list.length; ) {
            const update = readSparse(writer.write(weights), list.length, compression);
            const changes = Array.from(update.indices, (at) =>
              Math.abs((weights[at] as number) - (known[at] as number)),
            );
            assert.ok(Math.max(...changes) <= before);
            before = Math.min(...changes);
            known = filledIn(update, known) as Float32Array<ArrayBuffer>;
            sent += update.indices.length;
          }
          assert.deepEqual(
            [...known].map((value) => value + 0),
            [...weights].map((value) => value + 0),
          );
        },
      ),
    );
  });

  it('top-k sends again what rounding took, until it is smaller than what it can write', () => {
    const compression: Compression = { encoding: 'int8', sparsifier: 'top-k', keep: 0.5 };
    const weights = Float32Array.of(127, 0.4, 0.3, 0);
    const writer = writerOf(compression, new Float32Array(4));
    const carried = () => readSparse(writer.write(weights), 4, compression);
    // Beside 127 the scale is 1, so 0.4 is rounded away, and stays the one that is furthest from what was sent.
    assert.deepEqual(carried(), { indices: Uint32Array.of(0, 1), values: Float32Array.of(127, 0) });
    const { indices, values } = carried();
    assert.deepEqual([...indices], [1, 2]);
    assert.ok(Math.abs((values[0] as number) - 0.4) < 0.002 && Math.abs((values[1] as number) - 0.3) < 0.002);
  });

  it('brings two nodes together that exchange a tenth and do not train; the largest weights alone do not', () => {
    const bounds: [Encoding, number][] = [
      ['float32', 1e-5],
      ['float16', 2 ** -10],
      // A scale is up to 3 / 127 where the largest of 64 weights is 3.
      ['int8', 0.024],
    ];
    for (const sparsifier of ['top-k', 'random-k'] as const) {
      for (const [encoding, bound] of bounds) {
        const compression: Compression = { encoding, sparsifier, keep: 0.1 };
        const writes = [1, 2].map(() => {
          const writer = writerOf(compression, new Float32Array(200));
          return (weights: Float32Array) => readSparse(writer.write(weights), 200, compression);
        });
        const distance = distanceAfter(400, writes);
        assert.ok(distance < bound, `${sparsifier} ${encoding}: ${distance}`);
      }
    }
    const compression: Compression = { encoding: 'float32', sparsifier: 'top-k', keep: 0.1 };
    const largestOnly = (weights: Float32Array) =>
      readSparse(sparsifyTopK(weights, new Float32Array(200), compression), 200, compression);
    const distance = distanceAfter(400, [largestOnly, largestOnly]);
    assert.ok(distance > 1, `${distance}`);
  });

  it('rescale() keeps what is still to be sent, in the new scaler', () => {
    const compression: Compression = { encoding: 'float32', sparsifier: 'top-k', keep: 0.25 };
    const writer = writerOf(compression, new Float32Array(4));
    const weights = Float32Array.of(1, 2, 3, 4);
    const send = (current: Float32Array) => [...readSparse(writer.write(current), 4, compression).indices];
    assert.deepEqual(send(weights), [3]);
    const express = (old: Float32Array) => old.map((weight, i) => (weight + 10) * (i === 0 ? 8 : 1));
    const changed = express(weights);
    writer.rescale(express, changed);
    assert.deepEqual([send(changed), send(changed), send(changed)], [[0], [2], [1]]);
  });

  it('rescale() begins again from the weights where what was sent would not stay finite', () => {
    const compression: Compression = { encoding: 'float32', sparsifier: 'top-k', keep: 0.5 };
    const writer = writerOf(compression, Float32Array.of(0, 0));
    writer.rescale(() => Float32Array.of(Number.NaN, 0), Float32Array.of(5, 6));
    const { indices } = readSparse(writer.write(Float32Array.of(5, 7)), 2, compression);
    assert.deepEqual([...indices], [1]);
  });

  it('begin() copies, and write() changes nothing that it is given', () => {
    const compression: Compression = { encoding: 'int8', sparsifier: 'top-k', keep: 0.5 };
    const reference = Float32Array.of(0, 0);
    const weights = Float32Array.of(1, 2);
    writerOf(compression, reference).write(weights);
    assert.deepEqual([reference, weights], [Float32Array.of(0, 0), Float32Array.of(1, 2)]);
  });

  it('asserts on top-k without a beginning', () => {
    const compression: Compression = { encoding: 'int8', sparsifier: 'top-k', keep: 0.5 };
    const writer = new UpdateWriter([{ rows: 1, columns: 2 }], compression, new Prng(1));
    assert.throws(() => writer.write(new Float32Array(2)), assert.AssertionError);
  });
});

describe('readPayload()', () => {
  const shapes = [{ rows: 5, columns: 20 }];
  const weights = gaussians(100, new Prng('read'));

  it('reads what UpdateWriter writes, within the range of bytes, and refuses another digest', () => {
    for (const encoding of encodings) {
      for (const sparsifier of sparsifiers) {
        const compression: Compression = { encoding, sparsifier, keep: 0.3 };
        const writer = new UpdateWriter(shapes, compression, new Prng(1));
        writer.begin(new Float32Array(100));
        const payload = writer.write(weights);
        const { min, max } = payloadBytesRange(shapes, compression);
        assert.ok(payload.length >= min && payload.length <= max && max <= longestPayloadBytes(shapes, compression));
        const carried = readPayload(payload, digestOf(payload), shapes, compression);
        assert.deepEqual(
          carried,
          sparsifier === 'none' ? decodePayload(payload, shapes, encoding) : readSparse(payload, 100, compression),
        );
        assert.throws(
          () => readPayload(payload, new Uint8Array(32), shapes, compression),
          (error) => error instanceof PeerError && error.code === 'wrong-digest',
        );
      }
    }
  });

  it('longestPayloadBytes() is that of all weights, unless almost all are carried sparsely', () => {
    const bytes = (keep: number, sparsifier: Compression['sparsifier']) =>
      longestPayloadBytes(shapes, { encoding: 'float32', sparsifier, keep });
    assert.deepEqual([bytes(0.1, 'top-k'), bytes(0.1, 'none'), bytes(1, 'none')], [400, 400, 400]);
    assert.deepEqual([bytes(1, 'random-k'), bytes(1, 'top-k')], [408, 413]);
  });
});
