import assert from 'node:assert/strict';
import fc from 'fast-check';
import { largest } from '../../../src/gossip/compression/selection.ts';
import {
  type Compression,
  filledIn,
  readSparse,
  type SparseVector,
  sparseBytesRange,
  sparsifyRandomK,
  sparsifyTopK,
} from '../../../src/gossip/compression/sparse-payload.ts';
import { type Encoding, encodings } from '../../../src/gossip/payload.ts';
import { PeerError, type PeerErrorCode } from '../../../src/gossip/peer-error.ts';
import { Prng } from '../../../src/lib/prng.ts';

const finite = fc.float({ noNaN: true, min: -60_000, max: 60_000 });
const compressionArbitrary: fc.Arbitrary<Compression> = fc.record({
  encoding: fc.constantFrom(...encodings),
  sparsifier: fc.constantFrom('top-k', 'random-k'),
  keep: fc.double({ min: 0.001, max: 1, noNaN: true }),
});
/** A vector and a reference of the same length. */
const vectorsArbitrary = fc
  .array(fc.tuple(finite, finite), { minLength: 1, maxLength: 200 })
  .map((pairs) => [0, 1].map((side) => Float32Array.from(pairs, (pair) => pair[side] as number)))
  .map(([vector, reference]) => ({ vector: vector as Float32Array, reference: reference as Float32Array }));

function sparsify(vector: Float32Array, reference: Float32Array, compression: Compression, seed = 1): Uint8Array {
  return compression.sparsifier === 'top-k'
    ? sparsifyTopK(vector, reference, compression)
    : sparsifyRandomK(vector, compression, new Prng(seed));
}

/** How far a value may come back from what was sent, given the largest of those that share its scale. */
function errorBound(encoding: Encoding, value: number, largestOfBlock: number): number {
  if (encoding === 'float32') return 0;
  if (encoding === 'float16') return Math.max(Math.abs(value) * 2 ** -11, 2 ** -25);
  // A bfloat16 scale is up to 2^-7 above the exact one; the smallest bfloat16 is a floor.
  return (largestOfBlock / 127 / 2) * (1 + 2 ** -7) + largestOfBlock * 2 ** -23 + 2 ** -133;
}

function codeOf(code: PeerErrorCode) {
  return (error: unknown) => error instanceof PeerError && error.code === code;
}

