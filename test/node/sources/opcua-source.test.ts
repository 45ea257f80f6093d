import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
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
});
