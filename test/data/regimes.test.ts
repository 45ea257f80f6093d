import assert from 'node:assert/strict';
import { tabulate } from '../../src/data/features.ts';
import type { Holding } from '../../src/data/partition.ts';
import { kMeans, regimesOf, type TablesOf } from '../../src/data/regimes.ts';
import { Prng } from '../../src/lib/prng.ts';
import { recording } from './fixtures.ts';

/** A raw window for each row. */
const tablesOf: TablesOf = ({ device }, recordings) =>
  recordings.map((one) =>
    tabulate(
      [one],
      ['x', 'y'],
      ['x', 'y'],
      { window: { length: 1, stride: 1, unit: 'samples' }, features: 'raw' },
      [false, false],
      device,
    ),
  );

/** Rows around a place, a little apart. */
const around = ([x, y]: [number, number], rows: number): number[][] =>
  Array.from({ length: rows }, (_, i) => [x + 0.01 * Math.sin(7 * i + x), y + 0.01 * Math.cos(5 * i + y)]);

const corners: [number, number][] = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => [(i % 4) * 10, Math.floor(i / 4) * 1e8]);

describe('regimesOf()', () => {
  it('puts recordings of one place together and those of eight places apart, whatever the scale of a sensor', () => {
    const recordings = Array.from({ length: 40 }, (_, i) => recording(`r${i}`, around(corners[i % 8]!, 3)));
    for (const seed of [1, 2, 3]) {
      const regimes = regimesOf([{ device: 'a', recordings }], tablesOf, new Prng(seed));
      const ofFirst = recordings.slice(0, 8).map((one) => regimes.get(one));
      assert.equal(new Set(ofFirst).size, 8);
      for (const [i, one] of recordings.entries()) assert.equal(regimes.get(one), ofFirst[i % 8]);
    }
  });

  it('keeps a recording whole in which the regime changes: it is of the one with most windows', () => {
    const pure = corners.map((place, i) => recording(`pure-${i}`, Array(9).fill(place)));
    const mixed = recording(
      'mixed',
      [0, 0, 5, 5, 5].map((corner) => corners[corner]!),
    );
    const regimes = regimesOf([{ device: 'a', recordings: [...pure, mixed] }], tablesOf, new Prng(1));
    assert.equal(regimes.get(mixed), regimes.get(pure[5]!));
    assert.notEqual(regimes.get(mixed), regimes.get(pure[0]!));
  });

  it('finds regimes on normal recordings only, and gives an anomalous one the nearest', () => {
    const normal = [corners[0]!, corners[3]!].flatMap((place) =>
      [1, 2].map(() => recording('n', Array(3).fill(place))),
    );
    const anomalous = recording('bad', Array(3).fill([31, 5]), { labels: Uint8Array.of(1, 1, 1) });
    const holding: Holding = { device: 'a', recordings: [...normal, anomalous] };
    const regimes = regimesOf([holding], tablesOf, new Prng(1));
    assert.equal(regimes.get(anomalous), regimes.get(normal[2]!));
    assert.notEqual(regimes.get(anomalous), regimes.get(normal[0]!));
  });

  it('counts a missing value as an average one, wherever the average is', () => {
    for (const shift of [0, 1000]) {
      const places = [0, 40].map((x): [number, number] => [x, shift]);
      // The average of x, 20 + shift, is on the side of the second place, by the three recordings there.
      const rows = places.flatMap((place, i) => Array.from({ length: i === 0 ? 1 : 3 }, () => place));
      const known = rows.map(([x, y], i) => recording(`n${i}`, Array(3).fill([x + shift, y])));
      const holed = recording('holed', [[Number.NaN, shift]], { labels: Uint8Array.of(1) });
      const regimes = regimesOf([{ device: 'a', recordings: [...known, holed] }], tablesOf, new Prng(1));
      assert.equal(regimes.get(holed), regimes.get(known[1]!));
      assert.notEqual(regimes.get(holed), regimes.get(known[0]!));
    }
  });

  it('leaves missing values out of the mean and the deviation', () => {
    const known = [0, 30].flatMap((x) => [1, 2].map((i) => recording(`${x}/${i}`, Array(3).fill([x, 5]))));
    const holed = recording('holed', Array(3).fill([0, Number.NaN]));
    const regimes = regimesOf([{ device: 'a', recordings: [...known, holed] }], tablesOf, new Prng(1));
    assert.equal(regimes.get(holed), regimes.get(known[0]!));
    assert.notEqual(regimes.get(holed), regimes.get(known[2]!));
  });

  it('weighs sensors alike: a distance is in deviations', () => {
    // On x it is a little nearer to the first place, on y much nearer to the second.
    const known = [
      [0, 0],
      [100, 1],
    ].map((place, i) => recording(`n${i}`, Array(3).fill(place)));
    const between = recording('between', [[45, 0.9]], { labels: Uint8Array.of(1) });
    const regimes = regimesOf([{ device: 'a', recordings: [...known, between] }], tablesOf, new Prng(1));
    assert.equal(regimes.get(between), regimes.get(known[1]!));
  });

  it('looks for eight regimes, and finds one where nothing changes', () => {
    const many = Array.from({ length: 12 }, (_, i) => recording(`r${i}`, around([10 * i, (i * i) % 5], 3)));
    const regimes = regimesOf([{ device: 'a', recordings: many }], tablesOf, new Prng(1));
    assert.deepEqual([...new Set(regimes.values())].sort(), [0, 1, 2, 3, 4, 5, 6, 7]);
    const still = [1, 2, 3].map((i) => recording(`s${i}`, Array(3).fill([7, Number.NaN])));
    const one = regimesOf([{ device: 'a', recordings: still }], tablesOf, new Prng(1));
    assert.deepEqual([...one.values()], [0, 0, 0]);
  });

  it('ignores a sensor that stands still and separates by another', () => {
    const known = [0, 1].flatMap((x) => [1, 2].map((i) => recording(`${x}/${i}`, Array(3).fill([x, 5]))));
    const regimes = regimesOf([{ device: 'a', recordings: known }], tablesOf, new Prng(1));
    assert.equal(regimes.get(known[0]!), regimes.get(known[1]!));
    assert.notEqual(regimes.get(known[0]!), regimes.get(known[2]!));
  });

  it('takes the lower of two regimes with as many windows', () => {
    const pure = corners.map((place, i) => recording(`pure-${i}`, Array(9).fill(place)));
    const half = recording(
      'half',
      [0, 0, 5, 5].map((corner) => corners[corner]!),
    );
    for (const seed of [1, 2, 3, 4]) {
      const regimes = regimesOf([{ device: 'a', recordings: [...pure, half] }], tablesOf, new Prng(seed));
      assert.equal(regimes.get(half), Math.min(regimes.get(pure[0]!)!, regimes.get(pure[5]!)!));
    }
  });

  it('finds regimes on a seeded 4,000 of the normal recordings, and gives one to all', () => {
    const recordings = Array.from({ length: 4300 }, (_, i) => recording(`r${i}`, [corners[i % 8]!]));
    const holdings = [recordings.slice(0, 2000), recordings.slice(2000)].map((own, i) => ({
      device: `${i}`,
      recordings: own,
    }));
    const fitted = [1, 2].map((seed) => {
      const asked: string[] = [];
      const spy: TablesOf = (holding, chosen) => {
        asked.push(...chosen.map(({ instance }) => instance));
        return tablesOf(holding, chosen);
      };
      assert.equal(regimesOf(holdings, spy, new Prng(seed)).size, 4300);
      assert.equal(asked.length, 4000 + 4300);
      return asked.slice(0, 4000);
    });
    assert.notDeepEqual(fitted[0], fitted[1]);
  });

  it('numbers regimes by the seed', () => {
    const recordings = corners.map((place, i) => recording(`r${i}`, Array(3).fill(place)));
    const ofFirst = [1, 2, 3, 4, 5, 6].map((seed) =>
      regimesOf([{ device: 'a', recordings }], tablesOf, new Prng(seed)).get(recordings[0]!),
    );
    assert.ok(new Set(ofFirst).size > 1);
  });
});

