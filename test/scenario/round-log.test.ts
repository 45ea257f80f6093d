import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { CoreEvent } from '../../src/gossip/protocol.ts';
import { type NodeReport, outcomeOf } from '../../src/scenario/gossip-method.ts';
import type { Trial } from '../../src/scenario/outcome.ts';
import type { MetricsEvent } from '../../src/scenario/results.ts';
import { openRoundsMax, RoundLog } from '../../src/scenario/round-log.ts';
import { consensusDistanceOf } from '../../src/scenario/spread.ts';

function logOf(names: readonly string[]) {
  const events: MetricsEvent[] = [];
  /** Rounds that have ended. */
  const done: number[] = [];
  const progress: Parameters<Trial['onRound']>[0][] = [];
  const trial = {
    seed: 1,
    scenario: { train: { rounds: 3 } },
    record: (event: MetricsEvent) => {
      events.push(event);
      if (event.event === 'consensus') done.push(event.round);
    },
    onRound: (each: (typeof progress)[number]) => progress.push(each),
  } as unknown as Trial;
  return { log: new RoundLog(trial, names, 0), events, done, progress };
}

function round(number: number, weight: number, from: readonly string[] = []): CoreEvent {
  return {
    type: 'round',
    atMs: number,
    round: number,
    loss: weight,
    weights: Float32Array.of(weight, 0),
    available: from.length,
    mixed: from.map((peer) => ({ peer, round: number, stalenessRounds: 0 })),
  };
}

describe('RoundLog', () => {
  it('take() ends a round when every node has done it', () => {
    const { log, done } = logOf(['a', 'b']);
    log.take('a', round(1, 0));
    log.take('a', round(2, 0));
    assert.deepEqual(done, []);
    log.take('b', round(1, 4));
    assert.deepEqual(done, [1]);
    assert.deepEqual(log.consensusDistance, [2]);
  });

  it('close() ends rounds that some nodes never did, with those that did them', () => {
    const { log, done } = logOf(['a', 'b', 'c']);
    for (const number of [1, 2, 3]) log.take('a', round(number, 0));
    for (const number of [1, 2]) log.take('b', round(number, 6));
    log.take('c', round(1, 0));
    log.close();
    assert.deepEqual(done, [1, 2, 3]);
    assert.deepEqual(log.consensusDistance, [Math.sqrt(8), 3, 0]);
  });

  it('leave() ends rounds that only wait for the node, and no later one waits for it', () => {
    const { log, done } = logOf(['a', 'b', 'c', 'd']);
    log.take('d', round(1, 0));
    for (const node of ['a', 'b']) for (const number of [1, 2]) log.take(node, round(number, 0));
    log.leave('d');
    assert.deepEqual(done, [], 'c has done neither');
    log.take('c', round(1, 4));
    assert.deepEqual(done, [1]);
    log.leave('c');
    assert.deepEqual(done, [1, 2]);
    for (const node of ['a', 'b']) log.take(node, round(3, 0));
    assert.deepEqual(done, [1, 2, 3]);
    assert.deepEqual(log.consensusDistance, [Math.sqrt(3), 0, 0]);
  });

  it('take() tells progress by the rounds of all nodes together, also where one is down', () => {
    const { log, progress } = logOf(['a', 'b']);
    for (const number of [1, 2]) log.take('a', round(number, number));
    assert.deepEqual(progress, [{ round: 1, loss: 1.5, consensusDistance: null, delivered: 0 }]);
    log.take('b', round(1, 5, ['p', 'q']));
    log.take('a', round(3, 1, ['p']));
    assert.deepEqual(progress[1], { round: 2, loss: 3, consensusDistance: 2, delivered: 3 });
    // A node that was set back does more rounds than there are.
    for (const number of [2, 3, 2, 3]) log.take('b', round(number, 0));
    assert.deepEqual(
      progress.map((each) => each.round),
      [1, 2, 3, 3],
    );
  });

  it('take() counts the first time where a node does a round twice, and does not open an ended round again', () => {
    const { log, done } = logOf(['a', 'b']);
    log.take('a', round(1, 0));
    log.take('a', round(1, 100));
    assert.deepEqual(done, []);
    log.take('b', round(1, 4));
    log.take('a', round(1, 200));
    log.close();
    assert.deepEqual(done, [1]);
    assert.deepEqual(log.consensusDistance, [2]);
    // What was trained was trained.
    assert.equal(log.rounds.all, 4);
  });

  it('take() ends the oldest round where too many are open, so that memory is bounded', () => {
    const { log, done } = logOf(['a', 'b']);
    for (let number = 1; number <= openRoundsMax + 2; number++) log.take('a', round(number, 0));
    assert.deepEqual(done, [1, 2]);
    log.take('b', round(1, 100));
    log.close();
    assert.equal(log.consensusDistance[0], 0);
    assert.equal(log.consensusDistance.length, openRoundsMax + 2);
  });

  it('take() counts rounds in which a robust rule had too few updates', () => {
    const { log } = logOf(['a']);
    log.take('a', { type: 'tooFew', atMs: 1, round: 1, mixable: 1, needed: 4 });
    log.take('a', round(1, 0));
    log.take('a', round(2, 0, ['p']));
    assert.deepEqual(log.rounds, { all: 2, withUpdates: 1, mixed: 1, tooFew: 1 });
  });

  it('edges() names the nodes and counts what was mixed, into sampled nodes only', () => {
    const { log } = logOf(['a', 'b']);
    for (const number of [1, 2]) log.take('a', round(number, 0, ['peer-b']));
    log.take('b', round(1, 0, ['peer-a']));
    const nameOf = new Map([
      ['peer-a', 'a'],
      ['peer-b', 'b'],
    ]);
    assert.deepEqual(log.edges(nameOf), [
      { from: 'a', to: 'b', mixed: 1 },
      { from: 'b', to: 'a', mixed: 2 },
    ]);
    const many = logOf(Array.from({ length: 256 }, (_, i) => `n${i}`)).log;
    many.take('n0', round(1, 0, ['p']));
    many.take('n1', round(1, 0, ['p']));
    assert.deepEqual(many.edges(new Map()), [{ from: 'p', to: 'n0', mixed: 1 }]);
  });
});

