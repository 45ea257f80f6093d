// When the finder dials, against a port that connects nobody unless the test says so.
import assert from 'node:assert/strict';
import { monotonicClock } from '../../../src/lib/clock.ts';
import { Prng } from '../../../src/lib/prng.ts';
import { type Candidate, Candidates } from '../../../src/node/peers/candidates.ts';
import { PeerFinder } from '../../../src/node/peers/finder.ts';
import { connectionsWanted, heardDialsBurst, heardDialsPerSecond } from '../../../src/node/peers/limits.ts';
import { eventually } from '../../support/live-federation.ts';

interface Dial {
  address: string;
  signal: AbortSignal;
  resolve(peer: string): void;
  reject(error: Error): void;
}

class Fixture {
  readonly candidates = new Candidates({ self: 'me', clock: monotonicClock, prng: new Prng(1) });
  readonly dials: Dial[] = [];
  readonly unreachable: Candidate[] = [];
  readonly denied = new Set<string>();
  connected = 0;
  nowMs = 0;
  readonly finder = new PeerFinder(
    this.candidates,
    {
      dial: ([address = ''], _peer, signal) => {
        const { promise, resolve, reject } = Promise.withResolvers<string>();
        this.dials.push({ address, signal, resolve, reject });
        return promise;
      },
      isSelf: (error) => error instanceof Error && error.message === 'self',
      mayDial: (peer) => !this.denied.has(peer),
      connected: () => this.connected,
    },
    (candidate) => this.unreachable.push(candidate),
    { nowMs: () => this.nowMs },
  );

  hear(count: number): void {
    for (let i = 0; i < count; i++) this.candidates.hear(`p${i}`, [`/ip4/10.0.0.${i}/tcp/1`]);
  }
}

describe('PeerFinder', () => {
  let fixture: Fixture;

  beforeEach(() => {
    fixture = new Fixture();
  });

  afterEach(() => fixture.finder.stop());

  it('dials a few at a time, and the next one when one is done', async () => {
    fixture.hear(20);
    fixture.finder.look();
    assert.equal(fixture.dials.length, 8);
    fixture.dials[0]?.reject(new Error('refused'));
    await eventually(() => fixture.dials.length === 9, 'the next is dialed');
    assert.deepEqual(
      fixture.unreachable.map(({ reason }) => reason),
      ['refused'],
    );
  });

  it('looks for no more connections than it wants, but for configured peers', () => {
    fixture.hear(20);
    fixture.connected = connectionsWanted - 2;
    fixture.finder.look();
    assert.equal(fixture.dials.length, 2);
    fixture.connected = connectionsWanted;
    fixture.candidates.configure('/ip4/10.1.0.1/tcp/1');
    fixture.finder.look();
    assert.deepEqual(
      fixture.dials.slice(2).map(({ address }) => address),
      ['/ip4/10.1.0.1/tcp/1'],
    );
  });

  it('leaves out who may not connect, and comes back to them', async () => {
    fixture.hear(2);
    fixture.denied.add('p0');
    fixture.finder.look();
    assert.deepEqual(
      fixture.dials.map(({ address }) => address),
      ['/ip4/10.0.0.1/tcp/1'],
    );
    fixture.denied.clear();
    await eventually(() => fixture.dials.length === 2, 'it is dialed once it may');
  });

  it('tries a configured peer again by itself, and drops one that is this gateway', async () => {
    fixture.candidates.configure('/ip4/10.1.0.1/tcp/1');
    fixture.finder.look();
    fixture.dials[0]?.reject(new Error('refused'));
    await eventually(() => fixture.dials.length === 2, 'it is tried again');
    fixture.dials[1]?.reject(new Error('self'));
    await eventually(() => fixture.candidates.all().length === 0, 'it is dropped');
    assert.equal(fixture.unreachable.length, 1);
  });

  it('dials peers that somebody made up a few times a second only, and configured ones all the same', async () => {
    for (let heard = 0; heard < 200; heard++) {
      fixture.candidates.hear(`made up ${heard}`, [`/ip4/10.0.0.1/tcp/${heard + 1}`]);
      fixture.finder.look();
      const failed = fixture.unreachable.length + 1;
      if (fixture.dials.length < failed) continue;
      fixture.dials.at(-1)?.reject(new Error('refused'));
      await eventually(() => fixture.unreachable.length === failed, 'it failed');
    }
    assert.equal(fixture.dials.length, heardDialsBurst);
    fixture.candidates.configure('/ip4/10.0.0.2/tcp/1');
    fixture.nowMs = 1000;
    fixture.finder.look();
    assert.equal(fixture.dials.length, heardDialsBurst + heardDialsPerSecond + 1);
    assert.equal(fixture.dials[heardDialsBurst]?.address, '/ip4/10.0.0.2/tcp/1');
  });

  it('stop() calls off what is under way, and nothing comes after it', async () => {
    fixture.hear(1);
    fixture.finder.look();
    fixture.finder.stop();
    assert.equal(fixture.dials[0]?.signal.aborted, true);
    fixture.dials[0]?.reject(new Error('called off'));
    fixture.hear(5);
    fixture.finder.look();
    await Promise.resolve();
    assert.equal(fixture.dials.length, 1);
    assert.deepEqual(fixture.unreachable, []);
  });
});
