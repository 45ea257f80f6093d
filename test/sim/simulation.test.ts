import assert from 'node:assert/strict';
import type { CheckerFactory } from '../../src/sim/checkers/checker.ts';
import type { NetworkSettings } from '../../src/sim/network.ts';
import type { SimulatedNode } from '../../src/sim/simulation.ts';
import { toyNode as node, runFleet, TowardsTarget } from '../support/toy-fleet.ts';

async function run(nodes: readonly SimulatedNode[], network: Partial<NetworkSettings> = {}, seed = 1) {
  return runFleet(nodes, { network, seed });
}

describe('simulate()', () => {
  it('lets every node do its rounds, and mixes what arrived', async () => {
    const { rounds, traffic, endedAtMs } = await run([node(0), node(1), node(2)]);
    assert.equal(rounds.length, 30);
    // From the second round on, updates of 1 ms are there before training of 10 ms ends.
    assert.ok(rounds.filter(({ round }) => round > 1).every(({ mixed }) => mixed.length === 2));
    assert.ok(traffic.every(({ updatesSent }) => updatesSent >= 20));
    assert.equal(Math.round(endedAtMs), 102);
  });

  it('has the same trace hash twice, and another with another seed or network', async () => {
    const network: Partial<NetworkSettings> = { latency: { distribution: 'uniform', lowMs: 1, highMs: 30 }, loss: 0.1 };
    const fleet = () => [node(0), node(1), node(2)];
    const first = await run(fleet(), network);
    assert.equal((await run(fleet(), network)).traceHash, first.traceHash);
    assert.notEqual((await run(fleet(), network, 2)).traceHash, first.traceHash);
    assert.notEqual((await run(fleet(), { ...network, loss: 0.2 })).traceHash, first.traceHash);
  });

  it('is the same however long training really takes', async () => {
    class Slow extends TowardsTarget {
      override async train(round: number, weights: Float32Array) {
        await new Promise((resolve) => setImmediate(resolve));
        return super.train(round, weights);
      }
    }
    const quick = await run([node(0), node(1), node(2)]);
    const slow = await run([node(0, {}, new Slow(0)), node(1), node(2, {}, new Slow(2))]);
    assert.equal(slow.traceHash, quick.traceHash);
    assert.deepEqual(slow.rounds, quick.rounds);
  });

  it('makes no text of an assertion that holds: it would be made at every event', async () => {
    let [named, events] = [0, 0];
    const nodes = Array.from({ length: 10 }, (_, i): SimulatedNode => {
      const { settings, ...rest } = node(i);
      const counting = Object.defineProperty({ ...settings }, 'self', {
        enumerable: true,
        get: () => {
          named++;
          return settings.self;
        },
      });
      return { ...rest, settings: counting };
    });
    const counter: CheckerFactory = () => ({ name: 'counter', onTime: () => void events++ });
    await runFleet(nodes, { checkers: [counter] });
    assert.ok(events > 1000 && named < 2 * events, `${named} names of nodes at ${events} events`);
  });

  it('lets a slow node fall behind without anyone waiting for it', async () => {
    const { rounds } = await run([node(0), node(1), { ...node(2), trainMs: 35 }]);
    const endOf = (who: number) => Math.max(...rounds.filter((each) => each.node === who).map(({ atMs }) => atMs));
    assert.ok(endOf(0) < 110 && endOf(2) > 340);
  });

  it('refuses the second copy of an update, and counts it', async () => {
    const { rounds, traffic } = await run([node(0), node(1), node(2)], { duplication: 1 });
    assert.ok(traffic.every(({ rejected }) => (rejected.get('duplicate') ?? 0) > 10));
    assert.ok(rounds.every(({ mixed }) => new Set(mixed.map(({ peer }) => peer)).size === mixed.length));
  });

  it('splits the bytes sent: models once, the copies that the network makes as duplicates, and all else', async () => {
    // Targets that are not 0, so that no two models are the same.
    const nodes = [1, 2, 3].map((i) => node(i));
    const calm = await run(nodes);
    const doubled = await run(nodes, { duplication: 1 });
    const lossy = await run(nodes, { loss: 0.5 });
    for (const [i, { bytesSent, updatesSent }] of calm.traffic.entries()) {
      // Three float32 weights; none comes twice, and while nodes join they pull and find nothing.
      assert.deepEqual([bytesSent.payload, bytesSent.duplicates], [12 * updatesSent, 0]);
      assert.ok(bytesSent.control > 50 * updatesSent);
      // Pulls go over streams, which double nothing.
      const twice = doubled.traffic[i]?.bytesSent;
      assert.deepEqual([twice?.payload, twice?.duplicates], [12 * updatesSent, 12 * updatesSent]);
      // Lost models were sent all the same.
      assert.equal(lossy.traffic[i]?.bytesSent.payload, 12 * updatesSent);
    }
    const total = (traffic: typeof calm.traffic) =>
      traffic.reduce((sum, { bytesSent }) => sum + bytesSent.payload + bytesSent.duplicates + bytesSent.control, 0);
    const received = calm.traffic.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0);
    // What the last round sent is under way when the run ends.
    assert.ok(total(calm.traffic) >= received && total(calm.traffic) - received < total(calm.traffic) / 5);
    assert.ok(total(doubled.traffic) > 1.8 * total(calm.traffic));
  });

  it('counts the pulled answer as the first copy of an announced model', async () => {
    const { traffic } = await run([1, 2, 3].map((i) => node(i, { exchange: 'pull' })));
    for (const { bytesSent, updatesSent } of traffic) {
      assert.deepEqual([bytesSent.payload, bytesSent.duplicates], [12 * updatesSent, 0]);
    }
  });

  it('says with each event how much the node has sent so far', async () => {
    const { rounds, traffic } = await run([node(0), node(1), node(2)]);
    const mine = rounds.filter((each) => each.node === 1).map(({ bytesSent }) => bytesSent);
    assert.ok(mine.every((bytes, i) => i === 0 || bytes > (mine[i - 1] as number)));
    const { payload, duplicates, control } = traffic[1]!.bytesSent;
    assert.equal(mine.at(-1), payload + duplicates + control);
  });

  it('reads a payload that was announced over a stream', async () => {
    const { rounds } = await run([0, 1, 2].map((i) => node(i, { exchange: 'pull' })));
    assert.ok(rounds.filter(({ round }) => round > 1).every(({ mixed }) => mixed.length === 2));
  });

  it('waits for every neighbour in synchronous rounds', async () => {
    const nodes = [node(0), node(1), { ...node(2), trainMs: 35 }].map((each) => ({
      ...each,
      settings: { ...each.settings, rounds: 'synchronous' as const },
    }));
    const { rounds } = await run(nodes);
    assert.ok(rounds.every(({ mixed }) => mixed.length === 2));
    // Everyone averages everyone, so all are equal after each round.
    for (const { node: who, round, weights } of rounds) {
      if (who > 0) assert.deepEqual(weights, rounds.find((each) => each.node === 0 && each.round === round)?.weights);
    }
  });

  it('says who has not finished where nothing is planned any more', async () => {
    // A plan that never lets a node in and does not say so is a defect.
    const faults = { absent: [1], events: [], goneForEverAtMs: new Map(), clockRates: [1, 1, 1], detectionMs: 0 };
    await assert.rejects(
      runFleet([node(0), node(1), node(2)], { faults }),
      /nothing is planned, and these have not finished: n1 \(down\)/,
    );
  });

  it('rejects with what ended a training, and with the reason of its signal', async () => {
    class Failing extends TowardsTarget {
      override train(): Promise<never> {
        return Promise.reject(new RangeError('diverged'));
      }
    }
    await assert.rejects(run([node(0), node(1, {}, new Failing(1)), node(2)]), /diverged/);
    class Broken extends TowardsTarget {
      override train(): Promise<never> {
        return Promise.reject(new Error('no engine'));
      }
    }
    await assert.rejects(run([node(0), node(1, {}, new Broken(1)), node(2)]), /no engine/);
    const signal = AbortSignal.abort(new Error('stopped'));
    await assert.rejects(runFleet([node(0), node(1), node(2)], { signal }), /stopped/);
  });
});
