// What a simulation cannot do although each key by itself is right: graphs that change and faults. Owns these rules only.

import type { Problem } from '../lib/config/problem.ts';
import { faultFormProblem } from '../sim/faults.ts';
import type { Scenario } from './schema.ts';

/** Every such problem of a scenario, in the order of the file's sections. */
export function simulationProblems(scenario: Scenario): Problem[] {
  if (scenario.network.transport !== 'sim') return [...mixingProblems(scenario)];
  return [...mixingProblems(scenario), ...topologyProblems(scenario), ...faultProblems(scenario)];
}

function prescribesWeights({ network: { transport, topology } }: Scenario): boolean {
  return transport === 'sim' && (topology.kind === 'base' || topology.kind === 'one-peer-exponential');
}

function* mixingProblems(scenario: Scenario): Iterable<Problem> {
  const { mixing, rounds } = scenario.gossip;
  if (mixing !== 'graph') return;
  if (!prescribesWeights(scenario)) {
    const path = ['gossip', 'mixing'];
    const { transport, topology } = scenario.network;
    const lacks = transport === 'sim' ? `network.topology ${topology.kind}` : `network.transport ${transport}`;
    yield {
      path,
      message: `gossip.mixing graph takes the weights that a topology prescribes, and ${lacks} prescribes none; choose transport sim with topology base or one-peer-exponential, or mix by metropolis`,
    };
    return;
  }
  if (rounds !== 'synchronous') {
    yield {
      path: ['gossip', 'rounds'],
      message: `gossip.rounds ${rounds} cannot go with gossip.mixing graph: the weights of a round are for models of that round; set gossip.rounds: synchronous`,
    };
  }
}

/** The first key of `faults` by which nodes are absent, or apart, for a while; undefined where all are there all the time. */
export function absenceIn(
  faults: Scenario['faults'],
): { key: 'timeline'; action: string } | { key: 'churn' | 'trace' } | undefined {
  const action = faults?.timeline.find((fault) => fault.action !== 'slow')?.action;
  if (action !== undefined) return { key: 'timeline', action };
  const key = (['churn', 'trace'] as const).find((each) => faults?.[each] !== undefined);
  return key && { key };
}

function* topologyProblems(scenario: Scenario): Iterable<Problem> {
  const { gossip, network, faults } = scenario;
  if (!prescribesWeights(scenario)) return;
  const { kind } = network.topology;
  if (gossip.mixing !== 'graph') {
    yield {
      path: ['gossip', 'mixing'],
      message: `gossip.mixing ${gossip.mixing} cannot go with network.topology ${kind}, which changes from round to round and is exact with its own weights only; set gossip.mixing: graph`,
    };
  }
  const absence = absenceIn(faults);
  if (absence === undefined) return;
  yield {
    path: ['faults', absence.key],
    message: `faults with ${absence.key === 'timeline' ? absence.action : absence.key} cannot go with network.topology ${kind}, whose weights are for all nodes of each round; leave it out, or choose another topology`,
  };
}

function* faultProblems({ faults }: Scenario): Iterable<Problem> {
  for (const [index, fault] of (faults?.timeline ?? []).entries()) {
    const problem = faultFormProblem(fault);
    if (problem !== undefined) {
      yield { path: ['faults', 'timeline', index], message: `faults.timeline[${index}] ${problem}` };
    }
  }
}
