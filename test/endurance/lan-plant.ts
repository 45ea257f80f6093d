// Five gateways of one plant on a LAN of network namespaces, and a sixth with another key. Starts, asks and ends them;
// asserts nothing about what they do.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { askGateway } from '../../src/cli/gateway-client.ts';
import { monotonicClock } from '../../src/lib/clock.ts';
import type { Prng } from '../../src/lib/prng.ts';
import { readSnapshot } from '../../src/node/gateway/model-snapshot.ts';
import { type GatewayStatus, modelSchema, type PeersStatus, peersSchema } from '../../src/node/gateway/status.ts';
import { newNetworkKey } from '../../src/node/peers/identity.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { Lan } from '../support/lan.ts';
import { eventually } from '../support/live-federation.ts';
import { sensorNames, seriesText } from './plant.ts';

/** Gateways with the plant's key, on hosts 0 to 4. */
export const gatewayCount = 5;
/** Where the sixth is. */
const strangerHost = gatewayCount;
export const roundIntervalMs = 300;
/** Times as fast as measured: 20 windows a second. */
const speed = 600;
const hours = 1;
/** Where every gateway listens. */
export const port = 4711;
/** Between two starts at most. */
const startGapMs = 300;
const lookAgainMs = 100;
/** Beyond this a machine is too slow for any of it. */
const startLimitMs = 60_000;

/** One gateway's word on itself at one moment. */
export interface Look {
  status: GatewayStatus;
  peers: PeersStatus;
  /** Undefined before its first round. */
  weights: Float32Array | undefined;
}

/** The plant's LAN; made by LanPlant.with(). */
export class LanPlant {
  readonly lan: Lan;
  private readonly folder: string;
  private readonly gateways: GatewayProcess[] = [];
  private stranger: GatewayProcess | undefined;

  private constructor(lan: Lan, folder: string) {
    this.lan = lan;
    this.folder = folder;
  }

