// The alerts of a gateway, newest kept. Owns their form and how many there are; what makes an alert is learning/alert-book's.
import { z } from 'zod';
import { jsonCodec, MirroredMap } from './mirrored-map.ts';

const finite = z.number();

const alertSchema = z.strictObject({
  /** Counts up from 1. */
  id: z.int().positive(),
  /** Start of the first window above the threshold and end of the last one, in milliseconds since the epoch. */
  startMs: finite,
  endMs: finite,
  /** Highest score of its windows. */
  highest: finite,
  /** The threshold when it was opened. */
  threshold: finite,
  /** The sensors that the highest score comes from, largest share first; shares of the squared error, in (0, 1]. */
  sensors: z.array(z.strictObject({ name: z.string(), share: finite })).readonly(),
  /** False once its windows have ended. */
  isOpen: z.boolean(),
  acknowledged: z.boolean(),
});

/** Windows in a row whose score is above the threshold. */
export type Alert = Readonly<z.infer<typeof alertSchema>>;

/** Alerts by id. */
export class Alerts {
  readonly map = new MirroredMap<number, Alert>(
    'alerts',
    jsonCodec((json) => alertSchema.safeParse(json).data),
  );
  private readonly alertsMax: number;

  constructor(alertsMax: number) {
    this.alertsMax = alertsMax;
  }

  /** The id of the next alert. */
  get nextId(): number {
    return (this.newest()?.id ?? 0) + 1;
  }

  /** Adds an alert or replaces the one of its id; the oldest goes where there are too many. */
  put(alert: Alert): void {
    this.map.set(alert.id, alert);
    if (this.map.size > this.alertsMax) this.map.delete(this.list()[0]!.id);
  }

  /** False where there is no alert of that id. */
  acknowledge(id: number): boolean {
    const alert = this.map.get(id);
    if (alert) this.map.set(id, { ...alert, acknowledged: true });
    return alert !== undefined;
  }

  /** Oldest first. */
  list(): Alert[] {
    return [...this.map.entries()].map(([, alert]) => alert).sort((a, b) => a.id - b.id);
  }

  newest(): Alert | undefined {
    return this.list().at(-1);
  }
}
