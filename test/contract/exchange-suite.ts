// What every exchange must keep to on every transport. Declares the tests; the hosts are real.
import assert from 'node:assert/strict';
import { modelStreamProtocol, updateStreamProtocol } from '../../src/gossip/manifest.ts';
import type { CoreSettings } from '../../src/gossip/protocol.ts';
import {
  eventually,
  fullGraph,
  LiveFederation,
  type LiveNode,
  type LiveOptions,
  line,
  type Transport,
} from '../support/live-federation.ts';

const pubsub = /^\/meshsub\//;
const updateStream = new RegExp(`^${updateStreamProtocol}$`);
const modelStream = new RegExp(`^${modelStreamProtocol}$`);

/** Declares the tests for one exchange over one transport. */
export function exchangeSuite(exchange: CoreSettings['exchange'], transport: Transport): void {
  const running: LiveFederation[] = [];
  const start = async (what: string, options: Omit<LiveOptions, 'name' | 'transport'>) => {
    const settings = { exchange, ...options.settings };
    const federation = await LiveFederation.start({
      ...options,
      name: `${exchange} ${transport} ${what}`,
      transport,
      settings,
    });
    running.push(federation);
    return federation;
  };

  describe(`exchange ${exchange} over ${transport}`, () => {
    afterEach(async () => {
      await Promise.all(running.splice(0).map((federation) => federation.stop()));
    });

    it('lets four nodes join, agree on one scaler, mix in every round and finish', async () => {
      const settings = { fanout: 2, roundsMax: 5 };
      const federation = await start('full', { nodes: 4, links: fullGraph(4), settings });
      const { nodes } = federation;
      await federation.inStep(4, exchange === 'random' ? 8 : 12);
      federation.allow(5);
      await federation.finished();

      for (const { events, learner } of nodes) {
        assert.deepEqual([events[0]?.type, events.at(-1)?.type], ['joined', 'finished']);
        assert.equal(events[0]?.type === 'joined' && events[0].origins, 4);
        assert.deepEqual(learner.scalers, nodes[0]!.learner.scalers);
        assert.deepEqual(learner.scalers[0]!.count, Float64Array.of(40, 80));
      }
      // What came in before a round was trained is mixed after it.
      const mixed = nodes.flatMap(({ rounds }) => rounds.slice(1).map((round) => round.mixed.length));
      if (exchange !== 'random') assert.deepEqual(new Set(mixed), new Set([3]));
      else assert.ok(mixed.reduce((sum, count) => sum + count, 0) > 0);
      const apart = 3 * (1 - 1 / 2 ** 5);
      assert.ok(spread(nodes) < 0.9 * apart, 'the models are no closer than without gossip');
    });

    it('delivers each update once to each node it is meant for, and nothing is refused', async () => {
      const everyone = exchange === 'broadcast';
      const federation = await start('line', { nodes: 4, links: line(4), settings: { roundsMax: 5 } });
      const { nodes } = federation;
      // Had a node passed on an update for neighbours, it would arrive while the next rounds run.
      await federation.inStep(4, everyone ? 12 : 6);

      for (const [i, { node, rounds }] of nodes.entries()) {
        const due = everyone ? [0, 1, 2, 3].filter((j) => j !== i) : federation.neighboursOf(i);
        assert.equal(node.counters.updatesReceived, 4 * due.length);
        const senders = new Set(rounds.flatMap(({ mixed }) => mixed.map(({ peer }) => peer)));
        assert.deepEqual([...senders].sort(), due.map((j) => nodes[j]!.peerId).sort());
        assert.deepEqual([...node.counters.rejected], []);
      }
      await eventually(() => federation.total('updatesSent') === 4 * 6, 'what was sent is counted');
      assert.equal(federation.total('sendsFailed'), 0);
      federation.allow(5);
      await federation.finished();
    });

    // With random peers nobody knows whom to wait for: the combination is refused where a scenario is loaded.
    if (exchange !== 'random') {
      it('waits for every neighbour in synchronous rounds', async () => {
        const settings = { rounds: 'synchronous' } as const;
        const federation = await start('synchronous', { nodes: 4, links: fullGraph(4), settings });
        federation.allow(4);
        await federation.finished();
        for (const { node, rounds } of federation.nodes) {
          const staleness = rounds.map(({ mixed }) => mixed.map(({ stalenessRounds }) => stalenessRounds));
          assert.deepEqual(staleness, Array(4).fill([0, 0, 0]));
          assert.deepEqual([...node.counters.rejected], []);
        }
      });
    }

    it('moves a payload above 256 KiB by stream, and says so on the topic', async () => {
      const shapes = [{ rows: 300, columns: 300 }];
      const payloadBytes = 4 * 300 * 300;
      const federation = await start('large', { nodes: 3, links: fullGraph(3), shapes });
      await federation.inStep(2, 6);
      for (const node of federation.nodes) {
        // A push counts when the last byte is written, which may be a little after its arrival.
        await eventually(() => node.node.counters.updatesSent === 4, 'both updates are sent to both peers');
        assert.ok(node.bytesSent(pubsub) < 20_000);
        const sent = node.bytesSent(exchange === 'random' ? updateStream : modelStream);
        assert.ok(sent > 4 * payloadBytes && sent < 4 * payloadBytes + 5000, `${sent} bytes by stream`);
      }
    });

    it('carries a small payload where it belongs', async () => {
      const shapes = [{ rows: 50, columns: 50 }];
      const payloadBytes = 4 * 50 * 50;
      const federation = await start('small', { nodes: 2, links: fullGraph(2), shapes });
      await federation.inStep(2, 2);
      for (const node of federation.nodes) {
        await eventually(() => node.node.counters.updatesSent === 2, 'both updates are sent');
        const byStream = { mesh: undefined, broadcast: undefined, random: updateStream, pull: modelStream }[exchange];
        for (const protocol of [pubsub, updateStream, modelStream]) {
          const carried = node.bytesSent(protocol) > 2 * payloadBytes;
          assert.equal(carried, protocol === (byStream ?? pubsub), `${protocol}`);
        }
      }
    });
  });
}

/** Distance between the lowest and the highest final weight. */
function spread(nodes: readonly LiveNode[]): number {
  const weights = nodes.map(({ rounds }) => rounds.at(-1)?.weights[0] ?? Number.NaN);
  return Math.max(...weights) - Math.min(...weights);
}
