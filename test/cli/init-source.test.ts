// `rumormill init` from sources that run: a real broker, a real OPC UA server, and pipes; and that a gateway can take its samples
// from the same source with the manifest that was written.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import mqtt, { type MqttClient } from 'mqtt';
import { runProgram } from '../../src/cli/program.ts';
import { type Manifest, readManifest } from '../../src/node/manifest.ts';
import { createSource } from '../../src/node/sources/create-source.ts';
import { readSourceConfig } from '../../src/node/sources/read-source-config.ts';
import { FakePorts } from '../support/cli-ports.ts';
import { eventually } from '../support/live-federation.ts';
import { RunningSource, surroundings } from '../support/live-source.ts';
import { Broker, freePort, needMosquitto } from '../support/mosquitto.ts';
import { OpcuaServer } from '../support/opcua-process.ts';
import { born, changed, payload } from '../support/sparkplug-node.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

let folder: string;
/** Ends what a test began and has not ended itself. */
let atEnd: (() => unknown)[] = [];
const at = (name: string) => join(folder, name);

/** `rumormill init` while it listens, on a terminal where `columns` are given. */
class Listening {
  readonly ports: FakePorts;
  readonly code: Promise<number>;

  constructor(args: readonly string[], columns?: number) {
    this.ports = new FakePorts(() => assert.fail('no scenario must run'), { ...(columns && { stderr: columns }) });
    atEnd.push(() => this.ports.send('SIGINT'));
    this.code = runProgram(['init', ...args, '--out', at('federation.yaml')], this.ports);
  }

  async until(pattern: RegExp): Promise<void> {
    await eventually(() => pattern.test(this.ports.stderr.text), `${pattern}\n${this.ports.stderr.text}`);
  }

  async manifest(): Promise<Manifest> {
    const code = await this.code;
    assert.ok(code === 0 || code === 130, this.ports.stderr.text);
    return readManifest(at('federation.yaml'));
  }
}

/** Calls `step` with 0, 1, 2 … until stopped. */
function every(milliseconds: number, step: (i: number) => unknown): () => void {
  let i = 0;
  const timer = setInterval(() => step(i++), milliseconds);
  return () => clearInterval(timer);
}

/** That a gateway with this manifest has a value of every sensor from `source`. */
async function assertFeeds(source: string, manifest: Manifest): Promise<void> {
  const config = await readSourceConfig(source, folder);
  const running = new RunningSource(createSource(config, manifest.sensors, surroundings()));
  try {
    await running.until(
      ({ samples }) => manifest.sensors.every((_, s) => samples.some(({ values }) => !Number.isNaN(values[s]!))),
      'a value of every sensor',
    );
    assert.equal(running.sink.countOf('unitMismatch'), 0);
  } finally {
    await running.stop();
  }
}

const namesAndUnits = ({ sensors }: Manifest) => sensors.map(({ name, unit }) => [name, unit]);

