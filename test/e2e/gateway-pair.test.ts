// Two gateways of one federation as processes: what they learn together, what one sees of a fault, and joining by id.
import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askGateway } from '../../src/cli/gateway-client.ts';
import { readSnapshot } from '../../src/node/gateway/model-snapshot.ts';
import { modelSchema } from '../../src/node/gateway/status.ts';
import { agreementOf, readManifest } from '../../src/node/manifest.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { freePort, plantManifest, plantRows, plantSeries } from '../support/small-plant.ts';

describe('two gateways from the command line', function () {
  this.timeout(60_000);
  let folder: string;
  let port: number;
  const running: GatewayProcess[] = [];
  const at = (name: string) => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-gw-'));
    port = await freePort();
    await writeFile(at('federation.yaml'), plantManifest());
    for (const name of ['a', 'b']) await writeFile(at(`${name}.csv`), plantSeries(1000, name));
  });
  after(async () => {
    await Promise.all(running.map((gateway) => gateway.kill()));
    await rm(folder, { recursive: true });
  });

  function start(name: string, ...args: string[]): GatewayProcess {
    const gateway = GatewayProcess.start({ args: [...args, '--no-mdns'], state: at(name), cwd: folder });
    running.push(gateway);
    return gateway;
  }

  async function weightsOf(gateway: GatewayProcess): Promise<Float32Array> {
    const snapshot = await askGateway(gateway.state, '/model', modelSchema);
    return readSnapshot(snapshot ?? assert.fail('there is no model')).weights;
  }

  it('they mix each other’s updates and come close; a fault at one raises an alert there that names the sensor', async () => {
    const first = start('a', 'federation.yaml', '--source', 'a.csv', '--port', String(port));
    const address = `/ip4/127.0.0.1/tcp/${port}`;
    const second = start('b', 'federation.yaml', '--source', 'b.csv', '--follow', '--peer', address);
    const apart = (weights: readonly Float32Array[]) => {
      const [a, b] = weights as [Float32Array, Float32Array];
      return { distance: Math.hypot(...a.map((x, i) => x - (b[i] as number))), norm: Math.hypot(...a) };
    };
    const [status] = await Promise.all(
      [first, second].map((gateway) =>
        gateway.until(
          ({ model, network }) => model.round >= 20 && model.mixed > 0 && network.updatesReceived > 10,
          'twenty rounds with updates of the other',
        ),
      ),
    );
    assert.equal(status?.network.mesh, 1);
    assert.deepEqual(status.network.rejected, {});
    const { distance, norm } = apart(await Promise.all([first, second].map(weightsOf)));
    assert.ok(distance < 0.1 * norm, `consensus distance ${distance}, norm of the weights ${norm}`);

    assert.equal(status.alerts.total, 0);
    await appendFile(at('b.csv'), plantRows(1000, 1040, 'b', true));
    const { alerts } = await second.until((now) => now.alerts.open, 'an alert');
    assert.equal(alerts.latest[0]?.sensors[0]?.name, 'pressure');
    assert.match(
      second.output,
      /ALERT 1 since 2026-01-01T00:16:\d\dZ: score \S+, threshold \S+; most of it from pressure \d+ %/,
    );
    assert.equal((await first.status())?.alerts.total, 0);
    await appendFile(at('b.csv'), plantRows(1040, 1080, 'b'));
    await second.until((now) => !now.alerts.open, 'the end of the alert');
    assert.match(second.output, /alert 1 is over: 2026-01-01T00:16/);
  });

  it('a gateway that has only the id joins by it, and goes on without a member after a restart', async () => {
    const { federation } = agreementOf(await readManifest(at('federation.yaml')));
    const id = Buffer.from(federation).toString('hex');
    const address = `/ip4/127.0.0.1/tcp/${port}`;
    const third = start('c', '--id', id, '--source', 'a.csv', '--peer', address);
    await third.until(({ model }) => model.round >= 1, 'its first round');
    assert.match(third.output, /the manifest of plant is here/);
    assert.match(third.output, /training begins, from the model of 12D3KooW/);
    const text = await readFile(at('c/manifest.json'), 'utf8');
    assert.equal(text, (await readManifest(at('federation.yaml'))).canonical);
    assert.equal(await third.stop(), 130);
    await Promise.all(running.map((gateway) => gateway.stop()));

    const alone = start('c', '--id', id);
    await alone.until(({ model }) => model.round >= 1, 'it goes on');
    assert.doesNotMatch(alone.output, /asking the members/);
    assert.match(alone.output, /goes on from round/);
  });
});
