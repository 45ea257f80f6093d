import assert from 'node:assert/strict';
import type { MethodName } from '../../src/scenario/results.ts';
import { type MethodResult, summarise } from '../../src/scenario/summarise.ts';

interface Shape {
  /** AUROC of each device on its own data. */
  auroc?: number[];
  /** AUROC and bytes of each point of the curve, every ten rounds. */
  curve?: [auroc: number, bytes: number][];
}

function result(method: MethodName, { auroc = [0.9], curve = [] }: Shape): MethodResult {
  return {
    method,
    evaluations: auroc.map((value, i) => ({
      set: 'own',
      device: `d${i}`,
      metrics: { auroc: value, auprc: value, f1: value, fpr: value, recall: value },
    })),
    samplesTrained: 0,
    bytesSent: [
      { payload: 100, duplicates: 10, control: 5 },
      { payload: 200, duplicates: 0, control: 7 },
    ],
    curve: curve.map(([value, bytes], i) => ({
      round: 10 * (i + 1),
      auroc: value,
      worst: value,
      bytesSentPerNode: bytes,
    })),
    wallSeconds: 0,
    cpuSeconds: 0,
    peakRssBytes: 0,
  };
}

describe('summarise()', () => {
  it('summarise() means the bytes by kind, which add up to the mean of all', () => {
    const { methods } = summarise([{ seed: 1, methods: [result('gossip', {})] }], undefined);
    assert.deepEqual(methods.gossip?.bytesSentPerNode, {
      mean: 161,
      max: 207,
      split: { payload: 150, duplicates: 5, control: 6 },
    });
    assert.deepEqual([methods.gossip?.curve, methods.gossip?.bytesToTarget], [[], null]);
  });

  it("summarise() divides gossip's bytes to the target by FedAvg's, seed by seed", () => {
    const seeds = [
      {
        gossip: [
          [0.7, 300],
          [0.9, 600],
        ],
        fedavg: [
          [0.8, 200],
          [0.85, 400],
        ],
      },
      {
        gossip: [
          [0.8, 320],
          [0.9, 640],
        ],
        fedavg: [
          [0.7, 80],
          [0.9, 160],
        ],
      },
    ] satisfies { gossip: [number, number][]; fedavg: [number, number][] }[];
    const results = seeds.map(({ gossip, fedavg }, i) => ({
      seed: i,
      methods: [result('gossip', { curve: gossip }), result('fedavg', { curve: fedavg }), result('statistic', {})],
    }));
    const { methods, ratio } = summarise(results, 0.8);
    assert.deepEqual(methods.gossip?.bytesToTarget, {
      target: 0.8,
      bytesPerNode: 460,
      reached: 2,
      perSeed: [600, 320],
    });
    assert.equal(methods.statistic?.bytesToTarget, null);
    assert.deepEqual(ratio.fedavg?.bytesToTarget.perSeed, [3, 2]);
    assert.equal(ratio.fedavg?.bytesToTarget.mean, 2.5);
    assert.deepEqual(methods.gossip?.curve[0], { round: 10, auroc: 0.75, worst: 0.75, bytesSentPerNode: 310 });
    // FedAvg's first seed never gets to 0.9.
    assert.deepEqual(summarise(results, 0.9).ratio, {});
  });

  it('summarise() lists 128 of many devices, and counts all of them', () => {
    const auroc = Array.from({ length: 256 }, (_, i) => (i === 255 ? 0.1 : 0.9));
    const { methods } = summarise([{ seed: 1, methods: [result('gossip', { auroc })] }], undefined);
    const own = methods.gossip?.own.auroc;
    assert.deepEqual(
      Object.keys(own?.perDevice ?? {}),
      Array.from({ length: 128 }, (_, i) => `d${2 * i}`),
    );
    assert.equal(own?.worst, 0.1);
    assert.ok(Math.abs((own?.mean ?? 0) - (255 * 0.9 + 0.1) / 256) < 1e-12);
  });
});
