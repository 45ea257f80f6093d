// A node's life on a real host: it comes late, leaves, fails, and comes back.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { modelStreamProtocol } from '../../src/gossip/manifest.ts';
import { addressesOf, connect } from '../../src/node/host.ts';
import {
  eventually,
  fullGraph,
  inTime,
  LiveFederation,
  LiveNode,
  type LiveOptions,
} from '../support/live-federation.ts';
import { BadPeer } from './bad-peer.ts';

/** Starts a node of `options` once more, or a further one, with a link to `neighbour`. */
async function joinLate(options: LiveOptions, index: number, neighbour: LiveNode): Promise<LiveNode> {
  const late = await LiveNode.start(options, index);
  await connect(late.host, addressesOf(neighbour.host));
  await late.join(options, index);
  return late;
}

/** Two nodes that wait with their first round, for `use`; stopped afterwards. */
async function withTwo(
  options: Pick<LiveOptions, 'name'> & Partial<LiveOptions>,
  use: (first: LiveNode, second: LiveNode, federation: LiveFederation, options: LiveOptions) => Promise<void>,
): Promise<void> {
  const all = { transport: 'tcp', nodes: 2, links: fullGraph(2), ...options } as const;
  const federation = await LiveFederation.start(all);
  try {
    await use(federation.nodes[0]!, federation.nodes[1]!, federation, all);
  } finally {
    await federation.stop();
  }
}

describe('a node that has no data yet', () => {
  it('has neighbours, mixes nothing, and goes on from their model as soon as it begins', async () => {
    await withTwo({ name: 'no data yet', settings: { roundsMax: 50 } }, async (neighbour, _, federation, options) => {
      const waiting = await LiveNode.start(options, 2);
      try {
        await connect(waiting.host, addressesOf(neighbour.host));
        await waiting.node.join();
        await eventually(() => waiting.meshPeers.length > 0, 'the waiting node is in the mesh');
        await federation.inStep(3, 2);
        assert.deepEqual(waiting.events, []);
        assert.equal(waiting.node.counters.rejected.size, 0);
        waiting.begin({ ...options, settings: { ...options.settings, originsExpected: 3 } }, 2);
        waiting.learner.allow(1);
        await eventually(() => waiting.learner.trainedFrom.length > 0, 'the node begins to train');
        assert.deepEqual(waiting.learner.trainedFrom[0], neighbour.learner.trained[2]);
      } finally {
        await waiting.stop();
      }
    });
  });
});

describe('a node that joins late', () => {
  for (const exchange of ['mesh', 'random', 'broadcast', 'pull'] as const) {
    it(`goes on from a neighbour's model and round with exchange ${exchange}`, async () => {
      const settings = { exchange, roundsMax: 9 };
      const options: LiveOptions = {
        name: `late ${exchange}`,
        transport: 'tcp',
        nodes: 2,
        links: fullGraph(2),
        settings,
      };
      const federation = await LiveFederation.start(options);
      const neighbour = federation.nodes[0]!;
      let late: LiveNode | undefined;
      try {
        await federation.inStep(4, 2);
        late = await joinLate({ ...options, settings: { ...settings, originsExpected: 3 } }, 2, neighbour);
        const joined = late.learner;
        await eventually(() => joined.trainedFrom.length > 0, 'the late node begins to train');
        assert.deepEqual(late.events, [
          { ...late.events[0], type: 'joined', origins: 3, caughtUpFrom: neighbour.peerId },
        ]);
        assert.deepEqual(late.learner.trainedFrom[0], neighbour.learner.trained[3]);
        assert.deepEqual(late.learner.scalers.at(-1)?.count, Float64Array.of(30, 60));

        // Its updates are as fresh as the others', and are mixed once they have taken over the new scaler.
        const nodes = [...federation.nodes, late];
        const received = () => nodes.reduce((sum, { node }) => sum + node.counters.updatesReceived, 0);
        const before = received();
        for (let round = 1; round <= 4; round++) {
          late.learner.allow(round);
          federation.allow(4 + round);
          const due = before + round * (exchange === 'broadcast' ? 6 : 4);
          await eventually(() => received() >= due, `the updates of round ${round} arrive`);
        }
        // What has arrived is mixed at the end of the neighbour's next round, of which there is one more.
        federation.allow(9);
        const mixedOfLate = () =>
          neighbour.rounds.flatMap((round) => round.mixed).filter(({ peer }) => peer === late?.peerId);
        await eventually(() => mixedOfLate().length > 0, 'an update of the late node is mixed');
        const mixed = mixedOfLate();
        assert.ok(mixed.every(({ stalenessRounds }) => stalenessRounds <= 1));
      } finally {
        await Promise.all([late?.stop(), federation.stop()]);
      }
    });
  }
});

