// What a live node makes of peers that send nonsense, over real sockets.
import assert from 'node:assert/strict';
import { RPC } from '@chainsafe/libp2p-gossipsub/message';
import { generateKeyPair } from '@libp2p/crypto/keys';
import type { Stream } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { encodeMessage } from '../../src/gossip/codec.ts';
import { modelStreamProtocol, updateStreamProtocol } from '../../src/gossip/manifest.ts';
import { digestOf } from '../../src/gossip/payload.ts';
import { actionOf, type PeerErrorCode } from '../../src/gossip/peer-error.ts';
import { Prng } from '../../src/lib/prng.ts';
import { addressesOf, connect } from '../../src/node/host.ts';
import { eventually, hashOf, LiveFederation, LiveNode, line } from '../support/live-federation.ts';
import { type Answer, BadPeer, framed, lengthOf4GB, payloadWith } from './bad-peer.ts';

const name = 'bad peers';
const meshsub = '/meshsub/1.2.0';
const prng = new Prng('noise');
const noise = Uint8Array.from({ length: 300 }, () => prng.nextInt(256));

describe('a live node among bad peers', () => {
  let federation: LiveFederation;
  let victim: LiveNode;
  let bad: BadPeer;
  let peers = 0;

  before(async () => {
    federation = await LiveFederation.start({
      name,
      transport: 'tcp',
      nodes: 2,
      links: line(2),
      settings: { roundsMax: 3 },
    });
    victim = federation.nodes[0]!;
    await federation.inStep(1, 2);
  });

  beforeEach(async () => {
    bad = await BadPeer.start(`bad ${peers++}`, victim, name, 'tcp');
    await bad.joinTopic();
  });

  afterEach(() => bad.stop());

  after(() => federation.stop());

  /** Does `act` and waits until it is counted under `code`, once, and under no other. */
  async function counts(code: PeerErrorCode, act: () => Promise<unknown>): Promise<void> {
    const expected = new Map(victim.node.counters.rejected);
    expected.set(code, (expected.get(code) ?? 0) + 1);
    const blamedBefore = victim.blamed.length;
    const total = (counts: Iterable<number>) => [...counts].reduce((sum, count) => sum + count, 0);
    await act();
    const { rejected } = victim.node.counters;
    await eventually(
      () => total(rejected.values()) >= total(expected.values()),
      `a message is counted as ${code}`,
      3000,
    );
    assert.deepEqual(new Map([...rejected].sort()), new Map([...expected].sort()));
    const blamed = victim.blamed.slice(blamedBefore);
    // gossipsub does not say who sent what it turns away before the node sees it.
    if (blamed.length > 0 || (code !== 'unsigned' && code !== 'malformed')) {
      assert.deepEqual(blamed, [{ peer: bad.peerId, code }]);
    }
  }

  /** gossipsub's count of the bad peer's invalid messages, which loses a tenth a second. */
  function invalidMessages(): number {
    const stats = (
      victim.host.pubsub as unknown as { dumpPeerScoreStats(): Record<string, ScoreStats> }
    ).dumpPeerScoreStats();
    return stats[bad.peerId]?.topics[bad.topic]?.invalidMessageDeliveries ?? 0;
  }

  describe('on the topic', () => {
    const update = (change: Parameters<BadPeer['update']>[0]) => (peer: BadPeer) => peer.encoded(peer.update(change));
    const cases: [what: string, code: PeerErrorCode, bytes: (peer: BadPeer) => Uint8Array][] = [
      ['random bytes', 'malformed', () => noise],
      ['a truncated message', 'truncated', (peer) => peer.encoded(peer.update()).subarray(0, -10)],
      ['weights of another shape', 'wrong-shape', update({ payload: new Uint8Array(4) })],
      ['a weight that is NaN', 'non-finite', update({ payload: payloadWith(Number.NaN) })],
      ['an infinite weight', 'non-finite', update({ payload: payloadWith(Number.NEGATIVE_INFINITY) })],
      [
        'a length field of 4 GB',
        'too-large',
        (peer) => Uint8Array.of(0x08, 0x01, 0x12, 0x20, ...peer.federation, 0x1a, ...lengthOf4GB),
      ],
      ['weights that do not fit the digest', 'wrong-digest', update({ digest: new Uint8Array(32) })],
      ['an update from the future', 'future-round', update({ round: 1_000_000 })],
      [
        'a message of another federation',
        'wrong-federation',
        (peer) => encodeMessage(peer.update(), hashOf('another federation')),
      ],
      ['a message of another protocol', 'wrong-protocol', () => Uint8Array.of(0x08, 0x02)],
      ['a pull', 'wrong-topic', (peer) => peer.encoded({ kind: 'pull', digest: new Uint8Array(), moments: true })],
      ['notHeld', 'wrong-topic', (peer) => peer.encoded({ kind: 'notHeld', digest: new Uint8Array() })],
      [
        'more origins of moments than the bound',
        'too-many-origins',
        (peer) =>
          peer.encoded({ kind: 'moments', origins: Array.from({ length: 64 }, (_, i) => originOf(`peer${i}`)) }),
      ],
    ];
    for (const [what, code, bytes] of cases) {
      const action = actionOf(code);
      const effect = action === 'reject' ? "lowers the sender's score" : 'leaves the score alone';
      it(`counts ${what} as ${code} and ${effect}`, async () => {
        await counts(code, () => bad.publish(bytes(bad)));
        if (action === 'reject') await eventually(() => invalidMessages() > 0.1, 'the score falls');
        else assert.equal(invalidMessages(), 0);
      });
    }

    it('counts the same round sent twice as duplicate', async () => {
      await counts('duplicate', async () => {
        await bad.publish(bad.encoded(bad.update()));
        await bad.publish(bad.encoded(bad.update()));
      });
    });

    const seqno = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1);
    for (const [what, fields] of [
      ['without a signature', { seqno }],
      ['with a wrong signature', { seqno, signature: new Uint8Array(64) }],
      ['without a sequence number', { signature: new Uint8Array(64) }],
    ] as const) {
      it(`counts a message ${what} as unsigned and lowers the sender's score`, async () => {
        const from = bad.host.libp2p.peerId.toMultihash().bytes;
        const message = { from, topic: bad.topic, data: bad.encoded(bad.update()), ...fields };
        const stream = await bad.open(meshsub);
        await counts('unsigned', async () =>
          stream.send(framed(RPC.encode({ subscriptions: [], messages: [message] }))),
        );
        await eventually(() => invalidMessages() > 0.1, 'the score falls');
      });
    }

    it("counts a message that another peer has signed as relayed and lowers the sender's score", async () => {
      const author = await generateKeyPair('Ed25519');
      const from = peerIdFromPrivateKey(author).toMultihash().bytes;
      const message = { from, seqno, topic: bad.topic, data: bad.encoded(bad.update()) };
      const prefix = new TextEncoder().encode('libp2p-pubsub:');
      const signature = await author.sign(Uint8Array.of(...prefix, ...RPC.Message.encode(message)));
      const stream = await bad.open(meshsub);
      await counts('relayed', async () =>
        stream.send(framed(RPC.encode({ subscriptions: [], messages: [{ ...message, signature }] }))),
      );
      await eventually(() => invalidMessages() > 0.1, 'the score falls');
    });

    it("counts a packet on gossipsub's stream that is no RPC as malformed", async () => {
      const stream = await bad.open(meshsub);
      await counts('malformed', async () => stream.send(framed(Uint8Array.of(0x0f))));
    });

    it('prunes a peer from the mesh after one rejected message', async () => {
      await eventually(() => victim.meshPeers.includes(bad.peerId), 'the bad peer is in the mesh');
      await counts('malformed', () => bad.publish(noise));
      await eventually(() => !victim.meshPeers.includes(bad.peerId), 'the bad peer is pruned');
      assert.ok(victim.meshPeers.includes(federation.nodes[1]!.peerId));
    });
  });

  for (const protocol of [updateStreamProtocol, modelStreamProtocol]) {
    describe(`on ${protocol}`, () => {
      const wrongKind = (peer: BadPeer) =>
        protocol === updateStreamProtocol
          ? peer.encoded({ kind: 'pull', digest: new Uint8Array(), moments: true })
          : peer.encoded(peer.update());
      const cases: [what: string, code: PeerErrorCode, act: (stream: Stream) => unknown][] = [
        ['bytes without a length', 'malformed', (stream) => stream.send(new Uint8Array(20).fill(0xff))],
        ['a message of random bytes', 'malformed', (stream) => stream.send(framed(noise))],
        ['a length of 4 GB', 'too-large', (stream) => stream.send(lengthOf4GB)],
        // The limit is 20,480 bytes here: 64 origins of 304 bytes, and 1024.
        [
          'a length above the limit',
          'too-large',
          (stream) => stream.send(framed(new Uint8Array(20_481)).subarray(0, 9)),
        ],
        ['a message of the wrong kind', 'wrong-topic', (stream) => stream.send(framed(wrongKind(bad)))],
        [
          'a stream that is reset in a message',
          'reset',
          (stream) => {
            stream.send(framed(bad.encoded(bad.update())).subarray(0, 100));
            stream.abort(new Error('reset on purpose'));
          },
        ],
        [
          'a stream that is closed in a message',
          'reset',
          (stream) => {
            stream.send(framed(bad.encoded(bad.update())).subarray(0, 100));
            return stream.close();
          },
        ],
        ['a stream that is closed at once', 'reset', (stream) => stream.close()],
      ];
      for (const [what, code, act] of cases) {
        it(`counts ${what} as ${code}, and leaves no stream open`, async () => {
          const stream = await bad.open(protocol);
          await counts(code, async () => act(stream));
          await stream.close();
          await eventually(() => openStreams(victim, protocol) === 0, 'the stream is closed');
        });
      }
    });
  }

  describe('asked for a model that it announced', () => {
    const nan = payloadWith(Number.NaN);
    const cases: [what: string, code: PeerErrorCode, answer: (peer: BadPeer) => Answer][] = [
      ['bytes without a length', 'malformed', () => new Uint8Array(20).fill(0xff)],
      ['random bytes', 'malformed', () => framed(noise)],
      ['a length of 4 GB', 'too-large', () => lengthOf4GB],
      ['a reset', 'reset', () => (stream: Stream) => stream.abort(new Error('on purpose'))],
      ['half a message', 'reset', (peer) => framed(peer.encoded(peer.update())).subarray(0, 100)],
      ['a weight that is NaN', 'non-finite', (peer) => framed(peer.encoded(peer.update({ payload: nan })))],
      ['another digest', 'wrong-digest', (peer) => framed(peer.encoded(peer.update({ digest: digestOf(nan) })))],
      ['notHeld', 'not-held', (peer) => framed(peer.encoded({ kind: 'notHeld', digest: peer.update().digest }))],
    ];
    for (const [what, code, answer] of cases) {
      it(`is counted as ${code} where it answers with ${what}`, async () => {
        await counts(code, () => bad.announce(answer(bad)));
        await eventually(() => openStreams(victim, modelStreamProtocol) === 0, 'the stream is closed');
      });
    }
  });

  // In a describe of its own, for mocha to run it last.
  describe('afterwards', () => {
    it('does its rounds with its honest neighbour', async () => {
      federation.allow(3);
      await federation.finished();
      const mixed = victim.rounds.flatMap((round) => round.mixed.map(({ peer }) => peer));
      assert.deepEqual(new Set(mixed), new Set([federation.nodes[1]!.peerId]));
    });
  });
});

