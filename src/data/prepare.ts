// From devices to what nodes train on and are tested on. Owns the split by instance and the masks; scales nothing.
import { OperatorError } from '../lib/errors.ts';
import { Prng } from '../lib/prng.ts';
import { apportion } from './apportion.ts';
import { quote } from './cells.ts';
import {
  checkWindows,
  type FeatureConfig,
  featureNames,
  selectFeatures,
  sensorOfFeature,
  tabulate,
} from './features.ts';
import { suggest } from './layout.ts';
import { sensorStates } from './masks.ts';
import { listed, Notes } from './notes.ts';
import { type Holding, isNormal, type PartitionConfig, partitionRecordings, partsMax } from './partition.ts';
import { regimesOf, type TablesOf } from './regimes.ts';
import type { Device, FeatureTable, NodeData, PreparedData, Recording } from './types.ts';
import { windowsOf } from './windows.ts';

/** The parts of a scenario that preparing needs. */
export interface PrepareConfig {
  data: FeatureConfig & {
    /** Treat a sensor that is frozen in a node's training recordings (see sensorStates) as missing on that node. */
    maskFrozen: boolean;
    /** Shares of the normal recordings; the rest is test. */
    /** In time, the first recordings train and the last test; a seed then changes nothing about the split. */
    split: { train: number; validate: number; order: 'shuffled' | 'time' };
  };
  federation: PartitionConfig & {
    /** Devices that take no part in training. */
    heldOut: readonly string[];
  };
}

/** The recordings of a node, split. */
interface Split {
  train: readonly Recording[];
  validate: readonly Recording[];
  test: readonly Recording[];
}

/** Makes a node's tables of its recordings; a masked sensor counts as missing. */
type BuildTables = (node: { name: string; device: string }, split: Split, masked: readonly boolean[]) => NodeData;

/**
 * Partitions, splits and tabulates `devices`; the same devices, config and seed give the same result. No recording is in
 * two tables of a node, nor on two nodes. `validate` may be empty (a note says so): the threshold then has to come from
 * `train`. Throws OperatorError when names, shares or numbers of nodes do not fit the data, or where a table that needs rows
 * would have none.
 */
export function prepareData(devices: readonly Device[], config: PrepareConfig, seed: number): PreparedData {
  const { split } = config.data;
  if (!(split.train > 0) || split.train + split.validate > 1 + 1e-9) {
    throw new OperatorError(
      `data.split: train ${split.train} and validate ${split.validate} must be above 0 and together at most 1; lower one of them`,
    );
  }
  const heldOut = new Set(config.federation.heldOut);
  const names = devices.map(({ name }) => name);
  for (const name of heldOut) {
    if (names.includes(name)) continue;
    throw new OperatorError(`federation.heldOut: there is no device ${quote(name)}${suggest(name, names)}`);
  }
  const training = devices.filter(({ name }) => !heldOut.has(name));
  if (training.length === 0)
    throw new OperatorError('federation.heldOut: no device is left to train on; hold out fewer');

  const notes = new Notes();
  const prng = new Prng(seed).fork('data');
  const sensors = devices[0]!.sensors;
  const holdings = training.map((device) => usable(device, config, notes));
  for (const holding of holdings) checkTrainable(holding);
  const unseenHoldings = devices.filter(({ name }) => heldOut.has(name)).map((device) => usable(device, config, notes));
  const build = tableBuilder([...holdings, ...unseenHoldings], sensors, config);
  const regimes =
    config.federation.partition === 'dirichlet'
      ? regimesOf(holdings, regimeTables(sensors, config, build), prng.fork('regimes'))
      : undefined;
  const shares = partitionRecordings(holdings, config.federation, prng.fork('partition'), regimes);
  const nodes = shares.map((share) => {
    const parts = splitRecordings(
      { name: share.name, recordings: share.recordings.map(withValues) },
      split,
      prng.fork('split').fork(share.name),
      notes,
    );
    return build(share, parts, maskOf(parts.train, sensors, config, share.name, notes));
  });
  // Without training rows, all rows of an unseen device decide which sensors are frozen: no label is looked at.
  const unseen = unseenHoldings.map(({ device, recordings }) => {
    const test = recordings.map(withValues);
    return build(
      { name: device, device },
      { train: [], validate: [], test },
      maskOf(test, sensors, config, device, notes),
    );
  });
  noteUnevaluated(nodes, notes);
  return dropMissing(nodes, unseen, sensors, notes);
}

