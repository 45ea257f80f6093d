// What an update's payload is made from and read into. Owns what a sender remembers of the weights it has sent; the layout of
// payloads is elsewhere.
import assert from 'node:assert/strict';
import { allFinite } from '../../lib/finite.ts';
import type { Prng } from '../../lib/prng.ts';
import { decodePayload, digestOf, encodePayload, type MatrixShape, payloadBytesOf, weightCountOf } from '../payload.ts';
import { PeerError } from '../peer-error.ts';
import {
  type Compression,
  readSparse,
  type SparseVector,
  sparseBytesRange,
  sparsifyRandomK,
  sparsifyTopK,
} from './sparse-payload.ts';

/** All weights of a model, or some. */
export type Carried = Float32Array | SparseVector;

/** From a payload to what it carries. Throws PeerError where the digest is another's or the bytes are no such payload. */
export type PayloadReader = (
  payload: Uint8Array,
  digest: Uint8Array,
  shapes: readonly MatrixShape[],
  compression: Compression,
) => Carried;

/** Checks the digest, then decodes. */
export const readPayload: PayloadReader = (payload, digest, shapes, compression) => {
  if (Buffer.compare(digestOf(payload), digest) !== 0) throw new PeerError('wrong-digest');
  if (compression.sparsifier === 'none') return decodePayload(payload, shapes, compression.encoding);
  return readSparse(payload, weightCountOf(shapes), compression);
};

/** Fewest and most bytes of a payload. */
export function payloadBytesRange(
  shapes: readonly MatrixShape[],
  compression: Compression,
): { min: number; max: number } {
  if (compression.sparsifier !== 'none') return sparseBytesRange(weightCountOf(shapes), compression);
  const bytes = payloadBytesOf(shapes, compression.encoding);
  return { min: bytes, max: bytes };
}

/** Longest payload in a federation: who joins gets one with all weights, also where updates carry some. */
export function longestPayloadBytes(shapes: readonly MatrixShape[], compression: Compression): number {
  return Math.max(payloadBytesOf(shapes, compression.encoding), payloadBytesRange(shapes, compression).max);
}

/**
 * Makes the payloads of one sender's updates. With top-k it keeps what it last sent of each weight, as decoded: an update
 * carries the weights that are furthest from that, so what was not sent, and what rounding took, stays as the difference and is
 * sent in the end. That is the error memory of Stich et al. (arXiv 1809.07599) and Karimireddy et al. (1901.09847), with
 * models in place of gradients. Receivers keep nothing: for weights that an update does not carry they mix their own. That has
 * a price: the mixing matrix differs from weight to weight, so the average of all models is no longer kept exactly; and what
 * a lost update carried is not repeated, but comes again once it has changed, as while training it does.
 */
export class UpdateWriter {
  private readonly shapes: readonly MatrixShape[];
  private readonly compression: Compression;
  private readonly prng: Prng;
  /** Only with top-k. */
  private sent: Float32Array | undefined;

  /** @param prng draws the coordinates of random-k. */
  constructor(shapes: readonly MatrixShape[], compression: Compression, prng: Prng) {
    this.shapes = shapes;
    this.compression = compression;
    this.prng = prng;
  }

  /** Begins from weights that the receivers have too: the common first ones, or those of the neighbour that I go on from. */
  begin(weights: Float32Array): void {
    if (this.compression.sparsifier === 'top-k') this.sent = weights.slice();
  }

  /** The payload of the next update. Asserts that begin() came before. */
  write(weights: Float32Array): Uint8Array {
    const { shapes, compression, prng } = this;
    switch (compression.sparsifier) {
      case 'none':
        return encodePayload(weights, shapes, compression.encoding);
      case 'random-k':
        return sparsifyRandomK(weights, compression, prng);
      case 'top-k':
        return this.writeTopK(weights);
    }
  }

  /**
   * Follows a change of the scaler: `express` gives weights as they are in the new one, `weights` are mine in it. Where what was
   * sent would not stay finite, as moments that a peer made up may bring about, it begins again from mine.
   */
  rescale(express: (weights: Float32Array) => Float32Array, weights: Float32Array): void {
    if (this.sent === undefined) return;
    const expressed = express(this.sent);
    this.begin(allFinite(expressed) ? expressed : weights);
  }

  private writeTopK(weights: Float32Array): Uint8Array {
    const { sent, compression } = this;
    assert.ok(sent !== undefined, 'written before it began');
    const payload = sparsifyTopK(weights, sent, compression);
    const { indices, values } = readSparse(payload, weights.length, compression);
    indices.forEach((index, j) => {
      sent[index] = values[j] as number;
    });
    return payload;
  }
}