describe('a live node whose peers are slow', () => {
  it('resets streams that are not done in time, counts them as timeout, and goes on', async () => {
    const options = { name: 'slow peers', transport: 'tcp', nodes: 2, links: line(2), streamTimeoutMs: 500 } as const;
    const federation = await LiveFederation.start(options);
    const victim = federation.nodes[0]!;
    const bad = await BadPeer.start('slow', victim, options.name, 'tcp');
    try {
      await bad.joinTopic();
      await bad.announce(() => undefined);
      const half = framed(bad.encoded(bad.update())).subarray(0, 100);
      const protocols = [updateStreamProtocol, modelStreamProtocol];
      for (const protocol of protocols) (await bad.open(protocol)).send(half);
      // libp2p lets a peer have 32 for each protocol, and resets the others.
      await Promise.allSettled(Array.from({ length: 80 }, (_, i) => bad.open(protocols[i % 2]!)));
      // And one that asks for the announced model.
      await eventually(() => victim.node.counters.rejected.get('timeout')! >= 65, 'all streams time out');
      assert.ok(protocols.every((protocol) => openStreams(victim, protocol) === 0));

      (await bad.open(updateStreamProtocol)).send(framed(noise));
      await eventually(() => victim.node.counters.rejected.get('malformed') === 1, 'a new stream is served');
      federation.allow(4);
      await federation.finished();
    } finally {
      await Promise.all([bad.stop(), federation.stop()]);
    }
  });
});

