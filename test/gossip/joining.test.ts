import assert from 'node:assert/strict';
import { Joining } from '../../src/gossip/joining.ts';
import { MomentsStore } from '../../src/gossip/moments.ts';
import { PeerError } from '../../src/gossip/peer-error.ts';

const bounds = { features: 1, originsMax: 4 };
const none = new Uint8Array();
const origins = [
  { peer: 'x', version: 1, count: Float64Array.of(1), mean: Float64Array.of(2), m2: Float64Array.of(0) },
];

function joiningWith(rounds: Record<string, number>): Joining {
  const joining = new Joining(undefined);
  for (const [peer, round] of Object.entries(rounds)) {
    joining.ask(peer);
    joining.hearModel(peer, round, Float32Array.of(round), none);
    joining.answered(peer);
  }
  return joining;
}

describe('Joining', () => {
  it('is complete when someone has answered and nobody is waited for', () => {
    const joining = new Joining(undefined);
    assert.equal(joining.complete, false);
    joining.ask('a');
    joining.ask('b');
    assert.equal(joining.answered('a'), true);
    assert.equal(joining.answered('a'), false);
    assert.equal(joining.complete, false);
    joining.gone('b');
    assert.equal(joining.complete, true);
  });

  it('is not complete where all went away before they answered', () => {
    const joining = new Joining(undefined);
    joining.ask('a');
    joining.gone('a');
    assert.equal(joining.complete, false);
  });

  it('chosen() is the model of the median round, the later of two, and none where none is on offer', () => {
    assert.equal(joiningWith({}).chosen(), undefined);
    assert.equal(joiningWith({ a: 3 }).chosen()?.peer, 'a');
    assert.equal(joiningWith({ a: 7, b: 3 }).chosen()?.peer, 'a');
    assert.equal(joiningWith({ liar: 4_000_000_000, b: 3, c: 4 }).chosen()?.peer, 'c');
  });

  it('takes a model only in the scaler whose moments the same peer sent', () => {
    const joining = new Joining(bounds);
    const store = new MomentsStore(bounds);
    store.merge(origins);
    joining.ask('a');
    joining.ask('b');
    joining.hearMoments('a', origins);
    joining.hearModel('a', 1, Float32Array.of(1), store.digest());
    assert.throws(
      () => joining.hearModel('b', 1, Float32Array.of(1), store.digest()),
      (error) => error instanceof PeerError && error.code === 'wrong-scaler',
    );
    assert.deepEqual(joining.chosen()?.moments?.entries(), origins);
  });

  it('keeps no moments of a peer that it has not asked', () => {
    const joining = new Joining(bounds);
    joining.hearMoments('a', origins);
    joining.ask('a');
    joining.hearModel('a', 1, Float32Array.of(1), none);
    assert.equal(joining.chosen()?.moments, undefined);
  });
});
