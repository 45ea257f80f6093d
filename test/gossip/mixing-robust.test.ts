import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type MixingRule, mixingRules, plainVectors, type Received } from '../../src/gossip/mixing.ts';
import { modelsNeeded, type RobustRuleName, robustRuleNames } from '../../src/gossip/robust-mixing.ts';
import { Prng } from '../../src/lib/prng.ts';
import { distanceOf, mine, size, update } from './mixing-fixtures.ts';

type Vector = readonly number[];

const vector = (model: ArrayLike<number>): Vector => Array.from(model);
const meanOf = (vectors: readonly Vector[]): Vector =>
  vector(vectors[0] as Vector).map((_, k) => vectors.reduce((sum, v) => sum + (v[k] as number), 0) / vectors.length);

/** From all models, in order, to one: each written from its paper, in plain float64. */
const naive: Record<RobustRuleName, (models: readonly Vector[], f: number) => Vector> = {
  'trimmed-mean': naiveTrimmedMean,
  median: naiveMedian,
  'geometric-median': naiveGeometricMedian,
  krum: naiveKrum,
  'multi-krum': (models, f) => meanOf(naiveRanking(models, f).slice(0, models.length - f - 2)),
  'nnm+trimmed-mean': (models, f) => naiveTrimmedMean(naiveNeighbours(models, f), f),
  'nnm+median': (models, f) => naiveMedian(naiveNeighbours(models, f)),
  'nnm+geometric-median': (models, f) => naiveGeometricMedian(naiveNeighbours(models, f)),
  'nnm+krum': (models, f) => naiveKrum(naiveNeighbours(models, f), f),
};

function naiveTrimmedMean(models: readonly Vector[], f: number): Vector {
  return (models[0] as Vector).map((_, k) => {
    const kept = models.map((model) => model[k] as number).sort((a, b) => a - b);
    for (let i = 0; i < f; i++) {
      kept.shift();
      kept.pop();
    }
    return kept.reduce((sum, value) => sum + value, 0) / kept.length;
  });
}

function naiveMedian(models: readonly Vector[]): Vector {
  return naiveTrimmedMean(models, Math.floor((models.length - 1) / 2));
}

/** Far more steps than the rule takes, with hardly any smoothing, from where it starts. */
function naiveGeometricMedian(models: readonly Vector[]): Vector {
  let point = naiveMedian(models);
  const scale = models.map((model) => distanceOf(model, point)).sort((a, b) => a - b)[models.length >> 1] as number;
  for (let step = 0; step < 3000 && scale > 0; step++) {
    const pulls = models.map((model) => 1 / Math.max(distanceOf(model, point), 1e-4 * scale));
    const total = pulls.reduce((sum, pull) => sum + pull, 0);
    point = point.map(
      (_, k) => models.reduce((sum, model, j) => sum + (pulls[j] as number) * (model[k] as number), 0) / total,
    );
  }
  return point;
}

function naiveRanking(models: readonly Vector[], f: number): Vector[] {
  return naiveScores(models, f).map(({ model }) => model);
}

/** From the least score. */
function naiveScores(models: readonly Vector[], f: number): { model: Vector; score: number }[] {
  const score = (model: Vector, i: number) => {
    const squares = models.flatMap((other, j) => (i === j ? [] : [distanceOf(model, other) ** 2]));
    const nearest = squares.sort((a, b) => a - b).slice(0, models.length - f - 2);
    return nearest.reduce((sum, square) => sum + square, 0);
  };
  return models.map((model, i) => ({ model, score: score(model, i) })).sort((a, b) => a.score - b.score);
}

function naiveKrum(models: readonly Vector[], f: number): Vector {
  return naiveRanking(models, f)[0] as Vector;
}

/**
 * What Krum may pick after nearest-neighbour mixing. Models with the same neighbours become one point there, so that two
 * points often have the very same score, by the distance between them, and the rounding of the means decides.
 */
function naivePicks(models: readonly Vector[], f: number): Vector[] {
  const scores = naiveScores(naiveNeighbours(models, f), f);
  return scores.filter(({ score }) => score - (scores[0]?.score as number) < 1e-4).map(({ model }) => model);
}

function naiveNeighbours(models: readonly Vector[], f: number): Vector[] {
  return models.map((model) =>
    meanOf(models.toSorted((a, b) => distanceOf(a, model) - distanceOf(b, model)).slice(0, models.length - f)),
  );
}

function sumOfDistances(point: ArrayLike<number>, models: readonly Vector[]): number {
  return models.reduce((sum, model) => sum + distanceOf(point, model), 0);
}

/** My model is the last. */
function mix(rule: MixingRule, models: readonly Vector[], byzantine: number): Vector {
  const received = models.slice(0, -1).map((model, i) => peerUpdate(i, model));
  const own = mine(0, { weights: Float32Array.from(models.at(-1) as Vector) });
  return vector(rule(own, received, plainVectors, { byzantine }));
}

