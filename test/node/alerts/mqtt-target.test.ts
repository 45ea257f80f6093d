import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type IPublishPacket, type MqttClient } from 'mqtt';
import { Prng } from '../../../src/lib/prng.ts';
import type { AlertTarget } from '../../../src/node/alerts/alert-target.ts';
import { createTarget } from '../../../src/node/alerts/create-target.ts';
import { Delivery } from '../../../src/node/alerts/delivery.ts';
import type { TargetSecrets } from '../../../src/node/alerts/target-secrets.ts';
import { sleep } from '../../../src/node/sources/back-off.ts';
import { openStore } from '../../../src/node/store/store.ts';
import { makeCertificate, needOpenssl } from '../../support/certificate.ts';
import { eventually, inTime } from '../../support/live-federation.ts';
import { Broker, freePort, needMosquitto } from '../../support/mosquitto.ts';
import { gateway } from '../store/fixtures.ts';

const forever = new AbortController().signal;
const topic = 'plant/alerts';

function targetOf(url: string, secrets: TargetSecrets = {}, peer = 'peer-a'): AlertTarget {
  return createTarget({ kind: 'mqtt', url, topic }, secrets, peer);
}

/** Whoever reads the alerts; its session outlives the broker. */
class Reader {
  readonly packets: { body: string; packet: IPublishPacket }[] = [];
  private readonly client: MqttClient;

  private constructor(client: MqttClient) {
    this.client = client;
    client.on('message', (_, payload, packet) => this.packets.push({ body: payload.toString(), packet }));
  }

  static async start(url: string): Promise<Reader> {
    const options = { reconnectPeriod: 50, clean: false, clientId: 'reader' };
    const reader = new Reader(await inTime(mqtt.connectAsync(url, options), 'the reader connects'));
    await reader.client.subscribeAsync(topic, { qos: 1 });
    return reader;
  }

  get bodies(): string[] {
    return this.packets.map(({ body }) => body);
  }

  async stop(): Promise<void> {
    await this.client.endAsync(true);
  }
}

