// Who is up in a simulated fleet, who can reach whom, and whom each node knows as its peer. Owns these and the moments at which
// they change; sends no messages and has no clock.
import type { Prng } from '../lib/prng.ts';
import { graftPeers, type MeshBounds, meshBounds, prunedPeers } from './mesh.ts';
import type { Topology } from './topology.ts';

/** Who exchanges with whom in a fleet where nothing goes wrong. */
export interface LinkSettings {
  /** Each node's neighbours, ascending and symmetric; where the topology changes, those it meets before its first round. */
  neighbours: readonly (readonly number[])[];
  /** D of a mesh that heals itself; undefined where links stay as they are. */
  meshDegree?: number | undefined;
  /** Given where neighbours change from round to round. */
  topology?: Topology | undefined;
}

/** What a node is told of its peers. */
export type TellPeer = (node: number, kind: 'peerUp' | 'peerDown', peer: number) => void;

/** The links of a fleet. What changes them says who notices; the nodes concerned are told in ascending order. */
export class Links {
  private readonly settings: LinkSettings;
  private readonly tell: TellPeer;
  private readonly prng: Prng;
  private readonly bounds: MeshBounds | undefined;
  /** With whom each node would exchange if all were up. */
  private readonly wanted: (readonly number[])[];
  /** Peers that each node knows, with the start at which it met them. */
  private readonly known: Map<number, number>[];
  private readonly knownInOrder: (readonly number[] | undefined)[];
  /** Where neighbours change, whom each node sends to in its round. */
  private readonly sendsTo: (readonly number[] | undefined)[];
  private readonly up: boolean[];
  private readonly starts: number[];
  private parts: readonly number[] | undefined;
  private unhealthy = false;

  constructor(settings: LinkSettings, prng: Prng, tell: TellPeer) {
    const { neighbours, meshDegree } = settings;
    this.settings = settings;
    this.prng = prng;
    this.tell = tell;
    this.bounds = meshDegree === undefined ? undefined : meshBounds(meshDegree);
    this.wanted = [...neighbours];
    this.known = neighbours.map(() => new Map());
    this.knownInOrder = neighbours.map(() => undefined);
    this.sendsTo = neighbours.map(() => undefined);
    this.up = neighbours.map(() => false);
    this.starts = neighbours.map(() => 0);
  }

  /** Whether a node runs. */
  isUp(node: number): boolean {
    return this.up[node] as boolean;
  }

  /** How often a node was started. What is under way to a node that has crashed since is lost. */
  startOf(node: number): number {
    return this.starts[node] as number;
  }

  /** Whether nothing parts two nodes. */
  isWhole(a: number, b: number): boolean {
    return this.parts === undefined || this.parts[a] === this.parts[b];
  }

  /** The peers that a node knows, ascending. */
  peersOf(node: number): readonly number[] {
    this.knownInOrder[node] ??= [...this.knownOf(node).keys()].sort((a, b) => a - b);
    return this.knownInOrder[node];
  }

  /** Whom a node's messages to the federation go to. */
  recipientsOf(node: number): readonly number[] {
    return this.sendsTo[node] ?? this.peersOf(node);
  }

  /** Whether a node of the mesh has too few or too many peers, as far as is known since the last heal(). */
  get isUnhealthy(): boolean {
    return this.unhealthy;
  }

  /** Nodes are up from now on; they meet nobody yet. */
  cameUp(nodes: readonly number[]): void {
    for (const node of nodes) {
      this.up[node] = true;
      this.starts[node] = this.startOf(node) + 1;
    }
  }

  /** A node that came up meets all whom it can reach. */
  meetAll(node: number): void {
    this.sync(node);
    this.unhealthy ||= this.bounds !== undefined && this.knownOf(node).size < this.bounds.low;
  }

  /** A node that comes back to a mesh that has forgotten it grafts others at once, as gossipsub does on joining a topic. */
  rejoinMesh(node: number): void {
    if (this.bounds && this.knownOf(node).size < this.bounds.low) this.graft(node, this.bounds);
  }

  /** Nodes are down from now on, and know nobody; their neighbours have not noticed yet. */
  wentDown(nodes: readonly number[]): void {
    for (const node of nodes) {
      this.up[node] = false;
      this.knownOf(node).clear();
      this.knownInOrder[node] = undefined;
      if (this.settings.topology === undefined) continue;
      this.wanted[node] = this.settings.neighbours[node] as readonly number[];
      this.sendsTo[node] = undefined;
    }
  }

  /** Neighbours notice that a node went down, unless it is back already: then they notice that it came up. */
  noticeDown(node: number): void {
    if (this.isUp(node)) return;
    for (const peer of this.around(node)) {
      this.forget(peer, node);
      if (this.bounds) this.unlink(peer, node);
    }
  }