describe('sparse payloads', () => {
  it('bring round(keep · n) values back at their coordinates, off by no more than the encoding', () => {
    fc.assert(
      fc.property(vectorsArbitrary, compressionArbitrary, fc.integer(), ({ vector, reference }, compression, seed) => {
        const payload = sparsify(vector, reference, compression, seed);
        const { min, max } = sparseBytesRange(vector.length, compression);
        assert.ok(payload.length >= min && payload.length <= max);
        const { indices, values } = readSparse(payload, vector.length, compression);
        assert.equal(indices.length, Math.max(1, Math.round(compression.keep * vector.length)));
        assert.equal(new Set(indices).size, values.length);
        values.forEach((value, j) => {
          const block = indices.subarray(j - (j % 64), j - (j % 64) + 64);
          const largestOfBlock = Math.max(...Array.from(block, (index) => Math.abs(vector[index] as number)));
          const sent = vector[indices[j] as number] as number;
          assert.ok(
            Math.abs(value - sent) <= errorBound(compression.encoding, sent, largestOfBlock),
            `${sent} ${value}`,
          );
        });
      }),
      { numRuns: 300 },
    );
  });

  it('top-k carries the coordinates that changed most, by a sort of all changes', () => {
    fc.assert(
      fc.property(vectorsArbitrary, fc.constantFrom(0.05, 0.1, 0.5, 1), ({ vector, reference }, keep) => {
        const compression: Compression = { encoding: 'float32', sparsifier: 'top-k', keep };
        const { indices } = readSparse(sparsifyTopK(vector, reference, compression), vector.length, compression);
        const change = (i: number) => Math.abs(Math.fround((vector[i] as number) - (reference[i] as number)));
        const expected = [...vector.keys()].sort((a, b) => change(b) - change(a) || a - b).slice(0, indices.length);
        assert.deepEqual(
          [...indices],
          expected.sort((a, b) => a - b),
        );
      }),
    );
  });

  it('top-k is not troubled by changes beyond the range of a float', () => {
    const vector = Float32Array.of(0, 3e38, 1);
    const compression: Compression = { encoding: 'float32', sparsifier: 'top-k', keep: 0.3 };
    const payload = sparsifyTopK(vector, Float32Array.of(0, -3e38, 0), compression);
    assert.deepEqual(readSparse(payload, 3, compression), {
      indices: Uint32Array.of(1),
      values: Float32Array.of(3e38),
    });
  });

  it('random-k draws other coordinates each time, and the same from the same generator', () => {
    const vector = Float32Array.from({ length: 100 }, (_, i) => i);
    const compression: Compression = { encoding: 'float32', sparsifier: 'random-k', keep: 0.1 };
    const prng = new Prng('draw');
    const [first, second] = [sparsifyRandomK(vector, compression, prng), sparsifyRandomK(vector, compression, prng)];
    assert.notDeepEqual(first, second);
    assert.deepEqual(first, sparsifyRandomK(vector, compression, new Prng('draw')));
  });

  it('have the bytes of the layout: values, int8 with a scale for 64, then the coordinates', () => {
    const vector = Float32Array.from({ length: 1000 }, (_, i) => i % 7);
    const bytes = (encoding: Encoding, sparsifier: Compression['sparsifier']) =>
      sparseBytesRange(1000, { encoding, sparsifier, keep: 0.1 });
    assert.deepEqual(bytes('float32', 'random-k'), { min: 408, max: 408 });
    assert.deepEqual(bytes('float16', 'random-k'), { min: 208, max: 208 });
    assert.deepEqual(bytes('int8', 'random-k'), { min: 112, max: 112 });
    // 100 indices with r = 3: 400 bits, and one for each 8 of the 900 left out.
    assert.deepEqual(bytes('int8', 'top-k'), { min: 104 + 50, max: 104 + 64 });
    const compression: Compression = { encoding: 'int8', sparsifier: 'random-k', keep: 0.07 };
    const payload = sparsifyRandomK(vector, compression, new Prng(1));
    const { indices, values } = readSparse(payload, 1000, compression);
    // The scale of the first 64 values, then they; the scale of the other 6, then they.
    assert.equal(values[0], (payload[2] as number) * bfloat16(payload, 0));
    assert.equal(values[64], (payload[68] as number) * bfloat16(payload, 66));
    const drawn = new DataView(payload.buffer, 74);
    assert.deepEqual(
      [...indices.subarray(0, 2)],
      [drawn.getUint32(4, true), (drawn.getUint32(4, true) + drawn.getUint32(0, true)) % 1000],
    );
  });

  it('readSparse() throws nothing but PeerError on random bytes and on truncations', () => {
    const payloads = fc.tuple(fc.integer({ min: 1, max: 150 }), compressionArbitrary).chain(([count, compression]) => {
      const { min, max } = sparseBytesRange(count, compression);
      const random = fc.uint8Array({ minLength: min, maxLength: max });
      const vector = Float32Array.from({ length: count }, (_, i) => Math.sin(i));
      const good = sparsify(vector, new Float32Array(count), compression);
      const spoilt = fc
        .tuple(fc.nat(good.length - 1), fc.nat(255))
        .map(([at, byte]) => good.map((old, i) => (i === at ? byte : old)));
      const cut = fc.nat(good.length).map((length) => good.subarray(0, length));
      return fc.record({
        count: fc.constant(count),
        compression: fc.constant(compression),
        payload: fc.oneof(random, spoilt, cut),
      });
    });
    fc.assert(
      fc.property(payloads, ({ count, compression, payload }) => {
        let read: SparseVector;
        try {
          read = readSparse(payload, count, compression);
        } catch (error) {
          if (!(error instanceof PeerError)) throw error;
          return;
        }
        assert.ok(read.values.every(Number.isFinite));
        assert.ok(read.indices.every((index) => index < count));
        assert.equal(new Set(read.indices).size, read.indices.length);
      }),
      { numRuns: 2000 },
    );
  });

  it('readSparse() refuses NaN, progressions that do not reach all, and lengths out of range', () => {
    const compression: Compression = { encoding: 'float32', sparsifier: 'random-k', keep: 0.2 };
    const payload = (values: number[], ...progression: number[]) =>
      new Uint8Array([
        ...new Uint8Array(Float32Array.from(values).buffer),
        ...new Uint8Array(Uint32Array.from(progression).buffer),
      ]);
    const read = (bytes: Uint8Array) => readSparse(bytes, 10, compression);
    assert.deepEqual(read(payload([1, 2], 3, 9)), {
      indices: Uint32Array.of(9, 2),
      values: Float32Array.of(1, 2),
    });
    assert.throws(() => read(payload([1, Number.NaN], 3, 9)), codeOf('non-finite'));
    for (const progression of [
      [0, 0],
      [2, 0],
      [10, 0],
      [11, 0],
      [3, 10],
    ]) {
      assert.throws(() => read(payload([1, 2], ...progression)), codeOf('malformed'));
    }
    for (const length of [0, 8, 15, 17]) assert.throws(() => read(new Uint8Array(length)), codeOf('wrong-shape'));
    assert.throws(() => read(payload([1, 2], 1)), codeOf('wrong-shape'));
  });

  it('filledIn() takes what is carried and leaves the rest, and changes neither', () => {
    const own = Float32Array.of(1, 2, 3, 4);
    const some = { indices: Uint32Array.of(3, 1), values: Float32Array.of(40, 20) };
    assert.deepEqual(filledIn(some, own), Float32Array.of(1, 20, 3, 40));
    assert.deepEqual(own, Float32Array.of(1, 2, 3, 4));
  });

  it('sparsifyTopK() takes what largest() takes where the reference is zero', () => {
    const prng = new Prng(3);
    const vector = Float32Array.from({ length: 500 }, () => prng.nextGaussian());
    const compression: Compression = { encoding: 'float16', sparsifier: 'top-k', keep: 0.03 };
    const { indices } = readSparse(sparsifyTopK(vector, new Float32Array(500), compression), 500, compression);
    assert.deepEqual(indices, largest(vector, 15));
  });
});

function bfloat16(payload: Uint8Array, at: number): number {
  return new Float32Array(Uint8Array.of(0, 0, payload[at] as number, payload[at + 1] as number).buffer)[0] as number;
}