describe('outcomeOf()', () => {
  it('outcomeOf() ends the rounds that are open and records what is split', () => {
    const events: MetricsEvent[] = [];
    const trial = {
      seed: 1,
      scenario: { train: { batchSize: 4, stepsPerRound: 2, rounds: 2 } },
      prepared: { nodes: [{ name: 'a' }, { name: 'b' }] },
      record: (event: MetricsEvent) => events.push(event),
      onRound: () => undefined,
    } as unknown as Trial;
    const log = new RoundLog(trial, ['a', 'b'], 0);
    for (const number of [1, 2]) log.take('a', round(number, 0));
    log.take('b', round(1, 4));
    const scale = { mean: Float64Array.of(0), deviation: Float64Array.of(1) };
    const report: NodeReport = {
      weights: new Float32Array(2),
      scale,
      bytesSent: { payload: 30, duplicates: 20, control: 10 },
      bytesReceived: 5,
      updatesSent: 1,
      updatesReceived: 1,
      sendsFailed: 0,
      rejected: {},
      cpuSeconds: 0,
      peakRssBytes: 0,
      curve: [{ round: 1, weights: new Float32Array(2), scale, bytesSent: 7 }],
    };
    const outcome = outcomeOf(trial, log, [{ ...report, curve: [] }, report], { neighbours: [[1], [0]] });
    assert.deepEqual(outcome.gossip?.consensusDistance, [2, 0]);
    assert.deepEqual([outcome.gossip?.neighbours, outcome.samplesTrained], [[[1], [0]], 3 * 4 * 2]);
    assert.deepEqual(
      outcome.checkpoints.map(({ node, round, bytesSent }) => [node, round, bytesSent]),
      [['b', 1, 7]],
    );
    const traffic = events.filter((event) => event.event === 'node-traffic');
    assert.deepEqual(
      traffic.map(({ bytesSent, split }) => [bytesSent, split]),
      [report, report].map(({ bytesSent }) => [60, bytesSent]),
    );
  });
});

describe('consensusDistanceOf()', () => {
  const naive = (models: readonly Float32Array[]) => {
    const mean = (models[0] as Float32Array).map(
      (_, k) => models.reduce((sum, m) => sum + (m[k] as number), 0) / models.length,
    );
    const squares = models.map((m) => m.reduce((sum, w, k) => sum + (w - (mean[k] as number)) ** 2, 0));
    return Math.sqrt(squares.reduce((sum, each) => sum + each, 0) / models.length);
  };
  const weights = fc.float({ min: -4, max: 4, noNaN: true });
  const models = fc.integer({ min: 1, max: 6 }).chain((size) =>
    fc.array(
      fc.array(weights, { minLength: size, maxLength: size }).map((each) => Float32Array.from(each)),
      { minLength: 1, maxLength: 8 },
    ),
  );

  it('consensusDistanceOf() is that of the definition, in whatever order models come', () => {
    fc.assert(
      fc.property(models, (all) => {
        const expected = naive(all);
        assert.ok(Math.abs(consensusDistanceOf(all) - expected) < 1e-5);
        assert.ok(Math.abs(consensusDistanceOf(all.toReversed()) - expected) < 1e-5);
      }),
    );
  });

  it('consensusDistanceOf() keeps its digits where models far from zero are close together', () => {
    // Float32 numbers near 12345 are a 1024th apart; the squares of three in a row differ in their last bits.
    const models = [0, 1, 2].map((steps) => Float32Array.of(12345.671875 + steps / 1024));
    const relativeError = consensusDistanceOf(models) / (Math.sqrt(2 / 3) / 1024) - 1;
    assert.ok(Math.abs(relativeError) < 1e-9, `${relativeError}`);
  });
});
