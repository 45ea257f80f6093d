// The stream protocols between two hosts, from the fast and well-behaved peer to the odd one.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import * as lp from 'it-length-prefixed';
import { modelStreamProtocol, updateStreamProtocol } from '../../src/gossip/manifest.ts';
import type { PeerError } from '../../src/gossip/peer-error.ts';
import type { Host } from '../../src/node/host.ts';
import { pullModel, pushUpdate, type StreamLimits, serveStreams, unserveStreams } from '../../src/node/streams.ts';
import { eventually, inTime } from '../support/live-federation.ts';
import { withTwoHosts } from './hosts.ts';

const limits: StreamLimits = {
  messageBytesMax: 2_000_000,
  timeoutMs: 10_000,
  signal: new AbortController().signal,
};

/** What a host was sent, and answers to pulls with. */
class Served {
  readonly updates: Uint8Array[] = [];
  readonly pulls: Uint8Array[] = [];
  readonly errors: PeerError[] = [];
  answers: Uint8Array[] = [];

  static async on(host: Host): Promise<Served> {
    const served = new Served();
    await serveStreams(host.libp2p, limits, {
      // TCP gives Buffers.
      onUpdate: (_from, bytes) => served.updates.push(new Uint8Array(bytes)),
      onPull: (_from, bytes) => {
        served.pulls.push(new Uint8Array(bytes));
        return served.answers;
      },
      onBadStream: (_from, error) => served.errors.push(error),
    });
    return served;
  }
}

function openStreams({ libp2p }: Host): Stream[] {
  const streams = libp2p.getConnections().flatMap((connection) => connection.streams);
  return streams.filter(({ protocol }) => protocol.startsWith('/rumormill/'));
}

function bytesOf(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (first + i) % 251);
}

