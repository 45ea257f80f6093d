// Gossip on the simulator: the same cores, learners and data as on a real network, on virtual time.
import type { CoreEvent } from '../gossip/protocol.ts';
import { knowsEveryone } from '../gossip/settings-checks.ts';
import { collectInProportion } from '../lib/garbage-collection.ts';
import type { Prng } from '../lib/prng.ts';
import type { Scale } from '../model/scaler.ts';
import { TrainingDiverged } from '../node/federation-node.ts';
import type { LinkSettings } from '../sim/links.ts';
import { meshNeighbours } from '../sim/mesh.ts';
import { edgeWeight, linksOf } from '../sim/neighbourhood.ts';
import { type SimulatedLearner, type SimulatedNode, simulate } from '../sim/simulation.ts';
import { createTopology, type Topology } from '../sim/topology.ts';
import { isCurveRound } from './curve.ts';
import { fleetNodes } from './fleet-sample.ts';
import { type NodeReport, outcomeOf, scaleOf } from './gossip-method.ts';
import { PoolLearner } from './learner.ts';
import type { CurveModel } from './member.ts';
import { learnerOptions, type MixingTools, memberSettings, mixingOf, mixingTools } from './node-parts.ts';
import type { Outcome, Trial } from './outcome.ts';
import { RoundLog } from './round-log.ts';
import { localScale, momentsOfTable } from './scales.ts';
import type { Scenario } from './schema.ts';
import { simulationPrng, topologyPrng } from './simulation-prng.ts';

/** From so many nodes on, their models are most of the memory. */
const largeFleet = 512;

/** Runs gossip on one seed in virtual time. Rejects with the signal's reason when aborted. */
export async function simulateGossip(trial: Trial): Promise<Outcome> {
  const { scenario, prepared, agreement, pool, seed, signal, record, faults } = trial;
  const { network } = scenario;
  const names = prepared.nodes.map(({ name }) => name);
  if (names.length >= largeFleet) collectInProportion();
  const log = new RoundLog(trial, names, 0);
  const prng = simulationPrng(seed);
  const { links, topology } = fleetLinks(scenario, names.length, topologyPrng(seed));
  const learners: SimulationLearner[] = [];
  // The model of a node's last checkpoint; what it learnt after that is lost in a crash.
  const latest: { weights: Float32Array; scale: Scale | undefined }[] = prepared.nodes.map((node) => ({
    weights: agreement.weights,
    scale: scaleOf(trial, node),
  }));
  const withCurve = new Set(fleetNodes(names));
  const curves = names.map((): CurveModel[] => []);
  const { traceHash, traffic } = await simulate({
    ...links,
    federation: agreement.federation,
    nodes: simulatedNodes(trial, await mixingTools(pool, agreement, scenario), prng.fork('speeds'), topology, learners),
    network,
    faults,
    prng,
    signal,
    onEvent(i, event: CoreEvent, bytesSent) {
      const name = names[i] as string;
      if (event.type === 'round') {
        const { round, weights } = event;
        const scale = learners[i]?.scale;
        latest[i] = { weights, scale };
        if (scale && withCurve.has(name) && isCurveRound(round, scenario.evaluate.everyRounds, scenario.train.rounds))
          curves[i]?.push({ round, weights, scale, bytesSent });
      }
      log.take(name, event);
    },
    onGone: (i) => log.leave(names[i] as string),
  });
  record({ event: 'mixing-graph', seed, edges: log.edges(new Map(names.map((name, i) => [peerName(i), name]))) });
  const reports = traffic.map(({ rejected, ...counts }, i): NodeReport => {
    const { weights, scale = localScale(prepared.nodes[i]!) } = latest[i]!;
    // Nothing fails to be sent in a simulation, and its work is the run's own.
    return {
      ...counts,
      weights,
      scale,
      rejected: Object.fromEntries(rejected),
      sendsFailed: 0,
      cpuSeconds: 0,
      peakRssBytes: 0,
      curve: curves[i] as CurveModel[],
    };
  });
  return outcomeOf(trial, log, reports, {
    traceHash,
    // Whom a node pushes to is drawn anew in each round.
    ...((topology?.isStatic ?? true) && scenario.gossip.exchange !== 'random' && { neighbours: links.neighbours }),
  });
}

/** The nodes; `learners` receives the latest learner of each. */
function simulatedNodes(
  trial: Trial,
  tools: MixingTools,
  speeds: Prng,
  topology: Topology | undefined,
  learners: SimulationLearner[],
): SimulatedNode[] {
  const { scenario, prepared, agreement, pool, seed, faults } = trial;
  const { gossip, network, train } = scenario;
  const members = prepared.nodes.length;
  const numbers = new Map(prepared.nodes.map((_, i) => [peerName(i), i]));
  return prepared.nodes.map((data, i): SimulatedNode => {
    const scale = scaleOf(trial, data);
    return {
      settings: {
        ...memberSettings({ ...agreement, gossip, train, members, scale }, peerName(i)),
        ...mixingOf(tools, () => learners[i] as PoolLearner),
        roundIntervalMs: gossip.roundIntervalMs ?? 0,
        // Nobody waits for those that are not there yet.
        originsExpected: Math.max(1, members - (faults?.absent.length ?? 0)),
        edgeWeight: topology?.ownsWeights
          ? (peer, round) => edgeWeight(topology, numbers.get(peer) as number, i, round)
          : undefined,
      },
      createLearner() {
        learners[i] = new SimulationLearner(learnerOptions({ ...agreement, train, seed, data, scale }, pool, tools));
        return learners[i];
      },
      weights: agreement.weights,
      samples: data.train.rows,
      ...(scale === undefined && { moments: momentsOfTable(data.train) }),
      trainMs: train.stepsPerRound * network.stepMs * Math.exp(network.speedSpread * speeds.nextGaussian()),
    };
  });
}

/** Who is whose peer in a simulation of so many nodes; `topology` where the links come from one. */
export function fleetLinks(
  { network, gossip: { exchange, degree } }: Pick<Scenario, 'network' | 'gossip'>,
  nodes: number,
  prng: Prng,
): { links: LinkSettings; topology?: Topology } {
  const spec = knowsEveryone(exchange) ? ({ kind: 'complete' } as const) : network.topology;
  if (spec.kind === 'mesh') {
    return { links: { neighbours: meshNeighbours(nodes, degree, prng), meshDegree: degree } };
  }
  const topology = createTopology(spec, nodes, prng);
  return { links: linksOf(topology), topology };
}

class SimulationLearner extends PoolLearner implements SimulatedLearner {
  isDivergence(error: unknown): boolean {
    return error instanceof TrainingDiverged;
  }
}

/** As peers name it: in the order of the nodes. */
function peerName(node: number): string {
  return `node-${String(node).padStart(6, '0')}`;
}
