// What a gateway tells the world of an alert: one JSON body for its begin and one for its end. Owns the contract; sends nothing.
import { z } from 'zod';
import type { AlertChange } from '../learning/alert-book.ts';

/**
 * The body of one alert event, as JSON. A body may come twice, and has the same federation, peer, alert, start and kind then. A
 * later release may add keys.
 */
export const alertEventSchema = z.object({
  federation: z.object({ name: z.string(), id: z.string().regex(/^[0-9a-f]{64}$/) }),
  peer: z.string().describe('peer id of the gateway that raised the alert'),
  alert: z.int().positive().describe('counts up from 1 on each gateway'),
  kind: z.enum(['opened', 'closed']),
  start: z.iso.datetime().describe('of the first window above the threshold'),
  end: z.iso.datetime().describe('of the last window above the threshold so far'),
  score: z.number().describe('highest so far'),
  threshold: z.number().describe('when the alert was opened'),
  sensors: z
    .array(z.object({ name: z.string(), share: z.number().gt(0).max(1) }))
    .describe('that the highest score comes from, the largest share of the squared error first'),
});

/** One alert that begins or ends. */
export type AlertEvent = z.infer<typeof alertEventSchema>;

/** Who raises alerts; the id of the federation is 64 hex digits. */
export type AlertOrigin = Pick<AlertEvent, 'federation' | 'peer'>;

/** The event of a change; undefined while an alert goes on. */
export function alertEvent({ kind, alert }: AlertChange, origin: AlertOrigin): AlertEvent | undefined {
  if (kind === 'extended') return undefined;
  const { id, startMs, endMs, highest, threshold, sensors } = alert;
  return {
    ...origin,
    alert: id,
    kind,
    start: new Date(startMs).toISOString(),
    end: new Date(endMs).toISOString(),
    score: highest,
    threshold,
    sensors: sensors.map(({ name, share }) => ({ name, share })),
  };
}