  /** Makes the LAN and all files for `use`; nothing of it is left afterwards. */
  static async with(use: (plant: LanPlant) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'rumormill-lan-'));
    try {
      await Lan.with({ hosts: gatewayCount + 1 }, async (lan) => {
        const plant = new LanPlant(lan, folder);
        try {
          await plant.write();
          await use(plant);
        } finally {
          await plant.kill();
        }
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /**
   * Starts the five in an order and with gaps of chance. Gives the hosts in that order, when the last one was started, and
   * when the last one's network was up: on one machine their start takes far longer than on five.
   */
  async start(prng: Prng): Promise<{ order: number[]; lastStartMs: number; lastUpMs: number }> {
    const order = prng.shuffled(Array.from({ length: gatewayCount }, (_, host) => host));
    let lastStartMs = 0;
    for (const host of order) {
      await delay(startGapMs * prng.nextFloat());
      lastStartMs = monotonicClock.nowMs();
      this.gateways.push(this.startOn(host, 'plant.key'));
    }
    const isUp = ({ lines }: GatewayProcess) => lines.some((line) => line.includes('this is peer'));
    await eventually(() => this.gateways.every(isUp), 'the networks are up', startLimitMs);
    return { order, lastStartMs, lastUpMs: monotonicClock.nowMs() };
  }

  /** Starts the sixth, whose key is another. */
  startStranger(): void {
    this.stranger = this.startOn(strangerHost, 'other.key');
  }

  /** Ends all gateways at once; who looks at them then gets an error. */
  async kill(): Promise<void> {
    await Promise.all([...this.gateways, this.stranger].map((gateway) => gateway?.kill()));
  }

  /** What the sixth says of itself, and everything that it printed. */
  async lookAtStranger(): Promise<{ status: GatewayStatus; output: string }> {
    const { stranger } = this;
    if (stranger === undefined) throw new Error('the stranger was not started');
    return { status: await stranger.until(() => true, 'the status of the sixth'), output: stranger.output };
  }

  /** Asks each of the five; undefined where one has not come so far. Throws with its output where one has ended. */
  async look(): Promise<Look[] | undefined> {
    const looks = await Promise.all(this.gateways.map((gateway) => lookAt(gateway)));
    return looks.every((look) => look !== undefined) ? looks : undefined;
  }

  /** Resolves with the first looks for which `condition` holds; rejects after `limitMs` with what was waited for. */
  async lookUntil(condition: (looks: Look[]) => boolean, what: string, limitMs: number): Promise<Look[]> {
    const endsAtMs = monotonicClock.nowMs() + limitMs;
    for (;;) {
      const looks = await this.look();
      if (looks && condition(looks)) return looks;
      if (monotonicClock.nowMs() > endsAtMs) {
        const outputs = this.gateways.map(({ output }) => output).join('\n\n');
        throw new Error(`${what}: not within ${limitMs} ms\n${outputs}`);
      }
      await delay(lookAgainMs);
    }
  }

  private startOn(host: number, key: string): GatewayProcess {
    const { folder, lan } = this;
    // The sixth needs no data to be turned away.
    const source = host === strangerHost ? [] : ['--source', join(folder, `source-${host}.yaml`)];
    return GatewayProcess.start({
      args: [join(folder, 'federation.yaml'), ...source, '--key', join(folder, key), '--port', `${port}`],
      state: join(folder, `state-${host}`),
      within: lan.within(host),
    });
  }

  /** One manifest, two keys, and a source for each gateway: machines of one kind, each at a load of its own. */
  private async write(): Promise<void> {
    const put = (name: string, text: string | Uint8Array) => writeFile(join(this.folder, name), text);
    await put('federation.yaml', manifestText());
    for (const name of ['plant.key', 'other.key']) await put(name, newNetworkKey());
    for (let host = 0; host < gatewayCount; host++) {
      await put(`series-${host}.csv`, seriesText(hours, `lan/${host}`, 0.2 + 0.25 * host));
      await put(`source-${host}.yaml`, `kind: csv\npath: series-${host}.csv\nspeed: ${speed}\nrepeat: true\n`);
    }
  }
}

/** Whether each of `looks` has all the others in its mesh. */
export function areMeshed(looks: readonly Look[]): boolean {
  const ids = looks.map(({ status }) => status.peer);
  const neighbours = ({ peers }: Look) =>
    new Set(peers.filter(({ connected, inMesh }) => connected && inMesh).map(({ who }) => who));
  return looks.every((look) => {
    const found = neighbours(look);
    return ids.every((id) => id === look.status.peer || found.has(id));
  });
}

/** Mean Euclidean distance of models to their mean; 0 for none. */
export function consensusDistance(models: readonly Float32Array[]): number {
  const [first] = models;
  if (first === undefined) return 0;
  const mean = Float64Array.from(first, (_, i) => models.reduce((sum, model) => sum + model[i]!, 0) / models.length);
  const distances = models.map((model) => Math.sqrt(mean.reduce((sum, value, i) => sum + (model[i]! - value) ** 2, 0)));
  return distances.reduce((sum, distance) => sum + distance, 0) / distances.length;
}

/** Asks a gateway; undefined where it has not come so far. Throws with its output where it has ended. */
export async function lookAt(gateway: GatewayProcess): Promise<Look | undefined> {
  if (gateway.child.exitCode !== null || gateway.child.signalCode !== null) {
    throw new Error(`a gateway has ended\n${gateway.output}`);
  }
  const status = await gateway.status();
  if (status === undefined) return undefined;
  const peers = await askGateway(gateway.state, '/peers', peersSchema);
  const model = await askGateway(gateway.state, '/model', modelSchema);
  return { status, peers: peers ?? [], weights: model && readSnapshot(model).weights };
}

/** With the scaler fixed, so that models of all gateways can be compared weight by weight at any time. */
export function manifestText(): string {
  const sensors = sensorNames.map((name, i) => `  - { name: ${name}, range: [${10 * (i + 1)}, ${25 * (i + 1)}] }`);
  return `rumormill: 1
name: lan
sensors:
${sensors.join('\n')}
sampling: { intervalMs: 1000 }
window: { length: 60, stride: 30 }
model: { hidden: [32, 8, 32] }
gossip: { roundIntervalMs: ${roundIntervalMs} }
scaler: fixed
`;
}
