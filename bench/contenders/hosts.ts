// Gateways' hosts in one process, on loopback TCP with real gossipsub and no training: memory, CPU time and delay of updates.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { CoreSettings } from '../../src/gossip/protocol.ts';
import { monotonicClock } from '../../src/lib/clock.ts';
import { collectInProportion } from '../../src/lib/garbage-collection.ts';
import { Prng } from '../../src/lib/prng.ts';
import { weightCount, weightShapes } from '../../src/model/weights.ts';
import { FederationNode } from '../../src/node/federation-node.ts';
import { addressesOf, connect, type Host, startHost, topicMessageBytesMax } from '../../src/node/host.ts';
import { freshModel, notMine } from '../models.ts';
import type { Contender, Job, Work } from '../protocol.ts';
import { residentMeter } from '../resident.ts';

/** gossipsub's D, and the connections that each host opens: as many come in. */
const degree = 6;
/** Updates of each host that CPU time is taken over. */
const roundsOfCpu = 10;
/** Gateways do not publish in the same moment; all 250 at once are 120 MB of messages under way. */
const publishersAtOnce = 10;
/** Hosts that publish alone, one after the other. */
const publishersAlone = 25;
const settleMs = 3000;
const restMs = 10_000;
const hostsInProportion = 100;

/** Where a host's node waits until it may train once more. */
interface Member {
  host: Host;
  node: FederationNode;
  publish(): void;
}

/** Loads nothing beforehand. */
export function load(): Contender {
  return { version: '', prepare };
}

async function prepare(job: Job): Promise<Work> {
  if (job.kind !== 'hosts') throw notMine(job);
  return async () => {
    // As a simulation of many nodes does: decision 0010. Otherwise half of all processor time goes into collecting garbage.
    if (job.hosts >= hostsInProportion) collectInProportion();
    const residentBytes = residentMeter();
    const before = residentBytes();
    const members = await startMembers(job);
    switch (job.figure) {
      case 'bytes':
        return (residentBytes() - before) / members.length;
      case 'rest':
        return (await shareAtRest()) / members.length;
      case 'cpu':
        return cpuSecondsOfUpdate(members);
      case 'delay':
        return secondsToMesh(members);
    }
  };
}

async function startMembers({ hosts: count, spec }: Extract<Job, { kind: 'hosts' }>): Promise<Member[]> {
  const federation = createHash('sha256').update('bench').digest();
  const { weights } = freshModel(spec, 1);
  const members: Member[] = [];
  for (let i = 0; i < count; i++) {
    const keySeed = createHash('sha256').update(`host ${i}`).digest();
    const host = await startHost({ transport: 'tcp', listen: ['/ip4/127.0.0.1/tcp/0'], keySeed, degree });
    let release: () => void = () => undefined;
    const node = new FederationNode({
      host,
      federation,
      settings: settingsOf(host, weightShapes(spec)),
      limits: { payloadBytesMax: 4 * weightCount(spec), originsMax: 1, features: spec.features },
      learner: {
        rescale: () => undefined,
        train: async () => {
          await new Promise<void>((resolve) => {
            release = resolve;
          });
          return { weights, loss: 0 };
        },
      },
      clock: monotonicClock,
      prng: new Prng(`host ${i}`),
      onEvent: () => undefined,
    });
    members.push({ host, node, publish: () => release() });
  }
  const prng = new Prng('links');
  for (const [i, { host }] of members.entries()) {
    const others = Array.from({ length: Math.min(degree, i) }, () => members[prng.nextInt(i)] as Member);
    for (const other of new Set(others)) await connect(host, addressesOf(other.host));
  }
  await Promise.all(members.map(({ node }) => node.join()));
  // Heartbeats of a second each graft what is missing.
  await delay(settleMs);
  for (const { node } of members) node.begin({ weights, samples: 1 });
  await delay(100);
  assert(
    members.every((member) => meshOf(member).length > 0),
    'a host has no mesh',
  );
  return members;
}

/** Share of a core that all hosts together take while nothing is published: heartbeats, pings, timers. */
async function shareAtRest(): Promise<number> {
  const before = process.cpuUsage();
  const startMs = performance.now();
  await delay(restMs);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e3 / (performance.now() - startMs);
}

/** Beyond what the hosts take at rest. */
async function cpuSecondsOfUpdate(members: readonly Member[]): Promise<number> {
  const atRest = await shareAtRest();
  const startMs = performance.now();
  const received = () => members.reduce((sum, { node }) => sum + node.counters.updatesReceived, 0);
  const deliveriesBefore = received();
  const before = process.cpuUsage();
  for (let round = 1; round <= roundsOfCpu; round++) {
    for (let first = 0; first < members.length; first += publishersAtOnce) {
      const publishers = members.slice(first, first + publishersAtOnce);
      const due = received() + publishers.reduce((sum, member) => sum + meshOf(member).length, 0);
      for (const { publish } of publishers) publish();
      // The mesh may change on the way, so that a few are more or fewer.
      for (let waitedMs = 0; received() < due && waitedMs < 1000; waitedMs += 5) await delay(5);
    }
  }
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - startMs) / 1000;
  return ((user + system) / 1e6 - atRest * seconds) / (received() - deliveriesBefore);
}

/** Median time from a training's end to the last of the mesh neighbours' having the update, on a network without other updates. */
async function secondsToMesh(members: readonly Member[]): Promise<number> {
  const seconds: number[] = [];
  for (const [i, member] of members.entries()) {
    if (i % Math.ceil(members.length / publishersAlone) !== 0) continue;
    const byId = new Map(members.map((other) => [other.host.libp2p.peerId.toString(), other]));
    const mesh = meshOf(member).flatMap((peer) => byId.get(peer) ?? []);
    const due = mesh.map(({ node }) => node.counters.updatesReceived + 1);
    const startMs = performance.now();
    member.publish();
    while (mesh.some(({ node }, j) => node.counters.updatesReceived < (due[j] as number))) {
      if (performance.now() - startMs > 5000) break;
      await nextTurn();
    }
    seconds.push((performance.now() - startMs) / 1000);
  }
  return seconds.sort((a, b) => a - b)[seconds.length >> 1] as number;
}

function meshOf({ host: { pubsub } }: Member): string[] {
  return pubsub.getTopics().flatMap((topic) => pubsub.getMeshPeers(topic));
}

function settingsOf(host: Host, shapes: CoreSettings['shapes']): CoreSettings {
  return {
    self: host.libp2p.peerId.toString(),
    shapes,
    exchange: 'mesh',
    mixing: 'metropolis',
    rounds: 'barrier-free',
    encoding: 'float32',
    sparsifier: 'none',
    keep: 1,
    fanout: 1,
    stepsPerRound: 1,
    roundsMax: Number.POSITIVE_INFINITY,
    stalenessMaxRounds: 1000,
    aheadMaxRounds: 1000,
    roundIntervalMs: 0,
    roundTimeoutMs: 10_000,
    inlinePayloadBytesMax: topicMessageBytesMax,
    scaler: undefined,
    originsExpected: 0,
    settleMs: 1,
    spreadMs: 100,
  };
}
