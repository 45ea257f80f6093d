// From a topology to what a simulated fleet and its cores need of it: whom nodes meet, and the weights of each round.
import type { LinkSettings } from './links.ts';
import type { Topology } from './topology.ts';

/**
 * The links of a fleet on `topology`. Where it changes, a node that joins meets all its neighbours of one period, or of
 * ⌈log₂ n⌉ rounds where each is drawn anew: a single round may leave it alone.
 */
export function linksOf(topology: Topology): LinkSettings {
  const { nodes, isStatic, periodRounds } = topology;
  const rounds = isStatic ? 1 : Math.min(periodRounds, Math.max(1, Math.ceil(Math.log2(nodes))));
  const neighbours = Array.from({ length: nodes }, (_, node) => {
    if (isStatic) return topology.neighbours(node, 1);
    const met = new Set<number>();
    for (let round = 1; round <= rounds; round++) {
      for (const peer of topology.neighbours(node, round)) met.add(peer);
      for (const peer of topology.sources(node, round)) met.add(peer);
    }
    return [...met].sort((a, b) => a - b);
  });
  return isStatic ? { neighbours } : { neighbours, topology };
}

/** The weight that `node` gives to the model that `sender` sends it in `round`; 0 where it sends none. */
export function edgeWeight(topology: Topology, sender: number, node: number, round: number): number {
  const index = topology.neighbours(sender, round).indexOf(node);
  return index < 0 ? 0 : (topology.weights(sender, round)[index] as number);
}
