// A running gateway's status, peers and model, gathered from its parts when somebody asks.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { federationText } from '../../gossip/manifest.ts';
import type { Clock } from '../../lib/clock.ts';
import type { DeliveryStatus } from '../alerts/delivery.ts';
import { processCpuSeconds } from '../learning/cpu-budget.ts';
import { stateFileName } from '../store/state-file.ts';
import { utc } from './alert-text.ts';
import type { ControlAnswers } from './control-server.ts';
import type { Gateway } from './gateway.ts';
import { modelSnapshot } from './model-snapshot.ts';
import type { AlertStatus, GatewayStatus, PeersStatus } from './status.ts';

const latestAlerts = 20;
const shareOverMs = 60_000;

/** What is known from outside the gateway. */
export interface Surroundings {
  folder: string;
  /** Name of the source; null for none. */
  source: string | null;
  sourceEnded(): boolean;
  /** Why the store cannot write at present; null where it can. */
  storeTrouble(): string | null;
  /** How the delivery of alerts stands; null where there is none. */
  delivery(): DeliveryStatus | null;
  /** Milliseconds since the epoch. */
  startedMs: number;
}

/** Answers for `gateway`. */
export function gatewayAnswers(gateway: Gateway, surroundings: Surroundings): ControlAnswers {
  const cpu = new CpuMeter(gateway.options.clock);
  return {
    status: () => statusOf(gateway, surroundings, cpu),
    peers: () => peersOf(gateway),
    model() {
      const { round, monitor, options } = gateway;
      return round && modelSnapshot({ ...round, threshold: monitor.threshold, canonical: options.agreement.canonical });
    },
  };
}

function statusOf(
  gateway: Gateway,
  { folder, source, sourceEnded, startedMs, storeTrouble, delivery }: Surroundings,
  cpu: CpuMeter,
): GatewayStatus {
  const { options, monitor, node, round } = gateway;
  const { manifest, agreement, network, store, cpuShareMax, wallClockMs } = options;
  const { traffic } = node;
  const rejected = new Map<string, number>([...traffic.rejected, ...network.refused]);
  for (const [code, count] of network.rejected) rejected.set(code, (rejected.get(code) ?? 0) + count);
  const alerts = store.alerts.list();
  return {
    federation: { name: manifest.name, id: federationText(agreement.federation) },
    peer: network.self,
    addresses: network.host.libp2p.getMultiaddrs().map(String),
    startedAtUtc: utc(startedMs),
    uptimeSeconds: (wallClockMs() - startedMs) / 1000,
    phase: node.phase,
    source: { name: source, counts: { ...gateway.sourceCounts }, ended: sourceEnded() },
    data: {
      trainRows: monitor.reservoir.trainCount,
      validateRows: monitor.reservoir.validateCount,
      rowsNeeded: gateway.rowsNeeded,
      counts: gateway.intakeCounts,
    },
    model: {
      round: round?.round ?? 0,
      clockRound: round?.clockRound ?? 0,
      loss: round?.loss ?? null,
      threshold: monitor.threshold ?? null,
      score: monitor.score ?? null,
      mixed: round?.mixed ?? 0,
      divergences: node.divergences,
    },
    network: {
      connections: network.connectedMembers.length,
      mesh: meshOf(gateway).size,
      updatesSent: traffic.updatesSent,
      updatesReceived: traffic.updatesReceived,
      bytesSent: [...network.host.traffic.bytesSent.values()].reduce((sum, bytes) => sum + bytes, 0),
      bytesReceived: traffic.bytesReceived,
      sendsFailed: traffic.sendsFailed,
      rejected: Object.fromEntries(rejected),
    },
    alerts: {
      open: alerts.some(({ isOpen }) => isOpen),
      total: store.alerts.nextId - 1,
      latest: alerts
        .slice(-latestAlerts)
        .reverse()
        .map(
          ({ startMs, endMs, highest, threshold, sensors }): AlertStatus => ({
            startUtc: utc(startMs),
            endUtc: utc(endMs),
            score: highest,
            threshold,
            sensors: [...sensors],
          }),
        ),
      delivery: delivery(),
    },
    store: {
      folder,
      bytes: databaseBytes(folder),
      degraded: storeTrouble(),
      counts: countsUnder(store.counters.all(), 'store.'),
    },
    process: {
      rssBytes: process.memoryUsage.rss(),
      cpuSeconds: processCpuSeconds(),
      cpuShare: cpu.share(),
      cpuShareMax: cpuShareMax ?? null,
    },
  };
}

function peersOf(gateway: Gateway): PeersStatus {
  const mesh = meshOf(gateway);
  return gateway.options.network
    .peers()
    .map(({ reason, ...peer }) => ({ ...peer, inMesh: mesh.has(peer.who), reason: reason ?? null }));
}

function meshOf({ options: { network } }: Gateway): Set<string> {
  const { pubsub } = network.host;
  return new Set(pubsub.getTopics().flatMap((topic) => pubsub.getMeshPeers(topic)));
}

function countsUnder(counts: Record<string, number>, prefix: string): Record<string, number> {
  const found = Object.entries(counts).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(found.map(([name, count]) => [name.slice(prefix.length), count]));
}

/** Of the database with its log. */
function databaseBytes(folder: string): number {
  const files = [stateFileName, `${stateFileName}-wal`, `${stateFileName}-shm`];
  return files.reduce((sum, file) => sum + (statSync(join(folder, file), { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** The process's share of a core between questions, over a minute at most. */
class CpuMeter {
  private readonly clock: Clock;
  private looks: { atMs: number; seconds: number }[];

  constructor(clock: Clock) {
    this.clock = clock;
    this.looks = [{ atMs: clock.nowMs(), seconds: processCpuSeconds() }];
  }

  share(): number {
    const now = { atMs: this.clock.nowMs(), seconds: processCpuSeconds() };
    const recent = this.looks.filter(({ atMs }) => now.atMs - atMs <= shareOverMs);
    const from = recent[0] ?? this.looks.at(-1) ?? now;
    this.looks = [...recent, now].slice(-1000);
    return now.atMs === from.atMs ? 0 : (1000 * (now.seconds - from.seconds)) / (now.atMs - from.atMs);
  }
}
