import assert from 'node:assert/strict';
import { monotonicClock } from '../../../src/lib/clock.ts';
import { Prng } from '../../../src/lib/prng.ts';
import type { Scale } from '../../../src/model/scaler.ts';
import { coreSettings } from '../../../src/node/core-settings.ts';
import { TrainingDiverged } from '../../../src/node/federation-node.ts';
import { type GatewayLearner, LearningNode, type Round } from '../../../src/node/gateway/learning-node.ts';
import { agreementOf, parseManifest } from '../../../src/node/manifest.ts';
import type { Network } from '../../../src/node/peers/network.ts';
import { openStore, type Store } from '../../../src/node/store/store.ts';
import { eventually } from '../../support/live-federation.ts';
import { plantManifest } from '../../support/small-plant.ts';
import { withNetworks } from '../peers/networks.ts';
import { Folders, gateway } from '../store/fixtures.ts';

const manifest = parseManifest(plantManifest(['scaler: local']), 'federation.yaml');
const { spec, weights, federation } = agreementOf(manifest);
const { features } = spec;
const scale: Scale = { mean: new Float64Array(features), deviation: new Float64Array(features).fill(1) };
const data = {
  samples: 8,
  moments: { count: new Float64Array(features), mean: new Float64Array(features), m2: new Float64Array(features) },
};

/** Fails in its first rounds as it is told, and adds one to every weight afterwards. */
class ToyLearner implements GatewayLearner {
  scale: Scale | undefined;
  readonly optimiser = { step: 0, slots: new Float32Array() };
  private readonly failures: (Error | undefined)[];

  constructor(failures: (Error | undefined)[]) {
    this.failures = failures;
  }

  rescale(): void {
    assert.fail('no scaler is shared');
  }

  scaleBy(given: Scale): void {
    this.scale = given;
  }

  async train(_round: number, from: Float32Array): Promise<{ weights: Float32Array; loss: number }> {
    const failure = this.failures.shift();
    if (failure) throw failure;
    return { weights: from.map((weight) => weight + 1), loss: 1 };
  }
}