for (const transport of ['memory', 'tcp'] as const) {
  describe(`streams over ${transport}`, () => {
    it('pushUpdate() brings updates of any size whole, and leaves no stream open', async () => {
      await withTwoHosts(transport, async (first, second) => {
        const served = await Served.on(second);
        const updates = [bytesOf(1), bytesOf(1_500_000), ...Array.from({ length: 40 }, (_, i) => bytesOf(100, i))];
        for (const update of updates) await pushUpdate(first.libp2p, second.libp2p.peerId.toString(), update, limits);
        await eventually(() => served.updates.length === updates.length, 'all updates arrive');
        assert.deepEqual(served.updates, updates);
        await eventually(() => openStreams(first).length + openStreams(second).length === 0, 'all streams are closed');
        assert.deepEqual(served.errors, []);
      });
    });

    it('pullModel() gives the answers in order, two at most, and leaves no stream open', async () => {
      await withTwoHosts(transport, async (first, second) => {
        const served = await Served.on(second);
        const peer = second.libp2p.peerId.toString();
        const request = bytesOf(40);
        const pull = async () =>
          (await pullModel(first.libp2p, peer, request, limits)).map((bytes) => new Uint8Array(bytes));
        for (const answers of [[], [bytesOf(10)], [bytesOf(10, 1), bytesOf(1_500_000)]]) {
          served.answers = answers;
          assert.deepEqual(await pull(), answers);
        }
        served.answers = [bytesOf(1), bytesOf(2), bytesOf(3)];
        assert.deepEqual(await pull(), served.answers.slice(0, 2));
        assert.deepEqual(served.pulls, Array(4).fill(request));
        await eventually(() => openStreams(first).length + openStreams(second).length === 0, 'all streams are closed');
      });
    });

    it('serveStreams() takes a message that comes byte by byte', async () => {
      await withTwoHosts(transport, async (first, second) => {
        const served = await Served.on(second);
        const stream = await first.libp2p.dialProtocol(second.libp2p.peerId, updateStreamProtocol);
        for (const byte of lp.encode.single(bytesOf(300)).subarray()) stream.send(Uint8Array.of(byte));
        await stream.close();
        await eventually(() => served.updates.length === 1, 'the update arrives');
        assert.deepEqual(served.updates, [bytesOf(300)]);
      });
    });

    it('serveStreams() stores nothing that follows the message', async () => {
      await withTwoHosts(transport, async (first, second) => {
        const served = await Served.on(second);
        const stream = await first.libp2p.dialProtocol(second.libp2p.peerId, updateStreamProtocol);
        stream.send(lp.encode.single(bytesOf(300)));
        stream.send(bytesOf(1000));
        await eventually(() => openStreams(second)[0]?.readStatus === 'closed', 'the stream is read no more');
        assert.equal(openStreams(second)[0]?.readBufferLength, 0);
        assert.deepEqual(served.updates, [bytesOf(300)]);
      });
    });

    it('serveStreams() takes a message whose sender has closed before the host comes to reading it', async () => {
      await withTwoHosts(transport, async (first, second) => {
        const served = await Served.on(second);
        second.libp2p.use(updateStreamProtocol, async (stream, connection, next) => {
          await eventually(() => stream.remoteWriteStatus === 'closed', 'the sender closes');
          next(stream, connection);
        });
        await pushUpdate(first.libp2p, second.libp2p.peerId.toString(), bytesOf(300), limits);
        await eventually(() => served.updates.length === 1, 'the update arrives');
        assert.deepEqual(served.updates, [bytesOf(300)]);
        await eventually(() => openStreams(first).length + openStreams(second).length === 0, 'the stream is closed');
        assert.deepEqual(served.errors, []);
      });
    });

    it('pullModel() neither hangs nor loses an answer that comes before the request', async () => {
      await withTwoHosts(transport, async (first, second) => {
        await second.libp2p.handle(modelStreamProtocol, (stream) => {
          stream.send(lp.encode.single(bytesOf(10)));
          return stream.close();
        });
        const answers = await inTime(
          pullModel(first.libp2p, second.libp2p.peerId.toString(), bytesOf(40), limits).catch((error: Error) => error),
          'the pull ends',
          5000,
        );
        // libp2p may find that all has come while it still negotiates, and gives up then.
        if (answers instanceof Error) assert.equal(answers.name, 'StreamStateError');
        else assert.deepEqual(new Uint8Array(answers[0]!), bytesOf(10));
      });
    });

    it('pullModel() rejects where the peer serves the protocol no more', async () => {
      await withTwoHosts(transport, async (first, second) => {
        await Served.on(second);
        await unserveStreams(second.libp2p);
        const pull = pullModel(first.libp2p, second.libp2p.peerId.toString(), bytesOf(40), limits);
        await assert.rejects(inTime(pull, 'the pull ends'), { name: 'UnsupportedProtocolError' });
      });
    });

    it('pushUpdate() gives up where the peer does not read', async () => {
      await withTwoHosts(transport, async (first, second) => {
        await second.libp2p.handle(updateStreamProtocol, (stream) => stream.pause());
        const push = pushUpdate(first.libp2p, second.libp2p.peerId.toString(), bytesOf(1_500_000), {
          ...limits,
          timeoutMs: 200,
        });
        await assert.rejects(inTime(push, 'the push ends'), { name: 'PeerError', code: 'timeout' });
        assert.deepEqual(openStreams(first), []);
      });
    });
  });
}

describe('streams', () => {
  it('end at once when their signal aborts, in a dial and in an exchange', async () => {
    await withTwoHosts('tcp', async (first, second) => {
      const mute = createServer().listen(0, '127.0.0.1');
      const unknown = peerIdFromString('12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp');
      await eventually(() => mute.listening, 'the server listens');
      const { port } = mute.address() as { port: number };
      await first.libp2p.peerStore.merge(unknown, { multiaddrs: [multiaddr(`/ip4/127.0.0.1/tcp/${port}`)] });
      await second.libp2p.handle(modelStreamProtocol, () => undefined);
      const stopping = new AbortController();
      const stoppable = { ...limits, signal: stopping.signal };
      const pulls = [unknown, second.libp2p.peerId].map((peer) =>
        pullModel(first.libp2p, peer.toString(), bytesOf(40), stoppable),
      );
      await eventually(() => openStreams(first).length === 1, 'one pull is on its way');
      stopping.abort();
      for (const pull of pulls) await assert.rejects(inTime(pull, 'the pull ends', 2000));
      assert.deepEqual(openStreams(first), []);
      await assert.rejects(pullModel(first.libp2p, second.libp2p.peerId.toString(), bytesOf(40), stoppable));
      mute.close();
    });
  });
});
