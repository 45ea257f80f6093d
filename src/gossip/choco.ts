// CHOCO-SGD: neighbours send compressed differences and keep an estimate of each other. Owns the estimates; how a difference
// is written as bytes is not known here.
import assert from 'node:assert/strict';
import { allFinite } from '../lib/finite.ts';
import type { Prng } from '../lib/prng.ts';
import { plainVectors, type VectorMath } from '../lib/vector-math.ts';
import {
  type Compression,
  readSparse,
  type SparseVector,
  sparsifyRandomK,
  sparsifyTopK,
} from './compression/sparse-payload.ts';
import type { Carried } from './compression/update-payload.ts';
import type { Arrived, Mixer } from './mixer.ts';
import { metropolisFactors, type Own } from './mixing-rule.ts';
import { decodePayload, encodePayload, type MatrixShape, weightCountOf } from './payload.ts';
import type { PeerErrorCode } from './peer-error.ts';

/** x̂: the weights that everyone begins with and all differences that a node has sent since. */
interface Estimate {
  weights: Float32Array;
  /** Round of the latest difference. */
  round: number;
}

/**
 * CHOCO-SGD (Koloskova et al., arXiv 1902.00340, algorithm 2): a node sends C(xᵢ − x̂ᵢ), the compressed difference to what its
 * neighbours believe of it; everyone adds that to x̂ᵢ; then xᵢ ← xᵢ + γ Σⱼ Wᵢⱼ (x̂ⱼ − x̂ᵢ) with Metropolis's W. What
 * compression leaves out of a difference is in the next one, and the average of all models is kept exactly, so that
 * it converges with any compression where γ is small enough: the more is left out, the smaller. Here x̂ begins as the common first weights, not
 * as 0. Estimates must be the same everywhere, so the graph must not change and nothing be lost; who missed a difference of
 * a peer mixes with it no more. Each node keeps one model a neighbour. For peers that are trusted.
 */
export class Choco implements Mixer {
  readonly content = 'difference';
  readonly needsEvery = true;
  private readonly shapes: readonly MatrixShape[];
  private readonly compression: Compression;
  private readonly consensusStep: number;
  private readonly vectors: VectorMath;
  private readonly prng: Prng;
  private first: Float32Array = new Float32Array();
  private own: Float32Array = new Float32Array();
  /** Of neighbours. */
  private readonly estimates = new Map<string, Estimate>();
  private neighbours: readonly string[] = [];

  /** @param consensusStep γ in (0, 1]. */
  constructor(
    shapes: readonly MatrixShape[],
    compression: Compression,
    consensusStep: number,
    prng: Prng,
    vectors: VectorMath = plainVectors,
  ) {
    assert.ok(consensusStep > 0 && consensusStep <= 1, `consensusStep is ${consensusStep}`);
    this.shapes = shapes;
    this.compression = compression;
    this.consensusStep = consensusStep;
    this.prng = prng;
    this.vectors = vectors;
  }

  begin(weights: Float32Array): void {
    this.first = weights;
    this.own = weights;
  }

  send(weights: Float32Array, peers: readonly string[]): { payload: Uint8Array } {
    this.neighbours = peers;
    for (const peer of this.estimates.keys()) if (!peers.includes(peer)) this.estimates.delete(peer);
    const payload = this.write(this.vectors.weightedSum([weights, this.own], [1, -1]));
    this.own = this.added(this.own, this.read(payload));
    return { payload };
  }

  refusal({ peer, round }: Arrived): PeerErrorCode | undefined {
    // Of whoever is no neighbour: or one peer under many names could fill the memory.
    if (!this.neighbours.includes(peer)) return 'out-of-step';
    return round === (this.estimates.get(peer)?.round ?? 0) + 1 ? undefined : 'out-of-step';
  }

  mix(own: Own, received: readonly Arrived[]): Float32Array {
    const estimates = received.map(({ peer, round, weights }) => {
      const estimate = { weights: this.added(this.estimates.get(peer)?.weights ?? this.first, weights), round };
      this.estimates.set(peer, estimate);
      return estimate.weights;
    });
    const factors = metropolisFactors(own, received).map((factor) => this.consensusStep * factor);
    const given = factors.reduce((sum, factor) => sum + factor, 0);
    const mixed = this.vectors.weightedSum([...estimates, this.own, own.weights], [...factors, -given, 1]);
    // What a member made up must not end this one.
    return allFinite(mixed) ? mixed : own.weights;
  }

  rescale(express: (weights: Float32Array) => Float32Array, weights: Float32Array): void {
    this.first = express(this.first);
    const own = express(this.own);
    this.own = allFinite(own) ? own : weights;
    for (const estimate of this.estimates.values()) estimate.weights = express(estimate.weights);
  }

  private write(difference: Float32Array): Uint8Array {
    const { shapes, compression, prng } = this;
    switch (compression.sparsifier) {
      case 'none':
        return encodePayload(difference, shapes, compression.encoding);
      case 'random-k':
        return sparsifyRandomK(difference, compression, prng);
      case 'top-k':
        return sparsifyTopK(difference, new Float32Array(difference.length), compression);
    }
  }

  private read(payload: Uint8Array): Carried {
    const { shapes, compression } = this;
    if (compression.sparsifier === 'none') return decodePayload(payload, shapes, compression.encoding);
    return readSparse(payload, weightCountOf(shapes), compression);
  }

  /** The same float32 sums at the sender and at every receiver. */
  private added(weights: Float32Array, difference: Carried): Float32Array {
    if (difference instanceof Float32Array) return this.vectors.weightedSum([weights, difference], [1, 1]);
    return withAdded(weights, difference);
  }
}

function withAdded(weights: Float32Array, { indices, values }: SparseVector): Float32Array {
  const sum = weights.slice();
  indices.forEach((index, j) => {
    sum[index] = (sum[index] as number) + (values[j] as number);
  });
  return sum;
}
