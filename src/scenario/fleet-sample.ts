// Which nodes of a large fleet stand for all where every node would be too many. Owns the choice; measures nothing.
import type { MetricsEvent } from './results.ts';

/** Up to so many nodes, each is scored on the fleet's rows and reported by itself: with thousands that would be millions of figures. */
export const fleetNodesMax = 128;

/** All of `nodes`, or where they are many, `fleetNodesMax` of them at equal distances. */
export function fleetNodes<T>(nodes: readonly T[]): readonly T[] {
  if (nodes.length <= fleetNodesMax) return nodes;
  return Array.from({ length: fleetNodesMax }, (_, i) => nodes[Math.floor((i * nodes.length) / fleetNodesMax)] as T);
}

/** Takes the lines of metrics.jsonl and passes them on without those of single nodes that are not among fleetNodes(). */
export function sampledRecord(
  names: readonly string[],
  record: (event: MetricsEvent) => void,
): (event: MetricsEvent) => void {
  if (names.length <= fleetNodesMax) return record;
  const left = new Set(names);
  for (const name of fleetNodes(names)) left.delete(name);
  return (event) => {
    if ('node' in event && left.has(event.node)) return;
    if (event.event === 'evaluation' && left.has(event.device)) return;
    record(event);
  };
}

/** What a reader must know where not every node is reported by itself; undefined where each is. */
export function sampleNote(nodes: number): string | undefined {
  if (nodes <= fleetNodesMax) return undefined;
  return `${nodes} nodes: fleet and unseen, perDevice, learning curves, the mixing graph and the lines of single nodes in metrics.jsonl are of ${fleetNodesMax} evenly spaced nodes; all other figures count every node.`;
}
