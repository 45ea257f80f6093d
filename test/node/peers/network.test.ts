// Networks of gateways over TCP on loopback: greeting, manifest, membership and standing.
import assert from 'node:assert/strict';
import { connect as connectTcp, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { topicOf } from '../../../src/gossip/manifest.ts';
import { PeerError, type PeerErrorCode } from '../../../src/gossip/peer-error.ts';
import { OperatorError } from '../../../src/lib/errors.ts';
import { connect, startHost } from '../../../src/node/host.ts';
import { encodeAnswer, encodeRequest, federationStreamProtocol } from '../../../src/node/peers/federation-codec.ts';
import { newNetworkKey, parseNetworkKey } from '../../../src/node/peers/identity.ts';
import { inboundBurst, receivedBytesBurst, receivedBytesPerSecond } from '../../../src/node/peers/limits.ts';
import { blockFrom } from '../../../src/node/peers/standing.ts';
import { ask, pushUpdate, serveProtocol } from '../../../src/node/streams.ts';
import { eventually, hashOf, inTime, LiveNode } from '../../support/live-federation.ts';
import { plainRoster, type Started, verifyPlain, withNetworks } from './networks.ts';

const never = new AbortController().signal;

async function peerIdOf(name: string): Promise<string> {
  return peerIdFromPrivateKey(await generateKeyPairFromSeed('Ed25519', hashOf(name))).toString();
}

function areMembers(...all: Started[]): boolean {
  return all.every(({ network }) =>
    all.every((other) => other.network === network || network.connectedMembers.includes(other.network.self)),
  );
}

describe('startNetwork()', () => {
  it('connects with configured peers, told with a peer id, without one, and by name', async () => {
    await withNetworks(async (launch) => {
      const hub = await launch('hub');
      const port = hub.address.split('/')[4];
      const peers = [hub.address, `/ip4/127.0.0.1/tcp/${port}`, `/dns4/localhost/tcp/${port}`];
      const spokes = await Promise.all(peers.map((peer, i) => launch(`spoke ${i}`, { peers: [peer] })));
      await eventually(() => hub.network.connectedMembers.length === 3, 'all are connected');
      // Told by the hub.
      await eventually(() => areMembers(hub, ...spokes), 'the spokes know each other');
      assert.equal(hub.events.filter(({ type }) => type === 'connected').length, 3);
      const status = spokes[1]!.network.peers().find(({ who }) => who === hub.network.self);
      assert.deepEqual(status, {
        who: hub.network.self,
        origin: 'configured',
        connected: true,
        address: status?.address,
        reason: undefined,
        score: 0,
      });
    });
  });

  it('drops a configured peer that is this gateway itself', async () => {
    const reserved = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => reserved.once('listening', resolve));
    const { port } = reserved.address() as { port: number };
    await new Promise((resolve) => reserved.close(resolve));
    await withNetworks(async (launch) => {
      const address = `/ip4/127.0.0.1/tcp/${port}`;
      const { network, events } = await launch('self', {
        listenPort: port,
        peers: [address, `${address}/p2p/${await peerIdOf('self')}`],
      });
      await eventually(() => network.peers().length === 0, 'nobody is left to be dialed');
      assert.deepEqual(events, []);
    });
  });

  it('tells what a configured peer cannot be reached for, once, and goes on trying', async () => {
    await withNetworks(async (launch) => {
      const gone = await launch('gone');
      await gone.network.stop();
      const { network, events } = await launch('tries', { peers: [gone.address] });
      await eventually(() => events.length > 0, 'it fails');
      const [event] = events;
      assert.equal(event?.type, 'unreachable');
      assert.match(JSON.stringify(event), /ECONNREFUSED/);
      const port = Number(gone.address.split('/')[4]);
      const back = await launch('gone', { listenPort: port });
      await eventually(
        () => areMembers({ ...back }, { network, events, address: '' }),
        'it is reached at last',
        10_000,
      );
      assert.equal(events.filter(({ type }) => type === 'unreachable').length, 1);
    });
  });

  it('knows who is here and who left, whatever the wall clock does meanwhile, and forgets who left', async () => {
    const { now } = Date;
    try {
      await withNetworks(async (launch) => {
        const hub = await launch('hub');
        const early = await launch('early', { peers: [hub.address] });
        const { pubsub, libp2p } = hub.network.host;
        for (const { network } of [hub, early]) network.host.pubsub.subscribe(topicOf(hashOf('federation')));
        await eventually(() => pubsub.getMeshPeers(topicOf(hashOf('federation'))).length === 1, 'they are neighbours');
        // More than libp2p's own six hours, as after a night's sleep.
        Date.now = () => now() + 8 * 3_600_000;
        const late = await launch('late', { peers: [hub.address] });
        await eventually(() => late.network.peers().some(({ who }) => who === early.network.self), 'it is told');
        await eventually(() => hub.network.connectedMembers.length === 2, 'both are members');
        assert(!hub.events.some(({ type }) => type === 'disconnected'));
        const { peerId } = early.network.host.libp2p;
        await early.network.stop();
        await eventually(() => pubsub.getMeshPeers(topicOf(hashOf('federation'))).length === 0, 'no neighbour is left');
        assert(!pubsub.getPeers().some((peer) => peer.equals(peerId)), 'gossipsub knows it no more');
        let known = await libp2p.peerStore.all();
        await eventually(() => {
          libp2p.peerStore.all().then((peers) => {
            known = peers;
          }, assert.fail);
          return known.length === 1;
        }, 'who left is forgotten at the next refresh');
        assert.equal(known[0]?.id.toString(), late.network.self);
      });
    } finally {
      Date.now = now;
    }
  });

  it('keeps a peer that failed to answer at first, came back and did', async () => {
    const host = await startHost({ transport: 'tcp', listen: [], keySeed: hashOf('hesitant'), degree: 6 });
    let asked = 0;
    const limits = { messageBytesMax: 256, timeoutMs: 5000, signal: never };
    const answer = encodeAnswer({ content: new Uint8Array(), peers: [] }, hashOf('federation'));
    const answersTo = () => {
      asked++;
      if (asked === 1) throw new PeerError('truncated');
      return [answer];
    };
    await serveProtocol(host.libp2p, federationStreamProtocol, limits, answersTo, () => undefined);
    try {
      await withNetworks(async (launch) => {
        const { network, events, address } = await launch('hub');
        await connect(host, [address]);
        await eventually(() => asked === 1, 'it is asked');
        await host.libp2p.hangUp(network.host.libp2p.peerId);
        await eventually(() => network.host.libp2p.getConnections().length === 0, 'it is gone');
        await connect(host, [address]);
        await eventually(() => network.connectedMembers.length === 1, 'it is a member');
        // A little more than a peer that is none may stay.
        await delay(1200);
        assert.deepEqual(
          events.map(({ type }) => type),
          ['connected'],
        );
      });
    } finally {
      await host.libp2p.stop();
    }
  });

  it('refuses a port that is taken and an address that is none', async () => {
    await withNetworks(async (launch) => {
      const first = await launch('first');
      const listenPort = Number(first.address.split('/')[4]);
      await assert.rejects(
        launch('second', { listenPort }),
        (error) => error instanceof OperatorError && /in use/.test(error.message),
      );
      for (const address of ['10.0.0.1:4711', '/ip4/10.0.0.1', '/ip4/10.0.0.1/tcp/1/p2p/nobody', '/unix/tmp']) {
        await assert.rejects(launch('third', { peers: [address] }), OperatorError, address);
      }
    });
  });

  it('keeps out who has another network key, or none', async () => {
    const keyOf = () => ({ networkKey: parseNetworkKey(newNetworkKey(), 'swarm.key') });
    const key = keyOf();
    await withNetworks(async (launch) => {
      const first = await launch('first', key);
      const peers = [first.address];
      const others = [await launch('wrong', { ...keyOf(), peers }), await launch('none', { peers })];
      const right = await launch('right', { ...key, peers });
      await eventually(() => areMembers(first, right), 'who has the key is connected');
      await eventually(() => others.every(({ events }) => events.length > 0), 'the others fail', 15_000);
      assert.deepEqual(first.network.connectedMembers, [right.network.self]);
    });
  });
});

