import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { askGateway } from '../../../src/cli/gateway-client.ts';
import { type ControlAnswers, controlSocket, serveControl } from '../../../src/node/gateway/control-server.ts';
import { peersSchema } from '../../../src/node/gateway/status.ts';

const answers: ControlAnswers = {
  status: () => assert.fail('the status is not at hand'),
  peers: () => [],
  model: () => undefined,
};

describe('serveControl()', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rumormill-ctl-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Status and body of one request. */
  function get(path: string): Promise<{ code: number | undefined; body: string }> {
    return new Promise((resolve, reject) => {
      request({ socketPath: controlSocket(folder), path }, (response) => {
        let body = '';
        response.on('data', (text: Buffer) => {
          body += text.toString();
        });
        response.on('end', () => resolve({ code: response.statusCode, body }));
      })
        .on('error', reject)
        .end();
    });
  }

  it('serves its owner alone, and leaves no socket behind', async () => {
    const end = await serveControl(folder, answers);
    assert.equal(statSync(controlSocket(folder)).mode & 0o777, 0o600);
    assert.deepEqual(await get('/peers'), { code: 200, body: '[]\n' });
    await end();
    assert.ok(!existsSync(controlSocket(folder)));
  });

  it('answers 404 for what it does not have, and 500 where the answer fails', async () => {
    const end = await serveControl(folder, answers);
    try {
      assert.equal((await get('/other')).code, 404);
      assert.equal((await get('/model')).code, 404);
      assert.deepEqual(await get('/status'), { code: 500, body: '{"error":"the status is not at hand"}\n' });
      assert.equal((await get('/peers')).code, 200);
    } finally {
      await end();
    }
  });

  it('takes the place of the socket that a killed gateway left', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stale = createServer().listen(controlSocket(folder), resolve);
    await promise;
    try {
      const end = await serveControl(folder, answers);
      assert.deepEqual(await askGateway(folder, '/peers', peersSchema), []);
      await end();
    } finally {
      stale.close();
    }
  });

  it('ends although somebody holds a connection open', async () => {
    const end = await serveControl(folder, answers);
    const connection = createConnection(controlSocket(folder));
    await new Promise((resolve) => connection.once('connect', resolve));
    const closed = new Promise((resolve) => connection.once('close', resolve));
    await end();
    await closed;
  });

  it('refuses a folder that it cannot listen in', async () => {
    const absent = join(folder, 'absent');
    await assert.rejects(serveControl(absent, answers), { name: 'OperatorError', message: /choose another --state/ });
  });
});

describe('askGateway()', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rumormill-ctl-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const mistakes: [what: string, body: string, code: number][] = [
    ['no JSON', 'hello', 200],
    ['something else', '{"a":1}', 200],
    ['a failure', '{"error":"…"}', 500],
  ];
  for (const [what, body, code] of mistakes) {
    it(`is an operator's error where the gateway answers with ${what}`, async () => {
      const server = createServer((_, response) => response.writeHead(code).end(body));
      await new Promise<void>((resolve) => server.listen(controlSocket(folder), resolve));
      try {
        const asked = askGateway(folder, '/peers', z.array(z.string()));
        await assert.rejects(asked, {
          name: 'OperatorError',
          message: /in a way that this version does not understand/,
        });
      } finally {
        server.close();
      }
    });
  }

  it('is an operator’s error where the gateway ends in the middle of its answer', async () => {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('[');
      setImmediate(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(controlSocket(folder), resolve));
    try {
      await assert.rejects(askGateway(folder, '/peers', peersSchema), {
        name: 'OperatorError',
        message: /does not answer \(aborted\); look at its output/,
      });
    } finally {
      server.close();
    }
  });
});
