// A Mosquitto of a test's own, on a free port of the loopback. Starts, kills and removes it; publishes nothing.
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { eventually } from './live-federation.ts';

/** MOSQUITTO_PATH, or the broker on PATH or where Debian keeps it, outside a user's PATH; undefined where there is none. */
export function mosquittoPath(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = environment.MOSQUITTO_PATH;
  if (named !== undefined && named !== '') return isExecutable(named) ? named : undefined;
  return [...(environment.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'mosquitto'))
    .find(isExecutable);
}

/** Skips the suite, and prints why, where there is no broker. */
export function needMosquitto(context: Mocha.Context): void {
  if (mosquittoPath() !== undefined) return;
  console.log('      skipped: there is no mosquitto on this machine (Debian: apt-get install mosquitto)');
  context.skip();
}

/** A broker that keeps its sessions on disk. */
export class Broker {
  readonly port: number;
  readonly folder: string;
  private process: ChildProcess | undefined;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.folder = folder;
  }

  /** @param extra lines of configuration besides port and persistence; `listener` gives the line that opens the port */
  static async start(extra: (folder: string) => string = () => 'allow_anonymous true\n'): Promise<Broker> {
    const folder = await mkdtemp(join(tmpdir(), 'rumormill-mosquitto-'));
    const broker = new Broker(await freePort(), folder);
    const persistence = `persistence true\npersistence_location ${folder}/\nautosave_on_changes true\nautosave_interval 1\n`;
    const log = `log_dest file ${broker.logFile}\nlog_type all\n`;
    const user = process.getuid?.() === 0 ? 'user root\n' : '';
    await writeFile(
      join(folder, 'mosquitto.conf'),
      `listener ${broker.port} 127.0.0.1\n${persistence}${log}${user}${extra(folder)}`,
    );
    await broker.restart();
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  async restart(): Promise<void> {
    this.process = spawn(mosquittoPath()!, ['-c', join(this.folder, 'mosquitto.conf')], { stdio: 'ignore' });
    let isOpen = false;
    const attempt = (): void => {
      const socket = connect(this.port, '127.0.0.1');
      socket.on('connect', () => {
        isOpen = true;
        socket.destroy();
      });
      socket.on('error', () => setTimeout(attempt, 20));
    };
    attempt();
    await eventually(() => isOpen, 'the broker listens');
  }

  private get logFile(): string {
    return join(this.folder, 'mosquitto.log');
  }

  /** How many messages under `topic` were sent to gateways, since the first start. */
  sentToGateways(topic: string): number {
    const lines = readFileSync(this.logFile, 'utf8').split('\n');
    return lines.filter((line) => line.includes('Sending PUBLISH to rumormill') && line.includes(`'${topic}'`)).length;
  }

  /** Makes the broker write its sessions and messages to disk, as it does by itself now and then. */
  async saved(): Promise<void> {
    const file = join(this.folder, 'mosquitto.db');
    const before = await modifiedMs(file);
    this.process!.kill('SIGUSR1');
    let after = before;
    await eventually(() => {
      modifiedMs(file).then((ms) => {
        after = ms;
      });
      return after > before;
    }, 'the broker saves its sessions');
  }

  /** As a power cut ends it. */
  async kill(): Promise<void> {
    const child = this.process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true });
  }
}

/** A port of the loopback that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

async function modifiedMs(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.mtimeMs ?? 0;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
