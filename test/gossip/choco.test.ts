import assert from 'node:assert/strict';
import { Choco } from '../../src/gossip/choco.ts';
import { type Compression, filledIn, readSparse, sparsifyTopK } from '../../src/gossip/compression/sparse-payload.ts';
import type { Carried } from '../../src/gossip/compression/update-payload.ts';
import type { Arrived } from '../../src/gossip/mixer.ts';
import { mixingRules, plainVectors } from '../../src/gossip/mixing.ts';
import { decodePayload, type MatrixShape } from '../../src/gossip/payload.ts';
import { Prng } from '../../src/lib/prng.ts';
import { createVectorKernel } from '../../src/model/vectors.ts';

const size = 60;
const shapes: MatrixShape[] = [{ rows: 3, columns: 20 }];
const nodes = 8;
const topTenth: Compression = { encoding: 'float32', sparsifier: 'top-k', keep: 0.1 };

/** Each node and its two neighbours on a ring. */
const ring = Array.from({ length: nodes }, (_, i) => [(i + nodes - 1) % nodes, (i + 1) % nodes].sort((a, b) => a - b));

function startModels(): Float32Array[] {
  const prng = new Prng('choco');
  return ring.map(() => Float32Array.from({ length: size }, () => prng.nextGaussian()));
}

function meanOf(models: readonly Float32Array[]): Float64Array {
  return Float64Array.from({ length: size }, (_, k) => models.reduce((sum, x) => sum + (x[k] as number), 0) / nodes);
}

/** Root mean square distance from the mean. */
function spread(models: readonly Float32Array[]): number {
  const mean = meanOf(models);
  const squares = models.flatMap((x) => Array.from(x, (value, k) => (value - (mean[k] as number)) ** 2));
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / nodes);
}

function carried(payload: Uint8Array, compression: Compression): Carried {
  if (compression.sparsifier === 'none') return decodePayload(payload, shapes, compression.encoding);
  return readSparse(payload, size, compression);
}

function arrived(peer: number, weights: Carried, round: number): Arrived {
  return { peer: `n${peer}`, weights, round, samples: 1, degree: 2, stalenessRounds: 0 };
}

function namesOf(peers: readonly number[]): string[] {
  return peers.map((peer) => `n${peer}`);
}

/** Averages without training, in rounds. */
function average(compression: Compression, consensusStep: number, rounds: number, vectors = plainVectors) {
  let models = startModels();
  const mixers = models.map((_, i) => new Choco(shapes, compression, consensusStep, new Prng(`n${i}`), vectors));
  for (const mixer of mixers) mixer.begin(new Float32Array(size));
  for (let round = 1; round <= rounds; round++) {
    const sent = mixers.map((mixer, i) => mixer.send(models[i] as Float32Array, namesOf(ring[i] as number[])).payload);
    models = mixers.map((mixer, i) => {
      const received = (ring[i] as number[]).map((j) => arrived(j, carried(sent[j] as Uint8Array, compression), round));
      for (const update of received) assert.equal(mixer.refusal(update), undefined);
      return mixer.mix({ weights: models[i] as Float32Array, round, samples: 1, degree: 2 }, received);
    });
  }
  return models;
}

