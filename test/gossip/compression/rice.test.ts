import assert from 'node:assert/strict';
import fc from 'fast-check';
import { indexBytesRange, readIndices, remainderBitsOf, writeIndices } from '../../../src/gossip/compression/rice.ts';
import { largest } from '../../../src/gossip/compression/selection.ts';
import { PeerError, type PeerErrorCode } from '../../../src/gossip/peer-error.ts';
import { Prng } from '../../../src/lib/prng.ts';

/** Ascending indices below n: spread, crowded, or with long gaps. */
const indicesArbitrary = fc
  .integer({ min: 1, max: 5000 })
  .chain((n) =>
    fc
      .uniqueArray(fc.oneof(fc.nat(n - 1), fc.nat(Math.min(n - 1, 20))), { minLength: 1, maxLength: Math.min(n, 80) })
      .map((indices) => ({ n, indices: Uint32Array.from(indices).sort() })),
  );

/** The code by its definition, as text of zeros and ones. */
function bitsOf(indices: Uint32Array, n: number): string {
  const r = remainderBitsOf(indices.length, n);
  let next = 0;
  let bits = '';
  for (const index of indices) {
    const gap = index - next;
    bits += `${'0'.repeat(Math.floor(gap / 2 ** r))}1${(gap % 2 ** r).toString(2).padStart(r, '0').slice(0, r)}`;
    next = index + 1;
  }
  return bits.padEnd(8 * Math.ceil(bits.length / 8), '0');
}

function codeOf(code: PeerErrorCode) {
  return (error: unknown) => error instanceof PeerError && error.code === code;
}

describe('rice', () => {
  it('writeIndices() writes the code as defined, within the range of bytes', () => {
    fc.assert(
      fc.property(indicesArbitrary, ({ n, indices }) => {
        const bytes = writeIndices(indices, n);
        assert.equal([...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join(''), bitsOf(indices, n));
        const { min, max } = indexBytesRange(indices.length, n);
        assert.ok(bytes.length >= min && bytes.length <= max, `${bytes.length} bytes, not ${min} to ${max}`);
      }),
    );
  });

  it('indexBytesRange() is met at both ends', () => {
    for (const [k, n] of [
      [1, 1],
      [1, 5000],
      [100, 1000],
      [7, 9],
      [64, 64],
    ] as const) {
      const first = Uint32Array.from({ length: k }, (_, i) => i);
      const last = first.map((i) => n - k + i);
      assert.equal(writeIndices(first, n).length, indexBytesRange(k, n).min);
      assert.equal(writeIndices(last, n).length, indexBytesRange(k, n).max);
    }
  });

  it('remainderBitsOf() is the greatest for which the mean gap is as long, or none', () => {
    const bits = [
      [3, 6],
      [3, 9],
      [1, 1],
      [100, 1000],
      [101, 1000],
      [900, 1000],
      [1, 2 ** 30 - 1],
    ].map(([k, n]) => remainderBitsOf(k as number, n as number));
    assert.deepEqual(bits, [0, 1, 0, 3, 3, 0, 29]);
  });

  it('readIndices() gives back what was written', () => {
    fc.assert(
      fc.property(indicesArbitrary, ({ n, indices }) => {
        assert.deepEqual(readIndices(writeIndices(indices, n), indices.length, n), indices);
      }),
    );
    const far = Uint32Array.of(0, 2 ** 30 - 2);
    assert.deepEqual(readIndices(writeIndices(far, 2 ** 30 - 1), 2, 2 ** 30 - 1), far);
  });

  it('takes 4.8 bits an index for a tenth of the weights, where a byte for each gap takes 8', () => {
    const prng = new Prng('spread');
    const values = Float32Array.from({ length: 20_000 }, () => prng.nextFloat());
    const bits = (8 * writeIndices(largest(values, 2000), 20_000).length) / 2000;
    assert.ok(bits > 4.65 && bits < 4.85, `${bits} bits`);
  });

  it('readIndices() throws nothing but PeerError on random bytes, and gives ascending indices below n', () => {
    const arbitrary = fc
      .integer({ min: 1, max: 300 })
      .chain((n) =>
        fc.tuple(fc.constant(n), fc.integer({ min: 1, max: n }), fc.uint8Array({ minLength: 1, maxLength: 40 })),
      );
    fc.assert(
      fc.property(arbitrary, ([n, k, bytes]) => {
        try {
          const indices = readIndices(bytes, k, n);
          assert.equal(indices.length, k);
          indices.forEach((index, j) => {
            assert.ok(index < n && (j === 0 || index > (indices[j - 1] as number)));
          });
          assert.deepEqual(writeIndices(indices, n), bytes);
        } catch (error) {
          if (!(error instanceof PeerError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('readIndices() refuses bytes cut off, an index that is too great, and what is left over', () => {
    // r = 3 for 10 of 100.
    const indices = Uint32Array.from({ length: 10 }, (_, i) => 10 * i + 9);
    const bytes = writeIndices(indices, 100);
    for (let length = 1; length < bytes.length; length++) {
      assert.throws(() => readIndices(bytes.subarray(0, length), 10, 100), codeOf('truncated'));
    }
    assert.throws(() => readIndices(bytes, 10, 99), codeOf('malformed'));
    assert.throws(() => readIndices(Uint8Array.of(...bytes, 0), 10, 100), codeOf('malformed'));
    const spare = 8 * bytes.length - bitsOf(indices, 100).lastIndexOf('1');
    assert.ok(spare > 1);
    const dirty = bytes.slice();
    dirty[dirty.length - 1] = (dirty.at(-1) as number) | 1;
    assert.throws(() => readIndices(dirty, 10, 100), codeOf('malformed'));
    assert.throws(() => readIndices(new Uint8Array(40), 10, 100), codeOf('truncated'));
  });
});
