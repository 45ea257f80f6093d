// gossipsub's verdict on a message.
import assert from 'node:assert/strict';
import { TopicValidatorResult } from '@chainsafe/libp2p-gossipsub';
import { actionOf, peerErrorCodes } from '../../src/gossip/peer-error.ts';
import { verdictOf } from '../../src/node/validator.ts';

describe('verdictOf()', () => {
  it('forwards a message in order only where it is meant for everyone', () => {
    assert.equal(verdictOf(undefined, 'everyone'), TopicValidatorResult.Accept);
    assert.equal(verdictOf(undefined, 'neighbours'), TopicValidatorResult.Ignore);
  });

  it('never forwards a message that is wrong, and blames the sender as its code says', () => {
    for (const code of peerErrorCodes) {
      const expected = actionOf(code) === 'reject' ? TopicValidatorResult.Reject : TopicValidatorResult.Ignore;
      for (const reach of ['everyone', 'neighbours'] as const) assert.equal(verdictOf(code, reach), expected);
    }
  });
});
