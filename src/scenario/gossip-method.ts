// The method under study: launches one node for each part of the data, lets them gossip, and collects what they became.
import { setMaxListeners } from 'node:events';
import type { NodeData } from '../data/types.ts';
import type { CoreEvent } from '../gossip/protocol.ts';
import { type SentBytes, totalOf } from '../gossip/sent-bytes.ts';
import { monotonicClock } from '../lib/clock.ts';
import { Prng } from '../lib/prng.ts';
import type { Scale } from '../model/scaler.ts';
import { scoringModel } from './evaluate.ts';
import { fleetNodes } from './fleet-sample.ts';
import { type Member, type MemberConfig, type MemberReport, startMember } from './member.ts';
import { mixingTools } from './node-parts.ts';
import type { GossipOutcome, Outcome, Trial } from './outcome.ts';
import { startProcessMember } from './process-member.ts';
import { RoundLog } from './round-log.ts';
import { fixedScale, localScale } from './scales.ts';
import { splitSent } from './sent-split.ts';
import { addedUp } from './summarise.ts';

/** Other nodes that each node dials; gossipsub builds its mesh among the connected. */
const dialsPerNode = 6;

/** Runs gossip on one seed. Rejects with the signal's reason when aborted, with every node stopped. */
export async function runGossip(trial: Trial): Promise<Outcome> {
  const { scenario, prepared, signal, agreement, seed, record } = trial;
  const began = monotonicClock.nowMs();
  const log = new RoundLog(
    trial,
    prepared.nodes.map(({ name }) => name),
    began,
  );
  const tools = await mixingTools(trial.pool, agreement, scenario);
  const withCurve = new Set(fleetNodes(prepared.nodes));
  const members: Member[] = [];
  try {
    for (const node of prepared.nodes) {
      signal.throwIfAborted();
      const config: MemberConfig = {
        ...agreement,
        data: { name: node.name, train: node.train, validate: node.validate },
        seed,
        members: prepared.nodes.length,
        gossip: scenario.gossip,
        train: scenario.train,
        scale: scaleOf(trial, node),
        transport: scenario.network.transport === 'memory' ? 'memory' : 'tcp',
        curveEveryRounds: withCurve.has(node) ? scenario.evaluate.everyRounds : undefined,
      };
      const onEvent = (name: string, event: CoreEvent) => log.take(name, event);
      members.push(
        scenario.network.transport === 'processes'
          ? await startProcessMember(config, onEvent)
          : await startMember(config, trial.pool, tools, onEvent),
      );
    }
    await connectAll(members, new Prng(`${seed}/topology`));
    const finished = Promise.all(members.map((member) => member.finished));
    // One node may fail while another still begins; whoever awaits below sees it.
    finished.catch(() => undefined);
    await Promise.all(members.map((member) => member.begin()));
    await untilAborted(finished, signal);
  } catch (error) {
    // No host or process may outlive the method.
    await Promise.allSettled(members.map((member) => member.stop()));
    throw error;
  }
  const reports = await Promise.all(members.map(stopWithReport));
  record({ event: 'mixing-graph', seed, edges: log.edges(new Map(members.map(({ peerId, name }) => [peerId, name]))) });
  const split = splitSent(reports.map(({ sent }) => sent));
  return outcomeOf(
    trial,
    log,
    reports.map((report, i) => ({ ...report, bytesSent: split[i] as SentBytes })),
  );
}

async function stopWithReport(member: Member): Promise<MemberReport> {
  const report = await member.stop();
  if (report === undefined) throw new Error(`${member.name} ended without a model`);
  return report;
}

/** The scale that a node begins with; undefined where the nodes agree on one by gossip. */
export function scaleOf({ scenario, prepared }: Trial, node: MemberConfig['data']): Scale | undefined {
  switch (scenario.federation.scaler) {
    case 'federated':
      return undefined;
    case 'local':
      return localScale(node);
    case 'fixed':
      return fixedScale(scenario, prepared.features);
  }
}

/** A ring, so that the federation is connected, and random links on top of it. */
async function connectAll(members: readonly Member[], prng: Prng): Promise<void> {
  const links = new Set<string>();
  const count = members.length;
  for (let i = 0; i < count; i++) {
    const others = prng.shuffled(Array.from({ length: count }, (_, j) => j).filter((j) => j !== i));
    for (const j of [(i + 1) % count, ...others.slice(0, dialsPerNode)]) {
      if (i !== j) links.add(`${Math.min(i, j)} ${Math.max(i, j)}`);
    }
  }
  for (const link of links) {
    const [from, to] = link.split(' ').map(Number) as [number, number];
    await (members[from] as Member).connect((members[to] as Member).addresses);
  }
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  setMaxListeners(0, signal);
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** A real or simulated node's report, its bytes split by kind. */
export type NodeReport = Omit<MemberReport, 'sent'> & { bytesSent: SentBytes };

/** What the nodes have done and become, in their order, recorded and added up. `ofSimulation` is what only a simulation knows. */
export function outcomeOf(
  trial: Trial,
  log: RoundLog,
  reports: readonly NodeReport[],
  ofSimulation: Pick<GossipOutcome, 'traceHash' | 'neighbours'> = {},
): Outcome {
  const { prepared, pool, scenario, seed, record } = trial;
  log.close();
  prepared.nodes.forEach(({ name: node }, i) => {
    const report = reports[i] as NodeReport;
    const { bytesSent: split, bytesReceived, updatesSent, updatesReceived } = report;
    const bytesSent = totalOf(split);
    record({ event: 'node-traffic', seed, node, bytesSent, split, bytesReceived, updatesSent, updatesReceived });
    for (const [code, count] of Object.entries(report.rejected)) {
      record({ event: 'rejected', seed, node, code, count });
    }
  });
  const gossip: GossipOutcome = {
    consensusDistance: log.consensusDistance,
    deliveries: reports.reduce((sum, report) => sum + report.updatesReceived, 0),
    staleness: log.staleness,
    rejected: addedUp(reports.map(({ rejected }) => rejected)),
    rounds: log.rounds,
    ...ofSimulation,
  };
  const { batchSize, stepsPerRound } = scenario.train;
  return {
    models: reports.map(({ weights, scale }) => scoringModel(pool, scale, weights)),
    samplesTrained: log.rounds.all * stepsPerRound * batchSize,
    bytesSent: reports.map(({ bytesSent }) => bytesSent),
    checkpoints: reports.flatMap(({ curve }, i) =>
      curve.map(({ round, weights, scale, bytesSent }) => ({
        node: (prepared.nodes[i] as NodeData).name,
        round,
        model: scoringModel(pool, scale, weights),
        bytesSent,
      })),
    ),
    extraCpuSeconds: reports.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    extraPeakRssBytes: reports.reduce((sum, { peakRssBytes }) => sum + peakRssBytes, 0),
    gossip,
  };
}