/** The recording with its values kept: one of a synthetic fleet makes them each time they are read. */
function withValues(recording: Recording): Recording {
  return { ...recording };
}

/** How regimes see recordings: with the sensors masked that are frozen in the device's normal recordings. */
function regimeTables(sensors: readonly string[], config: PrepareConfig, build: BuildTables): TablesOf {
  return (holding, recordings) => {
    const kept = new Map(holding.recordings.map((recording) => [recording, withValues(recording)]));
    const normal = holding.recordings.filter(isNormal).map((recording) => kept.get(recording)!);
    const states = sensorStates(normal, sensors.length);
    const masked = states.map((state) => config.data.maskFrozen && state === 'frozen');
    const node = { name: holding.device, device: holding.device };
    return recordings.map(
      (recording) => build(node, { train: [kept.get(recording)!], validate: [], test: [] }, masked).train,
    );
  };
}

/** The recordings that are long enough for a window. */
function usable(device: Device, config: PrepareConfig, notes: Notes): Holding {
  const recordings = device.recordings.filter(
    (recording) => windowsOf(recording, config.data.window, `${device.name}, ${recording.instance}`).starts.length > 0,
  );
  const short = device.recordings.length - recordings.length;
  if (short > 0) notes.add(device.name, `recordings left out as shorter than a window: ${short}`);
  if (recordings.length === 0) {
    throw new OperatorError(
      `data.window: no recording of device ${device.name} is as long as a window (${config.data.window.length} ${config.data.window.unit}); shorten it or leave the device out`,
    );
  }
  return { device: device.name, recordings };
}

function checkTrainable({ device, recordings }: Holding): void {
  if (partsMax(recordings) > 0) return;
  const normal = recordings.filter(isNormal);
  const splits = recordings.some(({ split }) => split !== undefined)
    ? `${normal.filter(({ split }) => split === 'train').length} normal in the train split and ${recordings.filter(({ split }) => split === 'test').length} in the test split, and it needs one of each`
    : `${normal.length} normal, and it needs two (one to train on, one to test on)`;
  throw new OperatorError(
    `data: of the recordings of device ${device} that hold a window, ${splits}; leave it out with data.devices or hold it out with federation.heldOut`,
  );
}

/** A function from split recordings to the tables of a node, after checking that all windows give the same features. */
function tableBuilder(holdings: readonly Holding[], sensors: readonly string[], config: PrepareConfig): BuildTables {
  let length: number | undefined;
  for (const { device, recordings } of holdings) length = checkWindows(recordings, config.data, device, length);
  const features = featureNames(sensors, config.data.features, length!);
  return ({ name, device }, split, masked) => {
    const table = (recordings: readonly Recording[]): FeatureTable =>
      tabulate(recordings, sensors, features, config.data, masked, name);
    return { name, device, train: table(split.train), validate: table(split.validate), test: table(split.test) };
  };
}

/**
 * Normal recordings, shuffled or in time, are divided by the shares: at least one to train and one to test on, from three
 * on also one to validate on; all with an anomalous row are test. A publisher's split stands: test is its test split, and its normal train
 * recordings are divided into train and validate in the ratio of those shares.
 */
