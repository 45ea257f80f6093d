// Scores of feature rows by the current model, and which sensors they come from. Owns the model in use for that; judges no score.
import { allFinite } from '../../lib/finite.ts';
import type { AutoencoderSpec, Dataset, Engine } from '../../model/engine.ts';
import { reconstruct } from '../../model/reconstruct.ts';
import { applyScale, type Scale, scaleInto } from '../../model/scaler.ts';
import { sharedDataset } from '../../model/shared-memory.ts';

/** A sensor's share of a row's squared error, in (0, 1]. */
export interface SensorShare {
  name: string;
  share: number;
}

/** With what rows are scored. */
export interface RowScorerOptions {
  /** On this thread. */
  engine: Engine;
  spec: AutoencoderSpec;
  /** For each feature the sensor that it is made of. */
  sensors: readonly string[];
}

/** Sensors that are named, and the least share that is. */
const sensorsMax = 5;
const shareMin = 0.05;

/** Scores on the calling thread, at once. */
export class RowScorer {
  private readonly options: RowScorerOptions;
  private readonly row: Dataset;
  private weights: Float32Array | undefined;
  private scale: Scale | undefined;

  constructor(options: RowScorerOptions) {
    this.options = options;
    this.row = sharedDataset(1, options.spec.features);
  }

  /** From now on score by these weights on rows scaled so. Neither is to be changed afterwards. */
  use(weights: Float32Array, scale: Scale): void {
    this.weights = weights;
    this.scale = scale;
  }

  /**
   * Mean squared error of one raw row, NaN where missing; undefined before use(). The greatest number where it is not
   * finite: a value that far from the scale is no reason to be silent.
   */
  score(values: Float64Array): number | undefined {
    const { weights, scale, row, options } = this;
    if (weights === undefined || scale === undefined) return undefined;
    scaleInto(row, values, scale);
    const score = allFinite(row.values) ? (options.engine.score(weights, row)[0] as number) : Number.NaN;
    return Number.isFinite(score) ? score : Number.MAX_VALUE;
  }

  /** As score(), of rows × features raw values; infinite where not finite. Empty before use(). */
  scores(values: Float64Array): Float32Array {
    const { weights, scale, options } = this;
    if (weights === undefined || scale === undefined) return new Float32Array();
    const data = applyScale(values, options.spec.features, scale);
    if (!allFinite(data.values)) return new Float32Array(data.rows).fill(Number.POSITIVE_INFINITY);
    return options.engine.score(weights, data);
  }

  /** The sensors that one raw row's error comes from, largest share first: at most five, of at least a twentieth each. */
  sensorsOf(values: Float64Array): SensorShare[] {
    const { weights, scale, row, options } = this;
    if (weights === undefined || scale === undefined) return [];
    scaleInto(row, values, scale);
    // Of values too large for the model the largest say where the error is.
    const made = allFinite(row.values)
      ? reconstruct(options.spec, weights, row.values)
      : new Float64Array(values.length);
    const bySensor = new Map<string, number>();
    row.values.forEach((value, j) => {
      if (row.mask[j] === 0) return;
      const error = Math.min((value - (made[j] as number)) ** 2, errorMax);
      const sensor = options.sensors[j] as string;
      bySensor.set(sensor, (bySensor.get(sensor) ?? 0) + error);
    });
    const sum = [...bySensor.values()].reduce((total, error) => total + error, 0);
    return [...bySensor]
      .map(([name, error]) => ({ name, share: error / sum }))
      .filter(({ share }) => share >= shareMin)
      .sort((a, b) => b.share - a.share)
      .slice(0, sensorsMax);
  }
}

/** So that the errors of any row can be added and divided. */
const errorMax = 1e300;
