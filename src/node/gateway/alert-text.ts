// An alert in the words of the gateway's output.
import type { AlertChange } from '../learning/alert-book.ts';

/** One sentence for an alert that begins or ends; undefined while it goes on. */
export function alertText({ kind, alert }: AlertChange): string | undefined {
  const { id, startMs, endMs, highest, threshold, sensors } = alert;
  const score = `score ${figure(highest)}, threshold ${figure(threshold)}`;
  if (kind === 'opened') {
    const most = sensors.map(({ name, share }) => `${name} ${Math.round(100 * share)} %`).join(', ');
    return `ALERT ${id} since ${utc(startMs)}: ${score}; most of it from ${most}`;
  }
  if (kind === 'closed') return `alert ${id} is over: ${utc(startMs)} to ${utc(endMs)}, highest ${score}`;
  return undefined;
}

/** '2026-03-02T08:15:00Z'. */
export function utc(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z');
}

function figure(value: number): string {
  return String(Number(value.toPrecision(4)));
}
