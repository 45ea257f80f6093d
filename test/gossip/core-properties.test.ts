// What holds for every federation, whatever the graph, the speeds, the losses and the peers.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Message } from '../../src/gossip/codec.ts';
import { sparsifiers } from '../../src/gossip/compression/sparse-payload.ts';
import { GossipCore } from '../../src/gossip/core.ts';
import type { MomentsEntry } from '../../src/gossip/moments.ts';
import { digestOf, encodePayload, encodings } from '../../src/gossip/payload.ts';
import type { CoreSettings, Effect, Input } from '../../src/gossip/protocol.ts';
import { Prng } from '../../src/lib/prng.ts';
import { CoreNetwork, momentsAt, type NetworkOptions, type NodeScript, updateOf } from '../support/core-network.ts';

/** A connected graph of nodes n0, n1, …, with how each behaves. */
interface Fleet {
  names: string[];
  links: [string, string][];
  /** Of each node. */
  startMs: number[];
  trainMs: number[];
  seed: number;
}

const fleetArbitrary: fc.Arbitrary<Fleet> = fc.integer({ min: 2, max: 7 }).chain((size) => {
  const each = <T>(value: fc.Arbitrary<T>) => fc.array(value, { minLength: size, maxLength: size });
  return fc
    .record({
      startMs: each(fc.nat(300)),
      trainMs: each(fc.integer({ min: 20, max: 300 })),
      parents: each(fc.nat()),
      extra: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 8 }),
      seed: fc.nat(),
    })
    .map(({ parents, extra, ...rest }) => {
      const tree = parents.slice(1).map((parent, i): [number, number] => [i + 1, parent % (i + 1)]);
      const links = [...tree, ...extra]
        .filter(([a, b]) => a !== b)
        .map(([a, b]): [string, string] => [`n${a}`, `n${b}`]);
      return { names: rest.startMs.map((_, i) => `n${i}`), links, ...rest };
    });
});

function networkOf(
  fleet: Fleet,
  options: NetworkOptions = {},
  scriptOf: (index: number) => NodeScript = () => ({}),
): CoreNetwork {
  const network = new CoreNetwork(options);
  fleet.names.forEach((name, i) => {
    network.add(name, { weights: [i, -i], trainMs: () => fleet.trainMs[i] as number, ...scriptOf(i) });
  });
  for (const [a, b] of fleet.links) network.link(a, b);
  fleet.names.forEach((name, i) => {
    network.at(fleet.startMs[i] as number, () => network.start(name));
  });
  return network;
}

/** Latencies and losses that follow from the fleet's seed. */
function badLinks(fleet: Fleet, lossRate: number, loses: (message: Message) => boolean = () => true): NetworkOptions {
  const prng = new Prng(fleet.seed);
  return {
    latencyMs: () => 1 + prng.nextInt(150),
    loses: (_from, _to, message) => loses(message) && prng.nextFloat() < lossRate,
  };
}

function finished(network: CoreNetwork, name: string): boolean {
  return network.events(name).at(-1)?.type === 'finished';
}

/** Sender and round of every update that `name` mixed, by what it was handed. */
function assertMixedOnceAndFresh(network: CoreNetwork, name: string, stalenessMaxRounds: number): void {
  const handed = new Map<string, number>();
  for (const { node, input } of network.trace) {
    if (node !== name || input?.kind !== 'updateReceived' || input.update.payload === undefined) continue;
    const key = `${input.from} ${input.update.round}`;
    handed.set(key, (handed.get(key) ?? 0) + 1);
  }
  const mixed = new Map<string, number>();
  for (const event of network.rounds(name)) {
    assert.equal(new Set(event.mixed.map(({ peer }) => peer)).size, event.mixed.length, 'one update a peer');
    for (const { peer, stalenessRounds } of event.mixed) {
      assert.ok(stalenessRounds >= 0 && stalenessRounds <= stalenessMaxRounds, `${stalenessRounds} rounds old`);
      mixed.set(peer, (mixed.get(peer) ?? 0) + 1);
    }
  }
  for (const [peer, count] of mixed) {
    const different = [...handed.keys()].filter((key) => key.startsWith(`${peer} `)).length;
    assert.ok(count <= different, `${name} mixed ${count} of ${different} updates of ${peer}`);
  }
}

const compressionArbitrary = fc.record({
  encoding: fc.constantFrom(...encodings),
  sparsifier: fc.constantFrom(...sparsifiers),
  keep: fc.constantFrom(0.01, 0.5, 1),
});

