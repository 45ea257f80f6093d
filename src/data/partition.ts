// Which node gets which recordings. Owns shares of nodes and their names; splits nothing into train and test.
import assert from 'node:assert/strict';
import { OperatorError } from '../lib/errors.ts';
import type { Prng } from '../lib/prng.ts';
import { apportion } from './apportion.ts';
import { type DealGroup, dealByQuantity, dealByRegime } from './skewed-deals.ts';
import type { Recording } from './types.ts';

/** The recordings of one device that give at least one window. */
export interface Holding {
  device: string;
  recordings: readonly Recording[];
}

/** The recordings of one node. */
export interface Share extends Holding {
  /** Device name, or 'DEVICE/2' for the second part of a device; else 'iid-01' after the partition, and the node is its own device. */
  name: string;
}

/** What of the federation section decides the partition. */
export interface PartitionConfig {
  /** Default: one for each device. */
  nodes?: number | undefined;
  partition: 'device' | 'iid' | 'dirichlet' | 'quantity';
  /** dirichlet and quantity: above 0; the smaller, the more nodes differ. */
  alpha?: number | undefined;
}

/** Whether no row of the recording is anomalous. */
export function isNormal(recording: Recording): boolean {
  return !recording.labels.includes(1);
}

/**
 * Deals recordings to nodes. 'device': a node for each device; further nodes go to devices in proportion to their normal
 * recordings by the largest remainder, and such a device's recordings are dealt to its parts. 'iid': all recordings are
 * dealt to all nodes. Dealing is seeded and round-robin, normal and anomalous and the publisher's splits apart. 'dirichlet'
 * and 'quantity' deal all recordings unevenly, as dealByRegime and dealByQuantity say. A recording is never divided. Throws
 * OperatorError when there are fewer nodes than devices (device only), or more than the recordings can feed.
 *
 * @param regimes of each recording, for dirichlet
 */
export function partitionRecordings(
  holdings: readonly Holding[],
  config: PartitionConfig,
  prng: Prng,
  regimes?: ReadonlyMap<Recording, number>,
): Share[] {
  const nodes = config.nodes ?? holdings.length;
  if (config.partition !== 'device') {
    const pool = holdings.flatMap(({ recordings }) => recordings);
    const most = partsMax(pool);
    if (nodes > most) throw tooMany(nodes, most);
    const digits = Math.max(2, String(nodes).length);
    return dealPool(pool, nodes, config, prng, regimes).map((recordings, i) => {
      const name = `${config.partition}-${String(i + 1).padStart(digits, '0')}`;
      return { name, device: name, recordings };
    });
  }
  if (nodes < holdings.length) {
    throw new OperatorError(
      `federation.nodes: ${nodes} nodes are too few for ${holdings.length} devices; give at least ${holdings.length}, name fewer in data.devices, or set federation.partition to iid`,
    );
  }
  const bounds = holdings.map(({ recordings }) => ({ min: 1, max: partsMax(recordings) }));
  const most = bounds.reduce((sum, { max }) => sum + max, 0);
  if (nodes > most) throw tooMany(nodes, most);
  const weights = holdings.map(({ recordings }) => recordings.filter(isNormal).length);
  const parts = apportion(nodes, weights, bounds);
  return holdings.flatMap(({ device, recordings }, i) => {
    if (parts[i] === 1) return [{ name: device, device, recordings }];
    const dealt = deal(recordings, parts[i]!, prng.fork(device));
    return dealt.map((part, p) => ({ name: `${device}/${p + 1}`, device, recordings: part }));
  });
}

/**
 * How many nodes the recordings can feed: each needs a normal one to train on and another to test on. Where the publisher
 * split the data, a normal one of the train split and any one of the test split.
 */
export function partsMax(recordings: readonly Recording[]): number {
  const normal = recordings.filter(isNormal);
  if (recordings.every(({ split }) => split === undefined)) return Math.floor(normal.length / 2);
  return Math.min(
    normal.filter(({ split }) => split === 'train').length,
    recordings.filter(({ split }) => split === 'test').length,
  );
}

function dealPool(
  pool: readonly Recording[],
  nodes: number,
  { partition, alpha }: PartitionConfig,
  prng: Prng,
  regimes: ReadonlyMap<Recording, number> | undefined,
): Recording[][] {
  if (partition === 'iid') return deal(pool, nodes, prng);
  assert(alpha !== undefined && alpha > 0, 'an uneven partition needs alpha');
  if (partition === 'quantity') return dealByQuantity(dealGroups(pool, nodes), nodes, alpha, prng);
  assert(regimes !== undefined, 'the partition dirichlet needs regimes');
  const regimeOf = (recording: Recording): number => {
    const regime = regimes.get(recording);
    assert(regime !== undefined, 'a recording without a regime');
    return regime;
  };
  return dealByRegime(dealGroups(pool, nodes), nodes, alpha, regimeOf, prng);
}

/**
 * Recordings to train on first, then those to test on, then the rest. The minima are those of partsMax, and one more normal
 * recording, to validate on, where there are enough for all nodes: a threshold from training rows raises many false alarms.
 */
function dealGroups(pool: readonly Recording[], nodes: number): DealGroup[] {
  const normal = pool.filter(isNormal);
  const atMost = (most: number, recordings: readonly Recording[]): number =>
    Math.min(most, Math.floor(recordings.length / nodes));
  if (pool.every(({ split }) => split === undefined)) {
    return [
      { recordings: normal, min: atMost(3, normal) },
      { recordings: pool.filter((recording) => !isNormal(recording)), min: 0 },
    ];
  }
  const train = normal.filter(({ split }) => split === 'train');
  const test = pool.filter(({ split }) => split === 'test');
  const rest = pool.filter(
    (recording) => recording.split !== 'test' && !(recording.split === 'train' && isNormal(recording)),
  );
  return [
    { recordings: train, min: atMost(2, train) },
    { recordings: test, min: 1 },
    { recordings: rest, min: 0 },
  ];
}

/** Round-robin over `parts`, one kind after the other and never starting over, so that part sizes differ by one at most. */
function deal(recordings: readonly Recording[], parts: number, prng: Prng): Recording[][] {
  const dealt: Recording[][] = Array.from({ length: parts }, () => []);
  let next = 0;
  const kinds = Map.groupBy(recordings, (recording) => `${recording.split}/${isNormal(recording)}`);
  for (const kind of [...kinds.keys()].sort()) {
    for (const recording of prng.fork(kind).shuffled(kinds.get(kind)!)) {
      dealt[next]!.push(recording);
      next = (next + 1) % parts;
    }
  }
  return dealt;
}

function tooMany(nodes: number, most: number): OperatorError {
  return new OperatorError(
    `federation.nodes: ${nodes} nodes are more than the data can feed (each needs a normal recording to train on and one to test on); give at most ${most}`,
  );
}
