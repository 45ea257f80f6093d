import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type DealGroup, dealByQuantity, dealByRegime } from '../../src/data/skewed-deals.ts';
import type { Recording } from '../../src/data/types.ts';
import { drawDirichlet } from '../../src/data/weighted-draws.ts';
import { Prng } from '../../src/lib/prng.ts';
import { ramp } from './fixtures.ts';

/** Recordings named 'REGIME/NUMBER', `counts[k]` of regime k. */
function ofRegimes(counts: readonly number[], prefix = ''): Recording[] {
  return counts.flatMap((count, regime) =>
    Array.from({ length: count }, (_, i) => ramp(`${prefix}${regime}/${i}`, i, 1)),
  );
}

const regimeOf = ({ instance }: Recording): number => Number(instance.split('/')[0]);
const names = (recordings: readonly Recording[]): string[] => recordings.map(({ instance }) => instance);
const rowsOf = (recordings: readonly Recording[]): number => recordings.reduce((sum, r) => sum + r.timesMs.length, 0);
const seeds = (count: number): number[] => Array.from({ length: count }, (_, seed) => seed);

describe('dealByRegime()', () => {
  it('gives two recordings of a node one regime as often as Dirichlet(α·p) does: (α·Σp² + 1)/(α + 1)', () => {
    const nodes = 1000;
    // While all regimes are left: two turns of twenty.
    for (const [counts, squares] of [
      [[5000, 5000, 5000, 5000], 0.25],
      [[14_000, 2000, 2000, 2000], 0.52],
    ] as const) {
      const groups = [{ recordings: ofRegimes(counts), min: 2 }];
      for (const alpha of [0.2, 1, 5]) {
        const dealt = dealByRegime(groups, nodes, alpha, regimeOf, new Prng(1));
        const alike = dealt.filter(([first, second]) => regimeOf(first!) === regimeOf(second!)).length / nodes;
        const expected = (alpha * squares + 1) / (alpha + 1);
        assert.ok(Math.abs(alike - expected) < 0.05, `${alike}, not ${expected}, for ${alpha}`);
        const ofFirst = dealt.filter(([first]) => regimeOf(first!) === 0).length / nodes;
        assert.ok(Math.abs(ofFirst - counts[0] / 20_000) < 0.05, `${ofFirst} of the first regime`);
      }
    }
  });

  it('takes random recordings of a regime, of each group for itself, others for another seed', () => {
    const groups = [ofRegimes([12]), ofRegimes([12], '0/bad')].map((recordings) => ({ recordings, min: 0 }));
    const deal = (seed: number): string[] => names(dealByRegime(groups, 1, 1, regimeOf, new Prng(seed))[0]!);
    const dealt = deal(1);
    assert.deepEqual(dealt.slice(0, 12).sort(), names(groups[0]!.recordings).sort());
    assert.notDeepEqual(dealt.slice(0, 12), names(groups[0]!.recordings).reverse());
    assert.notDeepEqual(dealt, deal(2));
  });

  it('goes on with the next node in the next group, so that no node has two recordings more than another', () => {
    const groups = [ofRegimes([4, 3]), ofRegimes([2, 3])].map((recordings) => ({ recordings, min: 0 }));
    for (const seed of seeds(20)) {
      const sizes = dealByRegime(groups, 4, 0.1, regimeOf, new Prng(seed)).map(({ length }) => length);
      assert.deepEqual(sizes, [3, 3, 3, 3]);
    }
  });

  it('draws from what is left, by number, where none of the regimes of a mix is', () => {
    // The mix knows regime 0 alone, as the first group holds no other.
    const groups = [ofRegimes([1]), ofRegimes([0, 80, 20])].map((recordings) => ({ recordings, min: 0 }));
    const draws = seeds(500).map((seed) => regimeOf(dealByRegime(groups, 1, 1, regimeOf, new Prng(seed))[0]![1]!));
    const share = draws.filter((regime) => regime === 1).length / draws.length;
    assert.ok(Math.abs(share - 0.8) < 0.06, `${share}`);
  });
});