describe('fetchManifest()', () => {
  it('takes the manifest from the member whose bytes hash to the federation, and serves it on', async () => {
    const manifest = new TextEncoder().encode('{"features":["pressure"]}');
    const federation = hashOf('{"features":["pressure"]}');
    await withNetworks(async (launch) => {
      const holder = await launch('holder', { federation, manifest });
      const liar = await launch('liar', { federation, manifest: new TextEncoder().encode('{}') });
      const empty = await launch('empty', { federation });
      const asker = await launch('asker', { federation, peers: [liar.address, empty.address] });
      await eventually(() => asker.network.connectedMembers.length === 2, 'the liar and the ignorant are connected');
      const fetched = asker.network.fetchManifest(never);
      await eventually(() => asker.network.rejected.get('wrong-digest') === 1, 'the liar is found out');
      const late = await launch('late', { federation, peers: [holder.address, asker.address] });
      assert.deepEqual(Buffer.from(await inTime(fetched, 'the manifest comes')), Buffer.from(manifest));
      const again = await inTime(late.network.fetchManifest(never), 'the next one gets it');
      assert.deepEqual(Buffer.from(again), Buffer.from(manifest));
      assert.equal(asker.network.rejected.get('wrong-digest'), 1);
    });
  });

  it('rejects when it is called off', async () => {
    await withNetworks(async (launch) => {
      const { network } = await launch('alone');
      const off = new AbortController();
      const fetched = network.fetchManifest(off.signal);
      off.abort(new Error('called off'));
      await assert.rejects(inTime(fetched, 'it ends'));
    });
  });
});

