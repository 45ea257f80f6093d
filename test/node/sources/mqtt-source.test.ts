import assert from 'node:assert/strict';
import { pbkdf2Sync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { Prng } from '../../../src/lib/prng.ts';
import { createSource } from '../../../src/node/sources/create-source.ts';
import { sourceSchema } from '../../../src/node/sources/source-config.ts';
import type { Surroundings } from '../../../src/node/sources/surroundings.ts';
import { selfSigned } from '../../support/certificates.ts';
import { eventually, inTime } from '../../support/live-federation.ts';
import { RunningSource, surroundings, twoSensors } from '../../support/live-source.ts';
import { Broker, freePort, needMosquitto } from '../../support/mosquitto.ts';
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
    // The broker may have kept, and send again, messages that were acknowledged just before it was killed.
    await started.until(({ samples }) => samples.at(-1)?.values[0] === 99, 'the sample after the restart');
    assert.equal(started.sink.countOf('missed'), 7);
    assert.equal(started.sink.countOf('disconnects'), 1);
    assert.deepEqual(started.sink.rows().at(-1), [14_000, 99, Number.NaN]);
    await eventually(() => isAsked, 'the edge node is asked for its birth');
  });

  it('hands over one sample at a time, also where the broker is restarted while the sink waits', async () => {
    const started = run([{ topic: 'slow/#' }]);
    await connected(started);
    let atOnce = 0;
    let most = 0;
    let release: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => {
      release = resolve;
    });
    started.sink.gate = async () => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await opened;
      atOnce -= 1;
    };
    for (const value of ['1', '2', '3']) await publisher.publishAsync('slow/pressure', value, { qos: 1 });
    await started.until((sink) => sink.offered === 1, 'the first value is offered');
    // Until the broker has saved its sessions.
    await broker.saved();
    for (const times of [1, 2]) {
      const sent = broker.sentToGateways('slow/pressure');
      await broker.kill();
      await started.until((sink) => sink.countOf('disconnects') === times, 'the disconnect');
      await broker.restart();
      await eventually(() => broker.sentToGateways('slow/pressure') > sent, 'the broker sends the messages again');
    }
    await eventually(() => publisher.connected, 'the test reconnects');
    release();
    await started.until(({ samples }) => samples.at(-1)?.values[0] === 3, 'the last value');
    // The first one was not acknowledged.
    assert.deepEqual(
      started.sink.samples.map(({ values }) => values[0]),
      [1, 1, 2, 3],
    );
    assert.equal(most, 1);
  });

  it('takes JSON, single values and numbers, each by its topic', async () => {
    const topics = [
      { topic: 'p/flat' },
      { topic: 'p/deep', at: '/data/values', time: '/data/at' },
      { topic: 'p/{sensor}/value' },
      { topic: 'p/n/+', payload: 'number', sensor: 'temperature' },
    ];
    const started = run(topics, {}, { wallClock: { nowMs: () => 42 } });
    await connected(started);
    const publish = (topic: string, text: string): Promise<unknown> => publisher.publishAsync(topic, text, { qos: 1 });
    await publish('p/flat', '{"time":"2024-01-01T00:00:00Z","pressure":1.5,"temperature":true,"other":1}');
    await publish('p/deep', '{"data":{"at":7,"values":{"pressure":"2.5","temperature":null}}}');
    await publish('p/pressure/value', '3.5');
    await publish('p/n/x', ' +4.5\n');
    await publish('p/none/value', '5');
    await publish('p/flat', '{"time":"yesterday","pressure":1}');
    await publish('p/flat', '[1]');
    await publish('p/n/x', 'hot');
    await publish('p/pressure/value', '6');
    await started.until(({ samples }) => samples.at(-1)?.values[0] === 6, 'the last value');
    assert.deepEqual(started.sink.rows(), [
      [1_704_067_200_000, 1.5, 1],
      [7000, 2.5, Number.NaN],
      [42, 3.5, Number.NaN],
      [42, Number.NaN, 4.5],
      [42, 6, Number.NaN],
    ]);
    assert.deepEqual(started.sink.counts, { samples: 5, unknownSensor: 2, malformed: 3 });
  });

  it('uses a retained value only where it says when it was measured', async () => {
    await publisher.publishAsync('r/pressure', '1', { qos: 1, retain: true });
    await publisher.publishAsync('r/flat', '{"time":5,"pressure":2}', { qos: 1, retain: true });
    const started = run([{ topic: 'r/#' }]);
    await connected(started);
    await publisher.publishAsync('r/pressure', '3', { qos: 1 });
    await started.until(({ samples }) => samples.at(-1)?.values[0] === 3, 'the last value');
    assert.deepEqual(
      started.sink.samples.map(({ values }) => values[0]),
      [2, 3],
    );
  });

  it('gets what was published while it was away, and again what it had not taken', async () => {
    const topics = [{ topic: 'away/#' }];
    const first = run(topics);
    await connected(first);
    first.sink.gate = () => new Promise(() => undefined);
    await publisher.publishAsync('away/pressure', '1', { qos: 1 });
    await first.until((sink) => sink.offered === 1, 'a value that is never taken');
    running.splice(0);
    await first.stop();
    await publisher.publishAsync('away/pressure', '2', { qos: 1 });
    const second = run(topics);
    await second.until(({ samples }) => samples.length === 2, 'both values');
    assert.deepEqual(
      second.sink.samples.map(({ values }) => values[0]),
      [1, 2],
    );
  });

  it('waits for a broker that is not there, says so once, and stops at once', async () => {
    const nobody = { url: `mqtt://127.0.0.1:${await freePort()}` } as Broker;
    const started = new RunningSource(source(nobody, [{ topic: 'a' }], {}, { prng: new Prng('soon') }));
    await started.until((sink) => sink.said.length > 0, 'it says that there is none');
    assert.match(started.sink.said[0]!, /: cannot connect \(.*ECONNREFUSED.*\); trying again$/);
    const stoppedAtMs = performance.now();
    await started.stop();
    assert.ok(performance.now() - stoppedAtMs < 200);
    assert.equal(started.sink.countOf('disconnects'), 0);
  });
});

