// Gateways on a LAN that loses, delays and falls apart.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Degrader, degraders, degradingMissing, Lan, lanMissing } from '../support/lan.ts';
import { Gateway, meshed } from '../support/lan-gateways.ts';
import { eventually } from '../support/live-federation.ts';

describe('gateways on a bad LAN', function () {
  this.timeout(120_000);

  for (const by of ['netem', 'user space'] satisfies Degrader[]) {
    it(`a LAN degraded by ${by} loses one in ten and delays by 100 ms, each way`, async function () {
      skipWhere(this, degraders().includes(by) ? undefined : (degradingMissing() ?? `there is no ${by} here`));
      await Lan.with({ hosts: 2 }, async (lan) => {
        await lan.degrade(10, 100, by);
        const sent = 1000;
        const { returned, medianMs } = await probe(lan, sent);
        // 0.9 × 0.9 of the packets, give or take four standard deviations.
        assert.ok(Math.abs(returned - 0.81 * sent) < 50, `${returned} of ${sent} came back`);
        assert.ok(medianMs >= 200 && medianMs < 230, `${medianMs} ms`);
      });
    });
  }

  it('find each other where every tenth packet is lost and all are 100 ms late', async function () {
    skipWhere(this, degradingMissing());
    await Lan.with({ hosts: 4 }, async (lan) => {
      await lan.degrade(10, 100);
      await meshed(
        [0, 1, 2, 3].map((host) => new Gateway(lan, host)),
        30_000,
      );
    });
  });

  it('take a gateway in again that went without a word', async function () {
    skipWhere(this, lanMissing());
    await Lan.with({ hosts: 3 }, async (lan) => {
      const [first, second, third] = [0, 1, 2].map((host) => new Gateway(lan, host)) as [Gateway, Gateway, Gateway];
      await meshed([first, second, third], 10_000);
      // What its kernel says at the end of the process reaches nobody, as when the power fails.
      lan.partition([2]);
      await third.kill();
      lan.heal();
      await meshed([first, second, new Gateway(lan, 2)], 30_000);
    });
  });

  it('notice that half of them are cut off, and are one mesh again afterwards', async function () {
    skipWhere(this, lanMissing());
    await Lan.with({ hosts: 4 }, async (lan) => {
      const gateways = [0, 1, 2, 3].map((host) => new Gateway(lan, host));
      await meshed(gateways, 10_000);
      lan.partition([2, 3]);
      await eventually(
        () => gateways.every(({ members }) => members.length === 1),
        'each has its own half only',
        40_000,
      );
      await meshed(gateways.slice(0, 2), 1000);
      await meshed(gateways.slice(2), 1000);
      lan.heal();
      await meshed(gateways, 40_000);
    });
  });
});

/** What comes back of `count` packets from host 0 to host 1, and after how long. */
async function probe(lan: Lan, count: number): Promise<{ returned: number; medianMs: number }> {
  const program = fileURLToPath(new URL('../support/link-probe.ts', import.meta.url));
  const start = (host: number, ...args: string[]) =>
    lan.spawn(host, process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(createInterface({ input: start(1, 'echo').stdout! }), 'line');
  const [line] = await once(createInterface({ input: start(0, 'ask', lan.addressOf(1), `${count}`).stdout! }), 'line');
  return JSON.parse(line as string);
}

function skipWhere(test: Mocha.Context, missing: string | undefined): void {
  if (missing === undefined) return;
  console.log(`      skipped: ${missing}`);
  test.skip();
}
