// A gateway whose broker is killed in the middle and comes back.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { Prng } from '../../src/lib/prng.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { Broker, needMosquitto } from '../support/mosquitto.ts';

const intervalMs = 50;
const manifest = `rumormill: 1
name: broker
sensors: [{ name: flow }, { name: level }]
sampling: { intervalMs: ${intervalMs}, latenessMs: 200 }
window: { length: 4, stride: 4 }
features: raw
model: { hidden: [4] }
train: { batchSize: 4 }
gossip: { roundIntervalMs: 100 }
`;

/** A machine that sends what it measures now, and keeps nothing that it could not send. */
class Machine {
  private readonly client: MqttClient;
  private readonly prng = new Prng('machine');
  private readonly timer: NodeJS.Timeout;

  private constructor(client: MqttClient) {
    this.client = client;
    this.client.on('error', () => undefined);
    this.timer = setInterval(() => {
      if (!client.connected) return;
      const [flow, level] = [this.prng.nextGaussian(), this.prng.nextGaussian()];
      client.publish('plant/pump', JSON.stringify({ time: Date.now(), flow, level }), { qos: 0 });
    }, intervalMs);
  }

  static async start(url: string): Promise<Machine> {
    return new Machine(await connectAsync(url, { reconnectPeriod: 50, queueQoSZero: false }));
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.client.endAsync(true);
  }
}

describe('a gateway whose broker is killed', function () {
  this.timeout(60_000);
  let folder: string;
  before(async function () {
    needMosquitto(this);
    folder = await mkdtemp(join(tmpdir(), 'rumormill-broker-'));
    await writeFile(join(folder, 'federation.yaml'), manifest);
  });
  after(async () => {
    if (folder) await rm(folder, { recursive: true });
  });

  it('goes on training, connects again by itself, and counts the intervals that it missed', async () => {
    const broker = await Broker.start();
    const machine = await Machine.start(broker.url);
    const gateway = GatewayProcess.start({
      args: [join(folder, 'federation.yaml'), '--source', `${broker.url}/plant/+`, '--no-mdns'],
      state: join(folder, 'state'),
    });
    try {
      const before = await gateway.until(({ model }) => model.round > 3, 'rounds before the broker is killed');
      assert.equal(before.source.counts.disconnects ?? 0, 0);
      await broker.kill();
      const away = await gateway.until(({ source }) => source.counts.disconnects === 1, 'the gateway notices');
      const during = await gateway.until(({ model }) => model.round > away.model.round + 5, 'rounds without a broker');
      await broker.restart();
      const after = await gateway.until(
        ({ source, data }) =>
          (source.counts.samples ?? 0) > (during.source.counts.samples ?? 0) + 20 && (data.counts.gaps ?? 0) > 0,
        'samples after the restart',
      );
      // At least five rounds of 100 ms passed without a broker, which is ten intervals.
      const missed = (after.data.counts.missedIntervals ?? 0) - (before.data.counts.missedIntervals ?? 0);
      assert.ok(missed >= 10, `${missed} intervals were missed`);
      assert.ok((after.data.counts.windows ?? 0) > (before.data.counts.windows ?? 0));
      assert.match(gateway.output, /connection/i);
      assert.equal(await gateway.stop(), 130);
    } finally {
      await gateway.kill();
      await machine.stop();
      await broker.remove();
    }
  });
});
