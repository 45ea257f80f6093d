// What the network of a scenario rules out of the ways to mix. Owns these rules only; reads no files.
import type { Problem } from '../lib/config/problem.ts';
import type { Scenario } from './schema.ts';
import { absenceIn } from './simulation-checks.ts';

/** Nodes of the federation where the file says how many, and otherwise undefined: the data will tell. */
export function nodesNamed({ federation, data }: Scenario): number | undefined {
  return federation.nodes ?? data.devices?.filter((device) => !federation.heldOut.includes(device)).length;
}

/** Which networks and faults CHOCO cannot go with: it needs a graph that stays, and links that lose nothing. */
export function* chocoProblems({ gossip, network, faults }: Scenario): Iterable<Problem> {
  if (gossip.mixing !== 'choco') return;
  if (network.transport !== 'sim') {
    yield problem(
      `gossip.mixing choco cannot go with network.transport ${network.transport}: the mesh of a real network changes, and then neighbours have no estimate of each other; set network.transport: sim, or mix by another rule`,
    );
    return;
  }
  const { topology, loss } = network;
  if ('redrawn' in topology && topology.redrawn) {
    yield problem(
      `gossip.mixing choco cannot go with network.topology ${topology.kind}, whose graph changes from round to round: neighbours would have no estimate of each other; choose one that stays, or another rule`,
    );
  }
  const absence = absenceIn(faults);
  if (absence !== undefined) {
    yield problem(
      `gossip.mixing choco cannot go with faults.${absence.key}${absence.key === 'timeline' ? `, which has a ${absence.action}` : ''}: who misses a difference, or comes back, has no estimate of its neighbours; remove it, or mix by another rule`,
    );
  }
  if (loss > 0) {
    yield problem(
      `gossip.mixing choco cannot go with network.loss ${loss}: a lost difference would leave neighbours with a wrong estimate for ever; set network.loss: 0, or mix by another rule`,
    );
  }
}

function problem(message: string): Problem {
  return { path: ['gossip', 'mixing'], message };
}
