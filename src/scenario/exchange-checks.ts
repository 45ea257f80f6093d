// What exchanges in which everyone is everyone's peer cannot go with in a simulation. Owns these rules only; reads no files.
import { knowsEveryone } from '../gossip/settings-checks.ts';
import type { Problem } from '../lib/config/problem.ts';
import type { Scenario } from './schema.ts';

/** Most nodes of a simulation in which all know each other: 1,000 with a small model take 2 GB, which grow with the square. */
export const acquaintedNodesMax = 1000;

/** Why the exchange cannot be simulated with the other settings. `nodes` is undefined where the data will tell. */
export function* exchangeProblems(
  { gossip: { exchange }, network }: Scenario,
  nodes: number | undefined,
): Iterable<Problem> {
  if (network.transport !== 'sim' || !knowsEveryone(exchange)) return;
  const { kind } = network.topology;
  if (kind !== 'mesh') {
    yield {
      path: ['network', 'topology'],
      message: `network.topology ${kind} cannot go with gossip.exchange ${exchange}, in which everyone is everyone's peer; remove it, or set gossip.exchange: mesh`,
    };
  }
  const message = tooManyAcquainted(exchange, nodes);
  if (message !== undefined) yield { path: ['gossip', 'exchange'], message };
}

/** Why so many nodes cannot be simulated where all know each other; undefined where they can. */
export function tooManyAcquainted(exchange: Scenario['gossip']['exchange'], nodes = 0): string | undefined {
  if (!knowsEveryone(exchange) || nodes <= acquaintedNodesMax) return undefined;
  return `gossip.exchange ${exchange} with ${nodes} nodes cannot be simulated: everyone is everyone's peer, which above ${acquaintedNodesMax} nodes takes too much memory; take fewer nodes, or set gossip.exchange: mesh`;
}
