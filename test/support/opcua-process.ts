// Starts, feeds and kills the OPC UA server of opcua-server.ts.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { inTime } from './live-federation.ts';

/** A server with the variables pressure (bar), temperature (K) and counter (Int64, -2) in the folder Pump. */
export class OpcuaServer {
  readonly port: number;
  readonly folder: string;
  private readonly isSecure: boolean;
  private process: ChildProcess | undefined;

  constructor(port: number, folder: string, isSecure = false) {
    this.port = port;
    this.folder = folder;
    this.isSecure = isSecure;
  }

  async start(): Promise<void> {
    const args = [String(this.port), this.folder, ...(this.isSecure ? ['secure'] : [])];
    this.process = fork(new URL('./opcua-server.ts', import.meta.url), args, {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    await inTime(once(this.process, 'message'), 'the server starts', 20_000);
  }

  set(name: string, value: number, isGood = true): void {
    this.process!.send([name, value, isGood]);
  }

  async kill(): Promise<void> {
    const child = this.process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}