function peerUpdate(i: number, model: Vector, changes: Partial<Received> = {}): Received {
  return update(String.fromCharCode(97 + i), 0, { weights: Float32Array.from(model), ...changes });
}

/** Models around a point; as many as the rule needs and some more. */
function honestModels(count: number, prng: Prng): Vector[] {
  const centre = Array.from({ length: size }, () => 3 * prng.nextGaussian());
  return Array.from({ length: count }, () => centre.map((value) => Math.fround(value + prng.nextGaussian())));
}

/** What liars may send: anything, the very same all of them, or something close to the honest. */
function lies(f: number, honest: readonly Vector[], prng: Prng): Vector[] {
  const draw = () => {
    const factor = 10 ** (prng.nextInt(44) - 6);
    return (honest[0] as Vector).map((value) =>
      Math.fround(Math.max(-3e38, Math.min(3e38, value + factor * prng.nextGaussian()))),
    );
  };
  const shared = draw();
  const collude = prng.nextInt(2) === 0;
  return Array.from({ length: f }, () => (collude ? shared : draw()));
}

const setting = fc.record({ f: fc.integer({ min: 0, max: 3 }), more: fc.nat(4), seed: fc.integer() });

/** How far from the honest mean the rule may be, in greatest distances r of an honest model from it, n models and f liars. */
const bounds: Record<RobustRuleName, (n: number, f: number) => number> = {
  // Within the honest values in each coordinate, each of which is within r.
  'trimmed-mean': () => Math.sqrt(size),
  median: () => Math.sqrt(size),
  // RFA, from (n − 2f) ‖z − c‖ ≤ 2 Σ ‖xᵢ − c‖ over the honest.
  'geometric-median': medianBound,
  // The least score is at most (n − f − 2) (2r)², and n − 2f − 1 honest models are among the winner's nearest.
  krum: krumBound,
  'multi-krum': krumBound,
  // n − f models are within 2r of an honest one, so its n − f nearest are, and their mean is within 3r.
  'nnm+trimmed-mean': () => 3 * Math.sqrt(size),
  'nnm+median': () => 3 * Math.sqrt(size),
  'nnm+geometric-median': (n, f) => 3 * medianBound(n, f),
  'nnm+krum': (n, f) => 3 * krumBound(n, f),
};

function medianBound(n: number, f: number): number {
  return (2 * (n - f)) / (n - 2 * f);
}

function krumBound(n: number, f: number): number {
  return 1 + 2 * Math.sqrt((n - f - 2) / (n - 2 * f - 1));
}

for (const name of robustRuleNames) {
  const rule = mixingRules[name];

  describe(`${name} mixing`, () => {
    it('agrees with a naive oracle', () => {
      fc.assert(
        fc.property(setting, ({ f, more, seed }) => {
          const prng = new Prng(seed);
          const models = honestModels(modelsNeeded(name, f) + more, prng);
          const expected = naive[name](models, f);
          const mixed = mix(rule, models, f);
          if (name.endsWith('geometric-median')) {
            const inputs = name.startsWith('nnm') ? naiveNeighbours(models, f) : models;
            // Where all inputs are equal the least sum is 0, and what is left is the rounding of the mean to float32.
            const rounding = inputs.reduce((sum, input) => sum + 2 ** -23 * Math.hypot(...input), 0);
            assert.ok(sumOfDistances(mixed, inputs) <= 1.01 * sumOfDistances(expected, inputs) + rounding);
          } else {
            const allowed = name === 'nnm+krum' ? naivePicks(models, f) : [expected];
            assert.ok(allowed.some((model) => distanceOf(mixed, model) < 1e-5));
          }
        }),
        // Nearest-neighbour mixing makes two pairs of these nine models, and all four have one score.
        { numRuns: 50, examples: [[{ f: 3, more: 0, seed: 10 }]] },
      );
    });

    it('stays within its bound of the honest mean whatever f liars send', () => {
      fc.assert(
        fc.property(setting, ({ f, more, seed }) => {
          const prng = new Prng(seed);
          const n = modelsNeeded(name, f) + more;
          const honest = honestModels(n - f, prng);
          const models = [...prng.shuffled([...honest.slice(1), ...lies(f, honest, prng)]), honest[0] as Vector];
          const mean = meanOf(honest);
          const radius = Math.max(...honest.map((model) => distanceOf(model, mean)));
          const distance = distanceOf(mix(rule, models, f), mean);
          assert.ok(distance <= bounds[name](n, f) * radius * 1.001, `${distance / radius} radii`);
        }),
        { numRuns: 300 },
      );
    });

    it('keeps my model where there are too few to withstand f liars', () => {
      const models = honestModels(modelsNeeded(name, 2) - 1, new Prng(1));
      assert.deepEqual(mix(rule, models, 2), models.at(-1));
      const enough = [...models, models[0] as Vector];
      assert.notDeepEqual(mix(rule, enough, 2), enough.at(-1));
    });

    it('reads neither degree, samples, round nor staleness', () => {
      const models = honestModels(7, new Prng(2));
      const own = mine(0, { weights: Float32Array.from(models[6] as Vector) });
      const received = models.slice(0, 6).map((model, i) => peerUpdate(i, model));
      const other = received.map((update, i) => ({
        ...update,
        degree: i,
        samples: 100 * i,
        round: i,
        stalenessRounds: i,
      }));
      const parameters = { byzantine: 1 };
      assert.deepEqual(rule(own, other, plainVectors, parameters), rule(own, received, plainVectors, parameters));
    });

    it('asserts on a number of liars that is missing, negative or not whole', () => {
      for (const byzantine of [undefined, -1, 0.5, Number.NaN]) {
        assert.throws(() => rule(mine(0), [], plainVectors, { byzantine }), assert.AssertionError);
      }
    });
  });
}