describe('membership of a network', () => {
  it('refuses strangers, and drops who is revoked as soon as one member has the newer roster', async () => {
    const names = ['first', 'second', 'third'];
    const ids = await Promise.all(names.map(peerIdOf));
    const roster = plainRoster(1, ids);
    await withNetworks(async (launch) => {
      const owned = { verifyRoster: verifyPlain };
      const first = await launch('first', { ...owned, roster });
      const peers = [first.address];
      // These two have no roster yet and get it from the first.
      const second = await launch('second', { ...owned, peers });
      const third = await launch('third', { ...owned, peers });
      const stranger = await launch('stranger', { ...owned, peers });
      await eventually(() => areMembers(first, second, third), 'the members are connected');
      await eventually(
        () => second.network.membership.version === 1 && third.network.membership.version === 1,
        'all have the roster',
      );
      await eventually(
        () => first.events.some((event) => event.type === 'refused' && event.reason === 'not-a-member'),
        'the stranger is refused',
      );
      assert.ok((first.network.refused.get('not-a-member') ?? 0) > 0);
      assert.deepEqual(stranger.network.connectedMembers, []);

      second.network.membership.offer(plainRoster(2, ids.slice(0, 2)));
      // At once, not with the next question of the first.
      await eventually(() => first.network.membership.version === 2, 'the newer roster is passed on', 1000);
      await eventually(() => third.network.connectedMembers.length === 0, 'the revoked member is alone');
      assert.ok(areMembers(first, second));
      const [lost] = first.events.filter((event) => event.type === 'disconnected');
      assert.deepEqual(lost, { type: 'disconnected', peer: ids[2], reason: 'it is not a member' });
    });
  });

  it('takes no older and no forged roster', async () => {
    const ids = await Promise.all(['first', 'second'].map(peerIdOf));
    await withNetworks(async (launch) => {
      const first = await launch('first', { verifyRoster: verifyPlain, roster: plainRoster(5, ids) });
      const forger = (bytes: Uint8Array) => (bytes.length > 0 ? { version: 9, members: ids } : verifyPlain(bytes));
      const second = await launch('second', {
        verifyRoster: forger,
        roster: new TextEncoder().encode('forged'),
        peers: [first.address],
      });
      await eventually(() => first.network.rejected.get('unsigned') !== undefined, 'the forged roster is refused');
      assert.equal(first.network.membership.version, 5);
      await eventually(() => areMembers(first, second), 'they are members all the same');
      assert.equal(first.network.membership.offer(plainRoster(4, [])), false);
      assert.ok(first.network.membership.isAllowed(ids[1]!));
    });
  });
});