describe('kMeans()', () => {
  it('gives fewer centres where fewer rows differ', () => {
    const rows = [0, 1, 0, 1].map((value) => Float64Array.of(value));
    assert.deepEqual(
      kMeans(rows, 8, new Prng(1))
        .map(([value]) => value)
        .sort(),
      [0, 1],
    );
  });

  it('seeds far from the centres it has: clusters apart are never missed, however small', () => {
    const rows = [...Array<number>(100).fill(0), ...Array<number>(100).fill(50), 1000].map((x) => Float64Array.of(x));
    const before = rows.map((row) => row[0]);
    const firsts = new Set<number>();
    for (let seed = 0; seed < 40; seed++) {
      const centres = kMeans(rows, 3, new Prng(seed)).map(([x]) => x!);
      firsts.add(centres[0]!);
      assert.deepEqual(
        centres.toSorted((a, b) => a - b),
        [0, 50, 1000],
      );
    }
    assert.ok(firsts.has(0) && firsts.has(50));
    assert.deepEqual(
      rows.map((row) => row[0]),
      before,
    );
  });

  it('leaves a centre that lost all its rows where it was', () => {
    // Found by trying seeds: the fourth centre's rows go to others on the way.
    const rows = '4,13 5,2 26,3 3,3 23,24 24,15 15,24 29,29 28,5 29,0'
      .split(' ')
      .map((row) => Float64Array.from(row.split(','), Number));
    for (const [x] of kMeans(rows, 4, new Prng(50292))) assert.ok(x! >= 3);
  });

  it('ends where every centre is the mean of the rows nearest to it', () => {
    const prng = new Prng(3);
    const rows = Array.from({ length: 200 }, () => Float64Array.of(prng.nextGaussian(), prng.nextGaussian()));
    const centres = kMeans(rows, 5, prng);
    const distance = (a: Float64Array, b: Float64Array): number => Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!);
    for (const centre of centres) {
      const own = rows.filter((row) => centres.every((other) => distance(row, centre) <= distance(row, other)));
      for (const f of [0, 1]) {
        const mean = own.reduce((sum, row) => sum + row[f]! / own.length, 0);
        assert.ok(Math.abs(mean - centre[f]!) < 1e-9);
      }
    }
  });
});
