import assert from 'node:assert/strict';
import { Prng } from '../../../src/lib/prng.ts';
import { createEngine } from '../../../src/model/create-engine.ts';
import { Monitor } from '../../../src/node/gateway/monitor.ts';
import type { AlertChange } from '../../../src/node/learning/alert-book.ts';
import { RowScorer } from '../../../src/node/learning/row-scorer.ts';
import { agreementOf, parseManifest } from '../../../src/node/manifest.ts';
import { openStore, type Store } from '../../../src/node/store/store.ts';
import { plantManifest } from '../../support/small-plant.ts';
import { Folders, gateway } from '../store/fixtures.ts';

const manifest = parseManifest(plantManifest(['window: { length: 1, stride: 1 }']), 'federation.yaml');
const { spec, settings, weights } = agreementOf(manifest);
const scale = { mean: new Float64Array(3), deviation: new Float64Array(3).fill(1) };

describe('Monitor', () => {
  const folders = new Folders();
  afterEach(() => folders.removeAll());

  async function monitorOn(store: Store, nowMs: () => number = () => 0) {
    const alerts: AlertChange[] = [];
    let drifts = 0;
    const scorer = new RowScorer({
      engine: await createEngine('simd', spec, settings),
      spec,
      sensors: ['flow', 'pressure', 'heat'],
    });
    const monitor = new Monitor({
      store,
      scorer,
      features: 3,
      window: { lengthMs: 1000, strideMs: 1000 },
      threshold: { rule: { method: 'quantile', quantile: 0.99 }, clock: { nowMs } },
      prng: new Prng('monitor'),
      wallClockMs: () => Number.MAX_SAFE_INTEGER,
      onAlert: (change) => alerts.push(change),
      onDrift: () => drifts++,
    });
    return { monitor, scorer, alerts, drifts: () => drifts };
  }

  const prng = new Prng('rows');
  let second = 0;
  const row = (pressure?: number) => {
    const startMs = 1000 * second++;
    const values = Float64Array.from({ length: 3 }, () => prng.nextGaussian());
    if (pressure !== undefined) values[1] = pressure;
    return { startMs, endMs: startMs + 999, values };
  };
  const withStore = async (use: (store: Store) => Promise<void>) => {
    const store = openStore(folders.make(), gateway());
    try {
      await use(store);
    } finally {
      store.close();
    }
  };

  it('keeps windows from the first one on, and scores them once there is a model', async () => {
    await withStore(async (store) => {
      const { monitor, scorer } = await monitorOn(store);
      for (let i = 0; i < 40; i++) monitor.take(row());
      assert.equal(monitor.score, undefined);
      assert.ok(monitor.reservoir.trainCount > 20);
      assert.equal(store.counters.all()['windows.normal'], 40);
      scorer.use(weights, scale);
      monitor.take(row());
      assert.ok((monitor.score ?? 0) > 0);
      assert.equal(monitor.threshold, undefined);
    });
  });

  it('raises one alert of windows above the threshold, names the sensor, and does not learn from them', async () => {
    await withStore(async (store) => {
      const { monitor, scorer, alerts } = await monitorOn(store);
      for (let i = 0; i < 400; i++) monitor.take(row());
      scorer.use(weights, scale);
      monitor.afterRound();
      assert.ok(monitor.threshold !== undefined);
      // The values are noise, so a few of them may be above.
      monitor.take({ ...row(), values: new Float64Array(3) });
      monitor.take({ ...row(), values: new Float64Array(3) });
      alerts.length = 0;
      const { version } = monitor.reservoir;
      for (let i = 0; i < 5; i++) monitor.take(row(50));
      assert.deepEqual(alerts.map(({ kind }) => kind)[0], 'opened');
      assert.equal(alerts.filter(({ kind }) => kind === 'opened').length, 1);
      assert.equal(alerts[0]?.alert.sensors[0]?.name, 'pressure');
      assert.equal(store.counters.all()['windows.withheld'], 5);
      assert.equal(monitor.reservoir.version, version);
    });
  });

  it('tells of a drift from the moments that the federation has of it', async () => {
    await withStore(async (store) => {
      const { monitor, drifts } = await monitorOn(store);
      for (let i = 0; i < 100; i++) monitor.take(row());
      monitor.publishes(monitor.reservoir.trainMoments());
      for (let i = 0; i < 20; i++) monitor.take(row());
      assert.equal(drifts(), 0);
      for (let i = 0; i < 100; i++) monitor.take(row(40));
      assert.ok(drifts() > 0);
    });
  });

  it('knows threshold and guard again after a restart', async () => {
    const folder = folders.make();
    const first = openStore(folder, gateway());
    const { monitor, scorer } = await monitorOn(first);
    for (let i = 0; i < 400; i++) monitor.take(row());
    scorer.use(weights, scale);
    monitor.afterRound();
    for (let i = 0; i < 3; i++) monitor.take(row(50));
    monitor.save();
    const guard = first.facts.getJson('guard');
    first.close();
    const second = openStore(folder, gateway());
    const again = await monitorOn(second);
    assert.equal(again.monitor.threshold, monitor.threshold);
    assert.equal(again.monitor.reservoir.trainCount, monitor.reservoir.trainCount);
    again.monitor.save();
    assert.deepEqual(second.facts.getJson('guard'), guard);
    second.close();
  });
});
