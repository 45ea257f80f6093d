// Whom a gateway dials, and when, on a clock of the test's own.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { backOffMs } from '../../../src/lib/back-off.ts';
import { Prng } from '../../../src/lib/prng.ts';
import {
  Candidates,
  candidatesMax,
  dialLimits,
  forgottenAfterMs,
  stableAfterMs,
} from '../../../src/node/peers/candidates.ts';

class TestClock {
  ms = 0;
  nowMs(): number {
    return this.ms;
  }
}

function fresh(): { clock: TestClock; candidates: Candidates } {
  const clock = new TestClock();
  return { clock, candidates: new Candidates({ self: 'me', clock, prng: new Prng(1) }) };
}

const keysOf = (list: readonly { key: string }[]) => list.map(({ key }) => key);

describe('backOffMs()', () => {
  it('doubles from a second to a minute, less at most a half', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.integer(), (failures, seed) => {
        const wholeMs = Math.min(60_000, 1000 * 2 ** Math.min(10, failures - 1));
        const ms = backOffMs(failures, dialLimits, new Prng(seed));
        assert.ok(ms >= wholeMs / 2 && ms <= wholeMs, `${ms} of ${wholeMs}`);
      }),
    );
  });

  it('differs between gateways', () => {
    const all = Array.from({ length: 20 }, (_, seed) => backOffMs(5, dialLimits, new Prng(seed)));
    assert.equal(new Set(all).size, 20);
  });
});

describe('Candidates', () => {
  it('due() gives configured peers first, then those with the fewest failures', () => {
    const { clock, candidates } = fresh();
    candidates.hear('b', ['/ip4/10.0.0.2/tcp/1']);
    candidates.hear('c', ['/ip4/10.0.0.3/tcp/1']);
    candidates.configure('/ip4/10.0.0.1/tcp/1');
    const [configured, b] = candidates.due();
    for (const candidate of [configured!, configured!, b!]) candidates.failed(candidate, 'refused');
    clock.ms = 2000;
    assert.deepEqual(keysOf(candidates.due()), ['/ip4/10.0.0.1/tcp/1', 'c', 'b']);
  });

  it('failed() puts the next attempt off, says what is news, and a new address brings it forward', () => {
    const { candidates } = fresh();
    candidates.hear('b', ['/ip4/10.0.0.2/tcp/1']);
    const [b] = candidates.due();
    candidates.dialing(b!);
    assert.deepEqual(candidates.due(), []);
    assert.equal(candidates.failed(b!, 'refused'), true);
    assert.equal(candidates.failed(b!, 'refused'), false);
    assert.equal(candidates.failed(b!, 'no answer'), true);
    assert.deepEqual(candidates.due(), []);
    const inMs = candidates.nextDueInMs() ?? 0;
    assert.ok(inMs >= 2000 && inMs <= 4000, String(inMs));
    candidates.hear('b', ['/ip4/10.0.0.2/tcp/1']);
    assert.deepEqual(candidates.due(), []);
    candidates.hear('b', ['/ip4/10.0.0.9/tcp/1']);
    assert.deepEqual(keysOf(candidates.due()), ['b']);
    assert.deepEqual(b?.addresses, ['/ip4/10.0.0.9/tcp/1', '/ip4/10.0.0.2/tcp/1']);
  });

  it('down() dials again soon after a connection that lasted, and backs off from one that did not', () => {
    const { clock, candidates } = fresh();
    candidates.configure('/ip4/10.0.0.1/tcp/1');
    const [configured] = candidates.due();
    const waits: number[] = [];
    for (const lastedMs of [0, 0, 0, 0, stableAfterMs]) {
      candidates.dialing(configured!);
      candidates.up('b');
      candidates.reached(configured!, 'b');
      assert.equal(configured?.state, 'connected');
      clock.ms += lastedMs;
      candidates.down('b', 'lost');
      waits.push(candidates.nextDueInMs() ?? 0);
    }
    assert.ok(waits[3]! >= 4000, waits.join());
    assert.ok(waits[4]! <= 1000, waits.join());
  });

  it('reached() drops an address that leads back to this gateway, and counts one that was closed at once as a failure', () => {
    const { candidates } = fresh();
    candidates.configure('/ip4/10.0.0.1/tcp/1');
    candidates.configure('/ip4/10.0.0.2/tcp/1');
    candidates.configure('/ip4/10.0.0.3/tcp/1/p2p/me');
    const [first, second] = candidates.due();
    candidates.reached(first!, 'me');
    candidates.reached(second!, 'b');
    assert.deepEqual(keysOf(candidates.all()), ['/ip4/10.0.0.2/tcp/1']);
    assert.equal(second?.failures, 1);
  });

  it('forgets heard peers that nobody speaks of, but no configured ones and none that are connected', () => {
    const { clock, candidates } = fresh();
    candidates.configure('/ip4/10.0.0.1/tcp/1');
    for (const peer of ['b', 'c', 'd']) candidates.hear(peer, ['/ip4/10.0.0.2/tcp/1']);
    candidates.up('c');
    clock.ms = forgottenAfterMs;
    candidates.hear('d', ['/ip4/10.0.0.2/tcp/1']);
    clock.ms++;
    candidates.due();
    assert.deepEqual(keysOf(candidates.all()), ['/ip4/10.0.0.1/tcp/1', 'c', 'd']);
    candidates.down('c', 'lost');
    clock.ms += forgottenAfterMs;
    assert.ok(keysOf(candidates.due()).includes('c'), 'who was connected is remembered from then on');
  });

  it('hear() keeps no more than it has room for, and gives up who was tried in vain before who was not', () => {
    const { candidates } = fresh();
    for (let i = 0; i < candidatesMax; i++) assert.equal(candidates.hear(`p${i}`, ['/ip4/10.0.0.2/tcp/1']), true);
    assert.equal(candidates.hear('late', ['/ip4/10.0.0.2/tcp/1']), false);
    const tried = candidates.due()[7]!;
    candidates.failed(tried, 'refused');
    assert.equal(candidates.hear('late', ['/ip4/10.0.0.2/tcp/1']), true);
    assert.equal(candidates.all().length, candidatesMax);
    assert.ok(!keysOf(candidates.all()).includes(tried.key));
  });

  it('hear() leaves out this gateway and peers without an address, and keeps few addresses', () => {
    const { candidates } = fresh();
    candidates.hear('me', ['/ip4/10.0.0.2/tcp/1']);
    candidates.hear('b', []);
    assert.deepEqual(candidates.all(), []);
    candidates.hear(
      'c',
      Array.from({ length: 100 }, (_, i) => `/ip4/10.0.0.${i}/tcp/1`),
    );
    assert.equal(candidates.all()[0]?.addresses.length, 8);
  });
});
