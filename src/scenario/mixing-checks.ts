// What push-sum and CHOCO cannot go with. Owns these rules only; reads no files.
import type { Problem } from './cross-checks.ts';
import type { Scenario } from './schema.ts';

/** Why the scenario's way to mix cannot work with its other settings. */
export function* mixingWithMemoryProblems(scenario: Scenario): Iterable<Problem> {
  if (scenario.gossip.mixing === 'push-sum') yield* pushSumProblems(scenario);
  if (scenario.gossip.mixing === 'choco') yield* chocoProblems(scenario);
}

function* pushSumProblems({ gossip: { exchange, encoding, sparsifier } }: Scenario): Iterable<Problem> {
  if (exchange !== 'mesh') {
    yield problem(
      `gossip.mixing push-sum cannot go with exchange ${exchange}: each neighbour gets sums of its own, round after round; set gossip.exchange: mesh`,
    );
  }
  if (encoding !== 'float32' || sparsifier !== 'none') {
    yield problem(
      'gossip.mixing push-sum sends sums that grow, of which compression would lose more with each round; set gossip.encoding: float32 and gossip.sparsifier: none',
    );
  }
}

function* chocoProblems({ gossip, network, faults }: Scenario): Iterable<Problem> {
  if (gossip.rounds !== 'synchronous') {
    yield problem(
      'gossip.mixing choco needs rounds synchronous: no difference may be left out; set gossip.rounds: synchronous',
    );
  }
  if (network.transport !== 'sim') {
    yield problem(
      `gossip.mixing choco cannot go with network.transport ${network.transport}: the mesh of a real network changes, and then neighbours have no estimate of each other; set network.transport: sim, or mix by another rule`,
    );
    return;
  }
  const { topology, loss } = network;
  if (
    ('redrawn' in topology && topology.redrawn) ||
    topology.kind === 'one-peer-exponential' ||
    topology.kind === 'base'
  ) {
    yield problem(
      `gossip.mixing choco cannot go with network.topology ${topology.kind}, whose graph changes from round to round: neighbours would have no estimate of each other; choose one that stays, or another rule`,
    );
  }
  const changing = faults?.timeline.find(({ action }) => action !== 'slow')?.action;
  const fault = faults?.churn ? 'churn' : faults?.trace === undefined ? changing : 'trace';
  if (fault !== undefined) {
    yield problem(
      `gossip.mixing choco cannot go with faults.${fault === changing ? `timeline, which has a ${fault}` : fault}: who misses a difference, or comes back, has no estimate of its neighbours; remove it, or mix by another rule`,
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
