import assert from 'node:assert/strict';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSource } from '../../../src/node/sources/create-source.ts';
import type { Sensor } from '../../../src/node/sources/source.ts';
import { sourceSchema } from '../../../src/node/sources/source-config.ts';
import { RunningSource, surroundings } from '../../support/live-source.ts';
import { freePort } from '../../support/mosquitto.ts';
import { OpcuaServer } from '../../support/opcua-process.ts';

describe('OpcuaSource with a real server', function () {
  this.timeout(60_000);
  let folder: string;
  let server: OpcuaServer;
  let running: RunningSource | undefined;

  const run = (
    sensors: readonly Sensor[],
    changes: object = {},
    url = `opc.tcp://127.0.0.1:${server.port}`,
  ): RunningSource => {
    const config = sourceSchema.parse({ kind: 'opcua', url, samplingMs: 20, publishMs: 50, ...changes });
    running = new RunningSource(createSource(config, sensors, surroundings()));
    return running;
  };
  const connections = (source: RunningSource): number =>
    source.sink.said.filter((sentence) => /: connected$/.test(sentence)).length;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-opcua-test-'));
    server = new OpcuaServer(await freePort(), join(folder, 'server'));
    await server.start();
  });
  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });
  after(async () => {
    await server.kill();
    await rm(folder, { recursive: true });
  });

  it('goes on after the server was killed and restarted', async () => {
    const source = run([{ name: 'pressure', unit: 'bar' }]);
    await source.until(({ samples }) => samples.length >= 1, 'the first value');
    server.set('pressure', 7.5);
    await source.until(({ samples }) => samples.at(-1)!.values[0] === 7.5, 'a changed value');
    assert.ok(Math.abs(source.sink.samples.at(-1)!.timeMs - Date.now()) < 10_000);

    await server.kill();
    await source.until((sink) => sink.countOf('disconnects') === 1, 'the disconnect');
    await server.start();
    await source.until(() => connections(source) === 2, 'it reconnects', 40_000);
    server.set('pressure', 9.25);
    await source.until(({ samples }) => samples.at(-1)!.values[0] === 9.25, 'a value of the new server');
    assert.equal(source.sink.countOf('disconnects'), 1);
  });

  it('checks engineering units, and takes node ids with a conversion, and integers of 64 bits', async () => {
    const sensors: Sensor[] = [
      { name: 'pressure', unit: 'psi' },
      { name: 'temperature', unit: '°C' },
      { name: 'steps', unit: 'mm' },
      { name: 'level' },
    ];
    const source = run(sensors, {
      folder: 'ns=1;s=Pump',
      sensors: {
        temperature: { from: 'ns=1;s=temperature', unit: 'K', factor: 1, offset: -273 },
        steps: { from: 'counter', factor: 10 },
      },
    });
    server.set('temperature', 300);
    await source.until(({ samples }) => samples.some(({ values }) => values[1] === 27), 'a temperature');
    await source.until(({ samples }) => samples.some(({ values }) => values[2] === -20), 'a counter');
    assert.ok(source.sink.samples.every(({ values }) => Number.isNaN(values[0])));
    assert.equal(source.sink.countOf('unitMismatch'), 1);
    assert.ok(source.sink.hasSaid(/^pressure comes in 'bar' where the federation has 'psi'/));
    assert.ok(source.sink.hasSaid(/^level: no variable level below ns=1;s=Pump/));
  });

  it('says that a value stands no longer where its status is bad', async () => {
    const source = run([{ name: 'pressure' }]);
    server.set('pressure', 3);
    await source.until(({ samples }) => samples.some(({ values }) => values[0] === 3), 'a good value');
    server.set('pressure', 4, false);
    await source.until(({ samples }) => samples.some(({ stale }) => stale?.[0] === 0), 'the bad one');
    assert.ok(source.sink.samples.every(({ values }) => values[0] !== 4));
    assert.equal(source.sink.countOf('badQuality'), 1);
    assert.ok(source.sink.hasSaid(/^pressure is marked BadSensorFailure/));
  });

  it('waits for a server that is not there, and stops at once', async () => {
    const source = run([{ name: 'pressure' }], {}, `opc.tcp://127.0.0.1:${await freePort()}`);
    await source.until((sink) => sink.said.length > 0, 'it says that there is none');
    assert.match(source.sink.said[0]!, /: cannot connect \(.*\); trying again$/);
    await source.stop();
    assert.equal(source.sink.countOf('disconnects'), 0);
  });

  it('speaks to a secure server only after the operator has trusted its certificate', async () => {
    const secure = new OpcuaServer(await freePort(), join(folder, 'secure-server'), true);
    await secure.start();
    try {
      const pki = join(folder, 'gateway');
      const security = { security: { policy: 'Basic256Sha256', certificates: pki } };
      const url = `opc.tcp://127.0.0.1:${secure.port}`;
      const distrustful = run([{ name: 'pressure', unit: 'bar' }], security, url);
      await distrustful.until((sink) => sink.said.length > 0, 'it says that it is refused');
      assert.match(distrustful.sink.said[0]!, /: cannot connect \(/);
      await distrustful.stop();
      const [certificate] = await readdir(join(pki, 'rejected'));
      assert.ok(certificate !== undefined, 'the certificate is kept for the operator to look at');
      await rename(join(pki, 'rejected', certificate), join(pki, 'trusted/certs', certificate));

      const source = run([{ name: 'pressure', unit: 'bar' }], security, url);
      secure.set('pressure', 6);
      await source.until(({ samples }) => samples.some(({ values }) => values[0] === 6), 'a value');
    } finally {
      await running?.stop();
      running = undefined;
      await secure.kill();
    }
  });
});
