// What a member may send without breaking the format: no node ends by it, or goes on from weights that are not finite.
import assert from 'node:assert/strict';
import type { Content, Mass, UpdateMessage } from '../../src/gossip/codec.ts';
import { sparsifiers, sparsifyRandomK, sparsifyTopK } from '../../src/gossip/compression/sparse-payload.ts';
import { GossipCore } from '../../src/gossip/core.ts';
import { isRobust, mixingNames } from '../../src/gossip/mixing.ts';
import { digestOf, encodePayload, encodings } from '../../src/gossip/payload.ts';
import type { CoreSettings, Effect, Input } from '../../src/gossip/protocol.ts';
import { allFinite } from '../../src/lib/finite.ts';
import { Prng } from '../../src/lib/prng.ts';
import type { AutoencoderSpec } from '../../src/model/engine.ts';
import { momentsOf, reparameterise, scaleFromMoments } from '../../src/model/scaler.ts';
import { weightCount, weightShapes } from '../../src/model/weights.ts';

const spec: AutoencoderSpec = {
  features: 2,
  hidden: [2],
  activation: 'tanh',
  outputActivation: 'linear',
  noise: 0,
  dropout: 0,
  l2: 0,
};
const count = weightCount(spec);
const shapes = weightShapes(spec);
const peers = ['b', 'c', 'd'];
const contents: Partial<Record<string, Content>> = { 'push-sum': 'sums', choco: 'difference' };

type Draws = ReturnType<typeof drawsOf>;

function drawsOf(prng: Prng) {
  const oneOf = <T>(values: readonly T[]): T => values[prng.nextInt(values.length)] as T;
  const chance = (share: number) => prng.nextFloat() < share;
  const extreme = () => oneOf([0, 1e-45, 1, -1, 65_504, 1e30, -1e38, 3.4e38, -3.4e38]);
  const weights = () => Float32Array.from({ length: count }, chance(0.5) ? extreme : () => prng.nextGaussian());
  return { prng, oneOf, chance, weights };
}

function settingsOf({ prng, oneOf, chance }: Draws): CoreSettings {
  const mixing = oneOf(mixingNames);
  const isPushSum = mixing === 'push-sum';
  return {
    self: 'a',
    shapes,
    exchange: oneOf(['mesh', 'pull', 'random'] as const),
    mixing,
    byzantine: isRobust(mixing) ? prng.nextInt(2) : undefined,
    clipRadius: 1,
    ageGapMaxRounds: 3,
    consensusStep: 1,
    lossOf: (weights) => weights.reduce((sum, weight) => sum + weight ** 2, 0),
    edgeWeight: (peer) => (peers.includes(peer) ? 0.3 : 0),
    rounds: oneOf(['barrier-free', 'synchronous'] as const),
    encoding: isPushSum ? 'float32' : oneOf(encodings),
    sparsifier: isPushSum ? 'none' : oneOf(sparsifiers),
    keep: 0.4,
    fanout: 2,
    stepsPerRound: 1,
    roundsMax: 30,
    stalenessMaxRounds: 3,
    aheadMaxRounds: 20,
    roundIntervalMs: 0,
    roundTimeoutMs: 10,
    inlinePayloadBytesMax: 1000,
    scaler: chance(0.5)
      ? {
          features: spec.features,
          originsMax: 4,
          reparameterise: (weights, from, to) =>
            reparameterise(weights, spec, scaleFromMoments(from), scaleFromMoments(to)),
        }
      : undefined,
    originsExpected: 1,
    settleMs: 1,
    spreadMs: 1,
  };
}

function payloadOf(weights: Float32Array, isWhole: boolean, settings: CoreSettings, prng: Prng): Uint8Array {
  if (isWhole) return encodePayload(weights, shapes, settings.encoding);
  if (settings.sparsifier === 'random-k') return sparsifyRandomK(weights, settings, prng);
  return sparsifyTopK(weights, new Float32Array(count), settings);
}

