import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  decodePayload,
  digestOf,
  encodePayload,
  encodings,
  type MatrixShape,
  payloadBytesOf,
  weightCountOf,
} from '../../src/gossip/payload.ts';
import { PeerError } from '../../src/gossip/peer-error.ts';
import { allFinite } from '../../src/lib/finite.ts';

const shapesArbitrary = fc.array(
  fc.record({ rows: fc.integer({ min: 1, max: 5 }), columns: fc.integer({ min: 1, max: 9 }) }),
  { minLength: 1, maxLength: 4 },
);

/** Shapes and weights that fill them. */
const modelArbitrary = shapesArbitrary.chain((shapes) =>
  fc
    .float32Array({
      minLength: weightCountOf(shapes),
      maxLength: weightCountOf(shapes),
      noNaN: true,
      // 127 scales of the largest float32 would round to infinity.
      min: Math.fround(-3e38),
      max: Math.fround(3e38),
    })
    .map((weights) => ({ shapes, weights })),
);

function autoencoder(sizes: readonly number[]): MatrixShape[] {
  return sizes.slice(1).flatMap((columns, i) => [
    { rows: sizes[i] as number, columns },
    { rows: 1, columns },
  ]);
}

function codeOf(code: string) {
  return (error: unknown) => error instanceof PeerError && error.code === code;
}

