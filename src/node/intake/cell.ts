// The values of one interval of the grid. Owns mean and last value; knows no other interval.

/** Mean and last value of each sensor in one interval. */
export class Cell {
  private readonly sums: Float64Array;
  private readonly counts: Uint32Array;
  private readonly lastMs: Float64Array;
  /** NaN where the sensor was said to be stale. */
  private readonly lastValues: Float64Array;

  constructor(sensors: number) {
    this.sums = new Float64Array(sensors);
    this.counts = new Uint32Array(sensors);
    this.lastMs = new Float64Array(sensors).fill(Number.NEGATIVE_INFINITY);
    this.lastValues = new Float64Array(sensors);
  }

  /** Takes a value of sensor `s`; NaN says that its last value stands no longer. */
  add(s: number, timeMs: number, value: number): void {
    if (timeMs >= this.lastMs[s]!) {
      this.lastMs[s] = timeMs;
      this.lastValues[s] = value;
    }
    if (Number.isNaN(value)) return;
    // The first one is not added to 0: -0 would not survive it.
    this.sums[s] = this.counts[s] === 0 ? value : this.sums[s]! + value;
    this.counts[s] = this.counts[s]! + 1;
  }

  /** NaN where the sensor has none. */
  mean(s: number): number {
    return this.counts[s] === 0 ? Number.NaN : this.sums[s]! / this.counts[s]!;
  }

  /** −Infinity where nothing was said of the sensor. */
  lastTimeMs(s: number): number {
    return this.lastMs[s]!;
  }

  lastValue(s: number): number {
    return this.lastValues[s]!;
  }
}
