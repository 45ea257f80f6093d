import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FeatureTable } from '../../src/data/types.ts';
import { bytesToTarget, type Checkpoint, curveOf, isCurveRound, meanCurve } from '../../src/scenario/curve.ts';
import type { CurvePoint } from '../../src/scenario/results.ts';

function table(values: number[], labels: number[]): FeatureTable {
  return { features: ['x'], rows: values.length, values: Float64Array.from(values), labels: Uint8Array.from(labels) };
}

/** Scores a row by its value, or by its negative. */
function checkpoint(node: string, round: number, sign: number, bytesSent: number): Checkpoint {
  const scale = { mean: Float64Array.of(0), deviation: Float64Array.of(1) };
  return {
    node,
    round,
    model: { scale, score: async (rows) => rows.values.map((value) => sign * value) },
    bytesSent,
  };
}

const point = (round: number, auroc: number | null, bytesSentPerNode: number): CurvePoint => ({
  round,
  auroc,
  worst: auroc,
  bytesSentPerNode,
});

describe('isCurveRound()', () => {
  it('isCurveRound() takes every so many rounds and the last', () => {
    const rounds = Array.from({ length: 11 }, (_, i) => i + 1);
    assert.deepEqual(
      rounds.filter((round) => isCurveRound(round, 4, 11)),
      [4, 8, 11],
    );
    assert.ok(rounds.every((round) => !isCurveRound(round, undefined, 11)));
  });
});

describe('curveOf()', () => {
  const nodes = [
    { name: 'a', test: table([0, 1, 5, 9], [0, 0, 1, 1]) },
    { name: 'b', test: table([0, 3, 2, 9], [0, 0, 1, 1]) },
    { name: 'calm', test: table([0, 1], [0, 0]) },
  ];

  it('curveOf() means AUROC over the nodes that have one and bytes over all that did the round, by round', async () => {
    const kept = [
      checkpoint('b', 20, 1, 300),
      ...['a', 'b', 'calm'].map((node, i) => checkpoint(node, 10, 1, 10 * (i + 1))),
      checkpoint('calm', 30, 1, 50),
    ];
    assert.deepEqual(await curveOf(kept, nodes), [
      // a orders its rows without a fault, b has one pair of four wrong.
      { round: 10, auroc: 0.875, worst: 0.75, bytesSentPerNode: 20 },
      { round: 20, auroc: 0.75, worst: 0.75, bytesSentPerNode: 300 },
      { round: 30, auroc: null, worst: null, bytesSentPerNode: 50 },
    ]);
  });

  it('curveOf() takes the first model of a node that did a round twice', async () => {
    const curve = await curveOf([checkpoint('a', 10, 1, 5), checkpoint('a', 10, -1, 9)], nodes);
    assert.deepEqual(curve, [{ round: 10, auroc: 1, worst: 1, bytesSentPerNode: 5 }]);
  });
});

describe('meanCurve()', () => {
  it('meanCurve() means each figure over the seeds that have it', () => {
    const seeds = [
      [point(5, 0.5, 10), point(10, null, 20)],
      [point(5, 0.75, 30), point(10, 0.9, 40)],
      [point(5, null, 50)],
    ];
    assert.deepEqual(meanCurve(seeds), [point(5, 0.625, 30), point(10, 0.9, 30)]);
    assert.deepEqual(meanCurve([[], []]), []);
  });
});

describe('bytesToTarget()', () => {
  const seeds = [
    [point(5, 0.7, 100), point(10, 0.8, 200), point(15, 0.79, 300), point(20, 0.9, 400)],
    [point(5, null, 110), point(10, 0.79, 210), point(15, 0.81, 310)],
  ];

  it('bytesToTarget() takes the first point at or above the target, without interpolation', () => {
    assert.deepEqual(bytesToTarget(seeds, 0.8), {
      target: 0.8,
      bytesPerNode: 255,
      reached: 2,
      perSeed: [200, 310],
    });
  });

  it('bytesToTarget() has no mean where a seed never got there', () => {
    assert.deepEqual(bytesToTarget(seeds, 0.9), { target: 0.9, bytesPerNode: null, reached: 1, perSeed: [400, null] });
    assert.deepEqual(bytesToTarget(seeds, 0.99).reached, 0);
  });

  it('bytesToTarget() never falls as the target rises', () => {
    const curve = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(1000))).map((steps) => {
      let bytes = 0;
      return steps.map(([auroc, more], i) => {
        bytes += more;
        return point(i + 1, auroc, bytes);
      });
    });
    const target = fc.double({ min: 0.01, max: 1, noNaN: true });
    fc.assert(
      fc.property(curve, target, target, (points, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map(
          (each) => bytesToTarget([points], each).perSeed[0] ?? Number.POSITIVE_INFINITY,
        ) as [number, number];
        assert.ok(low <= high);
      }),
    );
  });
});
