// Multicast discovery on a machine that does not let it work. What works is tested on network namespaces.
import assert from 'node:assert/strict';
import { monotonicClock } from '../../../src/lib/clock.ts';
import { Prng } from '../../../src/lib/prng.ts';
import { MulticastDiscovery } from '../../../src/node/peers/mdns.ts';
import { serviceOf } from '../../../src/node/peers/mdns-records.ts';
import { eventually, hashOf } from '../../support/live-federation.ts';

describe('MulticastDiscovery', () => {
  it('goes on looking where the interfaces cannot be listed, and says so once that lasts', async () => {
    let looks = 0;
    const troubles: string[] = [];
    // Ten times as fast as the real time.
    const clock = { nowMs: () => 10 * monotonicClock.nowMs() };
    const mdns = new MulticastDiscovery({
      service: serviceOf(hashOf('federation')),
      self: 'me',
      addresses: () => [],
      clock,
      prng: new Prng('mdns'),
      interfaces: () => {
        looks++;
        throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
      },
      onFound: () => assert.fail('there is nobody'),
      onTrouble: (sentence) => troubles.push(sentence),
    });
    try {
      mdns.start();
      await eventually(() => looks >= 3, 'it looks again');
      assert.equal(troubles.length, 1);
      assert.match(troubles[0] as string, /any interface \(EMFILE\)/);
    } finally {
      await mdns.stop();
    }
  });
});
