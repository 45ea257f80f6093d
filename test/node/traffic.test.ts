// What the traffic counters say, against what the other side got.
import assert from 'node:assert/strict';
import type { Stream } from '@libp2p/interface';
import { Uint8ArrayList } from 'uint8arraylist';
import { eventually, fullGraph, LiveFederation } from '../support/live-federation.ts';
import { withTwoHosts } from './hosts.ts';

/** Counts what arrives on a stream. */
function counting(stream: Stream): { bytes: number } {
  const count = { bytes: 0 };
  stream.addEventListener('message', ({ data }) => {
    count.bytes += data.byteLength;
  });
  return count;
}

for (const transport of ['memory', 'tcp'] as const) {
  describe(`TrafficMetrics over ${transport}`, () => {
    it('counts, by protocol, the bytes that the peer gets, in both directions of a stream', async () => {
      await withTwoHosts(transport, async (first, second) => {
        const got = new Map<string, { bytes: number }>();
        for (const protocol of ['/one', '/two']) {
          await second.libp2p.handle(protocol, (stream) => {
            got.set(protocol, counting(stream));
            stream.send(new Uint8Array(77));
          });
        }
        const one = await first.libp2p.dialProtocol(second.libp2p.peerId, '/one');
        const answered = counting(one);
        one.send(new Uint8Array(1));
        one.send(new Uint8ArrayList(new Uint8Array(10), new Uint8Array(100)));
        const two = await first.libp2p.dialProtocol(second.libp2p.peerId, '/two');
        two.send(new Uint8Array(1_000_000));
        await eventually(() => got.get('/two')?.bytes === 1_000_000, 'the second stream is through');
        await eventually(() => got.get('/one')?.bytes === 111 && answered.bytes === 77, 'the first stream is through');

        assert.equal(first.traffic.bytesSent.get('/one'), 111);
        assert.equal(first.traffic.bytesSent.get('/two'), 1_000_000);
        assert.equal(second.traffic.bytesSent.get('/one'), 77);
        await one.close();
        assert.throws(() => one.send(new Uint8Array(5)));
        assert.equal(first.traffic.bytesSent.get('/one'), 111);
      });
    });

    it('counts on the topic what the neighbours get, and little more', async () => {
      const shapes = [{ rows: 100, columns: 50 }];
      const name = `traffic ${transport}`;
      // Without a shared scaler: moments that are under way when counting begins would come off the difference.
      const settings = { scaler: undefined };
      const federation = await LiveFederation.start({
        name,
        transport,
        nodes: 4,
        links: fullGraph(4),
        shapes,
        settings,
      });
      try {
        const sums = () => {
          const sent = federation.nodes.reduce((sum, node) => sum + node.bytesSent(/^\/meshsub\//), 0);
          const got = federation.nodes.reduce((sum, { node }) => sum + node.counters.bytesReceived, 0);
          return { sent, got };
        };
        const before = sums();
        await federation.inStep(3, 12);
        const after = sums();
        const got = after.got - before.got;
        const sent = after.sent - before.sent;
        assert.ok(got > 3 * 12 * 20_000);
        // Signature, key, sender and topic take 241 bytes; IDONTWANT would take 57 for each other neighbour.
        const framing = (sent - got) / (3 * 12);
        assert.ok(framing >= 241 && framing < 290, `${framing} bytes of framing an update`);
      } finally {
        await federation.stop();
      }
    });
  });
}
