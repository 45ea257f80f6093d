// What the data show to be impossible in a scenario that is right by itself: too many nodes, too large a model, too thin a graph.
// Owns these refusals; runs and writes nothing.
import type { PreparedData } from '../data/types.ts';
import { isRobust, updatesNeeded } from '../gossip/mixing.ts';
import { linksMax } from '../gossip/push-sum.ts';
import { tooFewUpdates, tooLargeToForward } from '../gossip/settings-checks.ts';
import { OperatorError } from '../lib/errors.ts';
import { weightShapes } from '../model/weights.ts';
import { originsMax } from '../node/core-settings.ts';
import { topicMessageBytesMax } from '../node/host.ts';
import { createTopology, topologyProblem } from '../sim/topology.ts';
import { tooManyAcquainted } from './exchange-checks.ts';
import { fixedScale } from './scales.ts';
import type { Scenario } from './schema.ts';
import { topologyPrng } from './simulation-prng.ts';

/** Throws OperatorError, before anything is written, for what the data show to be impossible. */
export function checkWorkable(scenario: Scenario, prepared: PreparedData): void {
  if (scenario.federation.scaler === 'fixed') fixedScale(scenario, prepared.features);
  if (scenario.federation.scaler === 'federated' && prepared.nodes.length > originsMax) {
    throw new OperatorError(
      `federation.scaler: ${prepared.nodes.length} nodes are more than the ${originsMax} whose moments one federation keeps; take fewer nodes, or the scaler local or fixed`,
    );
  }
  const tooFew = tooFewUpdates(scenario.gossip, prepared.nodes.length);
  if (tooFew !== undefined) throw new OperatorError(tooFew);
  if (scenario.network.transport === 'sim') {
    const tooMany = tooManyAcquainted(scenario.gossip.exchange, prepared.nodes.length);
    if (tooMany !== undefined) throw new OperatorError(tooMany);
  }
  checkTopology(scenario, prepared.nodes.length);
  const shapes = weightShapes({ ...scenario.model, features: prepared.features.length });
  const tooLarge = tooLargeToForward(scenario.gossip, shapes, topicMessageBytesMax);
  if (tooLarge !== undefined) throw new OperatorError(tooLarge);
}

/** Rounds of a graph that is drawn anew that are looked at before a run. */
const roundsChecked = 20;

/** Throws OperatorError where the topology cannot be, or not with that way to mix, on so many nodes. */
export function checkTopology({ network: { topology }, gossip, seeds }: Scenario, nodes: number): void {
  if (topology.kind === 'mesh') return;
  const problem = topologyProblem(topology, nodes);
  if (problem !== undefined) throw new OperatorError(`network.topology: ${problem}`);
  const needed = isRobust(gossip.mixing) ? updatesNeeded(gossip.mixing, gossip.byzantine) : 0;
  // The very graphs that will be simulated.
  const graphs = seeds.map((seed) => createTopology(topology, nodes, topologyPrng(seed)));
  if (gossip.mixing === 'push-sum' && !graphs.every(({ isStatic }) => isStatic) && nodes - 1 > linksMax) {
    throw new OperatorError(
      `network.topology: ${topology.kind} is drawn anew each round, so that each of ${nodes} nodes meets all others, and gossip.mixing push-sum remembers what went over ${linksMax} links; take at most ${linksMax + 1} nodes, a topology that stays, or another rule`,
    );
  }
  if (needed === 0) return;
  for (const graph of graphs) {
    const rounds = Math.min(graph.periodRounds, roundsChecked);
    for (let i = 0; i < nodes * rounds; i++) {
      const { length } = graph.sources(i % nodes, 1 + Math.floor(i / nodes));
      if (length >= needed) continue;
      throw new OperatorError(
        `network.topology: ${topology.kind} gives some node ${length} neighbours, and gossip.mixing ${gossip.mixing} needs ${needed} updates a round; take a denser topology, or another rule`,
      );
    }
  }
}
