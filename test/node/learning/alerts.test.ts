import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Prng } from '../../../src/lib/prng.ts';
import type { AutoencoderSpec } from '../../../src/model/engine.ts';
import { applyScale, type Scale } from '../../../src/model/scaler.ts';
import { createSimdEngine } from '../../../src/model/simd-engine.ts';
import { initialWeights, weightCount } from '../../../src/model/weights.ts';
import { AlertBook } from '../../../src/node/learning/alert-book.ts';
import { RowScorer } from '../../../src/node/learning/row-scorer.ts';
import { Alerts } from '../../../src/node/store/alerts.ts';
import { adam, plain } from '../../contract/engine-fixtures.ts';

const shares = (name: string) => () => [{ name, share: 1 }];

/** Windows of one second each, one after the other. */
function played(book: AlertBook, scores: readonly number[], from = 0) {
  return scores.map((score, i) =>
    book.take({ startMs: 1000 * (from + i), endMs: 1000 * (from + i) + 999 }, score, 1, shares(`at ${score}`)),
  );
}

describe('AlertBook', () => {
  it('makes one alert of windows above the threshold, that a single calm one does not end', () => {
    const alerts = new Alerts(10);
    const changes = played(new AlertBook(alerts), [0, 2, 5, 1, 3, 0, 0, 0]);
    assert.deepEqual(
      changes.map((change) => change?.kind),
      [undefined, undefined, 'opened', undefined, 'extended', undefined, 'closed', undefined],
    );
    assert.deepEqual(alerts.list(), [
      {
        id: 1,
        startMs: 1000,
        endMs: 4999,
        highest: 5,
        threshold: 1,
        sensors: [{ name: 'at 5', share: 1 }],
        isOpen: false,
        acknowledged: false,
      },
    ]);
  });

  it('opens no alert for one window of three, and names the higher one of two of them', () => {
    const alerts = new Alerts(10);
    const changes = played(new AlertBook(alerts), [9, 0, 0, 4, 0, 3]);
    assert.deepEqual(
      changes.flatMap((change, i) => (change ? [[i, change.kind]] : [])),
      [[5, 'opened']],
    );
    const [{ startMs, endMs, highest, sensors } = assert.fail('no alert')] = alerts.list();
    assert.deepEqual([startMs, endMs, highest, sensors], [3000, 5999, 4, [{ name: 'at 4', share: 1 }]]);
  });

  it('goes on with an alert that was open before a restart', () => {
    const alerts = new Alerts(10);
    played(new AlertBook(alerts), [2, 2]);
    const changes = played(new AlertBook(alerts), [3, 0, 0, 4, 4], 2);
    assert.deepEqual(
      changes.map((change) => change && [change.kind, change.alert.id]),
      [['extended', 1], undefined, ['closed', 1], undefined, ['opened', 2]],
    );
  });

  it('keeps what was acknowledged meanwhile', () => {
    const alerts = new Alerts(10);
    const book = new AlertBook(alerts);
    played(book, [2, 2]);
    alerts.acknowledge(1);
    assert.equal(played(book, [3], 2)[0]?.alert.acknowledged, true);
  });

  it('has an alert for each two of three windows above, until two calm ones in a row', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 60, size: 'max' }), (scores) => {
        const alerts = new Alerts(100);
        // The threshold is 1: half of the windows are above it.
        const levels = scores.map((score) => score - 3.5);
        const changes = played(new AlertBook(alerts), levels);
        // Oracle: in text, an alert is two above with at most one calm between them, and on as long as that holds.
        const text = levels.map((level) => (level > 1 ? 'x' : '.')).join('');
        const expected = [...text.matchAll(/x(?:\.?x)+/g)].map(({ index, 0: windows }) => {
          const end = index + windows.length;
          const highest = Math.max(...levels.slice(index, end));
          const isOpen = !text.slice(end).startsWith('..');
          return { startMs: 1000 * index, endMs: 1000 * (end - 1) + 999, highest, name: `at ${highest}`, isOpen };
        });
        assert.deepEqual(
          alerts.list().map(({ startMs, endMs, highest, sensors, isOpen }) => ({
            startMs,
            endMs,
            highest,
            name: sensors[0]?.name,
            isOpen,
          })),
          expected,
        );
        // It opens with the second window above, not later.
        assert.deepEqual(
          changes.flatMap((change, i) => (change?.kind === 'opened' ? [i] : [])),
          [...text.matchAll(/x(?:\.?x)+/g)].map(({ index, 0: windows }) => index + windows.indexOf('x', 1)),
        );
      }),
    );
  });
});

