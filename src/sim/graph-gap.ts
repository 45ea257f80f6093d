// The spectral gap of a graph given as lists of neighbours. Owns which matrix it is of, and how much work it may be.
import { spectralGap } from './spectrum.ts';
import { metropolisLinks } from './topologies/links.ts';
import { fixed } from './topology.ts';

/** Two to five seconds: 447 steps for 10,000 nodes, where a mesh of degree 6 takes 300 and one of degree 4 takes 400. */
const secondsOfWork = 2e9;

/**
 * spectralGap() of the Metropolis matrix of the undirected graph in which node i has the neighbours `neighbours[i]`; undefined
 * where it would take more than `workMax`, as nodes times squared steps: rings of thousands of nodes, whose gap is next to
 * nothing.
 */
export function graphGap(neighbours: readonly (readonly number[])[], workMax = secondsOfWork): number | undefined {
  const nodes = neighbours.length;
  const edges = neighbours.flatMap((peers, node) =>
    peers.flatMap((peer): [number, number][] => (node < peer ? [[node, peer]] : [])),
  );
  return spectralGap(fixed(metropolisLinks(nodes, edges)), 1, Math.floor(Math.sqrt(workMax / nodes)));
}
