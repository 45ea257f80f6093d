// The spectral gap of a graph given as lists of neighbours. Owns which matrix it is of, and how much work it may be.
import { spectralGap } from './spectrum.ts';
import { metropolisLinks } from './topologies/links.ts';
import { fixed } from './topology.ts';

/** Of nodes · steps², which is the work: two or three seconds. Random graphs of 10,000 nodes need half of it, a ring of 2,000 more. */
const workMax = 1e9;

/**
 * spectralGap() of the Metropolis matrix of the undirected graph in which node i has the neighbours `neighbours[i]`; undefined
 * where it takes too long, as with rings of thousands of nodes, whose gap is next to nothing.
 */
export function graphGap(neighbours: readonly (readonly number[])[]): number | undefined {
  const nodes = neighbours.length;
  const edges = neighbours.flatMap((peers, node) =>
    peers.flatMap((peer): [number, number][] => (node < peer ? [[node, peer]] : [])),
  );
  return spectralGap(fixed(metropolisLinks(nodes, edges)), 1, Math.floor(Math.sqrt(workMax / nodes)));
}
