// Finds gateways of the federation on the links of this machine by multicast DNS (RFC 6762), IPv4 and IPv6, on interfaces
// that are there now or come up later. Owns the sockets and the times of packets; dials nobody.
import { createSocket, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Prng } from '../../lib/prng.ts';
import { TokenBucket } from './limits.ts';
import { encodeAnswer, encodeQuery, readPacket } from './mdns-records.ts';

export interface MulticastOptions {
  /** See serviceOf(). */
  service: string;
  /** This gateway's peer id. */
  self: string;
  /** Multiaddrs under which this gateway listens at the moment, without its peer id. */
  addresses(): string[];
  clock: Clock;
  prng: Prng;
  /** The machine's network interfaces; those of node:os unless given. */
  interfaces?: typeof networkInterfaces;
  onFound(peer: string, addresses: string[]): void;
  /** One sentence, once for each thing that does not work on this machine. */
  onTrouble(sentence: string): void;
}

const port = 5353;
const groups = { IPv4: '224.0.0.251', IPv6: 'ff02::fb' } as const;
/** How soon an interface that comes up is used. Listing the interfaces takes a tenth of a millisecond. */
const lookIntervalMs = 1000;
/** Queries come after 1, 2, 4, 8 and then each 10 s: one for the whole link, since a heard query stands for one's own. */
const queryIntervalMaxMs = 10_000;
/** RFC 6762 section 6: a record is multicast once a second at most. */
const answerIntervalMs = 1000;
/** Packets that are read: the answers of a thousand gateways to one query at once, and then as many as each ten seconds bring. */
const packetsBurst = 1000;
const packetsPerSecond = 200;
/** A new IPv6 address cannot be sent from for a second, while it is probed for duplicates (RFC 4862). */
const troubleAfterMs = 5000;

/** One socket for each interface and family, since a socket multicasts on one interface only. */
interface Link {
  socket: Socket;
  family: 'IPv4' | 'IPv6';
  zone: string;
  ready: boolean;
}

/** Asks and answers until stopped. Where multicast is not possible it says so and goes on trying. */
export class MulticastDiscovery {
  private readonly options: MulticastOptions;
  private readonly links = new Map<string, Link>();
  private readonly troubles = new Map<string, { sinceMs: number; told: boolean }>();
  private looking: NodeJS.Timeout | undefined;
  private asking: NodeJS.Timeout | undefined;
  private answering: NodeJS.Timeout | undefined;
  private readonly packets: TokenBucket;
  private queryIntervalMs = 1000;
  private answeredMs = Number.NEGATIVE_INFINITY;

  constructor(options: MulticastOptions) {
    this.options = options;
    this.packets = new TokenBucket(packetsBurst, packetsPerSecond, options.clock);
  }

  start(): void {
    this.look();
    this.looking = setInterval(() => this.look(), lookIntervalMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.looking);
    clearTimeout(this.asking);
    clearTimeout(this.answering);
    this.answering = undefined;
    const sockets = [...this.links.values()].map(({ socket }) => socket);
    this.links.clear();
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
  }

  /** Opens a socket on each interface that is new, and closes those of interfaces that are gone. */
  private look(): void {
    const wanted = new Map<string, { name: string; family: 'IPv4' | 'IPv6'; address: string }>();
    let interfaces: ReturnType<typeof networkInterfaces>;
    try {
      interfaces = (this.options.interfaces ?? networkInterfaces)();
    } catch (error) {
      // As where no more files can be opened for the moment: what is open goes on.
      this.trouble({ family: 'IPv4 and IPv6', zone: 'any interface' }, error);
      return;
    }
    for (const [name, addresses] of Object.entries(interfaces)) {
      for (const { family, address, internal } of addresses ?? []) {
        // One socket an interface and family is enough; where its first address changes, so does the socket.
        if (!internal && ![...wanted.values()].some((link) => link.name === name && link.family === family)) {
          wanted.set(`${family} ${name} ${address}`, { name, family, address });
        }
      }
    }
    for (const [key, { socket }] of this.links) {
      if (wanted.has(key)) continue;
      this.links.delete(key);
      socket.close();
    }
    for (const [key, { name, family, address }] of wanted) {
      if (!this.links.has(key)) this.open(key, family, family === 'IPv4' ? address : `::%${name}`);
    }
  }

