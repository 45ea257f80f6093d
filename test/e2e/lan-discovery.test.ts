// Gateways that find each other on a LAN of network namespaces, each a process of its own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newNetworkKey } from '../../src/node/peers/identity.ts';
import { serviceOf } from '../../src/node/peers/mdns-records.ts';
import { Lan, lanMissing } from '../support/lan.ts';
import { Gateway, gatewayPort, meshed } from '../support/lan-gateways.ts';
import { eventually, hashOf, inTime } from '../support/live-federation.ts';

describe('gateways on a LAN', function () {
  this.timeout(90_000);

  before(function () {
    const missing = lanMissing();
    if (missing === undefined) return;
    console.log(`      skipped: ${missing}`);
    this.skip();
  });

  for (const family of [4, 6] as const) {
    it(`five are in each other's mesh within 10 s over IPv${family}, whoever starts first`, async () => {
      await Lan.with({ hosts: 5, ipv4: family === 4, ipv6: family === 6 }, async (lan) => {
        const first = [3, 0].map((host) => new Gateway(lan, host));
        await meshed(first, 10_000);
        const gateways = [...first, ...[4, 1, 2].map((host) => new Gateway(lan, host))];
        await meshed(gateways, 10_000);
        const addresses = gateways.flatMap(({ events }) =>
          events.flatMap((event) => ('address' in event ? [event.address] : [])),
        );
        assert.ok(
          addresses.every((address) => address.startsWith(`/ip${family}/`)),
          addresses.join(),
        );
        assert.ok(gateways.every((gateway) => !gateway.has('trouble')));
      });
    });
  }

  it('a sixth with another key stays out, and is told the likely reason', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rumormill-lan-'));
    try {
      const [keyFile, otherKeyFile] = ['plant.key', 'other.key'].map((name) => join(folder, name)) as [string, string];
      writeFileSync(keyFile, newNetworkKey());
      writeFileSync(otherKeyFile, newNetworkKey());
      await Lan.with({ hosts: 4 }, async (lan) => {
        const gateways = [0, 1, 2].map((host) => new Gateway(lan, host, { keyFile }));
        await meshed(gateways, 10_000);
        const stranger = new Gateway(lan, 3, { keyFile: otherKeyFile });
        const toldOf = () =>
          new Set(stranger.events.flatMap((event) => (event.type === 'unreachable' ? [event.who] : [])));
        await eventually(() => toldOf().size === 3, 'the stranger fails to reach each of the three', 20_000);
        assert.match(JSON.stringify(stranger.events), /keys of the private network differ/);
        assert.deepEqual(stranger.members, []);
        assert.ok(gateways.every(({ members }) => !members.includes(stranger.self)));
        await meshed(gateways, 1000);
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('those of another federation stay apart', async () => {
    await Lan.with({ hosts: 4 }, async (lan) => {
      const ours = [0, 1].map((host) => new Gateway(lan, host));
      const theirs = [
        new Gateway(lan, 2, { federation: 'theirs' }),
        new Gateway(lan, 3, {
          federation: 'theirs',
          peers: [`/ip4/${lan.addressOf(0)}/tcp/${gatewayPort}`],
        }),
      ];
      await Promise.all([meshed(ours, 10_000), meshed(theirs, 10_000)]);
      const [, lost] = theirs as [Gateway, Gateway];
      await eventually(() => /another federation/.test(JSON.stringify(lost.events)), 'the wrong --peer is told of');
      assert.ok(ours.every(({ members }) => members.length === 1));
      assert.ok(theirs.every(({ members }) => members.length === 1));
    });
  });

  it('answer who asks on the link, once a second at most', async () => {
    await Lan.with({ hosts: 2 }, async (lan) => {
      const gateway = new Gateway(lan, 0);
      await eventually(() => gateway.self !== '', 'it has started');
      const program = fileURLToPath(new URL('../support/mdns-asker.ts', import.meta.url));
      const asker = lan.spawn(1, process.execPath, [program, serviceOf(hashOf('lan')), lan.addressOf(1)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      asker.stdout?.on('data', (text) => {
        output += text;
      });
      await once(asker, 'close');
      const { queries, answers } = JSON.parse(output);
      assert.equal(queries, 25);
      assert.ok(answers.length >= 2 && answers.length <= 4, `${answers.length} answers`);
      assert.deepEqual(answers[0], {
        kind: 'answer',
        peer: gateway.self,
        addresses: [`/ip4/${lan.addressOf(0)}/tcp/${gatewayPort}`],
      });
    });
  });

  it('find each other when the network comes up after them', async () => {
    await Lan.with({ hosts: 3, down: true }, async (lan) => {
      const gateways = [0, 1, 2].map((host) => new Gateway(lan, host));
      await eventually(() => gateways.every(({ self }) => self !== ''), 'all have started');
      for (const { host } of gateways) lan.up(host);
      await meshed(gateways, 10_000);
      // Nothing keeps a gateway alive that was stopped.
      await inTime(Promise.all(gateways.map((gateway) => gateway.stop())), 'all end');
      assert.deepEqual(
        gateways.map(({ errors }) => errors),
        ['', '', ''],
      );
    });
  });

  it('become a mesh where each knows the address of one only, without multicast', async () => {
    await Lan.with({ hosts: 5 }, async (lan) => {
      const peers = [`/ip4/${lan.addressOf(0)}/tcp/${gatewayPort}`];
      const gateways = [1, 2, 3, 4, 0].map((host) => new Gateway(lan, host, { mdns: false, peers }));
      await meshed(gateways, 15_000);
    });
  });

  it('say once that multicast is not possible where another program keeps its port, and reach configured peers', async () => {
    await Lan.with({ hosts: 3, ipv6: true }, async (lan) => {
      const bind = (type: string) => `require('dgram').createSocket(${type}).bind(5353, () => console.log('bound'));`;
      const program = bind("'udp4'") + bind("{ type: 'udp6', ipv6Only: true }");
      const other = lan.spawn(0, process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      other.stdout?.on('data', (text) => {
        output += text;
      });
      await eventually(() => output.split('bound').length === 3, 'the port is taken');
      const peers = [`/ip4/${lan.addressOf(1)}/tcp/${gatewayPort}`];
      const gateways = [new Gateway(lan, 0, { peers }), new Gateway(lan, 1)];
      await meshed(gateways, 10_000);
      const told = () => gateways[0]!.events.flatMap((event) => (event.type === 'trouble' ? [event.sentence] : []));
      await eventually(() => told().length >= 2, 'it says so');
      gateways.push(new Gateway(lan, 2));
      await meshed(gateways, 10_000);
      const troubles = told();
      assert.deepEqual(
        troubles.map((sentence) => /IPv[46].*EADDRINUSE/.test(sentence)),
        [true, true],
      );
    });
  });

  it('take a gateway in again after a power cut', async () => {
    await Lan.with({ hosts: 3 }, async (lan) => {
      const [first, second, third] = [0, 1, 2].map((host) => new Gateway(lan, host)) as [Gateway, Gateway, Gateway];
      await meshed([first, second, third], 10_000);
      await third.kill();
      const lost = ({ events }: Gateway) =>
        events.some((event) => event.type === 'disconnected' && event.peer === third.self);
      // As a rule its kernel says so at once; where that is missed, pings find out within 15 s.
      await eventually(() => lost(first) && lost(second), 'its connections are lost', 20_000);
      await meshed([first, second, new Gateway(lan, 2)], 15_000);
    });
  });
});
