import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type PrepareConfig, prepareData } from '../../src/data/prepare.ts';
import { syntheticFleet } from '../../src/data/synthetic-fleet.ts';
import type { Device, FeatureTable, PreparedData, Recording } from '../../src/data/types.ts';
import { ramp, recording } from './fixtures.ts';

function config(
  data: Partial<PrepareConfig['data']> = {},
  federation: Partial<PrepareConfig['federation']> = {},
): PrepareConfig {
  return {
    data: {
      window: { length: 3, stride: 3, unit: 'samples' },
      features: 'raw',
      maskFrozen: true,
      split: { train: 0.6, validate: 0.15, order: 'shuffled' },
      ...data,
    },
    federation: { partition: 'device', heldOut: [], ...federation },
  };
}

/** Recordings of two windows each; the i-th counts up from 10 i, so that a value tells the recording. */
function device(name: string, normal: number, anomalous = 0): Device {
  const recordings = Array.from({ length: normal + anomalous }, (_, i) => ramp(`${i}`, 10 * i, 6, i < normal ? 0 : 1));
  return { name, sensors: ['x'], recordings };
}

const recordingsIn = (table: FeatureTable): Set<number> =>
  new Set([...table.values].map((value) => Math.floor(value / 10)));

describe('prepareData() on a synthetic fleet', () => {
  const fleet = syntheticFleet({ machines: 4, recordings: 10, samplesPerRecording: 60, fleetSeed: 1 });
  const window = { length: 15, stride: 15, unit: 'samples' } as const;
  const prepared = (partition: PrepareConfig['federation']['partition'], alpha: number, seed = 1): PreparedData =>
    prepareData(fleet, config({ window, features: 'summary' }, { partition, alpha }), seed);
  const spread = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

  it('gives every node rows to train, validate and test on, with all partitions', () => {
    for (const partition of ['device', 'iid', 'dirichlet', 'quantity'] as const) {
      const { nodes, features } = prepared(partition, 10);
      assert.equal(features.length, 36);
      assert.equal(nodes.length, 4);
      for (const { train, test, name } of nodes) assert.ok(train.rows > 0 && test.rows > 0, name);
      const rows = nodes.reduce((sum, { train, validate, test }) => sum + train.rows + validate.rows + test.rows, 0);
      assert.equal(rows, 4 * 14 * 4);
    }
  });

  it('gives nodes other speeds with dirichlet the more, the smaller alpha is', () => {
    const speedSpread = (alpha: number): number =>
      mean(
        [1, 2, 3, 4].map((seed) =>
          spread(
            prepared('dirichlet', alpha, seed).nodes.map(({ train }) =>
              mean([...train.values].filter((_, i) => i % train.features.length === 0)),
            ),
          ),
        ),
      );
    const [strong, weak] = [speedSpread(0.05), speedSpread(500)];
    assert.ok(strong > 1.5 * weak, `${strong} and ${weak} Hz`);
  });

  it('prepares the same twice, and another split for another seed', () => {
    for (const partition of ['dirichlet', 'quantity'] as const) {
      assert.deepEqual(prepared(partition, 0.5), prepared(partition, 0.5));
      assert.notDeepEqual(prepared(partition, 0.5, 2).nodes, prepared(partition, 0.5).nodes);
    }
  });

  it('makes the values of a recording once for its tables', () => {
    let readings = 0;
    const counted = fleet.map((device) => ({
      ...device,
      recordings: device.recordings.map((one) => ({
        instance: one.instance,
        timesMs: one.timesMs,
        labels: one.labels,
        split: one.split,
        get values() {
          readings += 1;
          return one.values;
        },
      })),
    }));
    prepareData(counted, config({ window, features: 'summary' }), 1);
    assert.equal(readings, 4 * 14);
  });
});

