// The graph that gossipsub's mesh comes to, random, connected, about D neighbours each, and whom a node of it grafts and prunes
// at a heartbeat. Pure functions.
import type { Prng } from '../lib/prng.ts';

/** Virtual milliseconds between heartbeats: gossipsub's default. */
export const heartbeatMs = 1000;

/** D, and the bounds outside of which a heartbeat brings a node's number of peers back to it. */
export interface MeshBounds {
  low: number;
  degree: number;
  high: number;
}

/** The bounds that a live node sets: gossipsub's own for D = 6 (D_low 4, D_high 12), and alike for others. */
export function meshBounds(degree: number): MeshBounds {
  return { low: Math.max(1, degree - 2), degree, high: 2 * degree };
}

/** Whom a node with `size` peers grafts of `others`: as many at random as it lacks to D. */
export function graftPeers(
  others: readonly number[],
  size: number,
  { degree }: MeshBounds,
  prng: Prng,
): readonly number[] {
  return prng.shuffled(others).slice(0, Math.max(0, degree - size));
}

/** Whom a node prunes of its peers: none up to D_high, and else at random all but D. */
export function prunedPeers(peers: readonly number[], { degree, high }: MeshBounds, prng: Prng): readonly number[] {
  return peers.length <= high ? [] : prng.shuffled(peers).slice(degree);
}

/**
 * Neighbours of each of `nodes` nodes, ascending: the union of ⌊degree / 2⌋ random cycles through all nodes (the permutation
 * model of random regular graphs; Friedman, A proof of Alon's second eigenvalue conjecture, 2003), which is connected, and then
 * random links between nodes that have fewer than `degree` neighbours, as gossipsub grafts. Where nodes are few, everyone knows everyone.
 */
export function meshNeighbours(nodes: number, degree: number, prng: Prng): number[][] {
  const links = Array.from({ length: nodes }, () => new Set<number>());
  const peersOf = (node: number) => links[node] as Set<number>;
  const link = (a: number, b: number) => {
    if (a === b) return;
    peersOf(a).add(b);
    peersOf(b).add(a);
  };
  const all = Array.from({ length: nodes }, (_, i) => i);
  if (nodes <= degree + 1) {
    for (const a of all) for (const b of all) link(a, b);
  } else {
    for (let cycle = 0; cycle < Math.max(1, Math.floor(degree / 2)); cycle++) {
      const order = prng.shuffled(all);
      order.forEach((node, i) => {
        link(node, order[(i + 1) % nodes] as number);
      });
    }
    let open = prng.shuffled(all.filter((node) => peersOf(node).size < degree));
    for (const node of open) {
      open = open.filter((other) => peersOf(other).size < degree);
      for (const other of open) if (peersOf(node).size < degree && peersOf(other).size < degree) link(node, other);
    }
  }
  return links.map((peers) => [...peers].sort((a, b) => a - b));
}