function splitRecordings(
  share: { name: string; recordings: readonly Recording[] },
  shares: PrepareConfig['data']['split'],
  prng: Prng,
  notes: Notes,
): Split {
  const isPublished = share.recordings.some(({ split }) => split !== undefined);
  const pool = isPublished ? share.recordings.filter(({ split }) => split === 'train') : share.recordings;
  const normal = shares.order === 'time' ? inTime(pool.filter(isNormal)) : prng.shuffled(pool.filter(isNormal));
  const total = normal.length;
  const testMin = isPublished ? 0 : 1;
  const validateMin = shares.validate > 0 && total > 1 + testMin ? 1 : 0;
  const weights = [shares.train, shares.validate, isPublished ? 0 : Math.max(0, 1 - shares.train - shares.validate)];
  const [train, validate] = apportion(total, weights, [
    { min: 1, max: total },
    { min: validateMin, max: shares.validate > 0 ? total : 0 },
    { min: testMin, max: isPublished ? 0 : total },
  ]) as [number, number, number];
  if (validate === 0) {
    notes.add(
      share.name,
      `no normal recording to validate on (of ${total}), so the threshold comes from the training rows`,
    );
  }
  const anomalous = pool.filter((recording) => !isNormal(recording));
  if (isPublished && anomalous.length > 0) {
    notes.add(share.name, `anomalous recordings left out of the train split: ${anomalous.length}`);
  }
  return {
    train: normal.slice(0, train),
    validate: normal.slice(train, train + validate),
    test: isPublished
      ? share.recordings.filter(({ split }) => split === 'test')
      : [...normal.slice(train + validate), ...anomalous],
  };
}

/** For each sensor, whether to treat it as missing. One without values is missing by itself. */
function maskOf(
  recordings: readonly Recording[],
  sensors: readonly string[],
  config: PrepareConfig,
  name: string,
  notes: Notes,
): boolean[] {
  const states = sensorStates(recordings, sensors.length);
  const empty = sensors.filter((_, s) => states[s] === 'empty');
  const frozen = sensors.filter((_, s) => config.data.maskFrozen && states[s] === 'frozen');
  if (frozen.length > 0) {
    notes.add(name, `${listed(frozen)} frozen within most of the training recordings, so treated as missing`);
  }
  if (empty.length > 0) notes.add(name, `no values of ${listed(empty)}`);
  if (frozen.length + empty.length === sensors.length) {
    throw new OperatorError(
      `data: no sensor of ${name} has values that change; lower federation.nodes, name other sensors in data.sensors, or leave the device out with data.devices`,
    );
  }
  return sensors.map((sensor) => frozen.includes(sensor));
}

function noteUnevaluated(nodes: readonly NodeData[], notes: Notes): void {
  for (const { name, test } of nodes) {
    if (!test.labels.includes(1)) notes.add(name, 'no anomalous test rows, so no AUROC on own test data');
  }
}

/** Drops the sensors that no node can learn from, because no training table has a value of them. */
function dropMissing(nodes: NodeData[], unseen: NodeData[], sensors: readonly string[], notes: Notes): PreparedData {
  const features = nodes[0]!.train.features;
  const isLive = new Set<string>();
  for (const { train } of nodes) {
    for (const [f, feature] of features.entries()) {
      const sensor = sensorOfFeature(feature, sensors)!;
      for (let row = 0; row < train.rows && !isLive.has(sensor); row++) {
        if (!Number.isNaN(train.values[row * features.length + f]!)) isLive.add(sensor);
      }
    }
  }
  const dead = sensors.filter((sensor) => !isLive.has(sensor));
  if (dead.length === 0) return { features, nodes, unseen, notes: notes.sentences() };
  if (isLive.size === 0)
    throw new OperatorError('data: no window has half of the values of any sensor; shorten data.window.length');
  notes.add(listed(dead), 'no values to train on at any node, so dropped from the features');
  const keep = [...features.keys()].filter((f) => isLive.has(sensorOfFeature(features[f]!, sensors)!));
  const narrow = (node: NodeData): NodeData => ({
    ...node,
    train: selectFeatures(node.train, keep),
    validate: selectFeatures(node.validate, keep),
    test: selectFeatures(node.test, keep),
  });
  return {
    features: keep.map((f) => features[f]!),
    nodes: nodes.map(narrow),
    unseen: unseen.map(narrow),
    notes: notes.sentences(),
  };
}

function inTime(recordings: readonly Recording[]): Recording[] {
  return recordings.toSorted((a, b) => (a.timesMs[0] ?? 0) - (b.timesMs[0] ?? 0));
}
