import assert from 'node:assert/strict';
import { GossipCore } from '../../src/gossip/core.ts';
import { type Moments, MomentsStore } from '../../src/gossip/moments.ts';
import type { CoreSettings, Effect } from '../../src/gossip/protocol.ts';
import { Prng } from '../../src/lib/prng.ts';
import { updateOf } from '../support/core-network.ts';

const settings: CoreSettings = {
  self: 'a',
  shapes: [{ rows: 1, columns: 2 }],
  exchange: 'mesh',
  mixing: 'epidemic',
  rounds: 'barrier-free',
  encoding: 'float32',
  sparsifier: 'none',
  keep: 0.1,
  fanout: 1,
  stepsPerRound: 1,
  roundsMax: 10,
  stalenessMaxRounds: 3,
  aheadMaxRounds: 100,
  roundIntervalMs: 0,
  roundTimeoutMs: 1000,
  inlinePayloadBytesMax: 1024,
  scaler: undefined,
  originsExpected: 1,
  settleMs: 1000,
  spreadMs: 100,
};

/** A core that has trained its first round to [1, 1] after `received` came in. */
function trainedOnce(received: readonly [number, number]): { core: GossipCore; effects: Effect[] } {
  const core = new GossipCore(settings, new Prng(1));
  core.handle({ kind: 'started', weights: Float32Array.of(0, 0), samples: 1 }, 0);
  core.handle({ kind: 'updateReceived', from: 'b', update: updateOf(1, received), pulled: false }, 1);
  const effects = core.handle({ kind: 'trained', round: 1, weights: Float32Array.of(1, 1), loss: 1 }, 2);
  return { core, effects };
}

function scalerDigest(origins: Record<string, Moments>): Uint8Array {
  const store = new MomentsStore({ features: 1, originsMax: 2 });
  store.merge(Object.entries(origins).map(([peer, moments]) => ({ peer, version: 1, ...moments })));
  return store.digest();
}

const trainedFrom = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.kind === 'train' ? [{ round: effect.round, weights: [...effect.weights] }] : []));

describe('GossipCore when training fails', () => {
  it('starts the round again from its own weights, so that huge but finite weights of a peer do not end it', () => {
    const { core, effects } = trainedOnce([3e38, 3e38]);
    assert.ok((trainedFrom(effects)[0]?.weights[0] as number) > 1e38, 'the peer was mixed');
    const again = core.handle({ kind: 'trainingFailed' }, 3);
    assert.deepEqual(trainedFrom(again), [{ round: 2, weights: [1, 1] }]);
  });

  it('starts again from its own weights in the new scaler, where that changed in the round that mixed huge ones', () => {
    const scaler = {
      features: 1,
      originsMax: 2,
      reparameterise: (weights: Float32Array) => weights.map((weight) => 2 * weight),
    };
    const moments = { count: Float64Array.of(1), mean: Float64Array.of(0), m2: Float64Array.of(1) };
    const core = new GossipCore({ ...settings, scaler }, new Prng(1));
    core.handle({ kind: 'started', weights: Float32Array.of(0, 0), samples: 1, moments }, 0);
    const digest = scalerDigest({ a: moments });
    const huge = { ...updateOf(1, [1e38, 1e38]), scaler: digest };
    core.handle({ kind: 'updateReceived', from: 'b', update: huge, pulled: false }, 1);
    const news = { kind: 'moments', origins: [{ peer: 'b', version: 1, ...moments }] } as const;
    core.handle({ kind: 'momentsReceived', from: 'b', moments: news, pulled: false }, 1);
    const effects = core.handle({ kind: 'trained', round: 1, weights: Float32Array.of(1, 1), loss: 1 }, 2);
    assert.ok((trainedFrom(effects)[0]?.weights[0] as number) > 1e37, 'the peer was mixed');
    assert.ok(
      effects.some(({ kind }) => kind === 'rescale'),
      'the scaler changed',
    );
    const again = core.handle({ kind: 'trainingFailed' }, 3);
    assert.deepEqual(trainedFrom(again), [{ round: 2, weights: [2, 2] }]);
  });

  it('says that it diverged where its own weights fail too', () => {
    const { core } = trainedOnce([3e38, 3e38]);
    core.handle({ kind: 'trainingFailed' }, 3);
    assert.deepEqual(core.handle({ kind: 'trainingFailed' }, 4), [
      { kind: 'emit', event: { type: 'diverged', atMs: 4 } },
    ]);
  });

  it('says that it diverged where the first round fails', () => {
    const core = new GossipCore(settings, new Prng(1));
    core.handle({ kind: 'started', weights: Float32Array.of(0, 0), samples: 1 }, 0);
    assert.deepEqual(core.handle({ kind: 'trainingFailed' }, 1), [
      { kind: 'emit', event: { type: 'diverged', atMs: 1 } },
    ]);
  });
});