describe('RowScorer', () => {
  const spec: AutoencoderSpec = { ...plain, features: 4, hidden: [3] };
  const scale: Scale = { mean: Float64Array.of(1, 2, 3, 4), deviation: Float64Array.of(1, 2, 1, 2) };
  const sensors = ['p', 'p', 't', 'q'];
  const engine = createSimdEngine(spec, adam);
  const weights = initialWeights(spec, new Prng('scorer'));
  const scorer = () => {
    const made = new RowScorer({ engine, spec, sensors });
    made.use(weights, scale);
    return made;
  };

  it('scores nothing before it has a model', () => {
    const empty = new RowScorer({ engine, spec, sensors });
    assert.equal(empty.score(Float64Array.of(1, 2, 3, 4)), undefined);
    assert.deepEqual([...empty.scores(Float64Array.of(1, 2, 3, 4))], []);
    assert.deepEqual(empty.sensorsOf(Float64Array.of(1, 2, 3, 4)), []);
  });

  it('scores one row after the other as the engine does all, missing values left out', () => {
    const prng = new Prng('rows');
    const values = Float64Array.from({ length: 40 }, (_, i) => (i % 7 === 0 ? Number.NaN : 5 * prng.nextGaussian()));
    const expected = engine.score(weights, applyScale(values, 4, scale));
    const made = scorer();
    assert.deepEqual(made.scores(values), expected);
    expected.forEach((score, i) => {
      assert.equal(made.score(values.subarray(4 * i, 4 * i + 4)), score);
    });
  });

  it('gives the greatest number for what is out of reach', () => {
    const made = scorer();
    const far = Float64Array.of(1, 1e40, 3, 4);
    assert.equal(made.score(far), Number.MAX_VALUE);
    assert.deepEqual([...made.scores(far)], [Number.POSITIVE_INFINITY]);
    assert.deepEqual(made.sensorsOf(far), [{ name: 'p', share: 1 }]);
    assert.deepEqual(JSON.parse(JSON.stringify(made.score(far))), Number.MAX_VALUE);
  });

  it('names the sensors that the error comes from, by their shares of it', () => {
    // Weights of nothing: the output is 0, so that the errors are the scaled values.
    const made = new RowScorer({ engine, spec, sensors });
    made.use(new Float32Array(weightCount(spec)), scale);
    assert.deepEqual(made.sensorsOf(Float64Array.of(1 + 1, 2 + 2, 3 + 4, 4 + 2)), [
      { name: 't', share: 16 / 19 },
      { name: 'p', share: 2 / 19 },
      { name: 'q', share: 1 / 19 },
    ]);
    assert.deepEqual(made.sensorsOf(Float64Array.of(1 + 1, Number.NaN, 3 + 10, 4)), [{ name: 't', share: 100 / 101 }]);
    assert.deepEqual(made.sensorsOf(Float64Array.of(1, 2, 3, 4)), []);
  });

  it('names no sensor that is missing, whatever the model makes of it', () => {
    const made = new RowScorer({ engine, spec, sensors });
    // The last four weights are the biases of the output.
    made.use(new Float32Array(weightCount(spec)).fill(5, -4), scale);
    assert.deepEqual(
      made.sensorsOf(Float64Array.of(1, 2, Number.NaN, 4)).map(({ name }) => name),
      ['p', 'q'],
    );
  });
});
