// Named counts that go on across restarts.
import { z } from 'zod';
import { jsonCodec, MirroredMap } from './mirrored-map.ts';

const countSchema = z.int().nonnegative();

/** Counts by name, such as 'store.failedWrites'. */
export class Counters {
  readonly map = new MirroredMap<string, number>(
    'counters',
    jsonCodec((json) => countSchema.safeParse(json).data),
  );

  /** 0 for a name that was never counted. */
  get(name: string): number {
    return this.map.get(name) ?? 0;
  }

  /** @param by an integer of at least 0 */
  add(name: string, by = 1): void {
    this.map.set(name, Math.min(this.get(name) + by, Number.MAX_SAFE_INTEGER));
  }

  /** Every name with its count. */
  all(): Record<string, number> {
    return Object.fromEntries(this.map.entries());
  }
}
