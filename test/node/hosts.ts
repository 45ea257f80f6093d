// Pairs of connected hosts for tests that need no federation.
import { randomUUID } from 'node:crypto';
import { addressesOf, connect, type Host, startHost } from '../../src/node/host.ts';
import { hashOf, type Transport } from '../support/live-federation.ts';

/** Starts two hosts, the first of which has dialed the second, for `use`; stopped afterwards. */
export async function withTwoHosts(
  transport: Transport,
  use: (first: Host, second: Host) => Promise<void>,
): Promise<void> {
  const start = (name: string) =>
    startHost({
      transport,
      listen: [transport === 'tcp' ? '/ip4/127.0.0.1/tcp/0' : `/memory/${randomUUID()}`],
      keySeed: hashOf(name),
      degree: 2,
    });
  const [first, second] = await Promise.all([start('first'), start('second')]);
  try {
    await connect(first, addressesOf(second));
    await use(first, second);
  } finally {
    // One after the other: two ends of a memory connection that close at once wait half a second for each other.
    await first.libp2p.stop();
    await second.libp2p.stop();
  }
}