describe('payload', () => {
  it('float32 gives back the same bits', () => {
    fc.assert(
      fc.property(modelArbitrary, ({ shapes, weights }) => {
        const back = decodePayload(encodePayload(weights, shapes, 'float32'), shapes, 'float32');
        assert.deepEqual(new Uint8Array(back.buffer), new Uint8Array(weights.slice().buffer));
      }),
    );
  });

  it('int8 is off by half a scale at most', () => {
    fc.assert(
      fc.property(modelArbitrary, ({ shapes, weights }) => {
        const back = decodePayload(encodePayload(weights, shapes, 'int8'), shapes, 'int8');
        let at = 0;
        for (const { rows, columns } of shapes) {
          for (let row = 0; row < rows; row++, at += columns) {
            const largest = Math.max(...weights.subarray(at, at + columns).map(Math.abs));
            // A bfloat16 scale is up to 2^-7 above the exact one; the smallest bfloat16 is a floor.
            const bound = (largest / 127 / 2) * (1 + 2 ** -7) + largest * 2 ** -23 + 2 ** -133;
            for (let i = at; i < at + columns; i++) {
              const error = Math.abs((back[i] as number) - (weights[i] as number));
              assert.ok(error <= bound, `${weights[i]} came back as ${back[i]}, row's largest ${largest}`);
            }
          }
        }
      }),
    );
  });

  it('int8 keeps a row of zeros with scale 0, beside a row that is not zero', () => {
    const shapes = [{ rows: 2, columns: 2 }];
    const payload = encodePayload(Float32Array.of(0, 0, 127, -63.4), shapes, 'int8');
    assert.deepEqual([...payload], [0, 0, 128, 63, 0, 0, 127, 256 - 63]);
    assert.deepEqual([...decodePayload(payload, shapes, 'int8')], [0, 0, 127, -63]);
  });

  it('float32 is little-endian', () => {
    assert.deepEqual(
      [...encodePayload(Float32Array.of(1, -2), [{ rows: 1, columns: 2 }], 'float32')],
      [0, 0, 128, 63, 0, 0, 0, 192],
    );
  });

  it('float16 is little-endian, and saturates', () => {
    const payload = encodePayload(Float32Array.of(1, -2, 1e9), [{ rows: 1, columns: 3 }], 'float16');
    assert.deepEqual([...payload], [0, 0x3c, 0, 0xc0, 0xff, 0x7b]);
  });

  it('payloadBytesOf() is the length of the payload', () => {
    fc.assert(
      fc.property(shapesArbitrary, (shapes) => {
        for (const encoding of encodings) {
          const payload = encodePayload(new Float32Array(weightCountOf(shapes)), shapes, encoding);
          assert.equal(payload.length, payloadBytesOf(shapes, encoding));
        }
      }),
    );
  });

  it('int8 takes 0.2663 of the float32 bytes for 32-64-8-64-32', () => {
    const shapes = autoencoder([32, 64, 8, 64, 32]);
    assert.equal(payloadBytesOf(shapes, 'float32'), 21_152);
    assert.equal(payloadBytesOf(shapes, 'int8'), 5_632);
    assert.ok(5_976 / 21_152 <= 0.3);
  });

  it('decodePayload() reads a view at any offset', () => {
    const shapes = [{ rows: 2, columns: 3 }];
    const weights = Float32Array.of(1, 2, 3, 4, 5, 6);
    for (const encoding of encodings) {
      const payload = encodePayload(weights, shapes, encoding);
      const shifted = new Uint8Array(payload.length + 3);
      shifted.set(payload, 3);
      assert.deepEqual(decodePayload(shifted.subarray(3), shapes, encoding), decodePayload(payload, shapes, encoding));
    }
  });

  it('decodePayload() refuses every other length as wrong-shape', () => {
    const shapes = [{ rows: 2, columns: 3 }];
    for (const encoding of encodings) {
      const length = payloadBytesOf(shapes, encoding);
      for (const wrong of [0, 1, length - 1, length + 1, 2 * length]) {
        assert.throws(() => decodePayload(new Uint8Array(wrong), shapes, encoding), codeOf('wrong-shape'));
      }
    }
  });

  it('decodePayload() refuses NaN and infinite weights and scales as non-finite', () => {
    const shapes = [{ rows: 1, columns: 3 }];
    for (const bad of [Number.NaN, Infinity, -Infinity]) {
      const payload = new Uint8Array(Float32Array.of(1, bad, 3).buffer);
      assert.throws(() => decodePayload(payload, shapes, 'float32'), codeOf('non-finite'));
      const half = Uint8Array.of(0, 0x3c, Number.isNaN(bad) ? 1 : 0, bad < 0 ? 0xfc : 0x7c, 0, 0);
      assert.throws(() => decodePayload(half, shapes, 'float16'), codeOf('non-finite'));
      const scaled = new Uint8Array([...new Uint8Array(Float32Array.of(bad).buffer).subarray(2), 0, 1, 2]);
      assert.throws(() => decodePayload(scaled, shapes, 'int8'), codeOf('non-finite'));
    }
  });

  it('decodePayload() refuses a scale whose product is infinite, and a negative one', () => {
    const shapes = [{ rows: 1, columns: 1 }];
    const withScale = (scale: number) =>
      new Uint8Array([...new Uint8Array(Float32Array.of(scale).buffer).subarray(2), 127]);
    assert.throws(() => decodePayload(withScale(3e38), shapes, 'int8'), codeOf('non-finite'));
    assert.throws(() => decodePayload(withScale(-1), shapes, 'int8'), codeOf('malformed'));
  });

  it('decodePayload() throws nothing but PeerError on random bytes', () => {
    fc.assert(
      fc.property(
        shapesArbitrary.chain((shapes) =>
          fc.constantFrom(...encodings).chain((encoding) => {
            const length = payloadBytesOf(shapes, encoding);
            return fc
              .uint8Array({ minLength: length, maxLength: length })
              .map((payload) => ({ shapes, encoding, payload }));
          }),
        ),
        ({ shapes, encoding, payload }) => {
          try {
            assert.ok(allFinite(decodePayload(payload, shapes, encoding)));
          } catch (error) {
            if (!(error instanceof PeerError)) throw error;
          }
        },
      ),
    );
  });

  it('encodePayload() asserts on weights that are not finite or do not fit', () => {
    const shapes = [{ rows: 1, columns: 2 }];
    for (const encoding of encodings) {
      assert.throws(() => encodePayload(Float32Array.of(1, Number.NaN), shapes, encoding), assert.AssertionError);
      assert.throws(() => encodePayload(Float32Array.of(1), shapes, encoding), assert.AssertionError);
    }
  });

  it('allFinite() agrees with Number.isFinite', () => {
    fc.assert(
      fc.property(fc.float32Array(), (weights) => {
        assert.equal(
          allFinite(weights),
          weights.every((weight) => Number.isFinite(weight)),
        );
      }),
    );
  });

  it('digestOf() is SHA-256', () => {
    assert.equal(
      Buffer.from(digestOf(new TextEncoder().encode('abc'))).toString('hex'),
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });
});
