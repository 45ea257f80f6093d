// Weights as bytes: float32 as they are, float16, or int8 with one bfloat16 scale a row. Owns the layout of payloads that
// carry every weight; knows no messages.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { allFinite } from '../lib/finite.ts';
import { fromFloat16, toFloat16 } from './compression/float16.ts';
import { PeerError } from './peer-error.ts';

/** How weights may be written; all but float32 are lossy. */
export const encodings = ['float32', 'float16', 'int8'] as const;

/** The name of an encoding. */
export type Encoding = (typeof encodings)[number];

/** One matrix of the model, row-major; a bias is one row. The weights are the matrices one after the other. */
export interface MatrixShape {
  rows: number;
  columns: number;
}

/** A scale is a bfloat16, the upper half of a float32: its range, at half the cost where rows are short. */
const scaleBytes = 2;

/** Number of weights in `shapes`. */
export function weightCountOf(shapes: readonly MatrixShape[]): number {
  return shapes.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
}

/** Length of the payload in bytes: 4 or 2 a weight, or 1 a weight and 2 a row. */
export function payloadBytesOf(shapes: readonly MatrixShape[], encoding: Encoding): number {
  if (encoding === 'float32') return 4 * weightCountOf(shapes);
  if (encoding === 'float16') return 2 * weightCountOf(shapes);
  return shapes.reduce((sum, { rows, columns }) => sum + rows * (scaleBytes + columns), 0);
}

/** SHA-256 of a payload: the 32 bytes by which peers name a model. */
export function digestOf(payload: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(payload).digest());
}

/**
 * Writes `weights` (as many as `shapes` hold, all finite) in little-endian order. float32 is a view of them, so that they must
 * not change any more. float16 rounds to nearest, and what is
 * beyond ±65,504 becomes that. int8 is symmetric: for each matrix one bfloat16 scale a row, max |w| / 127 rounded up, then
 * each weight as round(w / scale); the error is at most half a scale.
 */
export function encodePayload(weights: Float32Array, shapes: readonly MatrixShape[], encoding: Encoding): Uint8Array {
  assert.equal(weights.length, weightCountOf(shapes), 'weights do not fit the shapes');
  assert.ok(allFinite(weights), 'weights that are not finite must not be sent');
  if (encoding === 'float32') {
    return new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength);
  }
  if (encoding === 'float16') return new Uint8Array(toFloat16(weights).buffer);
  const payload = new Uint8Array(payloadBytesOf(shapes, encoding));
  const view = new DataView(payload.buffer);
  const levels = new Int8Array(payload.buffer);
  const bfloat16 = new Bfloat16();
  let from = 0;
  let to = 0;
  for (const { rows, columns } of shapes) {
    let scaleAt = to;
    to += scaleBytes * rows;
    for (let row = 0; row < rows; row++, from += columns, to += columns, scaleAt += scaleBytes) {
      let largest = 0;
      for (let i = from; i < from + columns; i++) {
        const magnitude = Math.abs(weights[i] as number);
        if (magnitude > largest) largest = magnitude;
      }
      const upper = bfloat16.above(largest / 127);
      view.setUint16(scaleAt, upper, true);
      if (upper === 0) continue;
      const scale = bfloat16.read(upper);
      for (let i = 0; i < columns; i++) {
        // Math.round() takes six times as long. A subnormal scale is coarse: the largest weight could pass 127.
        const level = Math.floor((weights[from + i] as number) / scale + 0.5);
        levels[to + i] = Math.max(-127, Math.min(127, level));
      }
    }
  }
  return payload;
}

/**
 * Reads a payload back into new weights. Throws PeerError 'wrong-shape' before it allocates where the length does not
 * fit `shapes`, 'non-finite' for a weight or scale that is NaN or infinite, 'malformed' for a negative scale.
 */
export function decodePayload(payload: Uint8Array, shapes: readonly MatrixShape[], encoding: Encoding): Float32Array {
  const expected = payloadBytesOf(shapes, encoding);
  if (payload.byteLength !== expected) {
    throw new PeerError('wrong-shape', `payload has ${payload.byteLength} bytes, ${encoding} weights take ${expected}`);
  }
  const weights = readWeights(payload, shapes, encoding);
  if (!allFinite(weights)) throw new PeerError('non-finite', 'payload holds a weight that is NaN or infinite');
  return weights;
}

function readWeights(payload: Uint8Array, shapes: readonly MatrixShape[], encoding: Encoding): Float32Array {
  switch (encoding) {
    // Copies, since a view of a message may begin at any byte.
    case 'float32':
      return new Float32Array(new Uint8Array(payload).buffer);
    case 'float16':
      return fromFloat16(new Uint16Array(new Uint8Array(payload).buffer));
    case 'int8':
      return readInt8(payload, shapes);
  }
}

function readInt8(payload: Uint8Array, shapes: readonly MatrixShape[]): Float32Array {
  const weights = new Float32Array(weightCountOf(shapes));
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const levels = new Int8Array(payload.buffer, payload.byteOffset, payload.byteLength);
  const bfloat16 = new Bfloat16();
  let from = 0;
  let to = 0;
  for (const { rows, columns } of shapes) {
    let scaleAt = from;
    from += scaleBytes * rows;
    for (let row = 0; row < rows; row++, from += columns, to += columns, scaleAt += scaleBytes) {
      const scale = bfloat16.read(view.getUint16(scaleAt, true));
      if (!Number.isFinite(scale)) throw new PeerError('non-finite', 'payload holds a scale that is NaN or infinite');
      if (scale < 0) throw new PeerError('malformed', 'payload holds a negative scale');
      for (let i = 0; i < columns; i++) weights[to + i] = (levels[from + i] as number) * scale;
    }
  }
  return weights;
}

/** Numbers as bfloat16, the upper half of a float32; one object converts many without allocating. */
class Bfloat16 {
  private readonly value = new Float32Array(1);
  private readonly bits = new Uint32Array(this.value.buffer);

  /** Bits of the least bfloat16 that is not below `value`, which is at least 0: rounding up keeps levels within ±127. */
  above(value: number): number {
    this.value[0] = value;
    const upper = (this.bits[0] as number) >>> 16;
    return this.read(upper) < value ? upper + 1 : upper;
  }

  /** The number that these 16 bits are. */
  read(upper: number): number {
    this.bits[0] = upper << 16;
    return this.value[0] as number;
  }
}