for (const name of ['trimmed-mean', 'median'] as const) {
  describe(`${name} mixing`, () => {
    it('stays within the honest values of every weight', () => {
      fc.assert(
        fc.property(setting, ({ f, more, seed }) => {
          const prng = new Prng(seed);
          const honest = honestModels(f + 1 + more, prng);
          const mixed = mix(mixingRules[name], [...lies(f, honest, prng), ...honest], f);
          mixed.forEach((value, k) => {
            const values = honest.map((model) => model[k] as number);
            assert.ok(value >= Math.min(...values) && value <= Math.max(...values));
          });
        }),
      );
    });
  });
}

for (const name of ['trimmed-mean', 'nnm+trimmed-mean', 'nnm+median', 'nnm+geometric-median', 'nnm+krum'] as const) {
  describe(`${name} mixing`, () => {
    it('is the mean where nobody lies', () => {
      const models = honestModels(6, new Prng(3));
      assert.ok(distanceOf(mix(mixingRules[name], models, 0), meanOf(models)) < 1e-6);
    });
  });
}

describe('nnm+median mixing', () => {
  it('adds the neighbours of every model in one order', () => {
    // (1e30 - 1e30) + 1 is not (1e30 + 1) - 1e30, which is the order of nearness to the first.
    assert.deepEqual(mix(mixingRules['nnm+median'], [[1e30], [-1e30], [1], [0]], 0), [0.25]);
  });
});

describe('geometric-median mixing', () => {
  it('moves and scales with the models', () => {
    const models = honestModels(7, new Prng(4));
    const rule = mixingRules['geometric-median'];
    const mixed = mix(rule, models, 1);
    const scaled = mix(
      rule,
      models.map((model) => model.map((value) => 1024 * value)),
      1,
    );
    assert.deepEqual(
      scaled,
      mixed.map((value) => 1024 * value),
    );
  });

  it('leaves a model that is the coordinate-wise median and not the geometric one', () => {
    // The first is the median of both coordinates, but the others lie on one side of it.
    const models = [
      [0, 0],
      [1, -0.1],
      [1, -0.1],
      [-0.1, 1],
      [-0.1, 1],
    ];
    const mixed = mix(mixingRules['geometric-median'], models, 1);
    assert.ok(sumOfDistances(mixed, models) <= 1.001 * sumOfDistances(naiveGeometricMedian(models), models));
  });
});

describe('krum mixing', () => {
  it('picks one of the models', () => {
    fc.assert(
      fc.property(setting, ({ f, more, seed }) => {
        const prng = new Prng(seed);
        const honest = honestModels(f + 3 + more, prng);
        const models = [...lies(f, honest, prng), ...honest];
        const picked = mix(mixingRules.krum, models, f);
        assert.ok(models.some((model) => distanceOf(model, picked) === 0));
      }),
    );
  });

  it('picks by the n − f − 2 nearest others, of equal scores the first peer', () => {
    // Five models and one liar: two neighbours count. 1: 1 + 1; 0 and 2: 1 + 4; 10 and 11: 1 and more.
    const models = [[10], [11], [0], [2], [1]];
    assert.deepEqual(mix(mixingRules.krum, models, 1), [1]);
    assert.deepEqual(mix(mixingRules.krum, [[4], [3], [1], [2], [5]], 1), [4]);
  });
});

describe('multi-krum mixing', () => {
  it('is the mean of the n − f − 2 best', () => {
    assert.deepEqual(mix(mixingRules['multi-krum'], [[99], [50], [0], [2], [1]], 1), [0.5]);
  });
});
