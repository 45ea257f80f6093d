// A gateway that has nothing to do: how much memory it holds. Prints nothing.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GatewayProcess } from '../support/gateway-process.ts';
import { builtMain, residentBytes } from './day.ts';
import { writePlant } from './plant.ts';

/** Resident bytes of a gateway that has run without a source for so long. */
export async function idleBytes(seconds: number, built: boolean): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'rumormill-idle-'));
  const rounds = { intervalMs: 10_000, stepsPerRound: 20 };
  const { manifest } = await writePlant(folder, { hours: 0.01, speed: 1, rounds, seed: 'idle' });
  const gateway = GatewayProcess.start({
    args: [manifest, '--no-mdns'],
    state: join(folder, 'state'),
    ...(built && { main: builtMain }),
  });
  try {
    await gateway.until(() => true, 'the gateway runs');
    await delay(1000 * seconds);
    const { process } = await gateway.until(() => true, 'the gateway answers');
    return (await residentBytes(gateway.pid)) ?? process.rssBytes;
  } finally {
    await gateway.kill();
    await rm(folder, { recursive: true, force: true });
  }
}
