// What is still to be delivered, at least once, across restarts. Owns order and bound; delivers nothing.
import { z } from 'zod';
import { jsonCodec, MirroredMap } from './mirrored-map.ts';

const deliverySchema = z.strictObject({
  body: z.string(),
  /** Failed attempts so far. */
  attempts: z.int().nonnegative(),
});

/** One text to deliver. */
export interface Delivery extends z.infer<typeof deliverySchema> {
  /** Counts up from 1. */
  id: number;
}

/** A queue of texts, oldest first. What was not marked done is there again after a restart, so its receiver may get it twice. */
export class Outbox {
  readonly map = new MirroredMap<number, Omit<Delivery, 'id'>>(
    'outbox',
    jsonCodec((json) => deliverySchema.safeParse(json).data),
  );
  private readonly deliveriesMax: number;
  private readonly onDropped: () => void;
  private lastId: number | undefined;

  /** @param onDropped called for each that was dropped, being the oldest of too many. */
  constructor(deliveriesMax: number, onDropped: () => void) {
    this.deliveriesMax = deliveriesMax;
    this.onDropped = onDropped;
  }

  /** Adds `body` at the end. */
  put(body: string): void {
    this.lastId ??= Math.max(0, ...[...this.map.entries()].map(([id]) => id));
    this.map.set(++this.lastId, { body, attempts: 0 });
    if (this.map.size <= this.deliveriesMax) return;
    this.map.delete(this.oldest()!.id);
    this.onDropped();
  }

  /** What is to be delivered next; it stays until it is done. */
  oldest(): Delivery | undefined {
    // Entries are in order of id: loaded so, and added with greater ones; a failed attempt keeps its place.
    for (const [id, delivery] of this.map.entries()) return { id, ...delivery };
    return undefined;
  }

  /** It was delivered. */
  done(id: number): void {
    this.map.delete(id);
  }

  /** It could not be delivered, and stays the oldest. */
  failed(id: number): void {
    const delivery = this.map.get(id);
    if (delivery) this.map.set(id, { ...delivery, attempts: delivery.attempts + 1 });
  }
}
