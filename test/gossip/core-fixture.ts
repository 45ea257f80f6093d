// A node 'a' among neighbours that say only what a test lets them say, and what came of it. Asserts nothing.
import type { Message, PullMessage, UpdateMessage } from '../../src/gossip/codec.ts';
import type { MomentsEntry } from '../../src/gossip/moments.ts';
import type { CoreSettings, Effect } from '../../src/gossip/protocol.ts';
import { CoreNetwork, momentsAt, type NodeScript } from '../support/core-network.ts';

/** A digest that nothing has. */
export const unknown = new Uint8Array(32);
/** What a node that joins asks for. */
export const currentModel: PullMessage = { kind: 'pull', digest: new Uint8Array(), moments: true };

/** A node 'a' that trains since 20 ms, with neighbours that never say anything by themselves. */
export function trainingNode(
  settings: Partial<CoreSettings> = {},
  peers: readonly string[] = ['b'],
  script: NodeScript = {},
): CoreNetwork {
  const network = joiningNode({ settleMs: 20, roundsMax: 100, ...settings }, peers, script);
  for (const from of peers) network.feed('a', { kind: 'notHeldReceived', from });
  network.run(20);
  return network;
}

/** A node 'a' that has begun to join, with neighbours that never say anything by themselves. */
export function joiningNode(
  settings: Partial<CoreSettings> = {},
  peers: readonly string[] = ['b'],
  script: NodeScript = {},
): CoreNetwork {
  const network = new CoreNetwork({ settings, ...(script.moments && { features: 1 }) });
  network.add('a', script);
  for (const peer of peers) network.add(peer);
  network.start('a');
  for (const peer of peers) network.feed('a', { kind: 'peerUp', peer });
  return network;
}

/** A message of moments of one feature. */
export function momentsOf(...origins: readonly [peer: string, mean: number][]): Message {
  return {
    kind: 'moments',
    origins: origins.map(([peer, mean]): MomentsEntry => ({ peer, version: 1, ...momentsAt(mean) })),
  };
}

/** What 'a' did, of one kind. */
export function ofKind<K extends Effect['kind']>(network: CoreNetwork, kind: K): Extract<Effect, { kind: K }>[] {
  return network.effects('a').filter((effect): effect is Extract<Effect, { kind: K }> => effect.kind === kind);
}

/** The updates that 'a' has published. */
export function published(network: CoreNetwork): UpdateMessage[] {
  return ofKind(network, 'publish').flatMap(({ message }) => (message.kind === 'update' ? [message] : []));
}

/** How 'a' joined; undefined where it has not. */
export function joined(network: CoreNetwork) {
  return network.events('a').find((event) => event.type === 'joined');
}

/** A node 'late' that joins 'a' long after 'a' and 'b' began, run to the end: how it joined, the weights that it began to train from, and all that 'a' had trained. */
export function lateJoiner(settings: Partial<CoreSettings>, script: NodeScript = {}) {
  const network = new CoreNetwork({ settings: { ...settings, originsExpected: 2, roundsMax: 8 } });
  for (const name of ['a', 'b', 'late']) network.add(name, script);
  network.link('a', 'b');
  for (const name of ['a', 'b']) network.start(name);
  network.run(450);
  network.link('a', 'late');
  network.start('late');
  network.run();
  const [joined] = network.events('late');
  const [first] = network.effects('late').filter((effect) => effect.kind === 'train');
  const trained = network.trace.flatMap(({ node, input }) =>
    node === 'a' && input?.kind === 'trained' ? [String(input.weights)] : [],
  );
  return { network, joined, beganFrom: String(first?.weights), trained };
}
