// A small LAN of network namespaces on this machine: hosts with an interface each on one bridge. Owns their making and their
// clean-up; needs root and iproute2, and touches no network of the machine itself.
import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';

export interface LanOptions {
  hosts: number;
  /** Each host gets 10.83.0.n/24 (n from 1). Default true. */
  ipv4?: boolean;
  /** Each host gets fd83::n/64. Default false. */
  ipv6?: boolean;
  /** Interfaces wait for up(). Default false. */
  down?: boolean;
}

/** Why no LAN can be made here, or undefined where one can. Tests print it and are skipped. */
export function lanMissing(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces need Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const probe = `rumor-probe-${randomBytes(2).toString('hex')}`;
  try {
    ip('netns', 'add', probe);
  } catch (error) {
    return `no network namespace can be made: ${error instanceof Error ? error.message.split('\n')[0] : error}`;
  }
  try {
    // A bridge may be forbidden or unknown to the kernel where namespaces are not.
    ip('-n', probe, 'link', 'add', 'bridge0', 'type', 'bridge');
    return undefined;
  } catch {
    return 'the kernel makes no bridges here';
  } finally {
    ip('netns', 'delete', probe);
  }
}

/** Why no link can be degraded here, or undefined where it can. */
export function degradingMissing(): string | undefined {
  const missing = lanMissing();
  if (missing !== undefined) return missing;
  const probe = `rumor-probe-${randomBytes(2).toString('hex')}`;
  ip('netns', 'add', probe);
  try {
    run('tc', ['-n', probe, 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms']);
    return undefined;
  } catch {
    return 'the kernel has no netem queueing discipline (sch_netem)';
  } finally {
    ip('netns', 'delete', probe);
  }
}

/** Hosts are numbered from 0. The switch is a namespace of its own, with one bridge for each side of a partition. */
export class Lan {
  private readonly tag = randomBytes(2).toString('hex');
  private readonly options: LanOptions;
  private readonly children = new Set<ChildProcess>();

  private constructor(options: LanOptions) {
    this.options = options;
  }

  /** Makes a LAN for `use`; everything in it is ended and removed afterwards, whatever comes of it. */
  static async with(options: LanOptions, use: (lan: Lan) => Promise<void>): Promise<void> {
    const lan = new Lan(options);
    try {
      lan.make();
      await use(lan);
    } finally {
      await lan.remove();
    }
  }

  /** 10.83.0.n or fd83::n. */
  addressOf(host: number, family: 4 | 6 = 4): string {
    return family === 4 ? `10.83.0.${host + 1}` : `fd83::${(host + 1).toString(16)}`;
  }

  /** Starts a process in a host's namespace; it is ended with the LAN at the latest. */
  spawn(host: number, command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    // ip replaces itself by the command, so the child's pid is the command's.
    const child = spawn('ip', ['netns', 'exec', this.nameOf(host), command, ...args], options);
    this.children.add(child);
    child.once('exit', () => this.children.delete(child));
    return child;
  }

  /** Brings a host's interface up, with its addresses. */
  up(host: number): void {
    const space = this.nameOf(host);
    if (this.options.ipv4 !== false) ip('-n', space, 'address', 'add', `${this.addressOf(host)}/24`, 'dev', 'eth0');
    ip('-n', space, 'link', 'set', 'eth0', 'up');
    // Without the second of duplicate address detection.
    if (this.options.ipv6) ip('-n', space, 'address', 'add', `${this.addressOf(host, 6)}/64`, 'dev', 'eth0', 'nodad');
  }

  /** Moves these hosts to a switch of their own. */
  partition(hosts: readonly number[]): void {
    for (const host of hosts) ip('-n', this.switchName, 'link', 'set', `port${host}`, 'master', 'island');
  }

  /** Puts all hosts on one switch again. */
  heal(): void {
    for (let host = 0; host < this.options.hosts; host++) {
      ip('-n', this.switchName, 'link', 'set', `port${host}`, 'master', 'main');
    }
  }

  /** What leaves every host is lost and delayed by as much. */
  degrade(lossPercent: number, delayMs: number): void {
    for (let host = 0; host < this.options.hosts; host++) {
      const netem = ['netem', 'loss', `${lossPercent}%`, 'delay', `${delayMs}ms`];
      run('tc', ['-n', this.nameOf(host), 'qdisc', 'replace', 'dev', 'eth0', 'root', ...netem]);
    }
  }

  private get switchName(): string {
    return `rumor-${this.tag}-switch`;
  }

  private nameOf(host: number): string {
    return `rumor-${this.tag}-${host}`;
  }

  private make(): void {
    ip('netns', 'add', this.switchName);
    for (const bridge of ['main', 'island']) {
      ip('-n', this.switchName, 'link', 'add', bridge, 'type', 'bridge', 'mcast_snooping', '0');
      ip('-n', this.switchName, 'link', 'set', bridge, 'up');
    }
    for (let host = 0; host < this.options.hosts; host++) {
      const space = this.nameOf(host);
      ip('netns', 'add', space);
      ip('-n', space, 'link', 'set', 'lo', 'up');
      ip('-n', this.switchName, 'link', 'add', `port${host}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space);
      ip('-n', this.switchName, 'link', 'set', `port${host}`, 'master', 'main', 'up');
      if (this.options.down !== true) this.up(host);
    }
  }

  private async remove(): Promise<void> {
    const exits = [...this.children].map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of this.children) child.kill('SIGKILL');
    await Promise.all(exits);
    const names = [this.switchName, ...Array.from({ length: this.options.hosts }, (_, host) => this.nameOf(host))];
    const made = ip('netns', 'list');
    for (const name of names) if (made.includes(name)) ip('netns', 'delete', name);
  }
}

function ip(...args: string[]): string {
  return run('ip', args);
}

function run(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
