import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Holding, isNormal, partitionRecordings, partsMax } from '../../src/data/partition.ts';
import { Prng } from '../../src/lib/prng.ts';
import { ramp } from './fixtures.ts';

function holding(device: string, normal: number, anomalous = 0): Holding {
  const recordings = Array.from({ length: normal + anomalous }, (_, i) =>
    ramp(`${device}-${i}`, i, 3, i < normal ? 0 : 1),
  );
  return { device, recordings };
}

const instances = (shares: readonly Holding[]): string[] =>
  shares.flatMap(({ recordings }) => recordings.map(({ instance }) => instance)).sort();

describe("partitionRecordings() with 'device'", () => {
  it('makes one node of each device by default', () => {
    const shares = partitionRecordings([holding('a', 4, 1), holding('b', 2)], { partition: 'device' }, new Prng(1));
    assert.deepEqual(
      shares.map(({ name, device }) => [name, device]),
      [
        ['a', 'a'],
        ['b', 'b'],
      ],
    );
    assert.equal(shares[0]!.recordings.length, 5);
  });

  it('gives further nodes to devices by their normal recordings', () => {
    const devices = [holding('a', 30), holding('b', 10, 99), holding('c', 2)];
    const shares = partitionRecordings(devices, { partition: 'device', nodes: 6 }, new Prng(1));
    assert.deepEqual(
      shares.map(({ name }) => name),
      ['a/1', 'a/2', 'a/3', 'a/4', 'b', 'c'],
    );
  });

  it('feeds every part up to the largest possible number of nodes, then says that number', () => {
    const devices = [holding('a', 5, 3), holding('b', 2)];
    const shares = partitionRecordings(devices, { partition: 'device', nodes: 3 }, new Prng(1));
    assert.deepEqual(shares.map(({ recordings }) => recordings.filter(isNormal).length).sort(), [2, 2, 3]);
    assert.throws(() => partitionRecordings(devices, { partition: 'device', nodes: 4 }, new Prng(1)), {
      name: 'OperatorError',
      message: /give at most 3$/,
    });
  });

  it('refuses fewer nodes than devices', () => {
    assert.throws(
      () => partitionRecordings([holding('a', 4), holding('b', 4)], { partition: 'device', nodes: 1 }, new Prng(1)),
      {
        name: 'OperatorError',
        message: /1 nodes are too few for 2 devices/,
      },
    );
  });
});

describe("partitionRecordings() with 'iid'", () => {
  it('deals all kinds evenly to the asked number of nodes', () => {
    const shares = partitionRecordings(
      [holding('a', 7, 5), holding('b', 6)],
      { partition: 'iid', nodes: 4 },
      new Prng(1),
    );
    assert.deepEqual(shares.map(({ name, device }) => [name, device])[3], ['iid-04', 'iid-04']);
    for (const { recordings } of shares) {
      assert.ok([3, 4].includes(recordings.filter(isNormal).length));
      assert.ok([1, 2].includes(recordings.filter((r) => !isNormal(r)).length));
    }
  });

  it('refuses more nodes than the recordings can feed', () => {
    assert.throws(() => partitionRecordings([holding('a', 7)], { partition: 'iid', nodes: 4 }, new Prng(1)), {
      message: /give at most 3$/,
    });
  });
});

describe('partitionRecordings()', () => {
  it('puts every recording on exactly one node, the same for the same seed', () => {
    const devices = fc.array(fc.tuple(fc.integer({ min: 2, max: 12 }), fc.nat(5)), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        devices,
        fc.constantFrom('device' as const, 'iid' as const),
        fc.nat(30),
        fc.nat(),
        (sizes, partition, extra, seed) => {
          const holdings = sizes.map(([normal, anomalous], i) => holding(`d${i}`, normal, anomalous));
          const most = holdings.reduce((sum, { recordings }) => sum + partsMax(recordings), 0);
          const nodes = Math.min(holdings.length + extra, most);
          const shares = partitionRecordings(holdings, { partition, nodes }, new Prng(seed));
          assert.equal(shares.length, nodes);
          assert.deepEqual(instances(shares), instances(holdings));
          for (const { recordings } of shares) assert.ok(partsMax(recordings) >= 1);
          assert.deepEqual(partitionRecordings(holdings, { partition, nodes }, new Prng(seed)), shares);
        },
      ),
    );
  });

  it('deals differently for another seed', () => {
    const dealt = (seed: number): string =>
      JSON.stringify(
        partitionRecordings([holding('a', 20)], { partition: 'device', nodes: 4 }, new Prng(seed)).map((s) =>
          instances([s]),
        ),
      );
    assert.notEqual(dealt(1), dealt(2));
  });
});

describe('partsMax()', () => {
  it("counts a publisher's train and test split", () => {
    const recordings = [ramp('a', 0, 3, 0, 'train'), ramp('b', 0, 3, 0, 'train'), ramp('c', 0, 3, 1, 'train')];
    assert.equal(partsMax(recordings), 0);
    assert.equal(partsMax([...recordings, ramp('d', 0, 3, 1, 'test'), ramp('e', 0, 3, 0, 'test')]), 2);
  });
});