  /** Neighbours notice that a node came up; whoever knew it before its crash loses and finds it again. */
  noticeUp(node: number): void {
    for (const peer of this.around(node)) {
      if (!this.reaches(peer, node)) continue;
      if (this.knownOf(peer).get(node) !== this.startOf(node)) this.forget(peer, node);
      if (this.wantedOf(peer).includes(node)) this.meet(peer, node);
    }
  }

  /** Parts the fleet by the number of each node's part; undefined makes it whole. */
  part(parts: readonly number[] | undefined): void {
    this.parts = parts;
  }

  /** Every node notices who is beyond a partition, and who is no longer. */
  noticeParts(): void {
    this.up.forEach((isUp, node) => {
      if (!isUp) return;
      for (const peer of this.peersOf(node)) if (!this.isWhole(node, peer)) this.forget(node, peer);
      for (const peer of this.wantedOf(node)) if (this.reaches(node, peer)) this.meet(node, peer);
    });
  }

  /** Where neighbours change: a node's peers become those it hears from in `round`, and it sends to those of `round`. */
  beginRound(node: number, round: number): void {
    const { topology } = this.settings;
    if (topology === undefined) return;
    this.wanted[node] = topology.sources(node, round);
    this.sendsTo[node] = topology.neighbours(node, round);
    this.sync(node);
  }

  /** One heartbeat of the mesh: who has too many peers prunes some, who has too few grafts some, both at random. */
  heal(): void {
    const { bounds } = this;
    if (bounds === undefined) return;
    this.unhealthy = false;
    let isChanged = false;
    this.up.forEach((isUp, node) => {
      if (!isUp) return;
      for (const peer of prunedPeers(this.peersOf(node), bounds, this.prng)) {
        this.separate(node, peer);
        isChanged = true;
      }
      if (this.knownOf(node).size < bounds.low) isChanged = this.graft(node, bounds) || isChanged;
    });
    // Where nothing could be done, the next heartbeat would do nothing either.
    this.unhealthy &&= isChanged;
  }

  private graft(node: number, bounds: MeshBounds): boolean {
    const isFree = (peer: number) =>
      peer !== node &&
      this.reaches(node, peer) &&
      this.knownOf(peer).size < bounds.high &&
      !this.knownOf(node).has(peer);
    const others = this.up.flatMap((_, peer) => (isFree(peer) ? [peer] : []));
    const peers = graftPeers(others, this.knownOf(node).size, bounds, this.prng);
    for (const peer of peers) {
      this.link(node, peer);
      this.link(peer, node);
      this.meet(node, peer);
      this.meet(peer, node);
    }
    this.unhealthy ||= this.knownOf(node).size < bounds.low;
    return peers.length > 0;
  }

  private separate(a: number, b: number): void {
    this.unlink(a, b);
    this.forget(a, b);
    this.forget(b, a);
  }

  private link(node: number, peer: number): void {
    if (this.wantedOf(node).includes(peer)) return;
    this.wanted[node] = [...this.wantedOf(node), peer].sort((a, b) => a - b);
  }

  private unlink(a: number, b: number): void {
    this.wanted[a] = this.wantedOf(a).filter((peer) => peer !== b);
    this.wanted[b] = this.wantedOf(b).filter((peer) => peer !== a);
  }

  /** A node's peers become all whom it wants and can reach. */
  private sync(node: number): void {
    const wanted = this.wantedOf(node);
    for (const peer of this.peersOf(node)) {
      if (!wanted.includes(peer) || !this.reaches(node, peer)) this.forget(node, peer);
    }
    for (const peer of wanted) if (this.reaches(node, peer)) this.meet(node, peer);
  }

  /** Nodes that may know `node`. */
  private around(node: number): readonly number[] {
    return this.settings.topology === undefined ? this.wantedOf(node) : [...this.up.keys()];
  }

  private reaches(node: number, peer: number): boolean {
    return this.isUp(node) && this.isUp(peer) && this.isWhole(node, peer);
  }

  private meet(node: number, peer: number): void {
    const known = this.knownOf(node);
    if (known.has(peer)) return;
    known.set(peer, this.startOf(peer));
    this.knownInOrder[node] = undefined;
    this.unhealthy ||= this.bounds !== undefined && known.size > this.bounds.high;
    this.tell(node, 'peerUp', peer);
  }

  private forget(node: number, peer: number): void {
    const known = this.knownOf(node);
    if (!known.delete(peer)) return;
    this.knownInOrder[node] = undefined;
    this.unhealthy ||= this.bounds !== undefined && known.size < this.bounds.low;
    this.tell(node, 'peerDown', peer);
  }

  private knownOf(node: number): Map<number, number> {
    return this.known[node] as Map<number, number>;
  }

  private wantedOf(node: number): readonly number[] {
    return this.wanted[node] as readonly number[];
  }
}
