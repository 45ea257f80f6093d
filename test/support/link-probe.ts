// A process that measures a link between two hosts of a LAN as ping does, by UDP: 'echo' sends back what comes; 'ask ADDRESS
// COUNT' prints how many came back and their median round trip, as JSON.
import { createSocket } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';

const port = 4712;
/** Between two packets: so that no queue fills. */
const intervalMs = 2;
/** After the last packet. */
const patienceMs = 1000;

const [mode, address = '', count = ''] = process.argv.slice(2);
const socket = createSocket('udp4');
if (mode === 'echo') {
  socket.on('message', (bytes, from) => socket.send(bytes, from.port, from.address));
  socket.bind(port, () => console.log('ready'));
} else {
  const tripsMs: number[] = [];
  socket.on('message', (bytes) => tripsMs.push(performance.now() - bytes.readDoubleLE()));
  for (let i = 0; i < Number(count); i++) {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(performance.now());
    socket.send(bytes, port, address);
    await delay(intervalMs);
  }
  await delay(patienceMs);
  socket.close();
  tripsMs.sort((a, b) => a - b);
  console.log(JSON.stringify({ returned: tripsMs.length, medianMs: tripsMs[tripsMs.length >> 1] ?? null }));
}
