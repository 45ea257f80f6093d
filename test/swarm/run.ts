// One run of the swarm: a drawn fleet in the simulator, under every checker. Owns how a draw becomes a fleet.
import { federationId } from '../../src/gossip/manifest.ts';
import type { Moments } from '../../src/gossip/moments.ts';
import { actionOf, type PeerErrorCode } from '../../src/gossip/peer-error.ts';
import { Prng } from '../../src/lib/prng.ts';
import { momentsOf, scaleFromMoments } from '../../src/model/scaler.ts';
import { weightCount } from '../../src/model/weights.ts';
import { memberSettings } from '../../src/scenario/node-parts.ts';
import { fleetLinks } from '../../src/scenario/sim-method.ts';
import { type CheckerFactory, InvariantViolated } from '../../src/sim/checkers/checker.ts';
import { convexity, convexRules } from '../../src/sim/checkers/convexity.ts';
import { initialHull } from '../../src/sim/checkers/initial-hull.ts';
import { edgeWeight } from '../../src/sim/neighbourhood.ts';
import { type SimulatedNode, type SimulationOptions, simulate } from '../../src/sim/simulation.ts';
import type { Topology } from '../../src/sim/topology.ts';
import { type Draw, faultPlanOf } from './draw.ts';
import { ToyDiverged, ToyLearner } from './toy-learner.ts';

/** What came of a run; of the same draw it is the same. */
export interface Ran {
  /** Undefined where a learner diverged for good, which ends a run and is no failure. */
  traceHash: string | undefined;
  events: number;
  simulatedMs: number;
}

/** Runs `draw`. Rejects with InvariantViolated, with any other bug, and with the signal's reason. */
export async function runDraw(
  draw: Draw,
  signal: AbortSignal,
  createCore?: SimulationOptions['createCore'],
): Promise<Ran> {
  const ran: Ran = { traceHash: undefined, events: 0, simulatedMs: 0 };
  const counting: CheckerFactory = () => ({
    name: 'counting',
    onTime(nowMs) {
      ran.events++;
      ran.simulatedMs = nowMs;
    },
  });
  const prng = new Prng(draw.seed);
  const { links, topology } = fleetLinks(draw.scenario, draw.nodes, prng.fork('topology'));
  const nodes = nodesOf(draw, topology, prng.fork('nodes'));
  const { network, faults } = draw.scenario;
  try {
    const { traceHash, traffic, endedAtMs } = await simulate({
      federation: federationId({ swarm: draw.seed }),
      nodes,
      ...links,
      network,
      ...(faults && { faults: faultPlanOf(faults, draw.nodes, draw.seed) }),
      prng,
      signal,
      onEvent: () => undefined,
      ...(draw.wire && { wire: draw.wire }),
      checkers: [counting, convexity, ...(keepsHull(draw) ? [initialHull(nodes.map(({ weights }) => weights))] : [])],
      ...(createCore && { createCore }),
    });
    if (!draw.wire?.corruption) {
      traffic.forEach(({ rejected }, i) => {
        for (const code of rejected.keys()) checkHonest(nodes[i]!, code as PeerErrorCode, endedAtMs);
      });
    }
    return { ...ran, traceHash };
  } catch (error) {
    if (error instanceof ToyDiverged) return ran;
    throw error;
  }
}

/** Where nothing is corrupted, everyone is honest, and no message may cost its sender's standing. */
function checkHonest({ settings }: SimulatedNode, code: PeerErrorCode, atMs: number): void {
  if (actionOf(code) === 'ignore') return;
  throw new InvariantViolated('honest-peers', settings.self, atMs, `has rejected an honest message as ${code}`);
}

function keepsHull({ learner, scenario: { gossip, federation } }: Draw): boolean {
  const isConvex = convexRules.has(gossip.mixing);
  return isConvex && learner === 'none' && gossip.encoding === 'float32' && federation.scaler === 'local';
}

function nodesOf(draw: Draw, topology: Topology | undefined, prng: Prng): SimulatedNode[] {
  const { nodes, features, scenario, core, originsMax, learner, magnitude, sameStart } = draw;
  const { model, gossip, train, network, federation } = scenario;
  const spec = { ...model, features };
  const count = weightCount(spec);
  const normals = (from: Prng) => Float32Array.from({ length: count }, () => magnitude * from.nextGaussian());
  const start = normals(prng.fork('start'));
  return Array.from({ length: nodes }, (_, i) => {
    const own = prng.fork(i);
    const moments = someMoments(features, own);
    const isShared = federation.scaler === 'federated';
    const scale = isShared ? undefined : scaleFromMoments(moments);
    const target = normals(own);
    const settings = memberSettings({ spec, gossip, train, members: nodes, scale }, peerName(i));
    return {
      settings: {
        ...settings,
        roundIntervalMs: gossip.roundIntervalMs ?? 0,
        scaler: settings.scaler && { ...settings.scaler, originsMax },
        ...core,
        ...(gossip.mixing === 'loss-weighted' && { lossOf }),
        edgeWeight: topology?.ownsWeights ? (peer, round) => edgeWeight(topology, numberOf(peer), i, round) : undefined,
      },
      createLearner: () => new ToyLearner(learner, target, own.fork('learner')),
      weights: sameStart ? start : normals(own),
      samples: own.nextInt(1000),
      ...(isShared && { moments }),
      trainMs: train.stepsPerRound * network.stepMs * Math.exp(network.speedSpread * own.nextGaussian()),
    };
  });
}

/** Any function of the weights does. */
function lossOf(weights: Float32Array): number {
  return weights.reduce((sum, weight) => sum + weight ** 2, 0);
}

/** Moments of a few rows, some of whose values are missing. */
function someMoments(features: number, prng: Prng): Moments {
  const offset = 10 * prng.nextGaussian();
  const values = Array.from({ length: features * (1 + prng.nextInt(5)) }, () =>
    prng.nextFloat() < 0.2 ? Number.NaN : offset + prng.nextGaussian(),
  );
  return momentsOf(Float64Array.from(values), features);
}

function peerName(node: number): string {
  return `n${String(node).padStart(2, '0')}`;
}

function numberOf(peer: string): number {
  return Number(peer.slice(1));
}
