// From scores to alerts. Owns when one begins and ends; keeps no list and tells nobody.
import type { FeatureRow } from '../intake/feature-row.ts';
import type { Alert } from '../store/alerts.ts';
import type { SensorShare } from './row-scorer.ts';

/** What a window did to an alert; the alert as it is now. */
export interface AlertChange {
  kind: 'opened' | 'extended' | 'closed';
  alert: Alert;
}

/** Where alerts are kept; the store's. */
export interface AlertList {
  readonly nextId: number;
  newest(): Alert | undefined;
  put(alert: Alert): void;
}

/** Windows in a row at or below the threshold that end an alert: one alone, between two above, is the same event. */
const calmWindows = 2;

/** Makes one alert of consecutive windows above the threshold. One that was open before a restart goes on. */
export class AlertBook {
  private readonly alerts: AlertList;
  /** Windows in a row at or below the threshold since the open alert's last one above. */
  private calm = 0;

  constructor(alerts: AlertList) {
    this.alerts = alerts;
  }

  /**
   * Takes the score of one window, in order of time, and what it did to an alert; undefined where nothing. `sensors` is called for
   * a window that is the highest of its alert.
   */
  take(
    { startMs, endMs }: Pick<FeatureRow, 'startMs' | 'endMs'>,
    score: number,
    threshold: number,
    sensors: () => readonly SensorShare[],
  ): AlertChange | undefined {
    const newest = this.alerts.newest();
    const open = newest?.isOpen ? newest : undefined;
    if (score <= threshold) return open && this.calmDown(open);
    this.calm = 0;
    if (open) {
      const isHighest = score > open.highest;
      const higher = isHighest ? { highest: score, sensors: sensors() } : {};
      return this.put('extended', { ...open, endMs: Math.max(endMs, open.endMs), ...higher });
    }
    const id = this.alerts.nextId;
    return this.put('opened', {
      id,
      startMs,
      endMs,
      highest: score,
      threshold,
      sensors: sensors(),
      isOpen: true,
      acknowledged: false,
    });
  }

  private calmDown(open: Alert): AlertChange | undefined {
    this.calm++;
    return this.calm < calmWindows ? undefined : this.put('closed', { ...open, isOpen: false });
  }

  private put(kind: AlertChange['kind'], alert: Alert): AlertChange {
    this.alerts.put(alert);
    return { kind, alert };
  }
}
