// The ways to scale, exchange and mix that a manifest can ask for: pairs of live gateways, all in this process and at one time.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { actionOf, peerErrorCodes } from '../../src/gossip/peer-error.ts';
import type { GatewayStatus } from '../../src/node/gateway/status.ts';
import { sourceSchema } from '../../src/node/sources/source-config.ts';
import { LocalGateway } from '../support/local-gateway.ts';
import { freePort, plantManifest, plantSeries } from '../support/small-plant.ts';

const gossip = (more: string) => `gossip: { roundIntervalMs: 100, ${more} }`;

const ways: Record<string, string[]> = {
  'a local scaler': ['scaler: local'],
  'a fixed scaler': ['scaler: fixed'],
  'features summary': ['features: summary'],
  'exchange random': [gossip('exchange: random')],
  'exchange broadcast': [gossip('exchange: broadcast')],
  'exchange pull': [gossip('exchange: pull')],
  'mixing push-sum': [gossip('mixing: push-sum')],
  'mixing loss-weighted': [gossip('mixing: loss-weighted')],
  'mixing by a robust rule': [gossip('mixing: median, byzantine: 0')],
  'synchronous rounds': ['gossip: { rounds: synchronous }'],
};

/** What honest peers do on a busy machine, such as an update that comes late, is counted and held against nobody. */
function assertHarmless(rejected: Record<string, number>): void {
  const harmless = peerErrorCodes.filter((code) => actionOf(code) === 'ignore') as readonly string[];
  const codes = Object.keys(rejected).filter((code) => !harmless.includes(code));
  assert.deepEqual(codes, []);
}

interface Pair {
  gateways: LocalGateway[];
  statuses: Promise<GatewayStatus[]>;
}

describe('two live gateways', function () {
  this.timeout(60_000);
  let folder: string;
  const pairs = new Map<string, Pair>();

  async function startPair(way: string, index: number): Promise<Pair> {
    const manifest = plantManifest([`name: way-${index}`, ...(ways[way] ?? [])]);
    const port = await freePort();
    const gateways = ['a', 'b'].map(
      (name) =>
        new LocalGateway({
          manifest,
          folder: join(folder, `${index}${name}`),
          source: sourceSchema.parse({ kind: 'csv', path: join(folder, `${name}.csv`) }),
          ...(name === 'a' ? { port } : { peers: [`/ip4/127.0.0.1/tcp/${port}`] }),
        }),
    );
    const learnt = ({ model, network }: GatewayStatus) =>
      model.round >= 5 && model.mixed === 1 && network.updatesSent > 0 && network.updatesReceived > 0;
    const statuses = Promise.all(gateways.map((gateway) => gateway.until(learnt, `${way}: rounds that mix`, 45_000)));
    statuses.catch(() => undefined);
    return { gateways, statuses };
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-ways-'));
    for (const name of ['a', 'b']) await writeFile(join(folder, `${name}.csv`), plantSeries(300, name));
    for (const [index, way] of Object.keys(ways).entries()) pairs.set(way, await startPair(way, index));
  });
  after(async () => {
    await Promise.all([...pairs.values()].flatMap(({ gateways }) => gateways.map((gateway) => gateway.stop())));
    await rm(folder, { recursive: true });
  });

  for (const way of Object.keys(ways)) {
    it(`learn from each other with ${way}`, async () => {
      const pair = pairs.get(way) ?? assert.fail('it was not started');
      for (const { model, network } of await pair.statuses) {
        assert.ok(model.loss !== null && model.loss < 1, `loss ${model.loss}`);
        assert.equal(model.divergences, 0);
        assertHarmless(network.rejected);
      }
    });
  }

  it('go on with push-sum after one of them was restarted', async () => {
    const pair = pairs.get('mixing push-sum') ?? assert.fail('it was not started');
    await pair.statuses;
    const [first, second] = pair.gateways as [LocalGateway, LocalGateway];
    const { addresses } = await first.until(() => true, 'its address');
    await second.stop();
    const index = Object.keys(ways).indexOf('mixing push-sum');
    const again = new LocalGateway({
      manifest: plantManifest([`name: way-${index}`, ...(ways['mixing push-sum'] ?? [])]),
      folder: join(folder, `${index}b`),
      peers: [addresses.find((address) => address.startsWith('/ip4/127.0.0.1/')) as string],
    });
    pair.gateways[1] = again;
    const { model } = await again.until(
      (status) => status.phase === 'training' && status.model.mixed === 1 && status.model.loss !== null,
      'it mixes again',
    );
    assert.match(again.output, /goes on from round \d+/);
    const found = Number(/goes on from round (\d+)/.exec(again.output)?.[1]);
    assert.ok(model.round > found);
    const { network } = await first.until((status) => status.model.mixed === 1, 'the other mixes it');
    assertHarmless(network.rejected);
  });
});