describe('rumormill init from a source that runs', function () {
  this.timeout(60_000);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-init-source-'));
  });
  afterEach(async () => {
    for (const end of atEnd) await end();
    atEnd = [];
    await rm(folder, { recursive: true });
  });

  describe('an MQTT broker', () => {
    let broker: Broker;
    let client: MqttClient;
    let stop: () => void = () => undefined;

    before(async function () {
      needMosquitto(this);
    });
    beforeEach(async () => {
      broker = await Broker.start();
      client = await mqtt.connectAsync(broker.url, { clientId: 'plant' });
    });
    afterEach(async () => {
      stop();
      await client?.endAsync(true);
      await broker?.remove();
    });

    it('init writes what topics and JSON members have, by --for, and a gateway has values of all of it', async () => {
      const source = `${broker.url}/plant/#`;
      stop = every(50, (i) => {
        client.publish('plant/pump/pressure', String(3 + (i % 5)));
        client.publish('plant/pump', JSON.stringify({ flow: i % 7, mode: 'AUTO', running: true }));
      });
      const listening = new Listening([source, '--for', '2']);
      const manifest = await listening.manifest();
      assert.equal(await listening.code, 0);
      assert.equal(manifest.name, 'plant');
      assert.deepEqual(
        namesAndUnits(manifest).map(([name]) => name),
        ['pressure', 'flow', 'running'],
      );
      assert.deepEqual(manifest.sensors[0]!.range, [3, 7]);
      assert.match(await readFile(at('federation.yaml'), 'utf8'), /# left out: 'mode' has text, such as 'AUTO'/);
      // More will come than was heard in two seconds.
      assert.equal(manifest.window.length, 60);
      const { intervalMs, holdMs } = manifest.sampling;
      assert.ok(intervalMs >= 20 && intervalMs <= 200, `${intervalMs}`);
      assert.ok(holdMs >= 3 * intervalMs, `times of arrival are not even, and the hold is ${holdMs}`);
      assert.deepEqual(
        listening.ports.stderr.text
          .split('\n')
          .map((line) => line.replaceAll(broker.url, 'URL').replace(/\d+ values in 0:0\d/, 'N values')),
        ['URL/plant/#: listening for 0:02', 'URL: connected', 'URL/plant/#: 4 names, N values', ''],
      );
      await assertFeeds(source, manifest);
    });

    it('init ends early by SIGINT with what was heard, and leaves a gateway on the same topics alone', async () => {
      const source = `${broker.url}/plant/#`;
      const config = await readSourceConfig(source, folder);
      const gateway = new RunningSource(createSource(config, [{ name: 'flow' }], surroundings()));
      atEnd.push(() => gateway.stop());
      await gateway.until((sink) => sink.hasSaid(/: connected$/), 'the gateway connects');
      const listening = new Listening([source, '--for', '600'], 100);
      await listening.until(/: connected/);
      for (let i = 1; i <= 3; i++) {
        await client.publishAsync('plant/flow', JSON.stringify({ time: i, flow: i }), { qos: 1 });
      }
      await gateway.until(({ samples }) => samples.length === 3, 'the gateway has all');
      await listening.until(/: 10:00 left, 1 names, 3 values/);
      listening.ports.send('SIGINT');
      const manifest = await listening.manifest();
      assert.equal(await listening.code, 130);
      assert.deepEqual(manifest.sensors, [{ name: 'flow', range: [1, 3] }]);
      assert.deepEqual([manifest.sampling.intervalMs, gateway.sink.countOf('disconnects')], [1000, 0]);
      await gateway.stop();
      // The broker keeps a session for the gateway alone.
      await broker.saved();
      await broker.kill();
      await broker.restart();
      const sessions = (await readFile(join(broker.folder, 'mosquitto.db'))).toString('latin1');
      assert.match(sessions, /rumormill[0-9a-f]{14}/);
      assert.doesNotMatch(sessions, /mqttjs_/);
    });

    it('init has the metrics of Sparkplug devices with units, by device, and a hold for those that seldom change', async () => {
      const source = `${broker.url}/spBv1.0/#`;
      let seq = 0;
      const publish = (type: string, metrics: Parameters<typeof payload>[1], timeMs: number) => {
        const bytes = payload(seq, metrics, timeMs);
        seq = (seq + 1) % 256;
        client.publish(`spBv1.0/plant/${type}`, bytes, { qos: 1 });
      };
      const bear = () => {
        seq = 0;
        publish('NBIRTH/edge', [], 1000);
        publish('DBIRTH/edge/a', [born('T', 1, 20, '°C'), born('setpoint', 2, 50, '%')], 1000);
        publish('DBIRTH/edge/b', [born('T', 3, 30, '°C')], 1000);
      };
      const listening = new Listening([source, '--for', '600'], 100);
      await listening.until(/: connected/);
      bear();
      for (let i = 1; i <= 20; i++) {
        publish('DDATA/edge/a', [changed(1, 20 + (i % 3))], 1000 + 2000 * i);
        publish('DDATA/edge/b', [changed(3, 30 + (i % 4))], 1000 + 2000 * i);
      }
      await listening.until(/ 3 names, 43 values/);
      listening.ports.send('SIGINT');
      const manifest = await listening.manifest();
      assert.deepEqual(namesAndUnits(manifest), [
        ['a/T', '°C'],
        ['a/setpoint', '%'],
        ['b/T', '°C'],
      ]);
      // The set point was silent for 40 s.
      assert.deepEqual([manifest.sampling.intervalMs, manifest.sampling.holdMs], [2000, 120_000]);
      assert.match(
        await readFile(at('federation.yaml'), 'utf8'),
        /# was silent for 40 s, and a value stands for three/,
      );
      const asked = every(200, bear);
      try {
        await assertFeeds(source, manifest);
      } finally {
        asked();
      }
    });
  });

  it('init has the variables of an OPC UA server with units, from a YAML file that maps one of them', async () => {
    const server = new OpcuaServer(await freePort(), at('server'));
    await server.start();
    await writeFile(
      at('plant.yaml'),
      `kind: opcua\nurl: opc.tcp://127.0.0.1:${server.port}\nsamplingMs: 20\npublishMs: 50\nsensors: { steps: counter }\n`,
    );
    const stop = every(80, (i) => server.set('pressure', i % 9));
    try {
      const listening = new Listening([at('plant.yaml'), '--for', '4']);
      const manifest = await listening.manifest();
      assert.equal(manifest.name, 'plant');
      assert.deepEqual(namesAndUnits(manifest), [
        ['steps', undefined],
        ['pressure', 'bar'],
        ['temperature', 'K'],
      ]);
      const { intervalMs, holdMs } = manifest.sampling;
      assert.ok(intervalMs >= 40 && intervalMs <= 300, `${intervalMs}`);
      // Two of the three said nothing for nearly all of the time.
      assert.ok(holdMs > 3000 && holdMs <= 18_000, `${holdMs}`);
      await assertFeeds('plant.yaml', manifest);
    } finally {
      stop();
      await server.kill();
    }
  });

  describe('standard input', () => {
    async function piped(text: string, ...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
      const child = spawn(process.execPath, [main, 'init', '-', '--out', at('federation.yaml'), ...args]);
      const output = { stdout: '', stderr: '' };
      for (const name of ['stdout', 'stderr'] as const) {
        child[name].on('data', (chunk: Buffer) => {
          output[name] += chunk.toString();
        });
      }
      child.stdin.on('error', () => undefined);
      child.stdin.end(text);
      const [code] = await once(child, 'close');
      return { code, ...output };
    }

    it('init reads JSON lines to their end', async () => {
      const lines = Array.from({ length: 300 }, (_, i) =>
        JSON.stringify({ time: 1.7e9 + 5 * i, flow: i % 5, note: 'x' }),
      );
      const { code, stdout } = await piped(lines.join('\n'));
      assert.equal(code, 0);
      assert.match(stdout, /: 1 sensors, one row each 5 s, windows of 15 rows\nleft out: 'note' has text/);
      assert.deepEqual((await readManifest(at('federation.yaml'))).sensors, [{ name: 'flow', range: [0, 4] }]);
    });

    it('init takes the units off the columns of CSV, where they are not all that tells two apart', async () => {
      const lines = Array.from({ length: 30 }, (_, i) => `${1.7e9 + i},${i},${2 * i},${i % 3},AUTO`);
      await piped(['time,T [C],T [F],flow (m³/h),mode', ...lines].join('\n'));
      const manifest = await readManifest(at('federation.yaml'));
      assert.deepEqual(namesAndUnits(manifest), [
        ['T [C]', undefined],
        ['T [F]', undefined],
        ['flow', 'm³/h'],
      ]);
    });

    it('init refuses more sensors than a federation can have, and silence, with one sentence, and writes nothing', async () => {
      const many = Object.fromEntries(Array.from({ length: 1025 }, (_, i) => [`s${i}`, i]));
      const crowd = await piped(`${JSON.stringify(many)}\n${JSON.stringify(many)}\n`);
      assert.equal(crowd.code, 2);
      assert.match(
        crowd.stderr,
        /error: standard input: has more than the 1024 sensors that a federation can have; give/,
      );
      const silence = await piped('');
      assert.equal(silence.code, 2);
      assert.match(silence.stderr, /error: -: there are no numbers in it, .*; listen for longer with --for\n$/);
      assert.deepEqual(await readdir(folder), []);
      const enough = Object.fromEntries(Object.entries(many).slice(0, 1024));
      assert.equal((await piped([1, 2, 3].map((time) => JSON.stringify({ ...enough, time })).join('\n'))).code, 0);
      assert.equal((await readManifest(at('federation.yaml'))).sensors.length, 1024);
    });
  });

  const wrong: [what: string, args: string[], sentence: RegExp][] = [
    [
      '--for with a CSV file',
      ['plant.csv', '--for', '5'],
      /^error: --for: plant\.csv is read from its first line to its/,
    ],
    [
      'columns of a source that is no file',
      ['-', '--time-column', 'when'],
      /^error: --time-column: is for a CSV file and - is/,
    ],
    [
      'a time that is none',
      ['-', '--for', 'ever'],
      /^error: --for ever: is no number of seconds from 1 to 86400; give one/,
    ],
    ['a broker without topic', ['mqtt://broker'], /^error: mqtt:\/\/broker: has no topic; add a topic filter/],
  ];
  for (const [what, args, sentence] of wrong) {
    it(`init refuses ${what} with one sentence`, async () => {
      const ports = new FakePorts(() => assert.fail('no scenario must run'));
      assert.equal(await runProgram(['init', ...args, '--out', at('f.yaml')], ports), 2);
      assert.match(ports.stderr.text, sentence);
      assert.equal(ports.stderr.text.trim().split('\n').length, 1);
    });
  }
});
