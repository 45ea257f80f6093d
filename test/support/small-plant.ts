// A plant so small that its gateways learn within seconds: manifest, series and a free port. Runs nothing.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Prng } from '../../src/lib/prng.ts';

/** Sensors of the plant. */
export const plantSensors = ['flow', 'pressure', 'heat'] as const;

/** Where the series begins. */
const startSeconds = Date.UTC(2026, 0, 1) / 1000;

/** A manifest with windows of five rows, batches of eight windows and rounds of 50 ms; `more` are lines of YAML, and replace what has the same key. */
export function plantManifest(more: readonly string[] = []): string {
  const lines = [
    'rumormill: 1',
    'name: plant',
    `sensors: [${plantSensors.map((name, i) => `{ name: ${name}, range: [${10 * i}, ${10 * i + 20}] }`).join(', ')}]`,
    'sampling: { intervalMs: 1000 }',
    'window: { length: 5, stride: 5 }',
    'features: raw',
    'model: { hidden: [8, 3, 8] }',
    'train: { batchSize: 8 }',
    'gossip: { roundIntervalMs: 50 }',
  ];
  const keyOf = (line: string) => line.split(':')[0];
  const kept = lines.filter((line) => !more.some((other) => keyOf(other) === keyOf(line)));
  return `${[...kept, ...more].join('\n')}\n`;
}

export const plantHeader = `time,${plantSensors.join(',')}`;

/** Rows `from` to `to` of the series, without the header: a load that all sensors follow, with noise. With `isFaulty` the pressure is stuck far too high. */
export function plantRows(from: number, to: number, seed: string, isFaulty = false): string {
  const prng = new Prng(`${seed}/${from}`);
  let text = '';
  for (let t = from; t < to; t++) {
    const load = Math.sin(t / 7);
    const values = plantSensors.map((name, i) => {
      const value = 10 * i + 10 + load * (1 + i) + 0.1 * prng.nextGaussian();
      return (isFaulty && name === 'pressure' ? 60 : value).toFixed(3);
    });
    text += `${startSeconds + t},${values.join(',')}\n`;
  }
  return text;
}

/** A CSV file of `rows` normal rows. */
export function plantSeries(rows: number, seed: string): string {
  return `${plantHeader}\n${plantRows(0, rows, seed)}`;
}

/** A TCP port that nobody listens on at present. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
