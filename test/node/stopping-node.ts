// Run as a process of its own: stops nodes in the middle of everything. The process ends by itself, with code 0, unless
// something that was stopped is left behind.
import { createServer } from 'node:net';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { modelStreamProtocol } from '../../src/gossip/manifest.ts';
import { eventually, fullGraph, LiveFederation } from '../support/live-federation.ts';
import { BadPeer } from './bad-peer.ts';

const shapes = [{ rows: 300, columns: 300 }];

for (const exchange of ['pull', 'random'] as const) {
  const name = `stops ${exchange}`;
  const options = { name, transport: 'tcp', nodes: 3, links: fullGraph(3), shapes, settings: { exchange } } as const;
  const federation = await LiveFederation.start(options);
  const [first, second] = federation.nodes;
  if (first === undefined || second === undefined) throw new Error('there are three nodes');

  // One neighbour takes a request and gives no answer.
  const bad = await BadPeer.start(name, first, name, 'tcp');
  await bad.joinTopic();
  await bad.announce(() => undefined, { payload: new Uint8Array(4 * 300 * 300) });
  const asked = () =>
    first.host.libp2p
      .getConnections(bad.host.libp2p.peerId)
      .some(({ streams }) => streams.some(({ protocol }) => protocol === modelStreamProtocol));
  if (exchange === 'pull') await eventually(asked, 'the silent peer is asked');

  // One address takes connections and does not speak.
  const mute = createServer().listen(0, '127.0.0.1');
  await eventually(() => mute.listening, 'the server listens');
  const address = mute.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const unknown = peerIdFromString('12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp');
  await second.host.libp2p.peerStore.merge(unknown, { multiaddrs: [multiaddr(`/ip4/127.0.0.1/tcp/${port}`)] });
  const dial = second.host.libp2p.dialProtocol(unknown, modelStreamProtocol).catch(() => undefined);

  // Payloads are on their way, and the third node loses its host before it is told.
  federation.allow(1);
  await eventually(() => federation.nodes.every(({ rounds }) => rounds.length === 1), 'a round is done');
  await federation.nodes[2]?.host.libp2p.stop();
  await federation.stop();
  await Promise.all([bad.stop(), dial]);
  mute.close();
  await federation.finished();
}

setTimeout(() => {
  console.error('still alive:', process.getActiveResourcesInfo());
  process.exit(1);
}, 2000).unref();