describe('a node that stops', () => {
  it('leaves the topic, the streams and the listeners of its host, and training is aborted', async () => {
    await withTwo({ name: 'leaves' }, async (first, second) => {
      const { libp2p, pubsub } = first.host;
      const listeners = () =>
        (['gossipsub:heartbeat', 'gossipsub:prune', 'subscription-change'] as const).map((type) =>
          (pubsub as unknown as { listenerCount(type: string): number }).listenerCount(type),
        );
      const before = listeners();
      await first.node.stop();
      await inTime(first.node.finished, 'finished resolves');
      assert.deepEqual(pubsub.getTopics(), []);
      assert.equal(pubsub.topicValidators.size, 0);
      assert.ok(libp2p.getProtocols().every((protocol) => !protocol.startsWith('/rumormill/')));
      assert.deepEqual(
        listeners(),
        before.map((count) => count - 1),
      );
      assert.equal(first.learner.aborted, true);
      assert.deepEqual(first.rounds, []);
      await eventually(() => second.meshPeers.length === 0, 'the other node has it in its mesh no longer');
    });
  });

  it('may stop twice, after its host, and before it has started', async () => {
    await withTwo({ name: 'stops twice' }, async (first, second) => {
      await Promise.all([first.node.stop(), first.node.stop()]);
      await first.node.stop();
      await second.host.libp2p.stop();
      await second.node.stop();
      await inTime(second.node.finished, 'finished resolves');
    });
    const fresh = await LiveNode.start({ name: 'stops early', transport: 'memory', nodes: 2 }, 0);
    await fresh.stop();
    await inTime(fresh.node.finished, 'finished resolves');
  });

  it('counts no exchange that it broke off itself', async () => {
    await withTwo({ name: 'breaks off' }, async (first) => {
      const bad = await BadPeer.start('silent', first, 'breaks off', 'tcp');
      try {
        await bad.joinTopic();
        await bad.announce(() => undefined);
        const streams = () =>
          first.host.libp2p.getConnections(bad.host.libp2p.peerId).flatMap(({ streams }) => streams);
        const pulls = () => streams().filter(({ protocol }) => protocol === modelStreamProtocol).length;
        await eventually(() => pulls() === 1, 'the silent peer is asked');
        await first.node.stop();
        await eventually(() => pulls() === 0, 'the stream is gone');
      } finally {
        await bad.stop();
      }
      assert.deepEqual([...first.node.counters.rejected], []);
      assert.equal(first.node.counters.sendsFailed, 0);
    });
  });

  it('joins nothing where it is stopped while it starts', async () => {
    const options = { name: 'stops while starting', transport: 'memory', nodes: 2 } as const;
    const node = await LiveNode.start(options, 0);
    const joining = node.join(options, 0);
    await node.node.stop();
    await joining;
    const { libp2p, pubsub } = node.host;
    assert.deepEqual(pubsub.getTopics(), []);
    assert.ok(libp2p.getProtocols().every((protocol) => !protocol.startsWith('/rumormill/')));
    await libp2p.stop();
  });

  it('leaves nothing that keeps a process alive, nor a rejection, in the middle of dialing, pulling and pushing', async () => {
    const program = fileURLToPath(new URL('stopping-node.ts', import.meta.url));
    const { stderr } = await promisify(execFile)(process.execPath, [program], { timeout: 15_000 });
    assert.equal(stderr, '');
  });

  it('is not waited for by the others', async () => {
    const options: LiveOptions = {
      name: 'one goes',
      transport: 'tcp',
      nodes: 3,
      links: fullGraph(3),
      settings: { rounds: 'synchronous', roundTimeoutMs: 60_000 },
    };
    const federation = await LiveFederation.start(options);
    try {
      const [gone, ...others] = federation.nodes;
      for (const { learner } of others) learner.allow(4);
      await eventually(() => others.every(({ learner }) => learner.trained.length === 1), 'the others wait');
      await gone?.host.libp2p.stop();
      await inTime(Promise.all(others.map(({ node }) => node.finished)), 'the others finish');
    } finally {
      await federation.stop();
    }
  });
});

describe('a node that comes back', () => {
  it('takes part again under the same key, and catches up', async () => {
    await withTwo({ name: 'comes back', settings: { roundsMax: 9 } }, async (first, second, federation, options) => {
      await federation.inStep(3, 2);
      await first.stop();
      // Sooner, gossipsub refuses it: see unsubcribeBackoff in host.ts.
      await delay(1100);
      const again = await joinLate(options, 0, second);
      try {
        assert.equal(again.peerId, first.peerId);
        await eventually(() => again.learner.trainedFrom.length > 0, 'it begins to train');
        assert.equal(again.events[0]?.type === 'joined' && again.events[0].caughtUpFrom, second.peerId);
        assert.deepEqual(again.learner.trainedFrom[0], second.learner.trained[2]);
        again.learner.allow(1);
        const received = second.node.counters.updatesReceived;
        await eventually(() => second.node.counters.updatesReceived > received, 'its update arrives');
        second.learner.allow(4);
        await eventually(() => second.rounds.length === 4, 'the other node mixes');
        assert.deepEqual(second.rounds[3]?.mixed, [{ peer: again.peerId, round: 4, stalenessRounds: 0 }]);
      } finally {
        await again.stop();
      }
    });
  });

  it('may be another node on the same host', async () => {
    await withTwo({ name: 'same host' }, async (first, second, _federation, options) => {
      await first.node.stop();
      const again = LiveNode.on(first.host, options, 0);
      await again.join(options, 0);
      assert.ok(again.host.libp2p.getProtocols().some((protocol) => protocol.startsWith('/rumormill/')));
      assert.equal(again.host.pubsub.getTopics().length, 1);
      await again.node.stop();
      assert.equal(second.node.counters.sendsFailed, 0);
    });
  });
});

describe('a node that fails', () => {
  it('says so where its training fails', async () => {
    await withTwo({ name: 'fails' }, async (first) => {
      first.learner.failure = new Error('no more memory');
      first.learner.allow(1);
      await assert.rejects(inTime(first.node.finished, 'finished rejects'), /no more memory/);
    });
  });
});
