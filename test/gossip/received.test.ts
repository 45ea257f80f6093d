import assert from 'node:assert/strict';
import type { MomentsMessage, NotHeldMessage, PullMessage } from '../../src/gossip/codec.ts';
import { PeerError } from '../../src/gossip/peer-error.ts';
import { receivedInput } from '../../src/gossip/received.ts';
import { updateOf } from '../support/core-network.ts';

const digest = new Uint8Array(32);
const none = new Uint8Array();
const pull = (wanted: Uint8Array, moments: boolean): PullMessage => ({ kind: 'pull', digest: wanted, moments });
const notHeld: NotHeldMessage = { kind: 'notHeld', digest };
const codeIs = (code: string) => (error: unknown) => error instanceof PeerError && error.code === code;

describe('receivedInput()', () => {
  it('marks updates and moments that answer a pull', () => {
    const update = updateOf(1, [0, 0]);
    const moments: MomentsMessage = { kind: 'moments', origins: [] };
    for (const [via, request] of [
      ['topic', undefined],
      ['stream', undefined],
      ['answer', pull(digest, false)],
    ] as const) {
      const pulled = request !== undefined;
      assert.deepEqual(receivedInput('a', update, via, request), { kind: 'updateReceived', from: 'a', update, pulled });
      assert.deepEqual(receivedInput('a', moments, via, request), {
        kind: 'momentsReceived',
        from: 'a',
        moments,
        pulled,
      });
    }
  });

  it('takes notHeld for an answer where a joining node asked, or moments were wanted too', () => {
    for (const request of [pull(none, false), pull(none, true), pull(digest, true)]) {
      assert.deepEqual(receivedInput('a', notHeld, 'answer', request), { kind: 'notHeldReceived', from: 'a' });
    }
  });

  it('says not-held where the model alone was wanted', () => {
    assert.throws(() => receivedInput('a', notHeld, 'answer', pull(digest, false)), codeIs('not-held'));
  });

  it('says wrong-topic of what does not belong where it came', () => {
    assert.throws(() => receivedInput('a', notHeld, 'topic'), codeIs('wrong-topic'));
    assert.throws(() => receivedInput('a', pull(none, true), 'stream'), codeIs('wrong-topic'));
    assert.throws(() => receivedInput('a', pull(none, true), 'answer', pull(none, true)), codeIs('wrong-topic'));
  });
});