describe('prepareData()', () => {
  it('splits normal recordings by the shares and tests on all anomalous ones', () => {
    const [node] = prepareData([device('a', 20, 5)], config(), 1).nodes;
    assert.deepEqual(
      [node!.train, node!.validate, node!.test].map((t) => recordingsIn(t).size),
      [12, 3, 10],
    );
    assert.equal(
      node!.test.labels.reduce((a, b) => a + b, 0),
      10,
    );
    assert.ok(!node!.train.labels.includes(1) && !node!.validate.labels.includes(1));
  });

  it('never has a recording in two tables or two nodes, and loses none', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 30 }), fc.nat(8), fc.nat(9), fc.nat(), (normal, anomalous, extra, seed) => {
        const nodes = Math.min(1 + extra, Math.floor(normal / 2));
        const prepared = prepareData([device('a', normal, anomalous)], config({}, { nodes }), seed);
        const seen = prepared.nodes.flatMap(({ train, validate, test }) => {
          assert.ok(train.rows > 0 && test.rows > 0);
          return [train, validate, test].flatMap((table) => [...recordingsIn(table)]);
        });
        assert.deepEqual(
          seen.sort((a, b) => a - b),
          Array.from({ length: normal + anomalous }, (_, i) => i),
        );
      }),
    );
  });

  it('is the same for the same seed and differs for another', () => {
    const at = (seed: number): number[] => [...prepareData([device('a', 20)], config(), seed).nodes[0]!.train.values];
    assert.deepEqual(at(1), at(1));
    assert.notDeepEqual(at(1), at(2));
  });

  it('trains on the first recordings and tests on the last when the split is in time, whatever the seed', () => {
    const late = (index: number): Recording => ({
      ...ramp(`${index}`, 10 * index, 6, 0),
      timesMs: Float64Array.from({ length: 6 }, (_, i) => 1000 * index + i),
    });
    const shuffled = [7, 2, 9, 0, 4, 1, 8, 3, 6, 5].map(late);
    const split = { train: 0.6, validate: 0.2, order: 'time' } as const;
    for (const seed of [1, 2]) {
      const [node] = prepareData([{ name: 'a', sensors: ['x'], recordings: shuffled }], config({ split }), seed).nodes;
      assert.deepEqual([...recordingsIn(node!.train)].sort(), [0, 1, 2, 3, 4, 5]);
      assert.deepEqual([...recordingsIn(node!.validate)].sort(), [6, 7]);
      assert.deepEqual([...recordingsIn(node!.test)].sort(), [8, 9]);
    }
  });

  it('leaves validate empty with two normal recordings and says so, and fills it with three', () => {
    const two = prepareData([device('a', 2, 1)], config(), 1);
    assert.deepEqual([two.nodes[0]!.train.rows, two.nodes[0]!.validate.rows], [2, 0]);
    assert.ok(
      two.notes.includes(
        'a: no normal recording to validate on (of 2), so the threshold comes from the training rows.',
      ),
    );
    assert.equal(prepareData([device('a', 3, 1)], config(), 1).nodes[0]!.validate.rows, 2);
  });

  it("keeps a publisher's split and takes validate from its train part", () => {
    const published = (i: number, label: 0 | 1, split: 'train' | 'test'): Recording =>
      ramp(`${i}`, 10 * i, 6, label, split);
    const recordings = [
      ...Array.from({ length: 10 }, (_, i) => published(i, 0, 'train')),
      published(10, 1, 'train'),
      published(11, 0, 'test'),
      published(12, 1, 'test'),
    ];
    const { nodes, notes } = prepareData([{ name: 'a', sensors: ['x'], recordings }], config(), 1);
    assert.deepEqual([nodes[0]!.train.rows, nodes[0]!.validate.rows], [16, 4]);
    assert.deepEqual([...recordingsIn(nodes[0]!.test)], [11, 12]);
    assert.ok(notes.includes('a: anomalous recordings left out of the train split: 1.'));
  });

  it('holds devices out of training, with all they have as test', () => {
    const prepared = prepareData([device('a', 4), device('b', 1, 2)], config({}, { heldOut: ['b'] }), 1);
    assert.deepEqual(
      prepared.nodes.map(({ name }) => name),
      ['a'],
    );
    const [unseen] = prepared.unseen;
    assert.deepEqual([unseen!.train.rows, unseen!.validate.rows, unseen!.test.rows], [0, 0, 6]);
    assert.deepEqual(unseen!.train.features, prepared.features);
  });

  it('masks a frozen sensor on its node only, and drops one that no node can learn from', () => {
    const rows = (x: (t: number) => number, y: (t: number) => number): Device['recordings'] =>
      [0, 1, 2, 3].map((i) =>
        recording(
          `${i}`,
          [0, 1, 2].map((t) => [x(t + i), y(t + i), 7]),
        ),
      );
    const sensors = ['x', 'y', 'z'];
    const devices = [
      {
        name: 'a',
        sensors,
        recordings: rows(
          (t) => t,
          () => 5,
        ),
      },
      {
        name: 'b',
        sensors,
        recordings: rows(
          (t) => t,
          (t) => t,
        ),
      },
    ];
    const prepared = prepareData(devices, config(), 1);
    assert.deepEqual(prepared.features, ['x[0]', 'y[0]', 'x[1]', 'y[1]', 'x[2]', 'y[2]']);
    assert.ok(Number.isNaN(prepared.nodes[0]!.test.values[1]!) && !Number.isNaN(prepared.nodes[1]!.test.values[1]!));
    assert.ok(prepared.notes.includes('a: y, z frozen within most of the training recordings, so treated as missing.'));
    assert.ok(prepared.notes.includes('z: no values to train on at any node, so dropped from the features.'));
    assert.equal(prepareData(devices, config({ maskFrozen: false }), 1).features.length, 9);
  });

  it('looks for frozen sensors in the training recordings only', () => {
    const [still, moving] = [(i: number) => [i, 5], (i: number) => [i, i]];
    const of = (row: (i: number) => number[], label: 0 | 1) => (_: unknown, i: number) =>
      recording(`${label}-${i}`, [0, 1, 2].map(row), { labels: new Uint8Array(3).fill(label) });
    const recordings = [...Array.from({ length: 4 }, of(still, 0)), ...Array.from({ length: 9 }, of(moving, 1))];
    const { features } = prepareData([{ name: 'a', sensors: ['x', 'y'], recordings }], config(), 1);
    assert.deepEqual(features, ['x[0]', 'x[1]', 'x[2]']);
  });

  it('leaves out recordings that are shorter than a window', () => {
    const a = device('a', 4);
    a.recordings.push(ramp('short', 990, 2));
    const { notes } = prepareData([a], config(), 1);
    assert.ok(notes.includes('a: recordings left out as shorter than a window: 1.'));
  });

  it('says once what holds for many nodes', () => {
    const { notes } = prepareData([device('a', 4), device('b', 4), device('c', 4, 2)], config(), 1);
    assert.deepEqual(notes, ['a, b: no anomalous test rows, so no AUROC on own test data.']);
  });

  const refused: [string, () => unknown, RegExp][] = [
    [
      'an unknown held-out device',
      () => prepareData([device('pump-1', 4)], config({}, { heldOut: ['pmp-1'] }), 1),
      /did you mean 'pump-1'/,
    ],
    [
      'holding out every device',
      () => prepareData([device('a', 4)], config({}, { heldOut: ['a'] }), 1),
      /no device is left/,
    ],
    [
      'shares over 1',
      () => prepareData([device('a', 4)], config({ split: { train: 0.9, validate: 0.2, order: 'shuffled' } }), 1),
      /together at most 1/,
    ],
    [
      'no share to train on',
      () => prepareData([device('a', 4)], config({ split: { train: 0, validate: 0.2, order: 'shuffled' } }), 1),
      /above 0/,
    ],
    [
      'a device with one normal recording',
      () => prepareData([device('a', 1, 3)], config(), 1),
      /device a .* 1 normal, and it needs two/,
    ],
    [
      'a device that is too short for a window',
      () => prepareData([device('a', 4)], config({ window: { length: 7, stride: 7, unit: 'samples' } }), 1),
      /no recording of device a is as long as a window \(7 samples\)/,
    ],
    [
      'a device without any living sensor',
      () =>
        prepareData(
          [
            {
              name: 'a',
              sensors: ['x'],
              recordings: [recording('1', [[1], [1], [1]]), recording('2', [[1], [1], [1]])],
            },
          ],
          config(),
          1,
        ),
      /no sensor of a has values that change; lower federation\.nodes, name other sensors in data\.sensors, or leave/,
    ],
  ];
  for (const [what, act, message] of refused) {
    it(`refuses ${what}`, () => assert.throws(act, { name: 'OperatorError', message }));
  }
});
