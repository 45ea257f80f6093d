// Payloads that carry some of a model's weights. Owns their layout; what a sender remembers of what it sent is not known here.
import assert from 'node:assert/strict';
import type { Prng } from '../../lib/prng.ts';
import { decodePayload, type Encoding, encodePayload, type MatrixShape, payloadBytesOf } from '../payload.ts';
import { PeerError } from '../peer-error.ts';
import { indexBytesRange, readIndices, writeIndices } from './rice.ts';
import { coordinatesOf, drawProgression, isProgression, keptOf, largest } from './selection.ts';

/** Which weights an update carries: all, those that have changed most since they were sent, or random ones. */
export const sparsifiers = ['none', 'top-k', 'random-k'] as const;

/** The name of a sparsifier. */
export type Sparsifier = (typeof sparsifiers)[number];

/** How the updates of a federation are compressed; its manifest fixes all three. */
export interface Compression {
  /** How each value is written. */
  encoding: Encoding;
  sparsifier: Sparsifier;
  /** Share of the weights that a sparse update carries, in (0, 1]; not read where the sparsifier is 'none'. */
  keep: number;
}

/** Some coordinates of a vector, each once and in any order, and their values. */
export interface SparseVector {
  indices: Uint32Array;
  values: Float32Array;
}

/** int8 needs a scale for values that have no rows: one for each so many, 0.25 bit a value. */
const valuesPerScale = 64;
const progressionBytes = 8;

/**
 * The payload that carries the values of `vector` where it is furthest from `reference`: those of the keptOf() coordinates
 * with the largest |vector − reference|, of equal ones the lower. All values finite, both vectors of one length n < 2³⁰. The
 * sparsifier top-k of Stich et al. (arXiv 1809.07599); who keeps as its reference what it has sent has their error feedback.
 */
export function sparsifyTopK(vector: Float32Array, reference: Float32Array, compression: Compression): Uint8Array {
  const { length } = vector;
  assert.equal(reference.length, length, 'the reference has another length');
  const changes = new Float32Array(length);
  for (let i = 0; i < length; i++) changes[i] = (vector[i] as number) - (reference[i] as number);
  const indices = largest(changes, keptOf(length, compression.keep));
  return joined(valuesAt(vector, indices, compression.encoding), writeIndices(indices, length));
}

/**
 * The payload that carries keptOf() values of `vector` (finite, length in [1, 2³⁰)) at coordinates drawn from `prng`: gossip
 * learning's subsampling (Hegedűs, Danner and Jelasity, DOI 10.1007/978-3-030-22496-7_5).
 */
export function sparsifyRandomK(vector: Float32Array, compression: Compression, prng: Prng): Uint8Array {
  const { length } = vector;
  const progression = drawProgression(length, prng);
  const indices = coordinatesOf(progression, length, keptOf(length, compression.keep));
  const drawn = new DataView(new ArrayBuffer(progressionBytes));
  drawn.setUint32(0, progression.step, true);
  drawn.setUint32(4, progression.start, true);
  return joined(valuesAt(vector, indices, compression.encoding), new Uint8Array(drawn.buffer));
}

/** Fewest and most bytes of a sparse payload of `count` weights. */
export function sparseBytesRange(count: number, compression: Compression): { min: number; max: number } {
  const k = keptOf(count, compression.keep);
  const values = payloadBytesOf(blocksOf(k), compression.encoding);
  const coordinates =
    compression.sparsifier === 'top-k' ? indexBytesRange(k, count) : { min: progressionBytes, max: progressionBytes };
  return { min: values + coordinates.min, max: values + coordinates.max };
}

/**
 * Reads what a sparse payload of `count` weights carries. Throws PeerError 'wrong-shape' before it allocates where the
 * length cannot be right, 'truncated' or 'malformed' where the coordinates are none, and for the values as
 * decodePayload() does.
 */
export function readSparse(payload: Uint8Array, count: number, compression: Compression): SparseVector {
  const { encoding, sparsifier, keep } = compression;
  const { min, max } = sparseBytesRange(count, compression);
  if (payload.byteLength < min || payload.byteLength > max) {
    throw new PeerError('wrong-shape', `payload has ${payload.byteLength} bytes, ${sparsifier} takes ${min} to ${max}`);
  }
  const k = keptOf(count, keep);
  const blocks = blocksOf(k);
  const valueBytes = payloadBytesOf(blocks, encoding);
  const coordinates = payload.subarray(valueBytes);
  return {
    indices: sparsifier === 'top-k' ? readIndices(coordinates, k, count) : readProgression(coordinates, k, count),
    values: decodePayload(payload.subarray(0, valueBytes), blocks, encoding),
  };
}

/** `own` with the values of `some` in place of its own: how a receiver fills in what an update does not carry. */
export function filledIn(some: SparseVector, own: Float32Array): Float32Array {
  const { indices, values } = some;
  const { length } = indices;
  const whole = own.slice();
  for (let j = 0; j < length; j++) whole[indices[j] as number] = values[j] as number;
  return whole;
}

function readProgression(bytes: Uint8Array, k: number, count: number): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const progression = { step: view.getUint32(0, true), start: view.getUint32(4, true) };
  if (!isProgression(progression, count)) {
    throw new PeerError('malformed', `step ${progression.step} from ${progression.start} through ${count} weights`);
  }
  return coordinatesOf(progression, count, k);
}

function valuesAt(vector: Float32Array, indices: Uint32Array, encoding: Encoding): Uint8Array {
  const { length } = indices;
  const values = new Float32Array(length);
  for (let j = 0; j < length; j++) values[j] = vector[indices[j] as number] as number;
  return encodePayload(values, blocksOf(length), encoding);
}

/** k values as matrices: rows of as many as share an int8 scale, and a shorter one for what is left. */
function blocksOf(k: number): MatrixShape[] {
  const rest = k % valuesPerScale;
  const whole = { rows: (k - rest) / valuesPerScale, columns: valuesPerScale };
  return rest === 0 ? [whole] : [whole, { rows: 1, columns: rest }];
}

function joined(values: Uint8Array, coordinates: Uint8Array): Uint8Array {
  const payload = new Uint8Array(values.length + coordinates.length);
  payload.set(values);
  payload.set(coordinates, values.length);
  return payload;
}
