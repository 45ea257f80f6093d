// The contract between live sources and what takes their samples. Types only.

/** A sensor of the federation, as its manifest has it. */
export interface Sensor {
  name: string;
  /** Of every value under this name; undefined where the manifest gives none. */
  unit?: string | undefined;
  /** Lowest and highest value found when the manifest was written. A value outside is counted and used. */
  range?: readonly [lowest: number, highest: number] | undefined;
}

/** Values of some sensors at one time. */
export interface Sample {
  /** When they were measured, in milliseconds since the epoch by the source's clock. */
  timeMs: number;
  /** One for each sensor of the manifest, in its order and units; NaN where this sample has none. */
  values: Float64Array;
  /** Positions of sensors whose last value stands no longer from this time on, as when a device says that it dies. */
  stale?: readonly number[];
}

/** What a source counts. Nothing that it is given ends a gateway. */
export type SourceCounter =
  /** Samples handed on. */
  | 'samples'
  /** Messages, lines or values that cannot be read. */
  | 'malformed'
  /** Values under a name that the manifest does not have. */
  | 'unknownSensor'
  /** Values in another unit than the manifest's; they are not used. */
  | 'unitMismatch'
  /** Values that their source marks as bad. */
  | 'badQuality'
  /** Messages that the source's own numbering shows to be lost. */
  | 'missed'
  /** Samples thrown away since the gateway could not keep up. */
  | 'dropped'
  /** Times that the connection was lost. */
  | 'disconnects';

/** Where a source's samples and its troubles go. */
export interface SourceSink {
  /** Takes one sample. A source that can wait awaits the answer before the next one. */
  take(sample: Sample): void | Promise<void>;
  count(counter: SourceCounter, by?: number): void;
  /** A change that the operator wants to see, one sentence: connected, disconnected, the first of each kind of trouble. */
  say(sentence: string): void;
}

/** One live source of samples. */
export interface Source {
  /** As shown to people, such as 'mqtt://broker:1883'; without credentials. */
  readonly name: string;
  /**
   * Hands samples to `sink` until `signal` aborts or a finite source is at its end, then resolves with everything
   * closed. Rejects with OperatorError where the source can never work as it is set up.
   */
  run(sink: SourceSink, signal: AbortSignal): Promise<void>;
}
