import assert from 'node:assert/strict';
import { sendersMax } from '../../../src/gossip/inbox.ts';
import type { CoreSettings, Effect } from '../../../src/gossip/protocol.ts';
import { boundedMemory } from '../../../src/sim/checkers/bounded-memory.ts';
import { eventOrder } from '../../../src/sim/checkers/event-order.ts';
import { liveness } from '../../../src/sim/checkers/liveness.ts';
import { checkerOf, emitted, nothingHeld, roundOf, violates } from './fleet-fixture.ts';

const weights = new Float32Array(3);
const started = { kind: 'started', weights, samples: 1 } as const;
const joined = (atMs: number) => emitted({ type: 'joined', atMs, origins: 0, caughtUpFrom: undefined });
const finished = (atMs: number) => emitted({ type: 'finished', atMs });
const train: Effect = { kind: 'train', round: 1, clockRound: 1, weights };

describe('eventOrder', () => {
  it('lets a node join, do its rounds, finish, and come back from its checkpoint', () => {
    const checker = checkerOf(eventOrder);
    checker.onInput(0, started, 0);
    checker.onEffect(0, joined(1), 1);
    checker.onEffect(0, roundOf([], { round: 1, atMs: 2 }), 2);
    checker.onEffect(0, roundOf([], { round: 2, atMs: 2 }), 2);
    checker.onEffect(0, finished(2), 2);
    checker.onDown(0);
    checker.onInput(0, { ...started, resume: { round: 1, clockRound: 7, steps: 1, origins: [] } }, 3);
    checker.onEffect(0, joined(4), 4);
    checker.onEffect(0, roundOf([], { round: 2, atMs: 4 }), 4);
  });

  it('finds a round left out, done twice, or done before joining or after the end', () => {
    const wrong = [
      [joined(0), roundOf([], { round: 2 })],
      [joined(0), roundOf([], { round: 1 }), roundOf([], { round: 1 })],
      [roundOf([], { round: 1 })],
      [joined(0), finished(0), roundOf([], { round: 1 })],
      [joined(0), joined(0)],
    ];
    for (const effects of wrong) {
      const checker = checkerOf(eventOrder);
      checker.onInput(1, started, 0);
      assert.throws(
        () => {
          for (const effect of effects) checker.onEffect(1, effect, 0);
        },
        violates('event-order', 'n1', /round|joined/),
      );
    }
  });

  it('finds time that runs backwards, of the fleet and of one node', () => {
    const checker = checkerOf(eventOrder);
    checker.onTime(5);
    checker.onTime(5);
    assert.throws(() => checker.onTime(4), violates('event-order', undefined, /backwards/));
    assert.throws(() => checker.onTime(Number.NaN), violates('event-order', undefined, /backwards/));
    checker.onInput(0, started, 5);
    checker.onEffect(0, joined(5), 5);
    assert.throws(
      () => checker.onEffect(0, roundOf([], { atMs: 4 }), 6),
      violates('event-order', 'n0', /the time 4 after 5/),
    );
  });
});

describe('liveness', () => {
  const stuck = (changes: Partial<CoreSettings>, effects: readonly Effect[], atMs: number) => {
    const checker = checkerOf(liveness, changes);
    checker.onTime(0);
    checker.onInput(0, started, 0);
    for (const effect of effects) checker.onEffect(0, effect, 0);
    checker.onEnd?.(atMs);
  };
  const late = violates('liveness', 'n0', /has not come to its next round by/);

  it('finds a barrier-free node that is later than its training and its interval', () => {
    stuck({ roundIntervalMs: 5 }, [train], 10);
    assert.throws(() => stuck({ roundIntervalMs: 5 }, [train], 10.001), late);
    stuck({ roundIntervalMs: 50 }, [train], 50);
    assert.throws(() => stuck({ roundIntervalMs: 50 }, [train], 50.001), late);
  });

  it('finds a synchronous node that waits for longer than its timeout', () => {
    const settings = { rounds: 'synchronous', roundTimeoutMs: 100 } as const;
    stuck(settings, [train], 110);
    assert.throws(() => stuck(settings, [train], 110.001), late);
  });

  it('finds a node that never joins', () => {
    stuck({ settleMs: 100 }, [], 100);
    assert.throws(() => stuck({ settleMs: 100 }, [], 100.001), late);
  });

  it('expects nothing of a node that has finished or is down', () => {
    stuck({}, [train, finished(0)], 1e9);
    const checker = checkerOf(liveness);
    checker.onInput(0, started, 0);
    checker.onDown(0);
    checker.onEnd?.(1e9);
  });

  it('looks from time to time', () => {
    const checker = checkerOf(liveness);
    checker.onTime(0);
    checker.onInput(0, started, 0);
    checker.onEffect(0, train, 0);
    assert.throws(() => checker.onTime(20), late);
  });

  it('finds events that go on for ever at one time', () => {
    const checker = checkerOf(liveness);
    assert.throws(
      () => {
        for (let i = 0; i < 10_000; i++) checker.onTime(3);
      },
      violates('liveness', undefined, /time stood still/),
    );
  });
});

describe('boundedMemory', () => {
  const scaler = { features: 1, originsMax: 4, reparameterise: () => weights };
  const holds = (held: Partial<typeof nothingHeld>) => {
    const checker = checkerOf(boundedMemory, { scaler }, { ...nothingHeld, ...held });
    for (const peer of ['a', 'b', 'c']) checker.onInput(0, { kind: 'peerUp', peer }, 0);
    checker.onInput(0, { kind: 'peerDown', peer: 'c' }, 0);
    checker.onInput(0, { kind: 'timerFired', timer: 'round' }, 1);
  };

  it('lets a node keep what its settings allow', () => {
    holds({ peers: 3, senders: sendersMax, waiting: 2 * sendersMax, offered: 2, origins: 4, silent: 3 });
  });

  it('finds one too many of anything', () => {
    const most = { peers: 3, senders: 3, waiting: 6, offered: 2, origins: 4, silent: 3 };
    for (const key of ['peers', 'waiting', 'offered', 'origins', 'silent'] as const) {
      const text = new RegExp(`keeps ${most[key] + 1} ${key}, at most ${most[key]} are right`);
      assert.throws(() => holds({ ...most, [key]: most[key] + 1 }), violates('bounded-memory', 'n0', text), key);
    }
    assert.throws(() => holds({ senders: sendersMax + 1 }), violates('bounded-memory', 'n0', /senders/));
  });

  it('counts neighbours from none after a crash', () => {
    const checker = checkerOf(boundedMemory, {}, { ...nothingHeld, peers: 1 });
    checker.onInput(0, { kind: 'peerUp', peer: 'a' }, 0);
    checker.onInput(0, { kind: 'timerFired', timer: 'round' }, 1);
    checker.onDown(0);
    assert.throws(() => checker.onInput(0, { kind: 'timerFired', timer: 'round' }, 2), /keeps 1 peers/);
  });
});
