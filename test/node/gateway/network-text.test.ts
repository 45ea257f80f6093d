import assert from 'node:assert/strict';
import { networkText } from '../../../src/node/gateway/network-text.ts';
import type { NetworkEvent } from '../../../src/node/peers/network.ts';

describe('networkText()', () => {
  const sentences: [NetworkEvent, string][] = [
    [{ type: 'connected', peer: 'P', address: '/ip4/10.0.0.7/tcp/1' }, 'peer P is connected, at /ip4/10.0.0.7/tcp/1'],
    [{ type: 'disconnected', peer: 'P', reason: 'it is not a member' }, 'peer P is gone: it is not a member'],
    [{ type: 'refused', who: 'P', reason: 'not-a-member' }, 'a connection with P was refused: not-a-member'],
    [{ type: 'unreachable', who: 'A', reason: 'timeout' }, 'A cannot be reached: timeout; trying again'],
    [{ type: 'roster', version: 3 }, 'version 3 of the roster counts from now on'],
    [{ type: 'trouble', sentence: 'no multicast here' }, 'no multicast here'],
  ];
  for (const [event, sentence] of sentences) {
    it(`says '${event.type}' as one sentence`, () => {
      assert.equal(networkText(event), sentence);
    });
  }
});