/** What dealByQuantity promises a node, in rows, for recordings of one row. */
function promised(shares: readonly number[], rows: number, min: number): number[] {
  const lacks = shares.map((share) => Math.max(0, share * rows - min));
  const sum = lacks.reduce((a, b) => a + b, 0);
  return lacks.map((lack) => min + (lack / sum) * (rows - min * shares.length));
}

describe('dealByQuantity()', () => {
  const group = (lengths: readonly number[], min: number, prefix = ''): DealGroup => ({
    recordings: lengths.map((rows, i) => ramp(`${prefix}${i}`, i, rows)),
    min,
  });

  it('draws shares whose sum of squares is (α + 1)/(nα + 1) on average', () => {
    const groups = [group(Array(500).fill(1), 0)];
    for (const alpha of [0.2, 1, 10]) {
      const sums = seeds(200).map((seed) =>
        dealByQuantity(groups, 8, alpha, new Prng(seed)).reduce((sum, part) => sum + (part.length / 500) ** 2, 0),
      );
      const mean = sums.reduce((a, b) => a + b, 0) / sums.length;
      const expected = (alpha + 1) / (8 * alpha + 1);
      assert.ok(Math.abs(mean / expected - 1) < 0.08, `${mean}, not ${expected}`);
    }
  });

  it('gives a node its least recordings and the rest by what it lacks, within a recording', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 1, max: 80 }),
        fc.constantFrom(0.001, 0.3, 5),
        fc.nat(),
        (nodes, min, more, alpha, seed) => {
          const prng = new Prng(seed);
          const rows = min * nodes + more;
          const dealt = dealByQuantity([group(Array(rows).fill(1), min)], nodes, alpha, prng);
          const shares = drawDirichlet(Array(nodes).fill(alpha), prng.fork('shares'));
          for (const [i, expected] of promised(shares, rows, min).entries()) {
            assert.ok(Math.abs(dealt[i]!.length - expected) <= 1, `${dealt[i]!.length}, not ${expected}`);
          }
        },
      ),
    );
  });

  it('gives rows in proportion to the share, within half of the longest recording at each end', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom(0.1, 1, 100),
        fc.nat(),
        (lengths, nodes, alpha, seed) => {
          const prng = new Prng(seed);
          const dealt = dealByQuantity([group(lengths, 0)], nodes, alpha, prng);
          const shares = drawDirichlet(Array(nodes).fill(alpha), prng.fork('shares'));
          const total = lengths.reduce((a, b) => a + b, 0);
          let passed = 0;
          let due = 0;
          for (const [i, part] of dealt.entries()) {
            passed += rowsOf(part);
            due += shares[i]! * total;
            assert.ok(Math.abs(passed - due) <= Math.max(...lengths) / 2 + 1e-6, `${passed} of ${due} rows`);
          }
        },
      ),
    );
  });

  it('takes off a node its first recordings by their rows', () => {
    // Even shares of 60 rows: who got the long one first has all of its own, and the last one goes to the other.
    const unequal = group([60, 30, 30], 1);
    for (const seed of seeds(30)) {
      const dealt = dealByQuantity([unequal], 2, 1e9, new Prng(seed));
      const isFirst = dealt.some(([first]) => first!.timesMs.length === 60);
      if (isFirst) assert.deepEqual(dealt.map(rowsOf), [60, 60]);
    }
  });

  it('deals random recordings, of each group for itself, others for another seed', () => {
    const groups = [group(Array(40).fill(1), 0), group(Array(40).fill(1), 0, 'bad')];
    const first = (seed: number, prefix: string): string[] =>
      names(dealByQuantity(groups, 2, 1e6, new Prng(seed))[0]!).filter(
        (name) => /^bad/.test(name) === (prefix === 'bad'),
      );
    assert.equal(first(1, '').length, 20);
    assert.notDeepEqual(first(1, ''), first(2, ''));
    assert.notDeepEqual(
      first(1, '').map((name) => `bad${name}`),
      first(1, 'bad'),
    );
    assert.ok(first(1, '').some((name) => Number(name) >= 20));
  });
});