describe('Choco', () => {
  const start = startModels();

  it('agrees with the update of the paper, computed naively, with top-k', () => {
    // x̂ and x as in algorithm 2, in float64, with W = 1/3 to each neighbour.
    const gamma = 0.3;
    let x = start.map((model) => Float64Array.from(model));
    const estimates = x.map(() => new Float64Array(size));
    for (let round = 1; round <= 5; round++) {
      for (const [i, model] of x.entries()) {
        const estimate = estimates[i] as Float64Array;
        const differences = model.map((value, k) => value - (estimate[k] as number));
        const kept = [...differences.keys()]
          .sort((a, b) => Math.abs(differences[b] as number) - Math.abs(differences[a] as number))
          .slice(0, size / 10);
        for (const k of kept) estimate[k] = (estimate[k] as number) + (differences[k] as number);
      }
      x = x.map((model, i) =>
        model.map((value, k) =>
          (ring[i] as number[]).reduce((sum, j) => {
            const gap = ((estimates[j] as Float64Array)[k] as number) - ((estimates[i] as Float64Array)[k] as number);
            return sum + (gamma / 3) * gap;
          }, value),
        ),
      );
    }
    const models = average(topTenth, gamma, 5);
    for (const [i, model] of models.entries()) {
      for (const [k, value] of model.entries())
        assert.ok(Math.abs(value - ((x[i] as Float64Array)[k] as number)) < 1e-5);
    }
  });

  for (const [compression, consensusStep] of [
    [topTenth, 0.2],
    [{ encoding: 'int8', sparsifier: 'top-k', keep: 0.1 }, 0.2],
    // Random coordinates leave more out than the largest, and bear a smaller step only.
    [{ encoding: 'float32', sparsifier: 'random-k', keep: 0.2 }, 0.1],
    [{ encoding: 'int8', sparsifier: 'none', keep: 1 }, 0.2],
  ] satisfies [Compression, number][]) {
    it(`converges to the mean of all models with ${compression.sparsifier} and ${compression.encoding}`, () => {
      const models = average(compression, consensusStep, 800);
      assert.ok(spread(models) < 1e-3 * spread(start), `${spread(models)} of ${spread(start)}`);
      const mean = meanOf(start);
      for (const [k, value] of meanOf(models).entries()) assert.ok(Math.abs(value - (mean[k] as number)) < 1e-4);
    });
  }

  it('converges where plain top-k does not: the same bytes, each the largest weights, mixed by metropolis', () => {
    let models = startModels();
    for (let round = 1; round <= 800; round++) {
      const sent = models.map((model) => sparsifyTopK(model, new Float32Array(size), topTenth));
      models = models.map((weights, i) =>
        mixingRules.metropolis(
          { weights, round, samples: 1, degree: 2 },
          (ring[i] as number[]).map((j) => ({
            ...arrived(j, weights, round),
            weights: filledIn(readSparse(sent[j] as Uint8Array, size, topTenth), weights),
          })),
        ),
      );
    }
    assert.ok(spread(models) > 0.3 * spread(start), `${spread(models)} of ${spread(start)}`);
  });

  it('gives the same bits with the vector kernel', () => {
    assert.deepEqual(average(topTenth, 0.3, 10, createVectorKernel()), average(topTenth, 0.3, 10));
  });

  it('refusal() refuses a difference that does not follow the latest of its sender', () => {
    const mixer = new Choco(shapes, topTenth, 0.3, new Prng('n0'));
    mixer.begin(new Float32Array(size));
    const own = { weights: new Float32Array(size), round: 1, samples: 1, degree: 2 };
    mixer.send(own.weights, ['n1', 'n2']);
    const nothing = new Float32Array(size);
    assert.equal(mixer.refusal(arrived(1, nothing, 1)), undefined);
    mixer.mix(own, [arrived(1, nothing, 1)]);
    assert.equal(mixer.refusal(arrived(1, nothing, 1)), 'out-of-step');
    assert.equal(mixer.refusal(arrived(1, nothing, 3)), 'out-of-step');
    assert.equal(mixer.refusal(arrived(1, nothing, 2)), undefined);
    assert.equal(mixer.refusal(arrived(2, nothing, 2)), 'out-of-step');
  });

  it('keeps estimates of neighbours only', () => {
    const mixer = new Choco(shapes, topTenth, 0.3, new Prng('n0'));
    const nothing = new Float32Array(size);
    const own = { weights: nothing, round: 1, samples: 1, degree: 2 };
    mixer.begin(nothing);
    mixer.send(nothing, ['n1', 'n2']);
    assert.equal(mixer.refusal(arrived(3, nothing, 1)), 'out-of-step');
    mixer.mix(own, [arrived(1, nothing, 1), arrived(2, nothing, 1)]);
    mixer.send(nothing, ['n1']);
    mixer.send(nothing, ['n1', 'n2']);
    assert.equal(mixer.refusal(arrived(1, nothing, 2)), undefined);
    assert.equal(mixer.refusal(arrived(2, nothing, 2)), 'out-of-step', 'its estimate was kept');
  });

  it('keeps its own model where differences that a peer made up, or a new scaler, overflow', () => {
    const mixer = new Choco(shapes, { encoding: 'float32', sparsifier: 'none', keep: 1 }, 1, new Prng('n0'));
    const weights = new Float32Array(size).fill(1);
    const huge = new Float32Array(size).fill(3e38);
    mixer.begin(new Float32Array(size));
    mixer.send(weights, ['n1']);
    const mixed = mixer.mix({ weights, round: 1, samples: 1, degree: 1 }, [arrived(1, huge, 1)]);
    assert.ok((mixed[0] as number) > 1e37);
    mixer.send(weights, ['n1']);
    assert.deepEqual(mixer.mix({ weights, round: 2, samples: 1, degree: 1 }, [arrived(1, huge, 2)]), weights);
    mixer.rescale((values) => values.map((value) => value / 0), weights);
    const { payload } = mixer.send(weights, ['n1']);
    assert.deepEqual(decodePayload(payload, shapes, 'float32'), new Float32Array(size));
  });
});
