// What must be closed, in the order in which it was opened. Owns the way back; knows nothing of what it closes.

/** Closes everything that was added, the last one first. */
export class Closers {
  private readonly steps: (() => unknown)[] = [];

  add(close: () => unknown): void {
    this.steps.push(close);
  }

  /** Runs every step, also after one has failed, and rejects with the first failure. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.steps.pop(); step; step = this.steps.pop()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
