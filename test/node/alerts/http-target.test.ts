import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HttpTarget } from '../../../src/node/alerts/http-target.ts';
import { AlertServer } from '../../support/alert-server.ts';
import { makeCertificate, needOpenssl } from '../../support/certificate.ts';
import { eventually, inTime } from '../../support/live-federation.ts';

const forever = new AbortController().signal;

describe('HttpTarget with a real server', () => {
  let server: AlertServer;
  beforeEach(async () => {
    server = await AlertServer.make();
    await server.start();
  });
  afterEach(() => server.stop());

  it('posts JSON, with its token where it has one, and shows neither path nor token', async () => {
    const target = new HttpTarget(server.url, { token: 'abc.def' });
    assert.equal(await target.deliver('{"ü":1}', forever), 'delivered');
    await new HttpTarget(server.url, {}).deliver('{}', forever);
    assert.deepEqual(server.bodies, ['{"ü":1}', '{}']);
    assert.deepEqual(server.methods, ['POST', 'POST']);
    const [first, second] = server.headers;
    assert.deepEqual([first?.['content-type'], first?.authorization], ['application/json', 'Bearer abc.def']);
    assert.equal(second?.authorization, undefined);
    assert.equal(target.name, `http://127.0.0.1:${server.port}`);
  });

  it('takes any 2xx for delivered, a 4xx for refused, and everything else for a failure', async () => {
    const target = new HttpTarget(server.url, {});
    const outcome = async (status: number) => {
      server.answer = () => status;
      try {
        return await target.deliver('{}', forever);
      } catch (error) {
        assert.ok(error instanceof Error && error.name === 'DeliveryFailed', String(error));
        return error.message;
      }
    };
    for (const status of [200, 201, 202, 204, 299]) assert.equal(await outcome(status), 'delivered');
    for (const status of [400, 413, 415, 422]) assert.deepEqual(await outcome(status), { refused: `HTTP ${status}` });
    for (const status of [401, 403, 404, 408, 425, 429, 500, 503])
      assert.equal(await outcome(status), `HTTP ${status}`);
    for (const status of [301, 307])
      assert.equal(await outcome(status), `HTTP ${status}, a redirect, which is not followed`);
  });

  it('fails soon where nobody listens, where the server hangs up, and where it is stopped', async () => {
    const target = new HttpTarget(server.url, {});
    server.answer = () => undefined;
    const stopping = new AbortController();
    const stopped = target.deliver('{}', stopping.signal);
    await eventually(() => server.methods.length === 1, 'the server has it');
    stopping.abort();
    await inTime(assert.rejects(stopped, { name: 'DeliveryFailed' }), 'it stops', 1000);
    const cut = target.deliver('{}', forever);
    await eventually(() => server.methods.length === 2, 'the server has it');
    await server.stop();
    await inTime(assert.rejects(cut, { name: 'DeliveryFailed' }), 'it fails', 1000);
    await assert.rejects(target.deliver('{}', forever), { name: 'DeliveryFailed', message: /ECONNREFUSED/ });
  });

  it('gives up on a server that does not answer', async function () {
    this.timeout(30_000);
    server.answer = () => undefined;
    const startedMs = performance.now();
    await assert.rejects(new HttpTarget(server.url, {}).deliver('{}', forever), {
      name: 'DeliveryFailed',
      message: 'no answer in 10 s',
    });
    assert.ok(performance.now() - startedMs > 9900);
  });

  it('trusts the authority that it was given, and no other server', async function () {
    needOpenssl(this);
    const folder = mkdtempSync(join(tmpdir(), 'rumormill-tls-'));
    const certificate = makeCertificate(folder);
    const secure = await AlertServer.make(certificate);
    await secure.start();
    try {
      assert.equal(await new HttpTarget(secure.url, { ca: certificate.cert }).deliver('{}', forever), 'delivered');
      await assert.rejects(new HttpTarget(secure.url, {}).deliver('{}', forever), {
        name: 'DeliveryFailed',
        message: /self-signed/,
      });
      assert.equal(secure.bodies.length, 1);
    } finally {
      await secure.stop();
      rmSync(folder, { recursive: true });
    }
  });
});