describe('MqttTarget with a real Mosquitto', function () {
  this.timeout(60_000);
  const targets: AlertTarget[] = [];
  const closing: (() => Promise<unknown>)[] = [];
  const made = (...given: Parameters<typeof targetOf>): AlertTarget => {
    const target = targetOf(...given);
    targets.push(target);
    return target;
  };

  before(function () {
    needMosquitto(this);
  });
  afterEach(async () => {
    for (const target of targets.splice(0)) await inTime(target.close(), 'the target closes');
    for (const close of closing.splice(0).reverse()) await close();
  });
  const started = async (...given: Parameters<typeof Broker.start>): Promise<Broker> => {
    const broker = await Broker.start(...given);
    closing.push(() => broker.remove());
    return broker;
  };
  const reading = async (broker: Broker): Promise<Reader> => {
    const reader = await Reader.start(broker.url);
    closing.push(() => reader.stop());
    return reader;
  };

  it('publishes with QoS 1, not retained, and goes on over one connection', async () => {
    const broker = await started();
    const reader = await reading(broker);
    const target = made(broker.url);
    assert.equal(target.name, `${broker.url}/${topic}`);
    for (const body of ['a', 'b', 'ü']) assert.equal(await target.deliver(body, forever), 'delivered');
    await eventually(() => reader.bodies.length === 3, 'three messages');
    assert.deepEqual(reader.bodies, ['a', 'b', 'ü']);
    assert.ok(reader.packets.every(({ packet }) => packet.qos === 1 && !packet.retain));
  });

  it('loses nothing and keeps the order while the broker is killed and restarted', async () => {
    const broker = await started();
    const reader = await reading(broker);
    const folder = mkdtempSync(join(tmpdir(), 'rumormill-alerts-'));
    const store = openStore(folder, gateway());
    const said: string[] = [];
    const ending = new AbortController();
    const delivery = new Delivery({
      store,
      target: made(broker.url),
      prng: new Prng('alerts'),
      wait: (ms, signal) => sleep(ms / 50, signal),
      say: (sentence) => said.push(sentence),
    });
    const running = delivery.run(ending.signal);
    const expected: string[] = [];
    const put = (kill: number, from: number, to: number) => {
      for (let i = from; i < to; i++) {
        delivery.put(`${kill}/${i}`);
        expected.push(`${kill}/${i}`);
      }
    };
    const missing = () => expected.filter((body) => !reader.bodies.includes(body));
    // The broker is killed when it owes nothing: what it has acknowledged and not passed on is lost with it.
    await broker.saved();
    for (let kill = 0; kill < 3; kill++) {
      put(kill, 0, 25);
      await eventually(() => missing().length === 0, 'the first half has come', 20_000);
      await broker.kill();
      put(kill, 25, 50);
      await eventually(
        () => said.filter((text) => /cannot be delivered/.test(text)).length > kill,
        'it says so',
        20_000,
      );
      await broker.restart();
      await eventually(() => delivery.status.waiting === 0, 'all is delivered', 20_000);
      await eventually(() => missing().length === 0, 'the reader has all', 20_000);
    }
    assert.equal(delivery.status.delivered, expected.length);
    // Some may have come twice; left out where they did, they are in order.
    assert.deepEqual([...new Set(reader.bodies)], expected);
    ending.abort();
    await inTime(running, 'it stops');
    store.close();
    rmSync(folder, { recursive: true });
  });

  it('says why the broker does not take it: nobody there, a wrong password, an authority it does not know', async function () {
    needOpenssl(this);
    await assert.rejects(made(`mqtt://127.0.0.1:${await freePort()}`).deliver('a', forever), {
      name: 'DeliveryFailed',
      message: /ECONNREFUSED/,
    });
    let ca: Buffer | undefined;
    const broker = await started((folder) => {
      ca = makeCertificate(folder).cert;
      execFileSync('mosquitto_passwd', ['-c', '-b', join(folder, 'passwords'), 'gw', 'right'], { stdio: 'ignore' });
      return `certfile ${folder}/cert.pem\nkeyfile ${folder}/key.pem\nallow_anonymous false\npassword_file ${folder}/passwords\n`;
    });
    const url = broker.url.replace('mqtt:', 'mqtts:');
    assert(ca);
    const right = { username: 'gw', password: 'right', ca };
    assert.equal(await made(url, right).deliver('a', forever), 'delivered');
    const failure = (message: RegExp) => ({ name: 'DeliveryFailed', message });
    await assert.rejects(made(url, { ...right, password: 'wrong' }).deliver('a', forever), failure(/Not authorized/));
    await assert.rejects(
      made(url, { username: 'gw', password: 'right' }).deliver('a', forever),
      failure(/self-signed/),
    );
  });

  /** A broker that takes connections and acknowledges no message; the client ids that came. */
  const silent = async (): Promise<{ url: string; clients: string[]; connections: number }> => {
    const sockets: Socket[] = [];
    const found = { url: '', clients: [] as string[], connections: 0 };
    const server = createServer((socket) => {
      sockets.push(socket);
      found.connections++;
      socket.once('data', (bytes) => {
        found.clients.push(/rumormill[0-9a-f]{14}/.exec(bytes.toString('latin1'))?.[0] ?? 'none');
        // CONNACK, accepted (MQTT 3.1.1, section 3.2).
        socket.write(Buffer.of(0x20, 2, 0, 0));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    found.url = `mqtt://127.0.0.1:${address.port}`;
    closing.push(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    return found;
  };

  it('gives up on a broker that does not acknowledge, and connects anew', async () => {
    const broker = await silent();
    const target = made(broker.url);
    const startedMs = performance.now();
    await assert.rejects(target.deliver('a', forever), { name: 'DeliveryFailed', message: 'no answer in 10 s' });
    assert.ok(performance.now() - startedMs > 9900);
    await stopped(target, () => broker.connections === 2);
  });

  /** Stops a delivery in the middle, once `condition` holds. */
  const stopped = async (target: AlertTarget, condition: () => boolean): Promise<void> => {
    const stopping = new AbortController();
    const delivery = target.deliver('b', stopping.signal);
    await eventually(condition, 'it connects');
    stopping.abort();
    await inTime(assert.rejects(delivery, { name: 'DeliveryFailed' }), 'it stops', 1000);
  };

  it('has the same client id after a restart, and another one than other gateways', async () => {
    const broker = await silent();
    for (const [i, peer] of ['peer-a', 'peer-a', 'peer-b'].entries()) {
      await stopped(made(broker.url, {}, peer), () => broker.clients.length === i + 1);
    }
    const [first, again, other] = broker.clients;
    assert.match(first ?? '', /^rumormill/);
    assert.equal(again, first);
    assert.notEqual(other, first);
  });
});