  private open(key: string, family: Link['family'], zone: string): void {
    const socket = createSocket(
      family === 'IPv4' ? { type: 'udp4', reuseAddr: true } : { type: 'udp6', reuseAddr: true, ipv6Only: true },
    );
    const link: Link = { socket, family, zone, ready: false };
    this.links.set(key, link);
    const fail = (error: unknown) => {
      this.trouble(link, error);
      if (this.links.get(key) !== link) return;
      // The next look tries it again.
      this.links.delete(key);
      socket.close();
    };
    socket.on('error', fail);
    socket.on('message', (bytes) => this.receive(bytes));
    socket.bind({ port, exclusive: true }, () => {
      try {
        socket.addMembership(groups[family], zone);
        socket.setMulticastInterface(zone);
        socket.setMulticastTTL(255);
      } catch (error) {
        return fail(error);
      }
      link.ready = true;
      this.send(encodeAnswer(this.options.service, this.options.self, this.options.addresses()), [link]);
      this.queryIntervalMs = 1000;
      // RFC 6762 section 5.2: hosts that start together must not ask together.
      this.askIn(20 + 100 * this.options.prng.nextFloat());
    });
  }

  private askIn(delayMs: number): void {
    clearTimeout(this.asking);
    this.asking = setTimeout(() => {
      this.send(encodeQuery(this.options.service), [...this.links.values()]);
      this.queryIntervalMs = Math.min(queryIntervalMaxMs, 2 * this.queryIntervalMs);
      this.askIn(this.jittered(this.queryIntervalMs));
    }, delayMs);
  }

  private jittered(ms: number): number {
    return ms * (0.9 + 0.2 * this.options.prng.nextFloat());
  }

  private receive(bytes: Uint8Array): void {
    if (!this.packets.take(1)) return;
    const packet = readPacket(bytes, this.options.service);
    if (packet?.kind === 'answer' && packet.peer !== this.options.self) {
      this.options.onFound(packet.peer, packet.addresses);
    }
    if (packet?.kind === 'query') {
      // Our own query comes back to us as well.
      if (this.queryIntervalMs === queryIntervalMaxMs) this.askIn(this.jittered(queryIntervalMaxMs));
      this.answer();
    }
  }

  /** Answers soon; where the last answer was just now, when the second is over. */
  private answer(): void {
    if (this.answering !== undefined) return;
    const waitMs = Math.max(
      20 + 100 * this.options.prng.nextFloat(),
      this.answeredMs + answerIntervalMs - this.options.clock.nowMs(),
    );
    this.answering = setTimeout(() => {
      this.answering = undefined;
      this.answeredMs = this.options.clock.nowMs();
      const { service, self, addresses } = this.options;
      this.send(encodeAnswer(service, self, addresses()), [...this.links.values()]);
    }, waitMs);
  }

  private send(packet: Uint8Array, links: readonly Link[]): void {
    for (const link of links) {
      if (!link.ready) continue;
      const group = link.family === 'IPv4' ? groups.IPv4 : `${groups.IPv6}${link.zone.slice(2)}`;
      link.socket.send(packet, port, group, (error) => error && this.trouble(link, error));
    }
  }

  /** Each kind of trouble is told once, where it lasts. */
  private trouble({ family, zone }: { family: string; zone: string }, error: unknown): void {
    const code = error instanceof Error && 'code' in error ? String(error.code) : messageOf(error);
    const nowMs = this.options.clock.nowMs();
    const trouble = this.troubles.get(`${family} ${code}`) ?? { sinceMs: nowMs, told: false };
    this.troubles.set(`${family} ${code}`, trouble);
    if (trouble.told || nowMs - trouble.sinceMs < troubleAfterMs) return;
    trouble.told = true;
    this.options.onTrouble(
      `multicast DNS over ${family} does not work at ${zone} (${code}): gateways there are found by --peer only, until it does`,
    );
  }
}