describe('standing in a network', () => {
  it('takes who is refused too often out of the mesh, disconnects it and keeps it out', async () => {
    await withNetworks(async (launch) => {
      const victim = await launch('victim');
      const bad = await launch('bad', { peers: [victim.address] });
      await eventually(() => areMembers(victim, bad), 'both are connected');
      const topic = topicOf(hashOf('federation'));
      for (const { network } of [victim, bad]) network.host.pubsub.subscribe(topic);
      const { pubsub } = victim.network.host;
      await eventually(() => pubsub.getMeshPeers(topic).length === 1, 'the mesh is there');
      for (let i = 1; i < blockFrom; i++) victim.network.penalise(bad.network.self, 'malformed');
      await eventually(() => pubsub.getMeshPeers(topic).length === 0, 'it leaves the mesh');
      assert.ok(areMembers(victim, bad));
      // Honest lateness does not count.
      for (let i = 0; i < 100; i++) victim.network.penalise(bad.network.self, 'stale');
      assert.ok(areMembers(victim, bad));
      // Two, since the count has shrunk a little.
      for (let i = 0; i < 2; i++) victim.network.penalise(bad.network.self, 'malformed');
      await eventually(() => victim.network.connectedMembers.length === 0, 'it is disconnected');
      await eventually(() => (victim.network.refused.get('shut-out') ?? 0) > 0, 'it comes back and is refused');
      assert.deepEqual(victim.network.connectedMembers, []);
    });
  });

  it('shuts out a peer that keeps pushing updates that a node refuses', async () => {
    await withNetworks(async (launch) => {
      const victim = await launch('victim');
      const bad = await launch('bad', { peers: [victim.address] });
      await eventually(() => areMembers(victim, bad), 'both are connected');
      const options = {
        name: 'federation',
        transport: 'tcp',
        nodes: 2,
        onPeerError: (peer: string, code: PeerErrorCode) => victim.network.penalise(peer, code),
      } as const;
      const live = LiveNode.on(victim.network.host, options, 0);
      await live.join(options, 0);
      try {
        const limits = { messageBytesMax: 1000, timeoutMs: 2000, signal: never };
        const push = () => pushUpdate(bad.network.host.libp2p, victim.network.self, Uint8Array.of(0xff), limits);
        for (let i = 0; i < blockFrom - 2; i++) await push();
        await eventually(() => live.blamed.length === blockFrom - 2, 'the node refuses them');
        assert.ok(areMembers(victim, bad));
        await Promise.allSettled(Array.from({ length: 5 }, push));
        await eventually(() => victim.network.connectedMembers.length === 0, 'it is disconnected');
        assert.ok(victim.network.standing.isBlocked(bad.network.self));
      } finally {
        await live.node.stop();
      }
    });
  });

  it('counts bad streams: requests that are none, and too many of them', async () => {
    await withNetworks(async (launch) => {
      const victim = await launch('victim');
      const bad = await launch('bad', { peers: [victim.address] });
      await eventually(() => areMembers(victim, bad), 'both are connected');
      const limits = { messageBytesMax: 1000, timeoutMs: 2000, signal: never };
      const request = (bytes: Uint8Array) =>
        ask(bad.network.host.libp2p, victim.network.self, federationStreamProtocol, bytes, 1, limits);
      await assert.rejects(request(Uint8Array.of(1, 2, 3)));
      await eventually(
        () => (victim.network.rejected.get('malformed') ?? victim.network.rejected.get('truncated')) === 1,
        'it is counted',
      );
      assert.ok(victim.network.standing.scoreOf(bad.network.self) < 0);
      const regular = encodeRequest({ part: 'manifest', rosterVersion: 0 }, hashOf('federation'));
      const answers = await Promise.allSettled(Array.from({ length: 30 }, () => request(regular)));
      assert.ok(answers.some(({ status }) => status === 'rejected'));
      assert.ok(answers.some(({ status }) => status === 'fulfilled'));
      assert.ok((victim.network.refused.get('request-rate') ?? 0) > 0);
    });
  });

  it('reads more slowly from a peer that sends more than its share, and loses nothing', async () => {
    await withNetworks(async (launch) => {
      const victim = await launch('victim');
      const sender = await launch('sender', { peers: [victim.address] });
      await eventually(() => areMembers(victim, sender), 'both are connected');
      let received = 0;
      await victim.network.host.libp2p.handle('/test/flood', (stream) => {
        stream.addEventListener('message', ({ data }) => {
          received += data.byteLength;
        });
      });
      const stream = await sender.network.host.libp2p.dialProtocol(
        peerIdFromString(victim.network.self),
        '/test/flood',
      );
      const total = receivedBytesBurst + receivedBytesPerSecond;
      const startedMs = performance.now();
      let sent = 0;
      const send = async () => {
        const chunk = new Uint8Array(65_536);
        for (; sent < total; sent += chunk.length) if (!stream.send(chunk)) await stream.onDrain();
      };
      const sending = send();
      await inTime(sending, 'all is sent');
      await eventually(() => received === total, 'all arrives');
      // Without the limit it takes a fifth of that.
      assert.ok(performance.now() - startedMs > 800, `${performance.now() - startedMs} ms`);
      assert.ok((victim.network.refused.get('bytes-rate') ?? 0) > 0);
      assert.ok(areMembers(victim, sender));
    });
  });

  it('takes a few connections at a time from one address', async () => {
    await withNetworks(async (launch) => {
      const victim = await launch('victim');
      const port = Number(victim.address.split('/')[4]);
      const sockets = Array.from({ length: inboundBurst + 5 }, () => connectTcp(port, '127.0.0.1'));
      for (const socket of sockets) socket.on('error', () => socket.destroy());
      await eventually(() => (victim.network.refused.get('inbound-rate') ?? 0) >= 5, 'some are refused');
      await eventually(() => sockets.filter(({ destroyed }) => destroyed).length >= 5, 'they are closed');
      assert.ok(sockets.some(({ destroyed }) => !destroyed));
      for (const socket of sockets) socket.destroy();
    });
  });

  it('lets one peer have a few connections only', async () => {
    await withNetworks(async (launch) => {
      const victim = await launch('victim');
      const bad = await launch('bad', { peers: [victim.address] });
      await eventually(() => areMembers(victim, bad), 'both are connected');
      const dial = () => bad.network.host.libp2p.dial(multiaddr(victim.address), { force: true });
      const dials = [];
      // One after the other, since libp2p makes one of those that run at the same time.
      for (let i = 0; i < 6; i++) dials.push(...(await Promise.allSettled([dial()])));
      assert.ok(dials.some(({ status }) => status === 'rejected'));
      await eventually(
        () => (victim.network.refused.get('connections') ?? 0) > 0 || (bad.network.refused.get('connections') ?? 0) > 0,
        'the limit is hit',
      );
      assert.ok(victim.network.host.libp2p.getConnections().length <= 3);
    });
  });
});
