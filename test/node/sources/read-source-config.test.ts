import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSourceConfig } from '../../../src/node/sources/read-source-config.ts';

describe('readSourceConfig()', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-source-'));
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });

  const yaml = async (text: string): Promise<Awaited<ReturnType<typeof readSourceConfig>>> => {
    await writeFile(join(folder, 'source.yaml'), text);
    return await readSourceConfig('source.yaml', folder);
  };
  const refusal = async (text: string): Promise<string> => {
    const error = await yaml(text).then(
      () => assert.fail('it was taken'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof Error && error.name === 'OperatorError', String(error));
    return error.message.replaceAll(join(folder, 'source.yaml'), 'FILE');
  };

  it('takes files, standard input and addresses from the command line', async () => {
    const csv = { kind: 'csv', follow: false, repeat: false, time: 'time', sensors: {} };
    assert.deepEqual(await readSourceConfig('a/plant.csv.gz', '/data'), { ...csv, path: '/data/a/plant.csv.gz' });
    assert.deepEqual(await readSourceConfig('p.csv', '/data', { follow: true }), {
      ...csv,
      path: '/data/p.csv',
      follow: true,
    });
    assert.deepEqual(await readSourceConfig('-', '/data'), { kind: 'stdin', time: 'time', sensors: {} });
    assert.deepEqual(await readSourceConfig('mqtts://[::1]:8883/plant/+/{sensor}/#', '/data'), {
      kind: 'mqtt',
      url: 'mqtts://[::1]:8883',
      topics: [{ topic: 'plant/+/{sensor}/#', time: 'time' }],
      sensors: {},
    });
    const opcua = await readSourceConfig('opc.tcp://server:4840/UA', '/data');
    assert.deepEqual([opcua.kind, opcua.kind === 'opcua' && opcua.url], ['opcua', 'opc.tcp://server:4840/UA']);
  });

  it('takes paths in a YAML file from its own folder, and text as short for from', async () => {
    const csv = await yaml('kind: csv\npath: data/p.csv\nsensors: { pressure: P1, level: { from: L, factor: 2 } }\n');
    assert.ok(csv.kind === 'csv');
    assert.equal(csv.path, join(folder, 'data/p.csv'));
    assert.deepEqual(csv.sensors, { pressure: { from: 'P1' }, level: { from: 'L', factor: 2 } });
    const mqtt = await yaml(
      'kind: mqtt\nurl: mqtts://b\ntopics: [{ topic: a/# }]\npasswordFile: pw\ntls: { ca: ca.pem, key: /k.pem }\n',
    );
    assert.ok(mqtt.kind === 'mqtt');
    assert.equal(mqtt.passwordFile, join(folder, 'pw'));
    assert.deepEqual(mqtt.tls, { ca: join(folder, 'ca.pem'), cert: undefined, key: '/k.pem' });
    const opcua = await yaml(
      'kind: opcua\nurl: opc.tcp://b\nsecurity: { policy: Basic256Sha256, certificates: pki }\n',
    );
    assert.ok(opcua.kind === 'opcua');
    assert.equal(opcua.security?.certificates, join(folder, 'pki'));
  });

  it('refuses unknown keys with the nearest one, at any depth', async () => {
    assert.equal(
      await refusal('kind: csv\npath: p.csv\nfolow: true\n'),
      "FILE:3: folow is not a known key; did you mean 'follow'?",
    );
    assert.equal(
      await refusal('kind: mqtt\nurl: mqtt://b\ntopics: [{ topic: a, paylod: json }]\n'),
      "FILE:3: topics[0].paylod is not a known key; did you mean 'payload'?",
    );
    assert.equal(
      await refusal('kind: csv\npath: p.csv\nsensors: { a: { from: x, facter: 2 } }\n'),
      "FILE:3: sensors.a.facter is not a known key; did you mean 'factor'?",
    );
  });

  it('says what is wrong with a value, a kind, or the YAML', async () => {
    assert.match(
      await refusal('kind: mqtt\nurl: http://b\ntopics: [{ topic: a }]\n'),
      /^FILE:2: url is 'http:\/\/b'; it must be as mqtt:\/\/host/,
    );
    assert.equal(
      await refusal('kind: modbus\n'),
      "FILE:1: kind is 'modbus'; it must be one of csv, stdin, mqtt, opcua",
    );
    assert.equal(await refusal('path: p.csv\n'), 'FILE:1: kind is missing; give one of csv, stdin, mqtt, opcua');
    assert.equal(
      await refusal('kind: csv\npath: p.csv\nsensors:\n  a: { from: x, factor: two }\n  b: { unit: bar }\n'),
      "FILE:4: sensors.a.factor is 'two'; it must be a number\nFILE:5: sensors.b.from is missing; add it",
    );
    assert.match(await refusal('kind: [csv\n'), /^FILE:2:1: this is not YAML/);
    assert.match(await refusal(''), /^FILE is empty; a source needs at least kind and path$/);
  });

  it('refuses what is no source, and never repeats a password', async () => {
    await assert.rejects(readSourceConfig('plant.xlsx', folder), {
      name: 'OperatorError',
      message: /is no source; give a \.csv/,
    });
    await assert.rejects(readSourceConfig('nats://b/x', folder), {
      name: 'OperatorError',
      message: /nats:\/\/ is not known/,
    });
    await assert.rejects(readSourceConfig('mqtt://b', folder), { name: 'OperatorError', message: /has no topic/ });
    await assert.rejects(readSourceConfig('-', folder, { follow: true }), {
      name: 'OperatorError',
      message: /^--follow/,
    });
    await assert.rejects(readSourceConfig('none.yaml', folder), {
      name: 'OperatorError',
      message: /none\.yaml does not exist; give a source file$/,
    });
    await assert.rejects(readSourceConfig('mqtt://me:hunter2@b/x', folder), (error: Error) => {
      assert.equal(error.name, 'OperatorError');
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
  });
});
