// A gateway in a process of its own: the real command line from source. Starts, reads, asks and ends it; asserts nothing
// about what it does.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { askGateway } from '../../src/cli/gateway-client.ts';
import { type GatewayStatus, statusSchema } from '../../src/node/gateway/status.ts';
import { eventually } from './live-federation.ts';

const fromSource = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface GatewayProcessOptions {
  /** After 'join'. */
  args: readonly string[];
  /** State folder, absolute. */
  state: string;
  cwd?: string;
  /** What runs node, such as ['ip', 'netns', 'exec', NAME]. */
  within?: readonly string[];
  /** Whether the test writes to its standard input, which is empty otherwise. */
  hasInput?: boolean;
  /** Another entry point, such as the built one. */
  main?: string;
}

/** One run of a gateway. */
export class GatewayProcess {
  /** Every line of its standard output and standard error so far. */
  readonly lines: string[] = [];
  readonly state: string;
  readonly child: ChildProcess;
  /** Resolves with exit code or signal when the process has ended. */
  readonly ended: Promise<number | NodeJS.Signals | null>;

  private constructor(child: ChildProcess, state: string) {
    this.child = child;
    this.state = state;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.lines.push(line));
    }
    this.ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals | null);
  }

  static start({
    args,
    state,
    cwd,
    within = [],
    hasInput = false,
    main = fromSource,
  }: GatewayProcessOptions): GatewayProcess {
    const [command = '', ...rest] = [...within, process.execPath, main, 'join', ...args, '--state', state];
    const child = spawn(command, rest, { stdio: [hasInput ? 'pipe' : 'ignore', 'pipe', 'pipe'], ...(cwd && { cwd }) });
    return new GatewayProcess(child, state);
  }

  get pid(): number {
    return this.child.pid as number;
  }

  get output(): string {
    return this.lines.join('\n');
  }

  /** What it says of itself; undefined while it cannot be asked. */
  async status(): Promise<GatewayStatus | undefined> {
    try {
      return await askGateway(this.state, '/status', statusSchema);
    } catch {
      // It has not come so far, or is gone.
      return undefined;
    }
  }

  /** Resolves with the first status for which `condition` holds; rejects after `limitMs` with what was waited for, or where the process ends. */
  async until(condition: (status: GatewayStatus) => boolean, what: string, limitMs = 20_000): Promise<GatewayStatus> {
    let found: GatewayStatus | undefined;
    let asking = false;
    const look = () => {
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`${what}: the gateway has ended\n${this.output}`);
      }
      if (!asking) {
        asking = true;
        void this.status().then((status) => {
          if (status && condition(status)) found = status;
          asking = false;
        });
      }
      return found !== undefined;
    };
    await eventually(look, `${what}\n${this.output}`, limitMs);
    return found as unknown as GatewayStatus;
  }

  /** As from a terminal: gives the exit code. */
  async stop(): Promise<number | NodeJS.Signals | null> {
    this.child.kill('SIGINT');
    return this.ended;
  }

  /** At once, as by a power cut. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}
