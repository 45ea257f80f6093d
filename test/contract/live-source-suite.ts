// What every live source does, whatever it is connected to. Knows none of them.
import assert from 'node:assert/strict';
import type { Source, SourceCounter } from '../../src/node/sources/source.ts';
import { eventually, inTime } from '../support/live-federation.ts';
import { RecordingSink, RunningSource } from '../support/live-source.ts';

/** A source of twoSensors and what feeds it. */
export interface Feed {
  source: Source;
  /** Resolves once the source hears what is sent. */
  ready(running: RunningSource): Promise<void>;
  /** Sends a pressure, in bar, measured at a time. */
  send(timeMs: number, pressure: number): Promise<void> | void;
  /** Sends something that cannot be used. */
  sendGarbage(): Promise<void> | void;
  close(): Promise<void>;
}

export interface FeedTraits {
  /** What garbage is counted as. */
  garbageCounter: SourceCounter;
  /** Whether samples have the time that was sent, and not the server's. */
  hasOwnTimes: boolean;
}

/** Kinds of resources that a source opens. */
const resources = ['TCPSocketWrap', 'TLSWrap', 'FSEventWrap', 'PipeWrap', 'FSReqPromise'];

function openResources(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((kind) => resources.includes(kind))
    .sort();
}

/** Runs the suite on the sources that `open` makes. */
export function liveSourceSuite(
  name: string,
  traits: FeedTraits,
  open: () => Promise<Feed>,
  need: (context: Mocha.Context) => void = () => undefined,
): void {
  describe(`live source contract: ${name}`, function () {
    this.timeout(60_000);
    let feed: Feed;
    let running: RunningSource | undefined;

    before(function () {
      need(this);
    });
    beforeEach(async () => {
      feed = await open();
    });
    afterEach(async () => {
      await running?.stop();
      running = undefined;
      await feed?.close();
    });

    const start = async (prepare?: (sink: RecordingSink) => void): Promise<RunningSource> => {
      running = new RunningSource(feed.source, prepare);
      await feed.ready(running);
      return running;
    };
    const pressures = (sink: RecordingSink): number[] => sink.samples.map(({ values }) => values[0]!);

    it("delivers what is sent, in order, in the federation's order of sensors, and counts it", async () => {
      const { sink } = await start();
      const before = sink.samples.length;
      for (let i = 1; i <= 5; i++) await feed.send(i * 1000, i + 0.5);
      await running!.until(() => pressures(sink).includes(5.5), 'the last sample');
      assert.deepEqual(pressures(sink).slice(before), [1.5, 2.5, 3.5, 4.5, 5.5]);
      assert.ok(sink.samples.every(({ values }) => values.length === 2 && Number.isNaN(values[1])));
      if (traits.hasOwnTimes) {
        assert.deepEqual(sink.samples.map(({ timeMs }) => timeMs).slice(before), [1000, 2000, 3000, 4000, 5000]);
      }
      assert.equal(sink.countOf('samples'), sink.samples.length);
      assert.equal(sink.countOf('dropped'), 0);
    });

    it('goes on after garbage, counts it, and says so once', async () => {
      const { sink } = await start();
      await feed.send(1000, 1);
      for (let i = 0; i < 3; i++) await feed.sendGarbage();
      await feed.send(2000, 2);
      await running!.until(() => pressures(sink).includes(2), 'the sample after the garbage');
      assert.equal(sink.countOf(traits.garbageCounter), 3);
      assert.equal(sink.said.filter((sentence) => /counted as|is marked/.test(sentence)).length, 1);
    });

    it('hands over one sample at a time, and waits for a slow sink', async () => {
      const { sink } = await start();
      const before = sink.samples.length;
      let release: () => void = () => undefined;
      let atOnce = 0;
      let most = 0;
      const opened = new Promise<void>((resolve) => {
        release = resolve;
      });
      sink.gate = async () => {
        atOnce += 1;
        most = Math.max(most, atOnce);
        await opened;
        atOnce -= 1;
      };
      const offered = sink.offered;
      for (let i = 1; i <= 30; i++) void feed.send(i * 1000, i);
      await running!.until(() => sink.offered > offered, 'the first sample is offered');
      assert.equal(sink.samples.length, before);
      release();
      await running!.until(() => sink.samples.length === before + 30, 'all samples');
      assert.deepEqual(
        pressures(sink).slice(before),
        Array.from({ length: 30 }, (_, i) => i + 1),
      );
      assert.equal(most, 1);
    });

    it('stops at the abort with everything closed, and takes nothing afterwards', async () => {
      const earlier = openResources();
      const { sink } = await start();
      await feed.send(1000, 1);
      await running!.until(() => pressures(sink).includes(1), 'a sample');
      await running!.stop();
      const taken = sink.samples.length;
      await feed.send(2000, 2);
      await eventually(() => openResources().length <= earlier.length, `only ${earlier} stay open`);
      assert.equal(sink.samples.length, taken);
      assert.equal(sink.countOf('disconnects'), 0);
    });

    it('does nothing where it is aborted from the start', async () => {
      const sink = new RecordingSink();
      await inTime(feed.source.run(sink, AbortSignal.abort()), 'it resolves');
      assert.equal(sink.samples.length, 0);
    });

    it('rejects with what its sink throws', async () => {
      running = new RunningSource(feed.source, (sink) => {
        sink.gate = () => Promise.reject(new Error('a bug in the sink'));
      });
      const failed = assert.rejects(running.finished, /a bug in the sink/);
      // It may end by the first value, which a server sends at once.
      await Promise.race([feed.ready(running).catch(() => undefined), running.finished.catch(() => undefined)]);
      await feed.send(1000, 1);
      await inTime(failed, 'it rejects');
      running = undefined;
    });
  });
}