describe('a node that joins beside a peer that does not answer', () => {
  for (const [what, answer] of [
    ['is silent', () => undefined],
    [
      'sends random bytes',
      (stream: Stream) => {
        stream.send(framed(noise));
      },
    ],
  ] as const) {
    it(`begins to train where the peer ${what}`, async () => {
      const options = {
        name: `joins beside ${what}`,
        transport: 'memory',
        nodes: 2,
        streamTimeoutMs: 300,
        settings: { settleMs: 60_000 },
      } as const;
      const nodes = await Promise.all([LiveNode.start(options, 0), LiveNode.start(options, 1)]);
      const [victim, other] = nodes;
      const bad = await BadPeer.start(what, victim, options.name, 'memory');
      try {
        await bad.host.libp2p.handle(modelStreamProtocol, answer);
        bad.host.pubsub.subscribe(bad.topic);
        await victim.join(options, 0);
        await eventually(() => victim.meshPeers.includes(bad.peerId), 'the bad peer is in the mesh');
        await connect(other.host, addressesOf(victim.host));
        await other.join(options, 1);
        await eventually(() => victim.events[0]?.type === 'joined', 'the node begins to train');
      } finally {
        await Promise.all([...nodes, bad].map((peer) => peer.stop()));
      }
    });
  }
});

interface ScoreStats {
  topics: Record<string, { invalidMessageDeliveries: number } | undefined>;
}

function openStreams({ host }: LiveNode, protocol: string): number {
  const streams = host.libp2p.getConnections().flatMap((connection) => connection.streams);
  return streams.filter((stream) => stream.protocol === protocol).length;
}

function originOf(peer: string) {
  return { peer, version: 1, count: Float64Array.of(1, 1), mean: Float64Array.of(0, 0), m2: Float64Array.of(0, 0) };
}
