// How far apart models are. Owns this arithmetic only.

/**
 * Gathers the consensus distance of models one by one, in memory for one model however many they are. Sums are of the
 * differences from the first model, so that models close together lose no digits.
 */
export class Spread {
  private readonly first: Float32Array;
  private readonly sums: Float64Array;
  private squares = 0;
  private models = 0;

  /** `first` is any of the models, or one near them; it is kept, and not added. */
  constructor(first: Float32Array) {
    this.first = first;
    this.sums = new Float64Array(first.length);
  }

  /** Takes one model of the same length. */
  add(weights: Float32Array): void {
    const { first, sums } = this;
    let squares = 0;
    for (let k = 0; k < sums.length; k++) {
      const difference = (weights[k] as number) - (first[k] as number);
      sums[k] = (sums[k] as number) + difference;
      squares += difference * difference;
    }
    this.squares += squares;
    this.models++;
  }

  /** Root mean square over the models of ‖xᵢ − x̄‖₂ (the consensus distance Ξ of Kong et al., arXiv 2102.04828, equation 2). */
  get distance(): number {
    let ofMean = 0;
    for (const sum of this.sums) ofMean += (sum / this.models) ** 2;
    return Math.sqrt(Math.max(0, this.squares / this.models - ofMean));
  }
}

/** The consensus distance of `models`, at least one. */
export function consensusDistanceOf(models: readonly Float32Array[]): number {
  const spread = new Spread(models[0] as Float32Array);
  for (const weights of models) spread.add(weights);
  return spread.distance;
}
