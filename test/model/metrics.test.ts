import assert from 'node:assert/strict';
import fc from 'fast-check';
import { auprc, auroc, confusion } from '../../src/model/metrics.ts';

const labelled = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 1 })), { minLength: 1, maxLength: 30 })
  .map((rows) => ({ scores: rows.map(([score]) => score), labels: Uint8Array.from(rows, ([, label]) => label) }));

describe('auroc()', () => {
  it('auroc() is 1 where every anomalous row scores highest, 0 where lowest', () => {
    assert.equal(auroc([1, 2, 3, 4], Uint8Array.of(0, 0, 1, 1)), 1);
    assert.equal(auroc([1, 2, 3, 4], Uint8Array.of(1, 1, 0, 0)), 0);
  });

  it('auroc() counts a tie as one half', () => {
    // Pairs: 2 > 1 wins, 2 = 2 is one half, 3 > 1 and 3 > 2 win: 3.5 of 4.
    assert.equal(auroc([1, 2, 2, 3], Uint8Array.of(0, 0, 1, 1)), 3.5 / 4);
    assert.equal(auroc([5, 5, 5], Uint8Array.of(0, 1, 0)), 0.5);
  });

  it('auroc() is null where one class is absent or a score is NaN', () => {
    assert.equal(auroc([1, 2], Uint8Array.of(0, 0)), null);
    assert.equal(auroc([1, 2], Uint8Array.of(1, 1)), null);
    assert.equal(auroc([], new Uint8Array()), null);
    assert.equal(auroc([1, Number.NaN], Uint8Array.of(0, 1)), null);
  });

  it('auroc() orders infinite scores', () => {
    assert.equal(auroc([1, Infinity, Infinity], Uint8Array.of(0, 1, 1)), 1);
  });

  it('auroc() equals the share of pairs won', () => {
    fc.assert(
      fc.property(labelled, ({ scores, labels }) => {
        let pairs = 0;
        let won = 0;
        for (const [i, a] of scores.entries()) {
          for (const [j, b] of scores.entries()) {
            if (labels[i] !== 1 || labels[j] !== 0) continue;
            pairs++;
            won += a > b ? 1 : a === b ? 0.5 : 0;
          }
        }
        const expected = pairs === 0 ? null : won / pairs;
        const actual = auroc(scores, labels);
        assert(expected === null ? actual === null : Math.abs((actual as number) - expected) < 1e-12);
      }),
    );
  });
});

describe('auprc()', () => {
  it('auprc() is the average precision of a hand-worked case', () => {
    // Highest first: 1, 0, 1, 0: precision 1 at the first hit, 2/3 at the second.
    assert.equal(auprc([4, 3, 2, 1], Uint8Array.of(1, 0, 1, 0)), (1 + 2 / 3) / 2);
  });

  it('auprc() takes tied rows together, whatever their order', () => {
    assert.equal(auprc([1, 1, 1, 1], Uint8Array.of(1, 0, 0, 0)), 0.25);
    assert.equal(auprc([1, 1, 1, 1], Uint8Array.of(0, 0, 0, 1)), 0.25);
  });

  it('auprc() is null where one class is absent or a score is NaN', () => {
    assert.equal(auprc([1, 2], Uint8Array.of(0, 0)), null);
    assert.equal(auprc([1, 2], Uint8Array.of(1, 1)), null);
    assert.equal(auprc([Number.NaN, 2], Uint8Array.of(0, 1)), null);
  });
});

describe('confusion()', () => {
  it('confusion() calls a row anomalous only above the threshold', () => {
    // Flagged: 3 (anomalous) and 4 (normal); missed: 2, which equals the threshold.
    assert.deepEqual(confusion([1, 2, 3, 4], Uint8Array.of(0, 1, 1, 0), 2), { f1: 0.5, fpr: 0.5, recall: 0.5 });
  });

  it('confusion() gives null where the labels leave a rate undefined', () => {
    assert.deepEqual(confusion([1, 3], Uint8Array.of(0, 0), 2), { f1: null, fpr: 0.5, recall: null });
    assert.deepEqual(confusion([1, 3], Uint8Array.of(1, 1), 2), { f1: 2 / 3, fpr: null, recall: 0.5 });
    assert.deepEqual(confusion([], new Uint8Array(), 2), { f1: null, fpr: null, recall: null });
  });
});
