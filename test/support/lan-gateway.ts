// A process with one gateway's network and nothing else: joins a federation's topic and prints what it sees, one JSON object
// a line. Started by the LAN tests in a namespace, with its options as JSON in the first argument.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { topicOf } from '../../src/gossip/manifest.ts';
import { monotonicClock } from '../../src/lib/clock.ts';
import { Prng } from '../../src/lib/prng.ts';
import { parseNetworkKey } from '../../src/node/peers/identity.ts';
import { startNetwork } from '../../src/node/peers/network.ts';
import { hashOf } from './live-federation.ts';

const options = z
  .strictObject({
    name: z.string(),
    federation: z.string(),
    port: z.number(),
    peers: z.array(z.string()),
    mdns: z.boolean(),
    keyFile: z.string().optional(),
  })
  .parse(JSON.parse(process.argv[2] ?? ''));

const print = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

const federation = hashOf(options.federation);
const { keyFile } = options;
const network = await startNetwork({
  federation,
  identitySeed: hashOf(options.name),
  listenPort: options.port,
  peers: options.peers,
  mdns: options.mdns,
  degree: 6,
  ...(keyFile && { networkKey: parseNetworkKey(readFileSync(keyFile, 'utf8'), keyFile) }),
  clock: monotonicClock,
  prng: new Prng(options.name),
  onEvent: (event) => print({ event }),
});
const { pubsub } = network.host;
const topic = topicOf(federation);
const printMesh = () => print({ mesh: pubsub.getMeshPeers(topic), members: network.connectedMembers });
for (const type of ['gossipsub:graft', 'gossipsub:prune', 'gossipsub:heartbeat'] as const) {
  pubsub.addEventListener(type, printMesh);
}
pubsub.subscribe(topic);
print({ self: network.self });

// The test closes the input to end the process.
for await (const _ of createInterface({ input: process.stdin }));
await network.stop();
