// Carries messages between simulated nodes: over the topic to many, over a stream as a pull and its answers. Owns what is counted
// and what is lost to crashes and partitions; when a message arrives is the virtual network's.
import { type Message, messageBytesOf, type PullMessage } from '../gossip/codec.ts';
import type { GossipCore } from '../gossip/core.ts';
import { PeerError, type PeerErrorCode } from '../gossip/peer-error.ts';
import type { Input, PullAnswer } from '../gossip/protocol.ts';
import { receivedInput } from '../gossip/received.ts';
import type { EventQueue } from './event-queue.ts';
import type { FleetNode } from './fleet.ts';
import type { Links } from './links.ts';
import type { VirtualNetwork } from './network.ts';
import type { Wire } from './wire.ts';

/** What messages go between, over and to. */
export interface DeliveryPorts {
  /** Federation id, 32 bytes. */
  federation: Uint8Array;
  nodes: readonly FleetNode[];
  links: Links;
  network: VirtualNetwork;
  queue: EventQueue;
  /** Where given, messages go through their bytes. */
  wire?: Wire | undefined;
  /** How a node is named to its peers. */
  peerOf(node: number): string;
  /** Hands an input to a node that is up. */
  feed(node: number, input: Input): void;
}

/** The post of a fleet; keeps the nodes' traffic. */
export class Delivery {
  private readonly ports: DeliveryPorts;

  constructor(ports: DeliveryPorts) {
    this.ports = ports;
  }

  /** To each of `to`, who gets it unless it is lost, or the two are apart, or the receiver is down before it arrives. */
  send(from: number, to: readonly number[], message: Message): void {
    const { links, network, queue } = this.ports;
    const bytes = this.bytesOf(message);
    for (const peer of to) {
      const start = links.startOf(peer);
      const arrivals = network.arrivals(from, bytes, queue.nowMs);
      const isWhole = links.isWhole(from, peer);
      this.countSent(from, peer, message, bytes, isWhole ? arrivals.length : 0);
      if (!isWhole) continue;
      for (const atMs of arrivals) {
        queue.add(atMs, () => {
          if (this.isOpen(from, peer, start)) this.receive(from, peer, message, bytes);
        });
      }
    }
  }

  /** Over a stream: the answers come together and in order, and then its end; only the end where a crash or a partition breaks it. */
  pull(from: number, to: number, request: PullMessage): void {
    const { links, network, queue, feed, peerOf } = this.ports;
    const bytes = this.bytesOf(request);
    this.countSent(from, to, request, bytes);
    const [asker, asked] = [links.startOf(from), links.startOf(to)];
    const isWhole = links.isWhole(from, to);
    const end = () => {
      if (request.digest.length > 0 || !this.isRunning(from, asker)) return;
      // Whatever came of it, a node that joins waits for this peer no longer.
      feed(from, { kind: 'notHeldReceived', from: peerOf(to) });
    };
    queue.add(network.arrival(from, bytes, queue.nowMs), () => {
      const { core, traffic } = this.node(to);
      if (core === undefined || !isWhole || !this.isOpen(from, to, asked)) return end();
      traffic.bytesReceived += bytes;
      const answers = this.answersOf(to, core, request);
      const sizes = answers.map((answer) => this.bytesOf(answer));
      answers.forEach((answer, i) => {
        this.countSent(to, from, answer, sizes[i] as number);
      });
      const total = sizes.reduce((sum, size) => sum + size, 0);
      queue.add(network.arrival(to, total, queue.nowMs), () => {
        if (this.isOpen(to, from, asker)) {
          answers.forEach((answer, i) => {
            this.receive(to, from, answer, sizes[i] as number, request);
          });
        }
        end();
      });
    });
  }

  /** Counts a message of a peer that a node has refused. */
  countRejected(node: number, code: PeerErrorCode): void {
    const { rejected } = this.node(node).traffic;
    rejected.set(code, (rejected.get(code) ?? 0) + 1);
  }

  /** Whether what was sent to that start of `to` gets there now. */
  private isOpen(from: number, to: number, start: number): boolean {
    return this.isRunning(to, start) && this.ports.links.isWhole(from, to);
  }

  private isRunning(node: number, start: number): boolean {
    const { links } = this.ports;
    return links.isUp(node) && links.startOf(node) === start;
  }

  private answersOf(node: number, core: GossipCore, request: PullMessage): PullAnswer[] {
    const { wire } = this.ports;
    const message = this.readBy(node, () => wire?.carried(request) ?? request);
    if (message?.kind === 'pull') return core.answer(message);
    if (message) this.countRejected(node, 'wrong-topic');
    return [];
  }

  /** `request` is the pull that a message answers. */
  private receive(from: number, to: number, sent: Message, bytes: number, request?: PullMessage): void {
    const { peerOf, wire } = this.ports;
    const peer = peerOf(from);
    this.node(to).traffic.bytesReceived += bytes;
    this.take(to, peer, () => wire?.carried(sent) ?? sent, request);
    if (wire?.hasStray()) this.take(to, `a stranger beside ${peer}`, () => wire.stray(sent));
  }

  private take(to: number, from: string, read: () => Message, request?: PullMessage): void {
    const input = this.readBy(to, () => receivedInput(from, read(), request ? 'answer' : 'topic', request));
    if (input === undefined) return;
    if (input.kind === 'updateReceived' && input.update.payload) this.node(to).traffic.updatesReceived++;
    this.ports.feed(to, input);
  }

  /** What `read` gives; undefined where it is refused, which is counted. */
  private readBy<T>(node: number, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      this.countRejected(node, error.code);
      return undefined;
    }
  }

  /** Bytes of a message on the wire, before encryption. */
  private bytesOf(message: Message): number {
    return messageBytesOf(message, this.ports.federation);
  }

  private countSent(from: number, to: number, message: Message, bytes: number, arrivals = 1): void {
    const { traffic, sent } = this.node(from);
    sent.add(to, message, bytes, arrivals);
    if (message.kind === 'update' && message.payload) traffic.updatesSent++;
  }

  private node(number: number): FleetNode {
    return this.ports.nodes[number] as FleetNode;
  }
}
