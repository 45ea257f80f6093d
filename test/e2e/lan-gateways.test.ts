// The real `rumormill join` on LANs of network namespaces. `npm run endurance -- lan` is the long form of the first test.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Prng } from '../../src/lib/prng.ts';
import { LanTrial, lanText } from '../endurance/lan.ts';
import { areMeshed, LanPlant, lookAt, manifestText, port } from '../endurance/lan-plant.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { degraders, degradingMissing, Lan, lanMissing } from '../support/lan.ts';

const times = { togetherSeconds: 2, partedSeconds: 8, healedSeconds: 30, settledSeconds: 3, badSeconds: 5 };

describe('rumormill join on a LAN', function () {
  this.timeout(180_000);

  before(function () {
    const missing = lanMissing();
    if (missing === undefined) return;
    console.log(`      skipped: ${missing}`);
    this.skip();
  });

  it('five find each other, drift apart and come together around a partition, and learn on over bad links; a sixth with another key stays out', async () => {
    const [degrader] = degraders();
    if (degrader === undefined) console.log(`      without bad links: ${degradingMissing()}`);
    await LanPlant.with(async (plant) => {
      const trial = new LanTrial(plant, () => undefined);
      await trial.meet(new Prng('short'));
      await trial.part(times);
      if (degrader) await trial.degrade(times, degrader);
      await trial.judgeStranger();
      assert.ok(trial.holds, `\n${lanText(trial, 1)}`);
    });
  });

  it('gateways on two links with a router between them are one mesh where those behind it know one address', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rumormill-routed-'));
    const started: GatewayProcess[] = [];
    try {
      const manifest = join(folder, 'federation.yaml');
      await writeFile(manifest, manifestText());
      await Lan.with({ hosts: 4, routed: [2, 3] }, async (lan) => {
        const start = (host: number, ...flags: string[]) => {
          const gateway = GatewayProcess.start({
            args: [manifest, '--port', `${port}`, ...flags],
            state: join(folder, `state-${host}`),
            within: lan.within(host),
          });
          started.push(gateway);
        };
        const bootstrap = ['--peer', `/ip4/${lan.addressOf(0)}/tcp/${port}`];
        for (const host of [2, 3]) start(host, '--no-mdns', ...bootstrap);
        for (const host of [1, 0]) start(host);
        const meshed = async () => {
          const looks = await Promise.all(started.map(lookAt));
          return looks.every((look) => look !== undefined) && areMeshed(looks);
        };
        const endsAtMs = performance.now() + 40_000;
        while (!(await meshed())) {
          assert.ok(performance.now() < endsAtMs, started.map(({ output }) => output).join('\n\n'));
          await delay(100);
        }
      });
    } finally {
      await Promise.all(started.map((gateway) => gateway.kill()));
      await rm(folder, { recursive: true, force: true });
    }
  });
});
