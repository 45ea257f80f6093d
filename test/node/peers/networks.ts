// Networks on loopback for tests, each with what it has told. Starts and stops; asserts nothing.
import { PeerError } from '../../../src/gossip/peer-error.ts';
import { monotonicClock } from '../../../src/lib/clock.ts';
import { Prng } from '../../../src/lib/prng.ts';
import type { Members } from '../../../src/node/peers/membership.ts';
import { type Network, startNetwork } from '../../../src/node/peers/network.ts';
import type { NetworkEvent, NetworkOptions } from '../../../src/node/peers/network-options.ts';
import { hashOf } from '../../support/live-federation.ts';

export interface Started {
  network: Network;
  events: NetworkEvent[];
  /** Its address on IPv4 loopback, with its peer id. */
  address: string;
}

/** Starts a network without multicast on any port; its identity follows from `name`. */
export async function start(name: string, options: Partial<NetworkOptions> = {}): Promise<Started> {
  const events: NetworkEvent[] = [];
  const network = await startNetwork({
    federation: hashOf('federation'),
    identitySeed: hashOf(name),
    listenPort: 0,
    peers: [],
    mdns: false,
    degree: 6,
    clock: monotonicClock,
    prng: new Prng(name),
    onEvent: (event) => events.push(event),
    ...options,
  });
  const address = network.host.libp2p
    .getMultiaddrs()
    .map(String)
    .find((text) => text.startsWith('/ip4/127.0.0.1/'));
  return { network, events, address: address as string };
}

/** Runs `use` with what `started` gives to it, and stops all of that afterwards. */
export async function withNetworks(
  use: (launch: (name: string, options?: Partial<NetworkOptions>) => Promise<Started>) => Promise<void>,
): Promise<void> {
  const all: Started[] = [];
  try {
    await use(async (name, options) => {
      const started = await start(name, options);
      all.push(started);
      return started;
    });
  } finally {
    await Promise.all(all.map(({ network }) => network.stop()));
  }
}

/** A roster that nobody signs; see verifyPlain(). */
export function plainRoster(version: number, members: readonly string[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ version, members }));
}

/** Takes any roster but those that begin with 'forged'. */
export function verifyPlain(bytes: Uint8Array): Members {
  const text = Buffer.from(bytes).toString();
  if (text.startsWith('forged')) throw new PeerError('unsigned');
  return JSON.parse(text) as Members;
}
