// Batches for training: drawing rows, input noise, dropout, and the loss of a reconstruction. No tensors here.
import type { Prng } from '../lib/prng.ts';
import type { AutoencoderSpec, Dataset } from './engine.ts';

/** One batch; the arrays are reused by the next one. */
export interface Batch {
  rows: number;
  /** rows × features: what the model sees, with noise; 0 where missing. */
  inputs: Float32Array;
}

/**
 * Draws batches in plain JavaScript. The order of draws is part of what makes a run repeatable: for each batch its
 * rows, then noise for each present value, then dropout layer by layer.
 */
export class BatchSource {
  private readonly spec: AutoencoderSpec;
  private readonly data: Dataset;
  private readonly prng: Prng;
  private readonly rows: number;
  private readonly inputs: Float32Array;
  private readonly targets: Float32Array;
  private readonly mask: Uint8Array;
  private present = 0;

  constructor(spec: AutoencoderSpec, batchSize: number, data: Dataset, prng: Prng) {
    this.spec = spec;
    this.data = data;
    this.prng = prng;
    this.rows = batchSize;
    this.targets = new Float32Array(batchSize * spec.features);
    this.inputs = spec.noise > 0 ? new Float32Array(this.targets.length) : this.targets;
    this.mask = new Uint8Array(this.targets.length);
  }

  /** Draws the next batch: rows uniform with replacement. */
  next(): Batch {
    const { values, mask, columns, rows } = this.data;
    this.present = 0;
    for (let i = 0; i < this.rows; i++) {
      const from = this.prng.nextInt(rows) * columns;
      const to = i * columns;
      for (let j = 0; j < columns; j++) {
        const isPresent = mask[from + j] as number;
        this.targets[to + j] = values[from + j] as number;
        this.mask[to + j] = isPresent;
        this.present += isPresent;
      }
    }
    if (this.spec.noise > 0) {
      this.inputs.set(this.targets);
      for (let i = 0; i < this.inputs.length; i++) {
        if (this.mask[i] !== 0)
          this.inputs[i] = (this.inputs[i] as number) + this.spec.noise * this.prng.nextGaussian();
      }
    }
    return { rows: this.rows, inputs: this.inputs };
  }

  /** Factors (rows × width) for a hidden layer's activations: 0 or 1 / (1 − dropout); undefined without dropout. */
  dropout(width: number): Float32Array | undefined {
    const { dropout } = this.spec;
    if (dropout === 0) return undefined;
    const keep = 1 / (1 - dropout);
    return Float32Array.from({ length: this.rows * width }, () => (this.prng.nextFloat() < dropout ? 0 : keep));
  }

  /** Mean squared error over the batch's present values, and its gradient by the reconstruction (rows × features). */
  error(reconstructed: Float32Array): { loss: number; gradient: Float32Array } {
    const gradient = new Float32Array(reconstructed.length);
    if (this.present === 0) return { loss: 0, gradient };
    let sum = 0;
    for (let i = 0; i < reconstructed.length; i++) {
      if (this.mask[i] === 0) continue;
      const difference = (reconstructed[i] as number) - (this.targets[i] as number);
      sum += difference * difference;
      gradient[i] = (2 * difference) / this.present;
    }
    return { loss: sum / this.present, gradient };
  }
}
