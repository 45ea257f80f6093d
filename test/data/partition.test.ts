import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Holding, isNormal, partitionRecordings, partsMax, type Share } from '../../src/data/partition.ts';
import type { Recording } from '../../src/data/types.ts';
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
    assert.deepEqual(
      shares.map(({ device }) => device),
      ['a', 'a', 'a', 'a', 'b', 'c'],
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

  it('numbers nodes with as many digits as the last one has, two at least', () => {
    const lastOf = (nodes: number): string =>
      partitionRecordings([holding('a', 200)], { partition: 'iid', nodes }, new Prng(1)).map(({ name }) => name)[1]!;
    assert.deepEqual([2, 99, 100].map(lastOf), ['iid-02', 'iid-02', 'iid-002']);
  });

  it('refuses more nodes than the recordings can feed', () => {
    assert.throws(() => partitionRecordings([holding('a', 7)], { partition: 'iid', nodes: 4 }, new Prng(1)), {
      message: /give at most 3$/,
    });
  });
});

/** Regime i mod 4 for the i-th recording of each holding. */
function fourRegimes(holdings: readonly Holding[]): Map<Recording, number> {
  return new Map(holdings.flatMap(({ recordings }) => recordings.map((recording, i) => [recording, i % 4] as const)));
}

/** Half the sum of |share on the node − share overall| over regimes, mean over nodes: 0 for no skew, below 1. */
function regimeSkew(shares: readonly Share[], regimes: ReadonlyMap<Recording, number>): number {
  const mixOf = (recordings: readonly Recording[]): number[] =>
    [0, 1, 2, 3].map((k) => recordings.filter((one) => regimes.get(one) === k).length / recordings.length);
  const overall = mixOf(shares.flatMap(({ recordings }) => recordings));
  const distances = shares.map(({ recordings }) =>
    mixOf(recordings).reduce((sum, share, k) => sum + Math.abs(share - overall[k]!) / 2, 0),
  );
  return distances.reduce((a, b) => a + b, 0) / shares.length;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe("partitionRecordings() with 'dirichlet'", () => {
  const holdings = [holding('a', 200), holding('b', 200)];
  const regimes = fourRegimes(holdings);
  const split = (alpha: number, seed: number): Share[] =>
    partitionRecordings(holdings, { partition: 'dirichlet', nodes: 10, alpha }, new Prng(seed), regimes);

  it('gives nodes as many recordings each, but other regimes', () => {
    for (const { name, device, recordings } of split(0.1, 1)) {
      assert.match(name, /^dirichlet-\d\d$/);
      assert.equal(device, name);
      assert.equal(recordings.length, 40);
    }
  });

  it('skews regimes the more, the smaller alpha is', () => {
    const skews = [0.05, 0.5, 5, 500].map((alpha) =>
      mean([1, 2, 3, 4, 5].map((seed) => regimeSkew(split(alpha, seed), regimes))),
    );
    assert.ok(skews[0]! > skews[1]! + 0.05 && skews[1]! > skews[2]! + 0.1 && skews[2]! > skews[3]! + 0.03, `${skews}`);
    assert.ok(skews[0]! > 0.5 && skews[3]! < 0.12, `${skews}`);
  });

  it('gives anomalous recordings to nodes that have their regime', () => {
    const mixed = [holding('a', 200, 200)];
    const regimesOfMixed = fourRegimes(mixed);
    const shares = partitionRecordings(
      mixed,
      { partition: 'dirichlet', nodes: 10, alpha: 0.05 },
      new Prng(1),
      regimesOfMixed,
    );
    // Of each node: the share of anomalous recordings in the regime that most of its normal ones are of.
    const agreement = shares.map(({ recordings }) => {
      const counts = [0, 1, 2, 3].map(
        (k) => recordings.filter((r) => isNormal(r) && regimesOfMixed.get(r) === k).length,
      );
      const main = counts.indexOf(Math.max(...counts));
      const bad = recordings.filter((r) => !isNormal(r));
      return bad.filter((r) => regimesOfMixed.get(r) === main).length / bad.length;
    });
    assert.ok(mean(agreement) > 0.6, `${agreement}`);
  });
});

describe("partitionRecordings() with 'quantity'", () => {
  const holdings = [holding('a', 300), holding('b', 300, 60)];
  const split = (alpha: number, seed: number): number[] =>
    partitionRecordings(holdings, { partition: 'quantity', nodes: 10, alpha }, new Prng(seed)).map(
      ({ recordings }) => recordings.length,
    );
  const largestShare = (alpha: number): number =>
    mean([1, 2, 3, 4, 5].map((seed) => Math.max(...split(alpha, seed)) / 660));

  it('skews amounts the more, the smaller alpha is', () => {
    const largest = [0.1, 0.5, 5, 500].map(largestShare);
    assert.ok(largest[0]! > largest[1]! && largest[1]! > largest[2]! + 0.05 && largest[2]! > largest[3]!, `${largest}`);
    assert.ok(largest[0]! > 0.4 && largest[3]! < 0.12, `${largest}`);
  });

  it('gives each node a third normal recording, to validate on, where there are enough', () => {
    const amounts = (normal: number): number[] => {
      const config = { partition: 'quantity', nodes: 10, alpha: 0.01 } as const;
      const shares = partitionRecordings([holding('a', normal, 9)], config, new Prng(1));
      return shares.map(({ recordings }) => recordings.filter(isNormal).length).sort((a, b) => a - b);
    };
    assert.deepEqual(
      [29, 30, 300].map((normal) => amounts(normal)[0]),
      [2, 3, 3],
    );
    // Where there are not, what is left over two each still goes by share.
    assert.ok(amounts(29).at(-1)! > 6, `${amounts(29)}`);
    const published = (train: number): number => {
      const recordings = Array.from({ length: train + 10 }, (_, i) =>
        ramp(`${i}`, i, 3, 0, i < train ? 'train' : 'test'),
      );
      const config = { partition: 'quantity', nodes: 10, alpha: 0.01 } as const;
      const shares = partitionRecordings([{ device: 'a', recordings }], config, new Prng(1));
      return Math.min(...shares.map((share) => share.recordings.filter(({ split }) => split === 'train').length));
    };
    assert.deepEqual([19, 20, 200].map(published), [1, 2, 2]);
  });

  it('counts rows, not recordings', () => {
    const unequal = Array.from({ length: 200 }, (_, i) => ramp(`${i}`, i, i % 2 === 0 ? 3 : 300));
    const shares = partitionRecordings(
      [{ device: 'a', recordings: unequal }],
      { partition: 'quantity', nodes: 4, alpha: 1e3 },
      new Prng(1),
    );
    for (const { recordings } of shares) {
      const rows = recordings.reduce((sum, { timesMs }) => sum + timesMs.length, 0);
      assert.ok(Math.abs(rows / (100 * 303) - 0.25) < 0.03, `${rows} rows`);
    }
  });
});

describe('partitionRecordings()', () => {
  it('puts every recording on exactly one node, the same for the same seed', () => {
    const devices = fc.array(fc.tuple(fc.integer({ min: 2, max: 12 }), fc.nat(5)), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        devices,
        fc.constantFrom('device' as const, 'iid' as const, 'dirichlet' as const, 'quantity' as const),
        fc.nat(30),
        fc.constantFrom(0.001, 0.5, 100),
        fc.nat(),
        (sizes, partition, extra, alpha, seed) => {
          const holdings = sizes.map(([normal, anomalous], i) => holding(`d${i}`, normal, anomalous));
          const most = holdings.reduce((sum, { recordings }) => sum + partsMax(recordings), 0);
          const nodes = Math.min(holdings.length + extra, most);
          const regimes = fourRegimes(holdings);
          const partitioned = (): Share[] =>
            partitionRecordings(holdings, { partition, nodes, alpha }, new Prng(seed), regimes);
          const shares = partitioned();
          assert.equal(shares.length, nodes);
          assert.deepEqual(instances(shares), instances(holdings));
          for (const { recordings } of shares) assert.ok(partsMax(recordings) >= 1);
          assert.deepEqual(partitioned(), shares);
        },
      ),
    );
  });

  it('feeds every node where the publisher split the data, down to one recording of each', () => {
    for (const partition of ['iid', 'dirichlet', 'quantity'] as const) {
      const recordings = Array.from({ length: 23 }, (_, i) =>
        ramp(`${i}`, i, 3, i % 5 === 0 ? 1 : 0, i < 14 ? 'train' : 'test'),
      );
      const holdings = [{ device: 'a', recordings }];
      const nodes = partsMax(recordings);
      for (const seed of [1, 2, 3]) {
        const config = { partition, nodes, alpha: 0.1 };
        const shares = partitionRecordings(holdings, config, new Prng(seed), fourRegimes(holdings));
        assert.equal(shares.length, 9);
        assert.deepEqual(instances(shares), instances(holdings));
        for (const share of shares) assert.ok(partsMax(share.recordings) >= 1, partition);
      }
    }
  });

  it('refuses more nodes than the recordings can feed, with any partition', () => {
    for (const partition of ['dirichlet', 'quantity'] as const) {
      const holdings = [holding('a', 7)];
      assert.throws(
        () => partitionRecordings(holdings, { partition, nodes: 4, alpha: 1 }, new Prng(1), fourRegimes(holdings)),
        { name: 'OperatorError', message: /^federation\.nodes: 4 nodes are more .* give at most 3$/ },
      );
    }
  });

  it('deals alike in whatever order the recordings of a kind come first', () => {
    const recordings = holding('a', 6, 5).recordings;
    const dealt = (order: readonly Recording[]): number[][] =>
      partitionRecordings([{ device: 'a', recordings: order }], { partition: 'iid', nodes: 3 }, new Prng(1)).map((s) =>
        s.recordings.map(({ labels }) => labels[0]!),
      );
    assert.deepEqual(dealt(recordings), dealt(recordings.toReversed()));
  });

  it('deals the parts of each device by a draw of its own', () => {
    const holdings = [holding('a', 20), holding('b', 20)];
    const [a, b] = partitionRecordings(holdings, { partition: 'device', nodes: 4 }, new Prng(1))
      .filter(({ name }) => name.endsWith('/1'))
      .map((share) => instances([share]).map((instance) => instance.slice(2)));
    assert.notDeepEqual(a, b);
  });

  it('asserts alpha and regimes where a partition needs them', () => {
    const holdings = [holding('a', 20)];
    for (const [partition, alpha] of [
      ['quantity', undefined],
      ['quantity', 0],
      ['dirichlet', 1],
    ] as const) {
      assert.throws(() => partitionRecordings(holdings, { partition, nodes: 2, alpha }, new Prng(1)), {
        name: 'AssertionError',
        message: partition === 'dirichlet' ? 'the partition dirichlet needs regimes' : /needs alpha/,
      });
    }
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

describe('isNormal()', () => {
  it('is false with one anomalous row anywhere', () => {
    const labels = Uint8Array.of(0, 1, 0);
    assert.equal(isNormal({ ...ramp('a', 0, 3), labels }), false);
    assert.equal(isNormal(ramp('a', 0, 3)), true);
  });
});

describe('partsMax()', () => {
  it("counts a publisher's train and test split", () => {
    const recordings = [ramp('a', 0, 3, 0, 'train'), ramp('b', 0, 3, 0, 'train'), ramp('c', 0, 3, 1, 'train')];
    assert.equal(partsMax(recordings), 0);
    assert.equal(partsMax([ramp('a', 0, 3, 1, 'train'), ramp('b', 0, 3, 1, 'test')]), 0);
    assert.equal(partsMax([...recordings, ramp('d', 0, 3, 1, 'test'), ramp('e', 0, 3, 0, 'test')]), 2);
  });
});