describe('a federation of cores', () => {
  for (const rounds of ['barrier-free', 'synchronous'] as const) {
    for (const exchange of ['mesh', 'random', 'broadcast', 'pull'] as const) {
      // The scenario's schema refuses this pair: a node cannot wait for those who may push to it.
      if (rounds === 'synchronous' && exchange === 'random') continue;
      it(`${exchange}, ${rounds}: every node finishes its rounds and mixes nothing twice, whatever gets lost`, () => {
        fc.assert(
          fc.property(fleetArbitrary, compressionArbitrary, (fleet, compression) => {
            const network = networkOf(fleet, {
              settings: { rounds, exchange, ...compression, roundsMax: 6 },
              ...badLinks(fleet, 0.3),
            });
            network.run();
            for (const name of fleet.names) {
              assert.ok(finished(network, name), `${name} has not finished`);
              assert.equal(network.rounds(name).length, 6);
              assertMixedOnceAndFresh(network, name, 3);
            }
          }),
          { numRuns: 30 },
        );
      });
    }
  }

  it('finishes where links break and heal and a node dies, in both kinds of rounds', () => {
    const faults = fc.array(fc.tuple(fc.nat(1500), fc.nat(), fc.integer({ min: 1, max: 500 })), { maxLength: 6 });
    fc.assert(
      fc.property(fleetArbitrary, faults, fc.constantFrom('barrier-free', 'synchronous'), (fleet, cuts, rounds) => {
        const network = networkOf(
          fleet,
          { features: 1, settings: { rounds, settleMs: 200, roundsMax: 8 }, ...badLinks(fleet, 0.1) },
          (i) => ({ moments: momentsAt(i) }),
        );
        for (const [atMs, which, lengthMs] of cuts) {
          const [a, b] = fleet.links[which % fleet.links.length] as [string, string];
          network.at(301 + atMs, () => network.unlink(a, b));
          network.at(301 + atMs + lengthMs, () => network.link(a, b));
        }
        network.at(700, () => network.stop('n0'));
        network.run();
        for (const name of fleet.names.slice(1)) assert.ok(finished(network, name), `${name} has not finished`);
      }),
      { numRuns: 40 },
    );
  });

  it('agrees on one scaler from any connected graph and any order of starts, though every topic message of moments is lost', () => {
    fc.assert(
      fc.property(fleetArbitrary, fc.constantFrom(0, 0.5, 1), (fleet, lossRate) => {
        const network = networkOf(
          { ...fleet, trainMs: fleet.names.map(() => 100) },
          {
            features: 1,
            settings: { settleMs: 50, roundsMax: 40 },
            ...badLinks(fleet, lossRate, ({ kind }) => kind === 'moments'),
          },
          (i) => ({ moments: momentsAt(i, 1 + i) }),
        );
        network.run();
        const scalers = fleet.names.map((name) => {
          const [, update] = network.core(name).answer({ kind: 'pull', digest: new Uint8Array(), moments: true });
          return update?.kind === 'update' ? Buffer.from(update.scaler).toString('hex') : 'none';
        });
        assert.equal(new Set(scalers).size, 1, scalers.join(' '));
        for (const name of fleet.names) {
          const rescales = network.effects(name).filter(({ kind }) => kind === 'rescale');
          const last = rescales.at(-1);
          const rows = fleet.names.reduce((sum, _, i) => sum + 1 + i, 0);
          assert.equal(last?.kind === 'rescale' && last.moments.count[0], rows);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('synchronous rounds without loss are D-PSGD: each is the mixing matrix times the trained weights', () => {
    fc.assert(
      fc.property(fleetArbitrary, (fleet) => {
        const gradient = (i: number, round: number) => Math.sin(7 * i + round);
        const network = networkOf(
          { ...fleet, startMs: fleet.names.map(() => 0) },
          {
            settings: {
              rounds: 'synchronous',
              originsExpected: fleet.names.length,
              roundIntervalMs: 0,
              roundTimeoutMs: 60_000,
              roundsMax: 5,
            },
            ...badLinks(fleet, 0),
          },
          (i) => ({ train: (round, weights) => weights.map((weight) => weight + gradient(i, round)) }),
        );
        network.run();
        const size = fleet.names.length;
        const linked = (a: string, b: string) => fleet.links.some((pair) => pair.includes(a) && pair.includes(b));
        const degrees = fleet.names.map((a) => fleet.names.filter((b) => a !== b && linked(a, b)).length);
        const matrix = fleet.names.map((a, i) => {
          const row = fleet.names.map((b, j) =>
            a !== b && linked(a, b) ? 1 / (1 + Math.max(degrees[i] as number, degrees[j] as number)) : 0,
          );
          row[i] = 1 - row.reduce((sum, share) => sum + share, 0);
          return row;
        });
        let expected = fleet.names.map((_, i) => [i, -i]);
        for (let round = 1; round <= 5; round++) {
          const half = expected.map((weights, i) => weights.map((weight) => weight + gradient(i, round)));
          expected = matrix.map((row) =>
            [0, 1].map((k) => row.reduce((sum, share, j) => sum + share * (half[j]?.[k] as number), 0)),
          );
          for (let i = 0; i < size; i++) {
            const event = network.rounds(`n${i}`)[round - 1];
            assert.deepEqual(
              event?.mixed.map(({ peer }) => peer),
              fleet.names.filter((name) => name !== `n${i}` && linked(name, `n${i}`)),
            );
            for (const k of [0, 1]) {
              const error = (event?.weights[k] as number) - (expected[i]?.[k] as number);
              assert.ok(Math.abs(error) < 1e-5, `round ${round}, n${i}: off by ${error}`);
            }
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it('mixes about half of what the honest send, or more, though one of six is a liar', () => {
    const lies = fc.record({
      round: fc.constantFrom(0, 1, 1000, 0xffff_ffff),
      jump: fc.nat(1000),
      scaler: fc.boolean(),
      noPayload: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(lies, { minLength: 1, maxLength: 8 }), fc.nat(), (repertoire, seed) => {
        const prng = new Prng(seed);
        const names = ['n0', 'n1', 'n2', 'n3', 'n4', 'n5'];
        const fleet: Fleet = {
          names,
          links: names.flatMap((a, i) => names.slice(i + 1).map((b): [string, string] => [a, b])),
          startMs: names.map((_, i) => 10 * i),
          trainMs: names.map((_, i) => 80 + 9 * i),
          seed,
        };
        const forge = (message: Message): Message => {
          if (message.kind !== 'update') return message;
          const lie = repertoire[prng.nextInt(repertoire.length)]!;
          const { payload, ...header } = message;
          const round = lie.round || Math.min(message.round + lie.jump, 0xffff_ffff);
          const scaler = lie.scaler ? digestOf(Uint8Array.of(prng.nextInt(256))) : message.scaler;
          return { ...header, round, scaler, ...(lie.noPayload || !payload ? {} : { payload }) };
        };
        const mixedOfHonest = (liar: NodeScript) => {
          const options = { features: 1, settings: { settleMs: 100, roundsMax: 25 } };
          const network = networkOf(fleet, options, (i) => ({ moments: momentsAt(i), ...(i === 0 && liar) }));
          network.run();
          return names.slice(1).map((name) => {
            assert.ok(finished(network, name));
            const honest = network.rounds(name).flatMap(({ mixed }) => mixed.filter((one) => one.peer !== 'n0'));
            return honest.length;
          });
        };
        const truth = mixedOfHonest({});
        mixedOfHonest({ forge }).forEach((count, i) => {
          assert.ok(count > 0.4 * (truth[i] as number), `${names[i + 1]} mixed ${count}, without lies ${truth[i]}`);
        });
      }),
      { numRuns: 30 },
    );
  });
});

describe('GossipCore.handle()', () => {
  const peers = ['p', 'q', 'r', 's'];
  const shapes = [
    { rows: 1, columns: 1 },
    { rows: 1, columns: 1 },
  ];
  const peer = fc.constantFrom(...peers);
  const round = fc.oneof(fc.nat(12), fc.integer({ min: 0, max: 0xffff_ffff }));
  const digest = fc.oneof(
    fc.constant(new Uint8Array()),
    fc.uint8Array({ minLength: 32, maxLength: 32 }),
    fc.constant(new Uint8Array(32)),
  );
  const weight = fc.float({ noNaN: false });
  const update = fc
    .record({
      round,
      weights: fc.tuple(weight, weight),
      degree: fc.integer({ min: 0, max: 0xffff_ffff }),
      samples: fc.maxSafeNat(),
      scaler: digest,
      sparsifier: fc.constantFrom('none', ...sparsifiers),
      broken: fc.constantFrom('no', 'no', 'no', 'digest', 'header', 'int8', 'int8', 'short'),
    })
    .map(({ round, weights, degree, samples, scaler, sparsifier, broken }) => {
      const good = updateOf(round, [0, 0], { degree, samples, scaler, sparsifier });
      if (broken === 'int8' && weights.every(Number.isFinite)) {
        const payload = encodePayload(Float32Array.of(...weights), shapes, 'int8');
        return { ...good, encoding: 'int8' as const, payload, payloadBytes: payload.length, digest: digestOf(payload) };
      }
      const payload = new Uint8Array(Float32Array.of(...weights).buffer).slice(broken === 'short' ? 4 : 0);
      const whole = { ...good, payload, payloadBytes: payload.length, digest: digestOf(payload) };
      if (broken === 'digest') return { ...whole, digest: new Uint8Array(32) };
      const { payload: _, ...header } = whole;
      return broken === 'header' ? header : whole;
    });
  const origins = fc.uniqueArray(
    fc.record({
      peer: fc.constantFrom('self', ...peers, 't', 'u', 'v'),
      version: fc.integer({ min: 1, max: 0xffff_ffff }),
      mean: fc.double({ min: -1e100, max: 1e100, noNaN: true }),
      count: fc.integer({ min: 1, max: 9 }),
    }),
    { minLength: 1, maxLength: 6, selector: ({ peer }) => peer },
  );
  const input: fc.Arbitrary<Input> = fc.oneof(
    fc.record({ kind: fc.constant('updateReceived' as const), from: peer, update, pulled: fc.boolean() }),
    fc.record({
      kind: fc.constant('momentsReceived' as const),
      from: peer,
      moments: origins.map((entries) => ({
        kind: 'moments' as const,
        origins: entries.map(({ count, mean, ...entry }): MomentsEntry => ({ ...entry, ...momentsAt(mean, count) })),
      })),
      pulled: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('notHeldReceived' as const), from: peer }),
    fc.record({ kind: fc.constantFrom('peerUp' as const, 'peerDown' as const), peer }),
    fc.record({ kind: fc.constant('timerFired' as const), timer: fc.constantFrom('spread', 'settle', 'round') }),
  );
  const settings = fc.record({
    exchange: fc.constantFrom('mesh', 'random', 'broadcast', 'pull'),
    mixing: fc.constantFrom('metropolis', 'epidemic', 'fedavg-all'),
    rounds: fc.constantFrom('barrier-free', 'synchronous'),
    compression: compressionArbitrary,
    originsExpected: fc.nat(3),
    shared: fc.boolean(),
  });

  it('never throws, trains one round at a time and sends nothing that a peer would refuse, whatever comes in', () => {
    // 't' is the training's end, which comes only where training runs.
    const steps = fc.array(
      fc.oneof({ weight: 4, arbitrary: input }, { weight: 1, arbitrary: fc.constant('t' as const) }),
      {
        maxLength: 120,
        size: 'max',
      },
    );
    fc.assert(
      fc.property(settings, steps, fc.nat(20), ({ shared, compression, ...chosen }, inputs, startAt) => {
        const core = new GossipCore(settingsOf({ ...chosen, ...compression }, shared), new Prng(1));
        const receiver = new CoreNetwork({ features: 1, settings: { shapes, settleMs: 1e9, ...compression } });
        receiver.add('receiver', { moments: momentsAt(1) });
        receiver.start('receiver');
        let training: Extract<Effect, { kind: 'train' }> | undefined;
        let mixedRounds = 0;
        const feed = (one: Input) => {
          for (const effect of core.handle(one, 0)) {
            if (effect.kind === 'train') {
              assert.equal(training, undefined, 'two trainings at once');
              training = effect;
            }
            if (effect.kind === 'publish' || effect.kind === 'send') {
              receiver.deliver('self', 'receiver', effect.message);
            }
            if (effect.kind === 'emit' && effect.event.type === 'round') {
              assert.equal(effect.event.round, ++mixedRounds);
              assert.ok(effect.event.weights.every(Number.isFinite));
            }
          }
        };
        inputs.forEach((one, i) => {
          if (i === startAt) {
            feed({
              kind: 'started',
              weights: new Float32Array(2),
              samples: 5,
              ...(shared && { moments: momentsAt(1) }),
            });
          }
          if (one !== 't') feed(one);
          else if (training) {
            const { round: done, weights } = training;
            training = undefined;
            feed({ kind: 'trained', round: done, weights, loss: 1 });
          }
        });
        const refused = receiver.transcript.lines.filter((line) =>
          /undecodable|wrong-|malformed|non-finite/.test(line),
        );
        assert.deepEqual(refused, []);
      }),
      { numRuns: 400 },
    );
  });

  function settingsOf(chosen: Partial<CoreSettings>, shared: boolean): CoreSettings {
    return {
      self: 'self',
      shapes,
      exchange: 'mesh',
      mixing: 'metropolis',
      rounds: 'barrier-free',
      encoding: 'float32',
      sparsifier: 'none',
      keep: 0.1,
      fanout: 2,
      stepsPerRound: 20,
      roundsMax: 50,
      stalenessMaxRounds: 3,
      aheadMaxRounds: 1000,
      roundIntervalMs: 0,
      roundTimeoutMs: 500,
      inlinePayloadBytesMax: 1000,
      scaler: shared
        ? {
            features: 1,
            originsMax: 6,
            reparameterise: (weights, from, to) =>
              weights.map((one) => one + (to.mean[0] as number) - (from.mean[0] as number)),
          }
        : undefined,
      originsExpected: 0,
      settleMs: 100,
      spreadMs: 10,
      ...chosen,
    };
  }
});