describe('LearningNode', () => {
  const folders = new Folders();
  afterEach(() => folders.removeAll());

  interface World {
    node: LearningNode;
    network: Network;
    store: Store;
    rounds: Round[];
    said: string[];
    /** Learners made, by what each was given. */
    optimisers: unknown[];
  }

  async function withNode(
    failures: (Error | undefined)[],
    use: (world: World) => Promise<void>,
    folder = folders.make(),
  ) {
    await withNetworks(async (launch) => {
      const { network } = await launch('learner');
      const store = openStore(folder, gateway({ features }));
      const rounds: Round[] = [];
      const said: string[] = [];
      const optimisers: unknown[] = [];
      const node = new LearningNode({
        network,
        federation,
        settings: coreSettings({
          self: network.self,
          spec,
          gossip: manifest.gossip,
          sharesScaler: false,
          stepsPerRound: 1,
          roundsMax: Number.POSITIVE_INFINITY,
          roundIntervalMs: 10,
          originsExpected: 0,
          settleMs: 10,
        }),
        features,
        weights,
        ownScale: () => scale,
        createLearner: (optimiser) => {
          optimisers.push(optimiser);
          return new ToyLearner(failures);
        },
        store,
        clock: monotonicClock,
        prng: new Prng('node'),
        onRound: (round) => rounds.push(round),
        say: (sentence) => said.push(sentence),
      });
      try {
        await use({ node, network, store, rounds, said, optimisers });
      } finally {
        await node.stop();
        store.close();
      }
    });
  }

  it('joins at once, and trains from begin() on, with a checkpoint after each round', async () => {
    await withNode([], async ({ node, store, rounds, said }) => {
      await node.join();
      assert.deepEqual([node.phase, node.hasBegun], ['gathering', false]);
      node.begin(data);
      assert.equal(node.phase, 'joining');
      await eventually(() => rounds.length >= 3, 'three rounds');
      assert.equal(node.phase, 'training');
      assert.deepEqual(said, ['training begins']);
      assert.deepEqual(
        rounds.slice(0, 3).map(({ round, loss, mixed }) => [round, loss, mixed]),
        [1, 2, 3].map((round) => [round, 1, 0]),
      );
      assert.deepEqual(
        rounds[0]?.weights,
        weights.map((weight) => weight + 1),
      );
      assert.equal(store.checkpoints.latest()?.progress.round, rounds.at(-1)?.round);
    });
  });

  it('goes on from the last checkpoint, whose model it gives before its first round', async () => {
    const folder = folders.make();
    let last: Round | undefined;
    const first = async ({ node, rounds }: World) => {
      node.begin(data);
      await eventually(() => rounds.length >= 2, 'two rounds');
      await node.stop();
      last = rounds.at(-1);
    };
    await withNode([], first, folder);
    await withNode(
      [],
      async ({ node, rounds, said, optimisers }) => {
        node.begin(data);
        assert.deepEqual(said, [`goes on from round ${last?.round}`]);
        const [resumed] = rounds;
        assert.deepEqual([resumed?.round, resumed?.loss, resumed?.mixed], [last?.round, undefined, 0]);
        assert.deepEqual([resumed?.weights, resumed?.scale], [last?.weights, scale]);
        assert.notEqual(optimisers[0], undefined);
        await eventually(() => rounds.length >= 2, 'a round');
        assert.equal(rounds[1]?.round, (last?.round ?? 0) + 1);
      },
      folder,
    );
  });

  it('begins anew from the first weights where training diverged, and leaves nothing of the node before behind', async () => {
    const diverged = new TrainingDiverged('training diverged in round 1: lower the learning rate');
    // After a round that mixed, the core tries once more without what was mixed.
    await withNode([undefined, diverged, diverged], async ({ node, network, rounds, said, optimisers }) => {
      const { pubsub } = network.host;
      await node.join();
      const listening = () =>
        (['gossipsub:graft', 'gossipsub:heartbeat', 'subscription-change'] as const).map((type) =>
          pubsub.listenerCount(type),
        );
      const before = listening();
      assert.ok(before.every((listeners) => listeners > 0));
      node.begin(data);
      await eventually(() => node.divergences === 1, 'the divergence');
      assert.equal(node.phase, 'gathering');
      assert.deepEqual(pubsub.getTopics(), []);
      // Other data in the meantime are those that it begins with.
      node.dataChanged({ ...data, samples: 9 });
      await eventually(() => rounds.length > 1, 'a round after the pause');
      assert.deepEqual(said, [
        'training begins',
        'training diverged in round 1: lower the learning rate; it begins anew in 1 s',
        'training begins',
      ]);
      assert.deepEqual(
        rounds[1]?.weights,
        weights.map((weight) => weight + 1),
      );
      assert.equal(rounds[1]?.round, 1);
      assert.deepEqual(optimisers, [undefined, undefined]);
      assert.deepEqual(listening(), before);
      assert.equal(pubsub.getTopics().length, 1);
    });
  });

  it('counts what was sent and refused once, also between two beginnings', async () => {
    await withNode([new TrainingDiverged('diverged')], async ({ node }) => {
      node.begin(data);
      await eventually(() => node.divergences === 1, 'the divergence');
      // As if it had sent before it ended.
      (node as unknown as { node: { counters: { updatesSent: number } } }).node.counters.updatesSent = 3;
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(node.traffic.updatesSent, 3);
      await eventually(() => node.phase === 'training', 'it begins anew');
      assert.equal(node.traffic.updatesSent, 3);
    });
  });

  it('stops in the pause after a divergence without beginning again', async () => {
    await withNode([new TrainingDiverged('diverged')], async ({ node, said, optimisers }) => {
      node.begin(data);
      await eventually(() => node.divergences === 1, 'the divergence');
      await node.stop();
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(optimisers.length, 1);
      assert.equal(said.length, 2);
    });
  });

  it('fails where training fails otherwise, which is a bug', async () => {
    await withNode([new Error('a bug')], async ({ node }) => {
      node.begin(data);
      await assert.rejects(node.failed, { message: 'a bug' });
    });
  });
});
