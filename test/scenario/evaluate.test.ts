import assert from 'node:assert/strict';
import type { FeatureTable, PreparedData } from '../../src/data/types.ts';
import { evaluate, type ScoringModel } from '../../src/scenario/evaluate.ts';

const rule = { method: 'quantile', quantile: 0.9 } as const;

function table(values: number[], labels: number[]): FeatureTable {
  return { features: ['x'], rows: values.length, values: Float64Array.from(values), labels: Uint8Array.from(labels) };
}

function fleet(names: readonly string[]): PreparedData {
  const nodes = names.map((name) => ({
    name,
    train: table([0, 1], [0, 0]),
    validate: table([0, 1], [0, 0]),
    test: table([0, 9], [0, 1]),
  }));
  return { features: ['x'], nodes, unseen: [], notes: [] } as unknown as PreparedData;
}

/** Scores a row by its value, and counts the tables that it was asked for. */
function countingModel(sign: number): ScoringModel & { calls: number } {
  const model = {
    calls: 0,
    scale: { mean: Float64Array.of(0), deviation: Float64Array.of(1) },
    score: async ({ values }: { values: Float32Array }) => {
      model.calls++;
      return values.map((value) => sign * value);
    },
  };
  return model;
}

describe('evaluate()', () => {
  it('scores a table once where all nodes hold the same model', async () => {
    const prepared = fleet(['a', 'b', 'c']);
    const model = countingModel(1);
    const evaluations = await evaluate([model, model, model], prepared, rule);
    // Three tables to set thresholds, three to test, and the fleet's.
    assert.equal(model.calls, 7);
    assert.deepEqual(
      evaluations.map(({ set, device, metrics }) => [set, device, metrics.auroc]),
      ['a', 'b', 'c'].flatMap((name) => [
        ['own', name, 1],
        ['fleet', name, 1],
      ]),
    );
  });

  it('evaluates every node on its own rows, and 128 of many on the rows of the fleet and of unseen devices', async () => {
    const names = Array.from({ length: 256 }, (_, i) => `n${i}`);
    const prepared = fleet(names);
    const unseen = [{ name: 'new', test: table([0, 9], [0, 1]) }] as unknown as PreparedData['unseen'];
    const models = names.map(() => countingModel(1));
    const evaluations = await evaluate(models, { ...prepared, unseen }, rule);
    const devices = (set: string) => evaluations.flatMap((each) => (each.set === set ? each.device : []));
    const even = names.filter((_, i) => i % 2 === 0);
    assert.deepEqual(devices('own'), names);
    assert.deepEqual(devices('fleet'), even);
    assert.deepEqual(
      devices('unseen'),
      even.map((name) => `${name} on new`),
    );
    assert.deepEqual([models[0]?.calls, models[1]?.calls], [4, 2]);
  });

  it('pairs each node with its own model', async () => {
    const evaluations = await evaluate([countingModel(1), countingModel(-1)], fleet(['good', 'bad']), rule);
    const own = evaluations.filter(({ set }) => set === 'own').map(({ device, metrics }) => [device, metrics.auroc]);
    assert.deepEqual(own, [
      ['good', 1],
      ['bad', 0],
    ]);
  });
});
