import assert from 'node:assert/strict';
import mqtt, { type MqttClient } from 'mqtt';
import { createSource } from '../../../src/node/sources/create-source.ts';
import { sourceSchema } from '../../../src/node/sources/source-config.ts';
import type { Surroundings } from '../../../src/node/sources/surroundings.ts';
import { eventually, inTime } from '../../support/live-federation.ts';
import { RunningSource, surroundings, twoSensors } from '../../support/live-source.ts';
import { Broker, needMosquitto } from '../../support/mosquitto.ts';
import { born, changed, payload } from '../../support/sparkplug-node.ts';

function source(broker: Broker, topics: unknown[], changes: object = {}, around: Partial<Surroundings> = {}) {
  const config = sourceSchema.parse({ kind: 'mqtt', url: broker.url, topics, ...changes });
  return createSource(config, twoSensors, surroundings(around));
}

async function client(broker: Broker): Promise<MqttClient> {
  return await inTime(mqtt.connectAsync(broker.url, { reconnectPeriod: 100 }), 'the test connects');
}

const connected = (running: RunningSource): Promise<void> =>
  running.until((sink) => sink.hasSaid(/: connected$/), 'the source connects');

describe('MqttSource with a real Mosquitto', function () {
  this.timeout(60_000);
  let broker: Broker;
  let publisher: MqttClient;
  const running: RunningSource[] = [];

  const run = (...given: Parameters<typeof source> extends [Broker, ...infer Rest] ? Rest : never): RunningSource => {
    const started = new RunningSource(source(broker, ...given));
    running.push(started);
    return started;
  };

  before(async function () {
    needMosquitto(this);
    broker = await Broker.start();
    publisher = await client(broker);
  });
  afterEach(async () => {
    for (const started of running.splice(0)) await started.stop();
  });
  after(async () => {
    await publisher?.endAsync(true);
    await broker?.remove();
  });

  it('goes on after the broker was killed and restarted, and counts what it missed', async () => {
    const started = run([{ topic: 'spBv1.0/plant/#' }], { clientId: 'killed' });
    await connected(started);
    let seq = 0;
    let isAsked = false;
    await publisher.subscribeAsync('spBv1.0/plant/NCMD/edge', { qos: 1 });
    publisher.on('message', () => {
      isAsked = true;
    });
    const send = async (type: string, metrics: Parameters<typeof payload>[1]): Promise<void> => {
      const bytes = payload(seq, metrics, 1000 * (seq + 1));
      seq = (seq + 1) % 256;
      await publisher.publishAsync(`spBv1.0/plant/${type}/edge`, bytes, { qos: 1 });
    };
    await send('NBIRTH', [born('pressure', 1, 10, 'bar'), born('temperature', 2, 20)]);
    for (let i = 1; i <= 5; i++) await send('NDATA', [changed(1, 10 + i)]);
    await started.until((sink) => sink.samples.length === 6, 'six samples');

    await broker.kill();
    await started.until((sink) => sink.countOf('disconnects') === 1, 'the disconnect is counted');
    // The edge node goes on counting while nobody hears it.
    seq += 7;
    await broker.restart();
    await started.until((sink) => sink.said.filter((text) => /: connected$/.test(text)).length === 2, 'it reconnects');
    await eventually(() => publisher.connected, 'the edge node reconnects');
    await send('NDATA', [changed(1, 99)]);
    await started.until((sink) => sink.samples.length === 7, 'a seventh sample');
    assert.equal(started.sink.countOf('missed'), 7);
    assert.equal(started.sink.countOf('disconnects'), 1);
    assert.deepEqual(started.sink.rows().at(-1), [14_000, 99, Number.NaN]);
    await eventually(() => isAsked, 'the edge node is asked for its birth');
  });
});
