// A process that asks on the link for a service, 25 times in two and a half seconds, and prints the answers that it has heard as
// JSON. Its arguments are the service and the address of its interface.
import { createSocket } from 'node:dgram';
import { setInterval } from 'node:timers/promises';
import { encodeQuery, readPacket } from '../../src/node/peers/mdns-records.ts';

const [, , service = '', address = ''] = process.argv;
const answers: unknown[] = [];
const socket = createSocket({ type: 'udp4', reuseAddr: true });
socket.on('message', (bytes) => {
  const packet = readPacket(bytes, service);
  if (packet?.kind === 'answer') answers.push(packet);
});
await new Promise<void>((resolve) => socket.bind(5353, resolve));
socket.addMembership('224.0.0.251', address);
socket.setMulticastInterface(address);
let queries = 0;
for await (const _ of setInterval(100)) {
  if (queries === 25) break;
  socket.send(encodeQuery(service), 5353, '224.0.0.251');
  queries++;
}
socket.close();
process.stdout.write(JSON.stringify({ queries, answers }));
