// A sink that remembers, and surroundings that do not change, for tests of live sources.

import { Prng } from '../../src/lib/prng.ts';
import type { Sample, Sensor, Source, SourceCounter, SourceSink } from '../../src/node/sources/source.ts';
import type { Surroundings } from '../../src/node/sources/surroundings.ts';
import { processSurroundings } from '../../src/node/sources/surroundings.ts';
import { eventually, inTime } from './live-federation.ts';

export const twoSensors: readonly Sensor[] = [
  { name: 'pressure', unit: 'bar' },
  { name: 'temperature', unit: '°C' },
];

/** Keeps everything; `gate`, where set, is awaited before each sample is taken. */
export class RecordingSink implements SourceSink {
  readonly samples: Sample[] = [];
  readonly counts: Partial<Record<SourceCounter, number>> = {};
  readonly said: string[] = [];
  gate: (() => Promise<void>) | undefined;
  /** Samples handed over, of which the last may still wait. */
  offered = 0;

  async take(sample: Sample): Promise<void> {
    this.offered += 1;
    await this.gate?.();
    this.samples.push(sample);
  }

  count(counter: SourceCounter, by = 1): void {
    this.counts[counter] = this.countOf(counter) + by;
  }

  say(sentence: string): void {
    this.said.push(sentence);
  }

  countOf(counter: SourceCounter): number {
    return this.counts[counter] ?? 0;
  }

  /** [time, value, value …] of each sample. */
  rows(): number[][] {
    return this.samples.map(({ timeMs, values }) => [timeMs, ...values]);
  }

  hasSaid(pattern: RegExp): boolean {
    return this.said.some((sentence) => pattern.test(sentence));
  }
}

/** A source that runs until stop(). */
export class RunningSource {
  readonly sink = new RecordingSink();
  readonly finished: Promise<void>;
  private readonly controller = new AbortController();

  constructor(source: Source, prepare: (sink: RecordingSink) => void = () => undefined) {
    prepare(this.sink);
    this.finished = source.run(this.sink, this.controller.signal);
    this.finished.catch(() => undefined);
  }

  async until(condition: (sink: RecordingSink) => boolean, what: string, limitMs = 20_000): Promise<void> {
    let ended: { error: unknown } | undefined;
    this.finished.catch((error: unknown) => {
      ended = { error };
    });
    await eventually(() => ended !== undefined || condition(this.sink), what, limitMs);
    if (ended !== undefined) throw ended.error;
  }

  async stop(): Promise<void> {
    this.controller.abort();
    await inTime(this.finished, 'the source stops');
  }
}

export function surroundings(changes: Partial<Surroundings> = {}): Surroundings {
  return { ...processSurroundings(), prng: new Prng('test'), environment: {}, gateway: 'test gateway', ...changes };
}
