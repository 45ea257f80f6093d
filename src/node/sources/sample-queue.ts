// Samples of a source that cannot wait, for a sink that may be slow. Owns the bound and what is thrown away.
import type { Readings } from './readings.ts';
import type { Sample } from './source.ts';

/** Samples that wait at most; then the oldest goes. A quarter of an hour of ten values a second. */
const samplesMax = 10_000;

/** First in, first out, delivered one by one. */
export class SampleQueue {
  /** Whether the sink has thrown; run() has rejected then. */
  isBroken = false;
  onBroken: () => void = () => undefined;
  private readonly readings: Readings;
  private readonly waiting: Sample[] = [];
  private wake: () => void = () => undefined;

  constructor(readings: Readings) {
    this.readings = readings;
  }

  push(sample: Sample): void {
    if (this.waiting.length >= samplesMax) {
      this.waiting.shift();
      this.readings.sink.count('dropped');
      this.readings.sayOnce('dropped', 'samples arrive faster than the gateway takes them; the oldest are thrown away');
    }
    this.waiting.push(sample);
    this.wake();
  }

  /** Delivers until `signal` aborts. Rejects where the sink throws. */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = (): void => this.wake();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      while (!signal.aborted) {
        const sample = this.waiting.shift();
        if (sample !== undefined) await this.readings.deliver(sample);
        else
          await new Promise<void>((resolve) => {
            this.wake = resolve;
          });
      }
    } catch (error) {
      this.isBroken = true;
      this.onBroken();
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}