/** Of about the round that the node is in, in its scaler or in none. */
function updateFrom(draws: Draws, settings: CoreSettings, round: number, scaler: Uint8Array): UpdateMessage {
  const { prng, oneOf, chance, weights } = draws;
  const isWhole = settings.sparsifier === 'none' || chance(0.1);
  const payload = payloadOf(weights(), isWhole, settings, prng);
  const content = contents[settings.mixing] ?? 'weights';
  const mass: Mass = {
    epoch: prng.nextInt(3),
    sequence: oneOf([1, 2, 3, 0xffff_ffff, 1 + prng.nextInt(50)]),
    weight: oneOf([0, 1e-320, 1, 5, 1e300, 1.7e308, prng.nextFloat()]),
  };
  return {
    kind: 'update',
    round: oneOf([round, round + 1, round + 1, prng.nextInt(40), 0xffff_ffff]),
    steps: 1,
    samples: oneOf([0, 1, Number.MAX_SAFE_INTEGER]),
    degree: oneOf([0, 1, 0xffff_ffff]),
    encoding: settings.encoding,
    sparsifier: isWhole ? 'none' : settings.sparsifier,
    content,
    ...(content === 'sums' && { mass }),
    digest: digestOf(payload),
    scaler,
    payloadBytes: payload.length,
    payload,
  };
}

/** A hundred inputs for one core. Returns how many updates of peers it mixed. */
function outlive(seed: number): number {
  const draws = drawsOf(new Prng(`hostile ${seed}`));
  const { prng, oneOf, chance } = draws;
  const settings = settingsOf(draws);
  const core = new GossipCore(settings, prng.fork('core'));
  let training: Extract<Effect, { kind: 'train' }> | undefined;
  let [nowMs, round, mixed, hasEnded] = [0, 0, 0, false];
  let scaler: Uint8Array = new Uint8Array();
  const feed = (input: Input) => {
    for (const effect of core.handle(input, nowMs++)) {
      if (effect.kind === 'train') {
        training = effect;
        round = effect.clockRound;
        assert.ok(allFinite(effect.weights), `${settings.mixing} trains from weights that are not finite`);
      } else if (effect.kind === 'publish' || effect.kind === 'send') {
        if (effect.message.kind === 'update') scaler = effect.message.scaler;
      } else if (effect.kind === 'checkpoint') {
        assert.ok(allFinite(effect.weights), `${settings.mixing} keeps weights that are not finite`);
      } else if (effect.kind === 'emit' && effect.event.type === 'round') {
        mixed += effect.event.mixed.length;
      } else if (effect.kind === 'emit' && effect.event.type === 'diverged') {
        // A scaler made of moments that a member made up may leave nothing that can be trained.
        assert.ok(settings.scaler, `${settings.mixing} diverged by what peers sent`);
        hasEnded = true;
      }
    }
  };
  const moments = settings.scaler && momentsOf(Float64Array.of(1, 2, 3, 4), spec.features);
  feed({ kind: 'started', weights: new Float32Array(count).fill(0.1), samples: 10, ...(moments && { moments }) });
  for (const peer of peers) feed({ kind: 'peerUp', peer });
  feed({ kind: 'timerFired', timer: 'settle' });
  for (let step = 0; step < 100 && !hasEnded; step++) {
    if (chance(0.6)) {
      const from = chance(0.8) ? oneOf(peers) : `stranger ${prng.nextInt(100)}`;
      const update = updateFrom(draws, settings, round, scaler);
      feed({ kind: 'updateReceived', from, update, pulled: chance(0.1) });
    } else if (moments && chance(0.2)) {
      const values = () => Float64Array.of(oneOf([0, 1e100, -1e100, 1e30]), 1);
      const made = { count: Float64Array.of(3, 3), mean: values(), m2: values().map(Math.abs) };
      const origins = [{ peer: oneOf(peers), version: 1 + prng.nextInt(20), ...made }];
      feed({ kind: 'momentsReceived', from: oneOf(peers), moments: { kind: 'moments', origins }, pulled: false });
    } else if (chance(0.1)) feed({ kind: chance(0.5) ? 'peerUp' : 'peerDown', peer: oneOf(peers) });
    else if (chance(0.2)) feed({ kind: 'timerFired', timer: 'round' });
    else if (training) {
      const { round, weights } = training;
      training = undefined;
      const loss = Math.fround(weights.reduce((sum, weight) => sum + weight ** 2, 0));
      // As an engine finds: the loss overflows long before the weights do.
      if (!Number.isFinite(loss)) feed({ kind: 'trainingFailed' });
      else feed({ kind: 'trained', round, weights: weights.map((weight) => weight + 0.01), loss });
    }
  }
  return mixed;
}

describe('a core among hostile peers', () => {
  it('goes on, whatever well-formed updates and moments they make up', () => {
    let mixed = 0;
    for (let seed = 0; seed < 600; seed++) mixed += outlive(seed);
    assert.ok(mixed > 600, `only ${mixed} updates were mixed`);
  });
});
