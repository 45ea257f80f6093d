import assert from 'node:assert/strict';
import { Prng } from '../../../src/lib/prng.ts';
import { BackOff } from '../../../src/node/sources/back-off.ts';
import { Readings } from '../../../src/node/sources/readings.ts';
import { SampleQueue } from '../../../src/node/sources/sample-queue.ts';
import { SensorTable } from '../../../src/node/sources/sensor-table.ts';
import { eventually } from '../../support/live-federation.ts';
import { RecordingSink, twoSensors } from '../../support/live-source.ts';

describe('SampleQueue', () => {
  it('throws the oldest away, and counts it, where the sink cannot keep up', async () => {
    const sink = new RecordingSink();
    let release: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => {
      release = resolve;
    });
    sink.gate = () => opened;
    const queue = new SampleQueue(new Readings(new SensorTable(twoSensors, {}), sink));
    const controller = new AbortController();
    const finished = queue.run(controller.signal);
    queue.push({ timeMs: -1, values: Float64Array.of(0, 0) });
    await eventually(() => sink.offered === 1, 'the first sample is offered');
    for (let i = 0; i < 10_003; i++) queue.push({ timeMs: i, values: Float64Array.of(i, 0) });
    release();
    await eventually(() => sink.samples.length === 10_001, 'all that were kept');
    assert.equal(sink.countOf('dropped'), 3);
    assert.deepEqual([sink.samples[1]!.timeMs, sink.samples.at(-1)!.timeMs], [3, 10_002]);
    assert.equal(sink.said.length, 1);
    controller.abort();
    await finished;
  });
});

describe('BackOff', () => {
  it('doubles from half a second to half a minute, spread over the upper half, and begins anew after a success', () => {
    const backOff = new BackOff(new Prng(1));
    const delays = Array.from({ length: 10 }, () => backOff.nextMs());
    for (const [i, delay] of delays.entries()) {
      const full = Math.min(30_000, 500 * 2 ** i);
      assert.ok(delay >= full / 2 && delay < full, `${delay} of ${full}`);
    }
    backOff.reset();
    assert.ok(backOff.nextMs() < 500);
  });
});
