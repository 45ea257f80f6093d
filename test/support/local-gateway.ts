// A gateway in this process, without the command line: starts it from a manifest's text and asks it by its socket, as the commands
// do. Asserts nothing about what it does.
import { setTimeout as delay } from 'node:timers/promises';
import { askGateway } from '../../src/cli/gateway-client.ts';
import { monotonicClock } from '../../src/lib/clock.ts';
import { Prng } from '../../src/lib/prng.ts';
import { type GatewaySettings, runGateway } from '../../src/node/gateway/run-gateway.ts';
import { type GatewayStatus, statusSchema } from '../../src/node/gateway/status.ts';
import { parseManifest } from '../../src/node/manifest.ts';

export interface LocalGatewayOptions extends Partial<Omit<GatewaySettings, 'federation'>> {
  /** As text. */
  manifest: string;
  folder: string;
}

/** One run of a gateway in this process. */
export class LocalGateway {
  /** What it has said so far. */
  readonly said: string[] = [];
  /** Settles as runGateway() does. */
  readonly ended: Promise<void>;
  private readonly folder: string;
  private readonly stopping = new AbortController();
  private hasEnded = false;

  constructor({ manifest, ...given }: LocalGatewayOptions) {
    this.folder = given.folder;
    const settings: GatewaySettings = {
      federation: parseManifest(manifest, 'federation.yaml'),
      source: undefined,
      port: 0,
      peers: [],
      mdns: false,
      keyFile: undefined,
      rosterFile: undefined,
      alerts: undefined,
      cpuShareMax: undefined,
      verbose: false,
      ...given,
    };
    const ports = {
      clock: monotonicClock,
      wallClockMs: Date.now,
      prng: new Prng(given.folder),
      environment: {},
      say: (sentence: string) => this.said.push(sentence),
    };
    this.ended = runGateway(settings, ports, this.stopping.signal);
    this.ended.then(
      () => {
        this.hasEnded = true;
      },
      () => {
        this.hasEnded = true;
      },
    );
  }

  get output(): string {
    return this.said.join('\n');
  }

  /** Resolves with the first status for which `condition` holds; rejects where the gateway ends, or after `limitMs`. */
  async until(condition: (status: GatewayStatus) => boolean, what: string, limitMs = 20_000): Promise<GatewayStatus> {
    let last: GatewayStatus | undefined;
    for (
      const endsAtMs = performance.now() + limitMs;
      performance.now() < endsAtMs && !this.hasEnded;
      await delay(20)
    ) {
      // Until it listens there is nobody to ask.
      last = await askGateway(this.folder, '/status', statusSchema).catch(() => undefined);
      if (last && condition(last)) return last;
    }
    throw new Error(`${what}: not there\n${this.output}\n${JSON.stringify(last)}`);
  }

  /** Ends it as a signal does. */
  async stop(): Promise<void> {
    this.stopping.abort(new Error('stopped by the test'));
    await this.ended;
  }
}
