// What the intake counts. Owns the names.

/** Totals since the start. */
export interface IntakeCounts {
  /** Intervals with a value of at least one sensor. */
  rows: number;
  /** Windows handed on as features. */
  windows: number;
  /** Times that the series was broken off, and the intervals without any value that did it. */
  gaps: number;
  missedIntervals: number;
  /** Samples that came after their interval was closed; they are not used. */
  late: number;
  /** Samples older than one before, in time to be used. */
  outOfOrder: number;
  /** Values with the time of the sensor's newest one; the first is used. */
  duplicates: number;
  /** Samples with a time that cannot be: more than a day ahead of all others and of the wall clock, or a day behind. */
  implausibleTime: number;
  /** Times that the source's clock was taken to have been set back. */
  clockSetBack: number;
}

/** All zero. */
export function zeroCounts(): IntakeCounts {
  return {
    rows: 0,
    windows: 0,
    gaps: 0,
    missedIntervals: 0,
    late: 0,
    outOfOrder: 0,
    duplicates: 0,
    implausibleTime: 0,
    clockSetBack: 0,
  };
}
