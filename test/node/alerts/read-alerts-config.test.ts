import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AlertsConfig } from '../../../src/node/alerts/alerts-config.ts';
import { readAlertsConfig } from '../../../src/node/alerts/read-alerts-config.ts';
import { readTargetSecrets } from '../../../src/node/alerts/target-secrets.ts';

describe('readAlertsConfig() and readTargetSecrets()', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'rumormill-alerts-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const yaml = (text: string): Promise<AlertsConfig> => {
    writeFileSync(join(folder, 'alerts.yaml'), text);
    return readAlertsConfig('alerts.yaml', folder);
  };
  /** The one sentence that it is refused with. */
  const refusal = async (given: Promise<unknown>): Promise<string> => {
    const error = await given.then(
      () => assert.fail('it was taken'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof Error && error.name === 'OperatorError', String(error));
    return error.message.replaceAll(`${folder}/`, '');
  };

  it('takes addresses from the command line, and files by their paths', async () => {
    assert.deepEqual(await readAlertsConfig('mqtt://[::1]:1884/plant/a b/50%', '/x'), {
      kind: 'mqtt',
      url: 'mqtt://[::1]:1884',
      topic: 'plant/a b/50%',
    });
    const url = 'https://hooks.plant:8443/T0/B1?key=2';
    assert.deepEqual(await readAlertsConfig(url, '/x'), { kind: 'http', url });
    assert.deepEqual(await readAlertsConfig('http://gw', '/x'), { kind: 'http', url: 'http://gw' });
    assert.deepEqual(
      await yaml(
        'kind: mqtt\nurl: mqtts://b\ntopic: a/b\nusername: gw\npasswordFile: pw\ntls: { ca: ca.pem, key: /k }\n',
      ),
      {
        kind: 'mqtt',
        url: 'mqtts://b',
        topic: 'a/b',
        username: 'gw',
        passwordFile: join(folder, 'pw'),
        tls: { ca: join(folder, 'ca.pem'), cert: undefined, key: '/k' },
      },
    );
    assert.deepEqual(await yaml('kind: http\nurl: https://b/x\ntokenFile: token\n'), {
      kind: 'http',
      url: 'https://b/x',
      tokenFile: join(folder, 'token'),
    });
  });

  const wrong: [argument: string, message: RegExp][] = [
    ['plant.txt', /^--alerts plant\.txt: is no target; give mqtt:/],
    ['nats://b/x', /^--alerts nats:\/\/b\/x: nats:\/\/ is not known; use mqtt:/],
    ['mqtt://b', /^--alerts mqtt:\/\/b: has no topic; add one as in mqtt:\/\/host:1883\/plant\/alerts$/],
    [
      'mqtt://b/plant/#',
      /^--alerts mqtt:\/\/b\/plant\/#: topic is 'plant\/#'; it must be one topic, without \+ and #$/,
    ],
    ['mqtt://b:99999/x', /^--alerts \S+: url is 'mqtt:\/\/b:99999', which is no address; check host and port$/],
    ['https://', /^--alerts https:\/\/: url is 'https:\/\/'; it must be as https:\/\/host\/path, without credentials$/],
    ['none.yaml', /none\.yaml does not exist; give a alerts file$/],
  ];
  for (const [argument, message] of wrong) {
    it(`refuses ${argument}`, async () => {
      assert.match(await refusal(readAlertsConfig(argument, folder)), message);
    });
  }

  const wrongYaml: [text: string, message: RegExp][] = [
    ['url: mqtt://b\n', /^alerts\.yaml:1: kind is empty; it must be mqtt or http$/],
    ['kind: smtp\n', /^alerts\.yaml:1: kind is 'smtp'; it must be mqtt or http$/],
    [
      'kind: mqtt\nurl: mqtt://b\ntopik: a\n',
      /^alerts\.yaml:\d: topic is missing; add it\nalerts\.yaml:3: topik is not a known key; did you mean 'topic'\?$/,
    ],
    [
      'kind: mqtt\nurl: mqtt://b\ntopic: a\ntls: { ca: x }\n',
      /^alerts\.yaml:4: tls is for mqtts:\/\/ and https:\/\/ only/,
    ],
    ['kind: http\nurl: https://b\npasswordFile: x\n', /^alerts\.yaml:3: passwordFile is not a known key/],
    ['kind: [mqtt\n', /^alerts\.yaml:\d+:\d+: this is not YAML/],
  ];
  for (const [text, message] of wrongYaml) {
    it(`refuses a file with ${JSON.stringify(text)}`, async () => {
      assert.match(await refusal(yaml(text)), message);
    });
  }

  it('never repeats credentials, on the command line and in a file', async () => {
    for (const url of ['mqtt://me:hunter2@b/x', 'https://me:hunter2@b/x', 'HTTPS://hunter2@b']) {
      const sentence = await refusal(readAlertsConfig(url, folder));
      assert.match(sentence, /has credentials.*RUMORMILL_ALERTS_USERNAME/);
      assert.doesNotMatch(sentence, /hunter2/);
    }
    for (const kind of ['mqtt', 'http']) {
      const sentence = await refusal(yaml(`kind: ${kind}\nurl: https://me:hunter2@b/x\ntopic: a\n`));
      assert.match(sentence, /^alerts\.yaml:2: url has credentials/);
      assert.doesNotMatch(sentence, /hunter2/);
    }
  });

  it('has credentials from the environment, and rather from the file', async () => {
    const environment = {
      RUMORMILL_ALERTS_USERNAME: 'me',
      RUMORMILL_ALERTS_PASSWORD: 'hunter2',
      RUMORMILL_ALERTS_TOKEN: 'abc',
    };
    const secrets = (config: AlertsConfig) => readTargetSecrets(config, environment);
    assert.deepEqual(await secrets({ kind: 'mqtt', url: 'mqtt://b', topic: 'a' }), {
      username: 'me',
      password: 'hunter2',
    });
    assert.equal((await secrets({ kind: 'http', url: 'http://b' })).token, 'abc');
    writeFileSync(join(folder, 'secret'), 'from-file\n');
    const file = join(folder, 'secret');
    const mqtt = await secrets({ kind: 'mqtt', url: 'mqtt://b', topic: 'a', username: 'other', passwordFile: file });
    assert.deepEqual(mqtt, { username: 'other', password: 'from-file' });
    assert.equal((await secrets({ kind: 'http', url: 'http://b', tokenFile: file })).token, 'from-file');
    assert.deepEqual(await readTargetSecrets({ kind: 'http', url: 'http://b' }, {}), {});
  });

  it('finds secrets that cannot be read or used before anything starts', async () => {
    const http = { kind: 'http', url: 'https://b' } as const;
    assert.match(
      await refusal(readTargetSecrets({ ...http, tokenFile: join(folder, 'none') }, {})),
      /^tokenFile: none cannot be read/,
    );
    assert.match(
      await refusal(readTargetSecrets(http, { RUMORMILL_ALERTS_TOKEN: 'two words' })),
      /^RUMORMILL_ALERTS_TOKEN holds no bearer token; give one word of printable ASCII$/,
    );
    writeFileSync(join(folder, 'ca.pem'), 'no certificate');
    writeFileSync(join(folder, 'key.pem'), 'no key');
    const tls = { ca: join(folder, 'ca.pem'), key: join(folder, 'key.pem') };
    assert.match(await refusal(readTargetSecrets({ ...http, tls }, {})), /^tls: ca\.pem, key\.pem cannot be used \(/);
  });
});