describe('MqttSource with TLS and a password', function () {
  this.timeout(60_000);
  let broker: Broker;
  let folder: string;

  before(async function () {
    needMosquitto(this);
    folder = await mkdtemp(join(tmpdir(), 'rumormill-mqtt-tls-'));
    for (const name of ['server', 'stranger', 'gateway']) {
      const { certificate, key } = await selfSigned(name);
      await writeFile(join(folder, `${name}.pem`), certificate);
      await writeFile(join(folder, `${name}.key`), key);
    }
    await writeFile(join(folder, 'password'), 'open sesame\n');
    // As mosquitto_passwd writes it: PBKDF2 with SHA-512.
    const salt = Buffer.from('twelve bytes');
    const hash = pbkdf2Sync('open sesame', salt, 101, 64, 'sha512').toString('base64');
    await writeFile(join(folder, 'users'), `pump:$7$101$${salt.toString('base64')}$${hash}\n`, { mode: 0o600 });
    const at = (file: string): string => join(folder, file);
    broker = await Broker.start(
      () => `allow_anonymous false
password_file ${at('users')}
certfile ${at('server.pem')}
keyfile ${at('server.key')}
cafile ${at('gateway.pem')}
require_certificate true
`,
    );
  });
  after(async () => {
    await broker?.remove();
    if (folder !== undefined) await rm(folder, { recursive: true });
  });

  const start = (changes: object, around: Partial<Surroundings> = {}): RunningSource => {
    const tls = { ca: join(folder, 'server.pem'), cert: join(folder, 'gateway.pem'), key: join(folder, 'gateway.key') };
    const url = broker.url.replace('mqtt:', 'mqtts:');
    return new RunningSource(source(broker, [{ topic: 'a' }], { url, tls, ...changes }, around));
  };
  const saysWithout = async (started: RunningSource, pattern: RegExp): Promise<void> => {
    try {
      await started.until((sink) => sink.hasSaid(pattern), `it says ${pattern}`);
      assert.ok(!started.sink.hasSaid(/sesame/));
    } finally {
      await started.stop();
    }
  };

  it('connects with the password of a file or of the environment, and never says it', async () => {
    await saysWithout(start({ username: 'pump', passwordFile: join(folder, 'password') }), /: connected$/);
    const environment = { RUMORMILL_MQTT_USERNAME: 'pump', RUMORMILL_MQTT_PASSWORD: 'open sesame' };
    await saysWithout(start({}, { environment }), /: connected$/);
  });

  it('says that it is refused, and tries again, where the password or the server is wrong', async () => {
    const environment = { RUMORMILL_MQTT_USERNAME: 'pump', RUMORMILL_MQTT_PASSWORD: 'closed sesame' };
    await saysWithout(start({}, { environment }), /: cannot connect \(.*[Nn]ot authorized\); trying again$/);
    const password = { username: 'pump', passwordFile: join(folder, 'password') };
    const files = { cert: join(folder, 'gateway.pem'), key: join(folder, 'gateway.key') };
    const stranger = start({ ...password, tls: { ...files, ca: join(folder, 'stranger.pem') } });
    await saysWithout(stranger, /: cannot connect \(.*self-signed certificate.*\); trying again$/);
  });

  it('ends with one sentence where a file cannot be read', async () => {
    await assert.rejects(start({ passwordFile: join(folder, 'none') }).finished, {
      name: 'OperatorError',
      message: /^passwordFile: .*none cannot be read/,
    });
  });
});
