// Gossip on the simulator: the same cores, learners and data as on a real network, on virtual time.
import type { CoreEvent } from '../gossip/protocol.ts';
import { Prng } from '../lib/prng.ts';
import { TrainingDiverged } from '../node/federation-node.ts';
import { meshNeighbours } from '../sim/mesh.ts';
import { type SimulatedLearner, type SimulatedNode, simulate } from '../sim/simulation.ts';
import { createTopology } from '../sim/topology.ts';
import { isCurveRound } from './curve.ts';
import { fleetNodes } from './fleet-sample.ts';
import { type NodeReport, outcomeOf, scaleOf } from './gossip-method.ts';
import { PoolLearner } from './learner.ts';
import { type CurveModel, coreSettings, vectorMathFor } from './member.ts';
import type { Outcome, Trial } from './outcome.ts';
import { RoundLog } from './round-log.ts';
import { momentsOfTable } from './scales.ts';

/** Runs gossip on one seed in virtual time. Rejects with the signal's reason when aborted. */
export async function simulateGossip(trial: Trial): Promise<Outcome> {
  const { scenario, prepared, agreement, pool, seed, signal, record } = trial;
  const { gossip, network, train } = scenario;
  const names = prepared.nodes.map(({ name }) => name);
  const log = new RoundLog(trial, names, 0);
  const prng = new Prng(`${seed}/simulation`);
  const speeds = prng.fork('speeds');
  const vectors = vectorMathFor(pool);
  const learners = prepared.nodes.map((node) => {
    const scale = scaleOf(trial, node);
    return new SimulationLearner({
      pool,
      spec: agreement.spec,
      settings: agreement.settings,
      stepsPerRound: train.stepsPerRound,
      seed: String(seed),
      data: node,
      ...(scale && { scale }),
    });
  });
  const nodes = prepared.nodes.map((node, i): SimulatedNode => {
    const learner = learners[i] as SimulationLearner;
    const { scale } = learner;
    const settings = coreSettings({ ...agreement, gossip, train, members: names.length, scale }, peerName(i));
    return {
      settings: { ...settings, vectors, roundIntervalMs: gossip.roundIntervalMs ?? 0 },
      learner,
      weights: agreement.weights,
      samples: node.train.rows,
      ...(scale === undefined && { moments: momentsOfTable(node.train) }),
      trainMs: train.stepsPerRound * network.stepMs * Math.exp(network.speedSpread * speeds.nextGaussian()),
    };
  });
  const latest = names.map(() => agreement.weights);
  const withCurve = new Set(fleetNodes(names));
  const curves = names.map((): CurveModel[] => []);
  const neighbours = neighboursOf(trial, prng.fork('topology'));
  const { traceHash, traffic } = await simulate({
    federation: agreement.federation,
    nodes,
    neighbours,
    network,
    prng,
    signal,
    onEvent(i, event: CoreEvent, bytesSent) {
      const name = names[i] as string;
      if (event.type === 'round') {
        const { round, weights } = event;
        latest[i] = weights;
        const { scale } = learners[i] as SimulationLearner;
        if (scale && withCurve.has(name) && isCurveRound(round, scenario.evaluate.everyRounds, train.rounds))
          (curves[i] as CurveModel[]).push({ round, weights, scale, bytesSent });
      }
      log.take(name, event);
    },
  });
  record({ event: 'mixing-graph', seed, edges: log.edges(new Map(names.map((name, i) => [peerName(i), name]))) });
  const reports = traffic.map(({ rejected, ...counts }, i): NodeReport => {
    const { scale } = learners[i] as SimulationLearner;
    if (scale === undefined) throw new Error(`${names[i]} ended without a scale`);
    const weights = latest[i] as Float32Array;
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
  return outcomeOf(trial, log, reports, { traceHash, neighbours });
}

function neighboursOf({ scenario, prepared }: Trial, prng: Prng): (readonly number[])[] {
  const { length } = prepared.nodes;
  const { topology } = scenario.network;
  if (topology.kind === 'mesh') return meshNeighbours(length, scenario.gossip.degree, prng);
  const graph = createTopology(topology, length, prng);
  return prepared.nodes.map((_, node) => graph.neighbours(node, 1));
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
