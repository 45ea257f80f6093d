// A small LAN of network namespaces on this machine: hosts with an interface each on one bridge. Owns their making and their
// clean-up; needs root and iproute2, and touches no network of the machine itself.
import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface LanOptions {
  hosts: number;
  /** Each host gets 10.83.0.n/24 (n from 1). Default true. */
  ipv4?: boolean;
  /** Each host gets fd83::n/64. Default false. */
  ipv6?: boolean;
  /** Interfaces wait for up(). Default false. */
  down?: boolean;
  /** These hosts are on a link of their own, 10.83.1.0/24, with a router between the two. IPv4 only. Default: none. */
  routed?: readonly number[];
}

const bridges = ['main', 'island'] as const;
type Bridge = (typeof bridges)[number];
/** The router's last number on each of its links. */
const routerNumber = 254;

/** What makes a link bad: the kernel's queueing discipline, or a program that carries the frames. */
export type Degrader = 'netem' | 'user space';

const wiresProgram = fileURLToPath(new URL('impaired-wires.py', import.meta.url));

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

/** What can degrade links here, the kernel's own first. */
export function degraders(): Degrader[] {
  if (lanMissing() !== undefined) return [];
  const probe = `rumor-probe-${randomBytes(2).toString('hex')}`;
  const openPacketSocket = 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)';
  ip('netns', 'add', probe);
  try {
    const found: Degrader[] = [];
    if (works('tc', ['-n', probe, 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms'])) found.push('netem');
    if (works('ip', ['netns', 'exec', probe, 'python3', '-c', openPacketSocket])) found.push('user space');
    return found;
  } finally {
    ip('netns', 'delete', probe);
  }
}

/** Why no link can be degraded here, or undefined where it can. */
export function degradingMissing(): string | undefined {
  if (degraders().length > 0) return undefined;
  return (
    lanMissing() ??
    'the kernel has no netem queueing discipline (sch_netem), and there is no python3 to stand in for it'
  );
}

/** Hosts are numbered from 0. The switch is a namespace of its own, with one bridge for each side of a partition or of the router. */
export class Lan {
  private readonly tag = randomBytes(2).toString('hex');
  private readonly options: LanOptions;
  private readonly children = new Set<ChildProcess>();
  /** What is on the bridge for each host: 'port', or 'far' for the other end of a wire. */
  private plug = 'port';

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

  /** 10.83.0.n, 10.83.1.n behind the router, or fd83::n. */
  addressOf(host: number, family: 4 | 6 = 4): string {
    return family === 4 ? `${netOf(this.bridgeOf(host))}.${host + 1}` : `fd83::${(host + 1).toString(16)}`;
  }

  /** What runs a command in a host's namespace. ip replaces itself by the command, so that the child's pid is the command's. */
  within(host: number): string[] {
    return ['ip', 'netns', 'exec', this.nameOf(host)];
  }

  /** Starts a process in a host's namespace; it is ended with the LAN at the latest. */
  spawn(host: number, command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    return this.spawnIn(this.nameOf(host), command, args, options);
  }

  /** Brings a host's interface up, with its addresses. */
  up(host: number): void {
    const space = this.nameOf(host);
    if (this.options.ipv4 !== false) ip('-n', space, 'address', 'add', `${this.addressOf(host)}/24`, 'dev', 'eth0');
    ip('-n', space, 'link', 'set', 'eth0', 'up');
    if (this.options.routed) {
      ip('-n', space, 'route', 'add', 'default', 'via', `${netOf(this.bridgeOf(host))}.${routerNumber}`);
    }
    // Without the second of duplicate address detection.
    if (this.options.ipv6) ip('-n', space, 'address', 'add', `${this.addressOf(host, 6)}/64`, 'dev', 'eth0', 'nodad');
  }

  /** Moves these hosts to a switch of their own. */
  partition(hosts: readonly number[]): void {
    for (const host of hosts) this.plugInto(host, 'island');
  }

  /** Puts all hosts on one switch again. */
  heal(): void {
    for (let host = 0; host < this.options.hosts; host++) this.plugInto(host, 'main');
  }

  /** What leaves every host from now on is lost and delayed by as much. To be called once. */
  async degrade(lossPercent: number, delayMs: number, by: Degrader | undefined = degraders()[0]): Promise<void> {
    const hosts = Array.from({ length: this.options.hosts }, (_, host) => host);
    if (by === 'netem') {
      const netem = ['netem', 'loss', `${lossPercent}%`, 'delay', `${delayMs}ms`];
      for (const host of hosts)
        run('tc', ['-n', this.nameOf(host), 'qdisc', 'replace', 'dev', 'eth0', 'root', ...netem]);
      return;
    }
    for (const host of hosts) {
      ip('-n', this.switchName, 'link', 'add', `wire${host}`, 'type', 'veth', 'peer', 'name', `far${host}`);
      for (const end of ['wire', 'far']) ip('-n', this.switchName, 'link', 'set', `${end}${host}`, 'up');
    }
    const wires = [wiresProgram, `${delayMs}`, `${lossPercent}`, 'wires', ...hosts.map((i) => `port${i}:wire${i}`)];
    const child = this.spawnIn(this.switchName, 'python3', wires, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(createInterface({ input: child.stdout! }), 'line', { signal: AbortSignal.timeout(10_000) });
    this.plug = 'far';
    for (const host of hosts) {
      ip('-n', this.switchName, 'link', 'set', `port${host}`, 'nomaster');
      this.plugInto(host, this.bridgeOf(host));
    }
  }

  private get switchName(): string {
    return `rumor-${this.tag}-switch`;
  }

  private nameOf(host: number): string {
    return `rumor-${this.tag}-${host}`;
  }

  private bridgeOf(host: number): Bridge {
    return this.options.routed?.includes(host) ? 'island' : 'main';
  }

  private plugInto(host: number, bridge: Bridge): void {
    ip('-n', this.switchName, 'link', 'set', `${this.plug}${host}`, 'master', bridge);
  }

  private spawnIn(space: string, command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', space, command, ...args], options);
    this.children.add(child);
    child.once('exit', () => this.children.delete(child));
    return child;
  }

  private make(): void {
    ip('netns', 'add', this.switchName);
    for (const bridge of bridges) {
      ip('-n', this.switchName, 'link', 'add', bridge, 'type', 'bridge', 'mcast_snooping', '0');
      ip('-n', this.switchName, 'link', 'set', bridge, 'up');
      if (!this.options.routed) continue;
      ip('-n', this.switchName, 'address', 'add', `${netOf(bridge)}.${routerNumber}/24`, 'dev', bridge);
    }
    if (this.options.routed) {
      ip('netns', 'exec', this.switchName, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
    }
    for (let host = 0; host < this.options.hosts; host++) {
      const space = this.nameOf(host);
      ip('netns', 'add', space);
      ip('-n', space, 'link', 'set', 'lo', 'up');
      ip('-n', this.switchName, 'link', 'add', `port${host}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space);
      ip('-n', this.switchName, 'link', 'set', `port${host}`, 'master', this.bridgeOf(host), 'up');
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

function netOf(bridge: Bridge): string {
  return bridge === 'main' ? '10.83.0' : '10.83.1';
}

function works(command: string, args: readonly string[]): boolean {
  try {
    run(command, args);
    return true;
  } catch {
    return false;
  }
}

function ip(...args: string[]): string {
  return run('ip', args);
}

function run(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
