// What befalls a small fleet, one fault at a time and together.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { CoreSettings } from '../../src/gossip/protocol.ts';
import {
  toyFleet as fleet,
  faultPlan as plan,
  roundsOf,
  runFleet,
  TowardsTarget,
  type ToyOptions,
  type ToyRun,
  timesOf,
  upTo,
} from '../support/toy-fleet.ts';

function run(count: number, section: object, changes: Partial<CoreSettings> = {}, options: ToyOptions = {}) {
  return runFleet(fleet(count, changes), { ...options, faults: plan(section, count) });
}

/** Root mean square distance of the latest models at `atMs` from their mean. */
function distanceAt({ rounds }: ToyRun, atMs: number): number {
  const latest = new Map<number, number>();
  for (const round of rounds) if (round.atMs <= atMs) latest.set(round.node, round.weights[0] as number);
  const values = [...latest.values()];
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

describe('simulate() with a crash', () => {
  const crash = { atMs: 35, action: 'crash', nodes: [1] };
  const section = { timeline: [crash, { atMs: 200, action: 'restart' }] };

  it('restarts the node from its checkpoint, so that each round is done once', async () => {
    const result = await run(3, section, { roundsMax: 40 });
    for (const node of [0, 1, 2]) assert.deepEqual(roundsOf(result, node), upTo(40));
    const times = timesOf(result, 1);
    assert.ok((times[2] as number) < 35 && (times[3] as number) > 200);
  });

  it('lets the others go on, and finish long before', async () => {
    const result = await run(3, { timeline: [crash] }, { roundsMax: 20 });
    assert.deepEqual(roundsOf(result, 1), upTo(3));
    assert.deepEqual([roundsOf(result, 0), roundsOf(result, 2)], [upTo(20), upTo(20)]);
    assert.deepEqual(result.gone, [1]);
    assert.ok(result.endedAtMs < 210);
    const late = result.rounds.filter(({ node, atMs }) => node !== 1 && atMs > 70);
    assert.ok(late.every(({ mixed }) => !mixed.some(({ peer }) => peer === 'n1')));
  });

  it('lets synchronous neighbours wait only until they notice', async () => {
    const result = await run(3, { timeline: [crash] }, { roundsMax: 20, rounds: 'synchronous' });
    const times = timesOf(result, 0);
    const gaps = times.slice(1).map((atMs, i) => atMs - (times[i] as number));
    // The crash at 35 ms is noticed at 55 ms; the other rounds take 10 ms and two messages.
    assert.deepEqual(
      gaps.filter((gap) => gap > 12),
      [20],
    );
  });

  it('brings synchronous rounds back into step after a restart, within a timeout', async () => {
    const result = await run(3, section, { roundsMax: 40, rounds: 'synchronous', roundTimeoutMs: 60 });
    for (const node of [0, 1, 2]) assert.deepEqual(roundsOf(result, node), upTo(40));
    const inStep = result.rounds.filter(({ node, atMs }) => node === 0 && atMs > 290);
    assert.ok(inStep.length > 10 && inStep.every(({ mixed }) => mixed.length === 2));
  });

  it('starts anew where there was no checkpoint yet', async () => {
    const timeline = [
      { atMs: 5, action: 'crash', nodes: [1] },
      { atMs: 8, action: 'restart', nodes: [1] },
    ];
    const result = await run(3, { timeline });
    assert.deepEqual(roundsOf(result, 1), upTo(10));
    assert.equal(result.events.filter(({ node, type }) => node === 1 && type === 'joined').length, 2);
  });

  it('takes the model of a neighbour over only where its own would be stale', async () => {
    const joined = ({ events }: ToyRun) =>
      events.flatMap((event) => (event.type === 'joined' && event.node === 1 ? [event.caughtUpFrom] : []));
    const soon = { timeline: [crash, { atMs: 45, action: 'restart' }] };
    assert.deepEqual(joined(await run(3, soon, { roundsMax: 40 })), [undefined, undefined]);
    const [first, second] = joined(await run(3, section, { roundsMax: 40 }));
    assert.equal(first, undefined);
    assert.match(second ?? '', /^n[02]$/);
  });

  it('does not let the neighbours refuse what a restarted node sends', async () => {
    const result = await run(3, section, { roundsMax: 40 });
    const mixedFrom1 = result.rounds.filter(
      ({ node, atMs, mixed }) => node === 0 && atMs > 240 && mixed.some(({ peer }) => peer === 'n1'),
    );
    assert.ok(mixedFrom1.length > 10);
    // The round that was on its way when the node crashed may come again with the same number.
    assert.ok(result.traffic.every(({ rejected }) => [...rejected.values()].reduce((sum, n) => sum + n, 0) <= 1));
  });

  it('gives every start a learner of its own', async () => {
    let created = 0;
    const nodes = fleet(3).map((node, i) => ({
      ...node,
      createLearner: () => {
        created++;
        return new TowardsTarget(i);
      },
    }));
    await runFleet(nodes, { faults: plan(section, 3) });
    assert.equal(created, 4);
  });

  it('never loses or repeats a round, whenever nodes crash', async () => {
    const time = fc.integer({ min: 0, max: 150 });
    await fc.assert(
      fc.asyncProperty(
        time,
        time,
        fc.constantFrom('barrier-free' as const, 'synchronous' as const),
        async (a, b, rounds) => {
          const timeline = [
            { atMs: a, action: 'crash', nodes: [0] },
            { atMs: a + 1 + b, action: 'restart', nodes: [0] },
            { atMs: b, action: 'crash', nodes: [2] },
            { atMs: b + 7, action: 'restart', nodes: [2] },
          ];
          const result = await run(4, { timeline }, { rounds, roundTimeoutMs: 60 });
          for (const node of [0, 1, 2, 3]) assert.deepEqual(roundsOf(result, node), upTo(10));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('simulate() with a partition', () => {
  const section = {
    timeline: [
      {
        atMs: 100,
        action: 'partition',
        groups: [
          [0, 1],
          [2, 3],
        ],
      },
      { atMs: 300, action: 'heal' },
    ],
  };

  it('loses what goes between the parts, and nothing within them', async () => {
    const result = await run(4, section, { roundsMax: 50 });
    const apart = result.rounds.filter(({ atMs }) => atMs > 115 && atMs < 300);
    for (const { node, mixed } of apart) {
      assert.deepEqual(
        mixed.map(({ peer }) => peer),
        [['n1'], ['n0'], ['n3'], ['n2']][node],
      );
    }
    const after = result.rounds.filter(({ atMs }) => atMs > 335 && atMs < 480);
    assert.ok(after.length > 20 && after.every(({ mixed }) => mixed.length === 3));
  });

  it('lets the models drift apart, and together again', async () => {
    const result = await run(4, section, { roundsMax: 60 });
    const [before, apart, after] = [distanceAt(result, 100), distanceAt(result, 300), distanceAt(result, 500)];
    // Everyone averages everyone: together the four agree, and apart each pair agrees on a mean of its own, 0.5 and 2.5.
    assert.ok(before < 1e-5 && after < 1e-5, `${before} ${after}`);
    assert.ok(apart > 0.9, `${apart}`);
  });
});

describe('simulate() with a late join', () => {
  const join = { timeline: [{ atMs: 60, action: 'join', nodes: [2] }] };

  it('starts the node then, with the model of a neighbour, and lets it do its rounds', async () => {
    const result = await run(3, join, { originsExpected: 2 });
    for (const node of [0, 1, 2]) assert.deepEqual(roundsOf(result, node), upTo(10));
    assert.ok((timesOf(result, 2)[0] as number) > 60);
    const joined = result.events.find(({ node, type }) => node === 2 && type === 'joined');
    assert.ok(joined?.type === 'joined' && /^n[01]$/.test(joined.caughtUpFrom ?? ''));
    assert.ok(joined.atMs >= 62 && joined.atMs < 65);
  });

  it('lets the neighbours see it at once', async () => {
    const { rounds } = await run(3, { ...join, detectionMs: 1e6 }, { originsExpected: 2 });
    // A node sends only to the peers that it knows.
    const heard = rounds.find(({ node, mixed }) => node === 2 && mixed.some(({ peer }) => peer === 'n0'));
    assert.ok(heard && heard.atMs < 90);
  });
});

describe('simulate() with slow nodes', () => {
  it('multiplies the time of training from then on, and factor 1 ends it', async () => {
    const timeline = [
      { atMs: 25, action: 'slow', nodes: [1], factor: 4 },
      { atMs: 135, action: 'slow', nodes: [1], factor: 1 },
    ];
    const result = await run(3, { timeline });
    const ends = timesOf(result, 1);
    const lengths = ends.map((atMs, i) => atMs - (ends[i - 1] ?? 2));
    assert.deepEqual(lengths, [10, 10, 10, 40, 40, 40, 10, 10, 10, 10]);
    assert.equal(timesOf(result, 0).at(-1), 102);
  });
});

describe('simulate() with clocks that drift', () => {
  it('lets the timers of a node run by its own clock, and reports virtual time', async () => {
    const drifting = { ...plan({}, 3), clockRates: [1, 2, 0.5] };
    const result = await runFleet(fleet(3, { roundIntervalMs: 100, roundsMax: 5 }), { faults: drifting });
    const ends = [0, 1, 2].map((node) => timesOf(result, node).at(-1));
    // Five rounds of 100 ms by the node's own clock, after two messages of 1 ms.
    assert.deepEqual(ends, [502, 252, 1002]);
    const times = result.events.map(({ atMs }) => atMs);
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );
  });
});

describe('simulate() with churn and all together', () => {
  const section = {
    timeline: [
      { atMs: 30, action: 'join', share: 0.2 },
      { atMs: 50, action: 'partition', parts: 2 },
      { atMs: 60, action: 'slow', share: 0.3, factor: 3 },
      { atMs: 70, action: 'crash', share: 0.3 },
      { atMs: 150, action: 'restart' },
      { atMs: 180, action: 'heal' },
      { atMs: 190, action: 'crash', nodes: [4] },
    ],
    churn: { meanUpMs: 60, meanDownMs: 20, untilMs: 400 },
    clockDriftPpm: 200,
  };
  const network = { latency: { distribution: 'uniform', lowMs: 1, highMs: 8 } as const, loss: 0.1, duplication: 0.1 };

  it('has the same trace hash twice, and another where one fault is another', async () => {
    const hashOf = async (changed: object) => (await run(10, changed, { roundsMax: 15 }, { network })).traceHash;
    const first = await hashOf(section);
    assert.equal(await hashOf(section), first);
    for (const change of [
      { timeline: section.timeline.slice(0, -1) },
      { churn: { ...section.churn, untilMs: 390 } },
      { clockDriftPpm: 100 },
      { detectionMs: 21 },
    ]) {
      assert.notEqual(await hashOf({ ...section, ...change }), first);
    }
  });

  it('lets everyone that is not gone for ever do each round once, and mixes no update twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const faults = plan(section, 10, seed);
        const result = await runFleet(fleet(10, { roundsMax: 15 }), { faults, network, seed });
        for (let node = 0; node < 10; node++) {
          const done = roundsOf(result, node);
          assert.deepEqual(done, upTo(node === 4 ? done.length : 15));
        }
        assert.deepEqual(result.gone, [4]);
      }),
      { numRuns: 25 },
    );
  });

  it('notes faults in the trace that no input tells of', async () => {
    const slow = (atMs: number) => run(3, { timeline: [{ atMs, action: 'slow', nodes: [0], factor: 1 }] });
    assert.notEqual((await slow(5)).traceHash, (await slow(6)).traceHash);
  });
});
