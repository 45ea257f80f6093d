import assert from 'node:assert/strict';
import fc from 'fast-check';
import { consensusCurves, lossCurves, mixingGraph, thinned, trafficByNode } from '../../src/report/series.ts';
import type { MetricsEvent } from '../../src/scenario/results.ts';
import { resultsFixture } from '../support/results-fixture.ts';

const round = (node: string, number: number, loss: number, seed = 1): MetricsEvent => ({
  event: 'round',
  seed,
  method: 'gossip',
  node,
  round: number,
  atMs: 0,
  loss,
  available: 0,
  mixed: 0,
});
const traffic = (seed: number, node: string, bytesSent: number, bytesReceived: number): MetricsEvent => ({
  event: 'node-traffic',
  seed,
  node,
  bytesSent,
  split: { payload: bytesSent, duplicates: 0, control: 0 },
  bytesReceived,
  updatesSent: 0,
  updatesReceived: 0,
});

describe('report/series', () => {
  it('lossCurves() takes median and quartiles over nodes and seeds, rounds in order', () => {
    const events = [round('b', 2, 9), ...[4, 1, 3, 2, 5].map((loss, i) => round(`n${i % 3}`, 1, loss, i))];
    assert.deepEqual(lossCurves(events).get('gossip'), [
      { round: 1, low: 2, median: 3, high: 4 },
      { round: 2, low: 9, median: 9, high: 9 },
    ]);
  });

  it('lossCurves() has no curve for a method that did not train', () => {
    assert.deepEqual([...lossCurves(resultsFixture().events).keys()], ['gossip', 'centralised', 'fedavg', 'local']);
  });

  it("consensusCurves() gives the summary's mean by round and a line for each seed", () => {
    const results = resultsFixture({ seeds: 2, rounds: 3 });
    const { mean, seeds } = consensusCurves(results);
    assert.deepEqual(
      mean.map(({ round }) => round),
      [1, 2, 3],
    );
    assert.deepEqual(
      mean.map(({ distance }) => distance),
      results.summary.gossip.consensusDistance,
    );
    assert.deepEqual([...seeds.keys()], [1, 2]);
  });

  it('trafficByNode() averages over the seeds that report a node', () => {
    const events = [traffic(1, 'n10', 10, 1), traffic(2, 'n10', 30, 3), traffic(1, 'n2', 8, 4)];
    assert.deepEqual(trafficByNode(events), [
      { node: 'n2', bytesSent: 8, split: { payload: 8, duplicates: 0, control: 0 }, bytesReceived: 4 },
      { node: 'n10', bytesSent: 20, split: { payload: 20, duplicates: 0, control: 0 }, bytesReceived: 2 },
    ]);
  });

  it('mixingGraph() merges both directions of the first seed, and keeps nodes that mixed nothing', () => {
    const graph = mixingGraph([
      { event: 'started', scenario: 's', atUtc: '', nodes: ['d', 'c', 'b', 'a'] },
      {
        event: 'mixing-graph',
        seed: 3,
        edges: [
          { from: 'b', to: 'a', mixed: 2 },
          { from: 'a', to: 'b', mixed: 5 },
          { from: 'a', to: 'a', mixed: 9 },
          { from: 'c', to: 'a', mixed: 0 },
        ],
      },
      { event: 'mixing-graph', seed: 4, edges: [{ from: 'a', to: 'c', mixed: 1 }] },
    ]);
    assert.deepEqual(graph, { seed: 3, nodes: ['a', 'b', 'c', 'd'], edges: [{ a: 'a', b: 'b', aToB: 5, bToA: 2 }] });
    assert.equal(mixingGraph([]), undefined);
  });

  it('thinned() keeps the ends, the order and the bound', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 2, max: 130 }), (length, pointsMax) => {
        const items = Array.from({ length }, (_, i) => i);
        const kept = thinned(items, pointsMax);
        assert.equal(kept.length, Math.min(length, pointsMax));
        assert.equal(kept[0], 0);
        assert.equal(kept.at(-1), length - 1);
        assert.deepEqual(
          kept,
          [...new Set(kept)].sort((a, b) => a - b),
        );
      }),
    );
  });
});
