import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import mqtt from 'mqtt';
import { createSource } from '../../src/node/sources/create-source.ts';
import type { Source } from '../../src/node/sources/source.ts';
import { sourceSchema } from '../../src/node/sources/source-config.ts';
import type { Surroundings } from '../../src/node/sources/surroundings.ts';
import { type RunningSource, surroundings, twoSensors } from '../support/live-source.ts';
import { Broker, freePort, needMosquitto } from '../support/mosquitto.ts';
import { OpcuaServer } from '../support/opcua-process.ts';
import { born, changed, payload } from '../support/sparkplug-node.ts';
import { type Feed, liveSourceSuite } from './live-source-suite.ts';

function sourceOf(config: object, around: Partial<Surroundings> = {}): Source {
  return createSource(sourceSchema.parse(config), twoSensors, surroundings(around));
}

const ready = async (): Promise<void> => undefined;
const lines = { garbageCounter: 'malformed', hasOwnTimes: true } as const;

liveSourceSuite('a CSV file that is followed', lines, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rumormill-live-'));
  const path = join(folder, 'plant.csv');
  await writeFile(path, 'time,pressure [bar],temperature\n');
  let last = Promise.resolve();
  // One after the other, as one writer does.
  const append = (text: string): Promise<void> => {
    last = last.then(() => appendFile(path, text));
    return last;
  };
  return {
    source: sourceOf({ kind: 'csv', path, follow: true }),
    ready,
    send: (timeMs, pressure) => append(`${timeMs / 1000},${pressure},\n`),
    sendGarbage: () => append('1,"2\n'),
    close: async () => {
      await last;
      await rm(folder, { recursive: true });
    },
  };
});

for (const format of ['CSV', 'JSON lines'] as const) {
  liveSourceSuite(`standard input, ${format}`, lines, async () => {
    const stdin = new PassThrough();
    if (format === 'CSV') stdin.write('time,pressure,temperature\n');
    const write = (text: string): void => {
      if (!stdin.destroyed) stdin.write(text);
    };
    return {
      source: sourceOf({ kind: 'stdin' }, { stdin }),
      ready,
      send: (timeMs, pressure) =>
        write(
          format === 'CSV'
            ? `${timeMs / 1000},${pressure},\n`
            : `${JSON.stringify({ time: timeMs / 1000, pressure })}\n`,
        ),
      sendGarbage: () => write('{"time": 1, "pressure"\n'),
      close: async () => {
        stdin.destroy();
      },
    };
  });
}

const connected = (running: RunningSource): Promise<void> =>
  running.until((sink) => sink.hasSaid(/: connected$/), 'the source connects');

/** A broker, a client that publishes, and a source with one topic. */
async function mqttFeed(
  topic: object,
  send: (publish: Publish) => Pick<Feed, 'send' | 'sendGarbage'> & { begin?: () => Promise<void> },
): Promise<Feed> {
  const broker = await Broker.start();
  const client = await mqtt.connectAsync(broker.url);
  const publish: Publish = async (name, bytes) => {
    await client.publishAsync(name, bytes, { qos: 1 });
  };
  const { begin, ...feed } = send(publish);
  return {
    ...feed,
    source: sourceOf({ kind: 'mqtt', url: broker.url, topics: [topic] }),
    ready: async (running) => {
      await connected(running);
      await begin?.();
    },
    close: async () => {
      await client.endAsync(true);
      await broker.remove();
    },
  };
}

type Publish = (topic: string, bytes: string | Buffer) => Promise<void>;

const json = (): Promise<Feed> =>
  mqttFeed({ topic: 'plant/#' }, (publish) => ({
    send: (timeMs, pressure) => publish('plant/pump', JSON.stringify({ time: timeMs / 1000, pressure })),
    sendGarbage: () => publish('plant/pump', '{'),
  }));
liveSourceSuite('MQTT with JSON', lines, json, needMosquitto);

const sparkplug = (): Promise<Feed> =>
  mqttFeed({ topic: 'spBv1.0/#' }, (publish) => {
    let seq = 1;
    const data = (bytes: Buffer): Promise<void> => publish('spBv1.0/plant/NDATA/edge', bytes);
    return {
      begin: () => publish('spBv1.0/plant/NBIRTH/edge', payload(0, [{ ...born('pressure', 1, 0), isNull: true }])),
      send: (timeMs, pressure) => {
        const bytes = payload(seq, [changed(1, pressure)], timeMs);
        seq = (seq + 1) % 256;
        return data(bytes);
      },
      sendGarbage: () => data(Buffer.from([0x0a, 0xff, 0xff])),
    };
  });
liveSourceSuite('MQTT with Sparkplug B', lines, sparkplug, needMosquitto);

const opcua = { garbageCounter: 'badQuality', hasOwnTimes: false } as const;

liveSourceSuite('OPC UA', opcua, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rumormill-opcua-live-'));
  const server = new OpcuaServer(await freePort(), folder);
  await server.start();
  const sensors = { temperature: 'ns=1;s=nothing' };
  const url = `opc.tcp://127.0.0.1:${server.port}`;
  let garbage = 0;
  return {
    source: sourceOf({ kind: 'opcua', url, sensors, samplingMs: 0, publishMs: 50 }),
    ready: (running) => running.until(({ samples }) => samples.length > 0, 'the first value'),
    send: (_, pressure) => server.set('pressure', pressure),
    sendGarbage: () => {
      garbage += 1;
      server.set('pressure', -garbage, false);
    },
    close: async () => {
      await server.kill();
      await rm(folder, { recursive: true });
    },
  };
});
