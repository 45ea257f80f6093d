// Counts the bytes a host sends, by protocol. Owns the counters; changes nothing that is sent.
import type {
  Counter,
  CounterGroup,
  Histogram,
  HistogramGroup,
  Metric,
  MetricGroup,
  Metrics,
  Stream,
} from '@libp2p/interface';

/** Bytes written to streams, by protocol, after the protocol's own framing and before encryption. */
export type BytesByProtocol = ReadonlyMap<string, number>;

/**
 * libp2p calls its metrics object for every stream, which is the one place that sees all of them. Stream middleware
 * would be the other, but libp2p 3.3 appends the stream's handler to the registered list on each inbound stream.
 */
export class TrafficMetrics implements Metrics {
  private readonly sent = new Map<string, number>();

  get bytesSent(): BytesByProtocol {
    return this.sent;
  }

  trackProtocolStream(stream: Stream): void {
    const send = stream.send.bind(stream);
    stream.send = (data) => {
      // Throws where the stream is closed.
      const canSendMore = send(data);
      this.sent.set(stream.protocol, (this.sent.get(stream.protocol) ?? 0) + data.byteLength);
      return canSendMore;
    };
  }

  trackMultiaddrConnection(): void {
    // Bytes are counted by stream.
  }

  registerMetric = (): Metric => unused;
  registerMetricGroup = (): MetricGroup => unused;
  registerCounter = (): Counter => unused;
  registerCounterGroup = (): CounterGroup => unused;
  registerHistogram = (): Histogram => unused;
  registerHistogramGroup = (): HistogramGroup => unused;
  registerSummary = (): Histogram => unused;
  registerSummaryGroup = (): HistogramGroup => unused;

  traceFunction<F>(_name: string, traced: F): F {
    return traced;
  }

  createTrace(): undefined {
    return undefined;
  }
}

function nothing(): void {
  // Only bytes by stream are measured.
}

const unused = {
  update: nothing,
  increment: nothing,
  decrement: nothing,
  reset: nothing,
  observe: nothing,
  timer: () => nothing,
};
