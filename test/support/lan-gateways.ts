// Gateway processes on a LAN of namespaces, and what they have printed. Starts and watches; asserts nothing about it.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { NetworkEvent } from '../../src/node/peers/network-options.ts';
import type { Lan } from './lan.ts';
import { eventually } from './live-federation.ts';

const program = fileURLToPath(new URL('lan-gateway.ts', import.meta.url));

const lineSchema = z.union([
  z.object({ self: z.string() }),
  z.object({ mesh: z.array(z.string()), members: z.array(z.string()) }),
  z.object({ event: z.custom<NetworkEvent>() }),
]);

export interface GatewayOptions {
  /** Default: the same for all. */
  federation?: string;
  /** Default true. */
  mdns?: boolean;
  peers?: string[];
  /** Path of a swarm.key. */
  keyFile?: string;
}

/** Where every gateway of a LAN listens. */
export const gatewayPort = 4711;

/** One gateway process. */
export class Gateway {
  readonly host: number;
  readonly events: NetworkEvent[] = [];
  /** Its peer id; empty before it has started. */
  self = '';
  mesh: string[] = [];
  members: string[] = [];
  errors = '';
  private readonly child: ChildProcess;

  constructor(lan: Lan, host: number, options: GatewayOptions = {}) {
    this.host = host;
    const { federation = 'lan', mdns = true, peers = [], keyFile } = options;
    const argument = JSON.stringify({ name: `gateway ${host}`, federation, port: gatewayPort, peers, mdns, keyFile });
    this.child = lan.spawn(host, process.execPath, [program, argument], { stdio: 'pipe' });
    this.child.stderr?.on('data', (text) => {
      this.errors += text;
    });
    createInterface({ input: this.child.stdout! }).on('line', (text) => {
      const line = lineSchema.parse(JSON.parse(text));
      if ('self' in line) this.self = line.self;
      else if ('event' in line) this.events.push(line.event);
      else Object.assign(this, line);
    });
  }

  /** Ends it as an operator does. */
  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.stdin?.end();
    await exited;
  }

  /** Ends it as a power cut does. */
  async kill(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  has(type: NetworkEvent['type']): boolean {
    return this.events.some((event) => event.type === type);
  }
}

/** Resolves once each of `gateways` has all the others as members and in its mesh; rejects with what each has seen. */
export async function meshed(gateways: readonly Gateway[], limitMs: number): Promise<void> {
  const ids = () => gateways.map(({ self }) => self);
  const knows = ({ mesh, members }: Gateway, id: string) => mesh.includes(id) && members.includes(id);
  const complete = () =>
    gateways.every((gateway) => gateway.self !== '' && ids().every((id) => id === gateway.self || knows(gateway, id)));
  try {
    await eventually(complete, 'all gateways are in the mesh of each other', limitMs);
  } catch (error) {
    const seen = gateways.map(({ host, self, mesh, members, events, errors }) =>
      JSON.stringify({ host, self, mesh, members, events, errors }),
    );
    throw new Error(`${error instanceof Error ? error.message : error}\n${seen.join('\n')}`);
  }
}
