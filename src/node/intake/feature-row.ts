// What the intake makes of samples: one window's features. Types only.
import type { FeatureKind } from '../../data/features.ts';

/** How samples become a regular series; the manifest's `sampling`. */
export interface Sampling {
  /** One row of the series each so many milliseconds, at multiples of it since the epoch. */
  intervalMs: number;
  /**
   * How long a value stands where its sensor says nothing new, as with sources that report changes only: in every interval
   * that begins no later than so long after it. 0: in its own interval only.
   */
  holdMs: number;
  /** How much later than the newest sample one may come and still be used. */
  latenessMs: number;
}

/** What all gateways of a federation make of their samples. */
export interface IntakeSpec {
  sampling: Sampling;
  /** In rows of the series. */
  window: { length: number; stride: number };
  features: FeatureKind;
}

/** One window as features, in raw units. */
export interface FeatureRow {
  /** Time of the window's first row and of its last one, in milliseconds since the epoch. */
  startMs: number;
  endMs: number;
  /** In the order of featureNames(); NaN where missing. */
  values: Float64Array;
}
