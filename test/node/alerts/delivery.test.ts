import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Prng } from '../../../src/lib/prng.ts';
import { type AlertTarget, DeliveryFailed } from '../../../src/node/alerts/alert-target.ts';
import { Delivery } from '../../../src/node/alerts/delivery.ts';
import { Counters } from '../../../src/node/store/counters.ts';
import { Outbox } from '../../../src/node/store/outbox.ts';
import { eventually, inTime } from '../../support/live-federation.ts';

type Outcome = Awaited<ReturnType<AlertTarget['deliver']>>;

/** A delivery to a target that does what `act` says, on a clock that runs as fast as it can. */
function world(act: (body: string, attempt: number, signal: AbortSignal) => Outcome | Promise<Outcome>) {
  const counters = new Counters();
  const flushes: boolean[] = [];
  const said: string[] = [];
  const waits: number[] = [];
  const got: string[] = [];
  const ending = new AbortController();
  const outbox = new Outbox(1000, () => counters.add('outbox.dropped'));
  let underWay = 0;
  let attempts = 0;
  const target: AlertTarget = {
    name: 'target',
    async deliver(body, signal) {
      assert.equal(++underWay, 1, 'two deliveries at a time');
      try {
        const outcome = await act(body, ++attempts, signal);
        if (outcome === 'delivered') got.push(body);
        return outcome;
      } finally {
        underWay--;
      }
    },
    close: async () => undefined,
  };
  const flush = (durable = false) => {
    flushes.push(durable);
    return true;
  };
  const wait = async (ms: number) => {
    waits.push(ms);
  };
  const store = { outbox, counters, flush };
  const say = (sentence: string) => said.push(sentence);
  const delivery = new Delivery({ store, target, prng: new Prng('delivery'), wait, say });
  return { delivery, outbox, flushes, said, waits, got, ending };
}

/** Puts `bodies`, delivers until none waits, and stops. */
async function ran(made: ReturnType<typeof world>, bodies: readonly string[]): Promise<void> {
  for (const body of bodies) made.delivery.put(body);
  const running = made.delivery.run(made.ending.signal);
  await eventually(() => made.outbox.map.size === 0, 'nothing waits');
  made.ending.abort();
  await inTime(running, 'it stops');
}

const away = (reason = 'away') => {
  throw new DeliveryFailed(reason);
};

describe('Delivery', () => {
  it('delivers each body once and in order, whatever attempts fail', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(4), { maxLength: 12 }), async (failures) => {
        const left = [...failures];
        const made = world((body) => (left[Number(body)]!-- > 0 ? away() : 'delivered'));
        const bodies = failures.map((_, i) => String(i));
        await ran(made, bodies);
        assert.deepEqual(made.got, bodies);
        assert.equal(
          made.waits.length,
          failures.reduce((sum, count) => sum + count, 0),
        );
        assert.equal(made.delivery.status.delivered, bodies.length);
      }),
      { numRuns: 30 },
    );
  });

  it('has a body on disk, synced, before it is sent', () => {
    const made = world(() => 'delivered');
    made.delivery.put('a');
    assert.deepEqual(made.flushes, [true]);
  });

  it('is woken by a body that comes while nothing waits', async () => {
    const made = world(() => 'delivered');
    const running = made.delivery.run(made.ending.signal);
    await Promise.resolve();
    made.delivery.put('late');
    await eventually(() => made.got.length === 1, 'it is delivered');
    made.ending.abort();
    await inTime(running, 'it stops');
  });

  it('waits a second, then twice as long each time up to five minutes, half of it at random, and begins anew after a success', async () => {
    const made = world((_, attempt) => (attempt <= 14 || attempt === 16 ? away() : 'delivered'));
    await ran(made, ['a', 'b']);
    const full = [...Array.from({ length: 14 }, (_, i) => Math.min(300_000, 1000 * 2 ** i)), 1000];
    assert.equal(made.waits.length, full.length);
    made.waits.forEach((ms, i) => {
      assert.ok(ms >= full[i]! / 2 && ms <= full[i]!, `wait ${i} of ${ms} ms`);
    });
    // At random: none of them is at its bound.
    assert.ok(made.waits.every((ms, i) => ms !== full[i] && ms !== full[i]! / 2));
  });

  it('says once that the target is away and why, and once that it is back', async () => {
    const made = world((_, attempt) => (attempt <= 5 ? away(attempt < 4 ? 'refused' : 'no answer') : 'delivered'));
    await ran(made, ['a', 'b']);
    assert.deepEqual(made.said, [
      'alerts cannot be delivered to target (refused); they are kept and tried again',
      'alerts cannot be delivered to target (no answer); they are kept and tried again',
      'alerts are delivered to target again',
    ]);
  });

  it('throws away what is refused for good, counts it and says so once', async () => {
    const made = world((body) => (body === 'good' ? 'delivered' : { refused: 'HTTP 422' }));
    await ran(made, ['bad', 'bad', 'good']);
    assert.deepEqual(made.got, ['good']);
    assert.deepEqual(made.waits, []);
    assert.deepEqual(made.delivery.status, {
      target: 'target',
      waiting: 0,
      attempts: 0,
      delivered: 1,
      refused: 2,
      dropped: 0,
    });
    assert.equal(made.said.filter((sentence) => /HTTP 422/.test(sentence)).length, 1);
  });

  it('tells what waits, how often it was tried, and what was too much', async () => {
    const made = world((_, attempt) => (attempt === 3 ? new Promise<never>(() => undefined) : away()));
    for (let i = 0; i < 1002; i++) made.delivery.put(String(i));
    void made.delivery.run(made.ending.signal);
    await eventually(() => made.delivery.status.attempts === 2, 'two attempts');
    const { waiting, dropped, delivered } = made.delivery.status;
    assert.deepEqual({ waiting, dropped, delivered }, { waiting: 1000, dropped: 2, delivered: 0 });
  });

  it('stops in the middle of a delivery, and keeps its body', async () => {
    const made = world(
      (_body, _attempt, signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(new DeliveryFailed('stopped')))),
    );
    made.delivery.put('a');
    const running = made.delivery.run(made.ending.signal);
    await Promise.resolve();
    made.ending.abort();
    await inTime(running, 'it stops');
    assert.equal(made.outbox.oldest()?.body, 'a');
    assert.deepEqual([made.said, made.waits], [[], []]);
  });

  it('rejects with what is a bug of the target', async () => {
    const made = world(() => {
      throw new TypeError('a bug');
    });
    made.delivery.put('a');
    await assert.rejects(made.delivery.run(made.ending.signal), { message: 'a bug' });
  });
});
