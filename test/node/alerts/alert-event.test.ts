import assert from 'node:assert/strict';
import { type AlertEvent, alertEvent, alertEventSchema } from '../../../src/node/alerts/alert-event.ts';
import type { Alert } from '../../../src/node/store/alerts.ts';

const alert: Alert = {
  id: 7,
  startMs: Date.UTC(2026, 2, 2, 8, 15),
  endMs: Date.UTC(2026, 2, 2, 8, 16, 30, 250),
  highest: Number.MAX_VALUE,
  threshold: 0.5,
  sensors: [
    { name: 'bearing', share: 0.75 },
    { name: 'oil', share: 0.25 },
  ],
  isOpen: false,
  acknowledged: false,
};
const origin = { federation: { name: 'pumps', id: '0f'.repeat(32) }, peer: '12D3KooWA' };

describe('alertEvent()', () => {
  it('makes a body of an alert that begins or ends, which the schema takes as it went through JSON', () => {
    const expected: AlertEvent = {
      ...origin,
      alert: 7,
      kind: 'closed',
      start: '2026-03-02T08:15:00.000Z',
      end: '2026-03-02T08:16:30.250Z',
      score: Number.MAX_VALUE,
      threshold: 0.5,
      sensors: [
        { name: 'bearing', share: 0.75 },
        { name: 'oil', share: 0.25 },
      ],
    };
    for (const kind of ['opened', 'closed'] as const) {
      const event = alertEvent({ kind, alert }, origin);
      assert.deepEqual(event, { ...expected, kind });
      assert.deepEqual(alertEventSchema.parse(JSON.parse(JSON.stringify(event))), event);
    }
  });

  it('makes none of an alert that goes on', () => {
    assert.equal(alertEvent({ kind: 'extended', alert }, origin), undefined);
  });
});
