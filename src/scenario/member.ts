// One node of a scenario's federation on a real host: host, protocol and training put together in this process.
import { createHash } from 'node:crypto';
import type { NodeData } from '../data/types.ts';
import { longestPayloadBytes } from '../gossip/compression/update-payload.ts';
import type { CoreEvent } from '../gossip/protocol.ts';
import { monotonicClock } from '../lib/clock.ts';
import { Prng } from '../lib/prng.ts';
import type { EnginePool } from '../model/engine-pool.ts';
import type { Scale } from '../model/scaler.ts';
import { originsMax } from '../node/core-settings.ts';
import { FederationNode } from '../node/federation-node.ts';
import { addressesOf, connect, startHost } from '../node/host.ts';
import { isCurveRound } from './curve.ts';
import { PoolLearner } from './learner.ts';
import type { Agreement } from './manifest.ts';
import { learnerOptions, type MixingTools, memberSettings, mixingOf } from './node-parts.ts';
import { momentsOfTable } from './scales.ts';
import type { Scenario } from './schema.ts';
import type { MeasuredBytes } from './sent-split.ts';

/** All that one node needs; plain data, so that it can be sent to another process. */
export interface MemberConfig extends Agreement {
  data: Pick<NodeData, 'name' | 'train' | 'validate'>;
  seed: number;
  /** Nodes in the federation. */
  members: number;
  gossip: Scenario['gossip'];
  train: Scenario['train'];
  /** Given where the nodes do not agree on a scaler by gossip. */
  scale: Scale | undefined;
  transport: 'tcp' | 'memory';
  /** Keep the model after every so many rounds, for the learning curve; undefined where the node has none. */
  curveEveryRounds: number | undefined;
}

/** What a node has done and become. */
export interface MemberReport {
  weights: Float32Array;
  scale: Scale;
  sent: MeasuredBytes;
  bytesReceived: number;
  updatesSent: number;
  updatesReceived: number;
  sendsFailed: number;
  rejected: Record<string, number>;
  /** Of the node's own process; 0 where it shares the run's. */
  cpuSeconds: number;
  peakRssBytes: number;
  curve: CurveModel[];
}

/** A node's model after a round of its own, with all bytes it had sent by then. */
export interface CurveModel {
  round: number;
  weights: Float32Array;
  scale: Scale;
  bytesSent: number;
}

/** A node in this process or in one of its own. */
export interface Member {
  name: string;
  peerId: string;
  addresses: string[];
  connect(addresses: readonly string[]): Promise<void>;
  begin(): Promise<void>;
  /** Resolves when the node has done its rounds; rejects where it cannot go on. */
  finished: Promise<void>;
  /** Ends the node; the report is what it has by then, undefined where it has not come as far as a scale. */
  stop(): Promise<MemberReport | undefined>;
}

/** Is told what a node, by name, says of itself. */
export type MemberEventHandler = (name: string, event: CoreEvent) => void;

/** Starts a node on a host of its own in this process, training on `pool` and mixing with `tools`. */
export async function startMember(
  config: MemberConfig,
  pool: EnginePool,
  tools: MixingTools,
  onEvent: MemberEventHandler,
): Promise<Member> {
  const { data, spec, gossip, train, weights, federation } = config;
  const { name } = data;
  const seed = `${config.seed}/${name}`;
  const keySeed = createHash('sha256').update(federation).update(seed).digest();
  const host = await startHost({
    transport: config.transport,
    listen: [config.transport === 'tcp' ? '/ip4/127.0.0.1/tcp/0' : `/memory/${keySeed.toString('hex')}`],
    keySeed,
    degree: Math.min(gossip.degree, Math.max(1, config.members - 1)),
  });
  const learner = new PoolLearner(learnerOptions(config, pool, tools));
  let latest = weights;
  const settingsOfCore = {
    ...memberSettings(config, host.libp2p.peerId.toString()),
    ...mixingOf(tools, () => learner),
  };
  const curve: CurveModel[] = [];
  const bytesSent = () => [...host.traffic.bytesSent.values()].reduce((sum, bytes) => sum + bytes, 0);
  const node = new FederationNode({
    host,
    federation,
    settings: settingsOfCore,
    limits: {
      payloadBytesMax: longestPayloadBytes(settingsOfCore.shapes, settingsOfCore),
      originsMax,
      features: spec.features,
    },
    learner,
    clock: monotonicClock,
    prng: new Prng(`${seed}/gossip`),
    onEvent(event) {
      if (event.type === 'round') {
        latest = event.weights;
        const { round } = event;
        if (learner.scale && isCurveRound(round, config.curveEveryRounds, train.rounds))
          curve.push({ round, weights: latest, scale: learner.scale, bytesSent: bytesSent() });
      }
      onEvent(name, event);
    },
  });
  return {
    name,
    peerId: host.libp2p.peerId.toString(),
    addresses: addressesOf(host),
    connect: (addresses) => connect(host, addresses),
    begin() {
      const shared = config.scale ? {} : { moments: momentsOfTable(data.train) };
      node.begin({ weights, samples: data.train.rows, ...shared });
      return node.join();
    },
    finished: node.finished,
    async stop() {
      await node.stop();
      const { counters } = node;
      await host.libp2p.stop();
      if (learner.scale === undefined) return undefined;
      const payloadBytes = counters.payloadBytesReceived / Math.max(1, counters.updatesReceived);
      return {
        weights: latest,
        scale: learner.scale,
        sent: {
          total: bytesSent(),
          own: counters.sent.bytes,
          forwarded: host.refusals.forwarded * payloadBytes,
          repeated: host.refusals.repeated * payloadBytes,
        },
        bytesReceived: counters.bytesReceived,
        updatesSent: counters.updatesSent,
        updatesReceived: counters.updatesReceived,
        sendsFailed: counters.sendsFailed,
        rejected: Object.fromEntries(counters.rejected),
        cpuSeconds: 0,
        peakRssBytes: 0,
        curve,
      };
    },
  };
}
