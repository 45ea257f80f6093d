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

/**
 * An alert opens when `aboveToOpen` of the newest `windowsToOpen` windows are above the threshold. One alone is what a threshold
 * lets through of normal windows: one in 100 at its quantile 0.99. With two of three it is one in 5,000, where windows do
 * not overlap, and a fault that lasts is told of one window later. Chosen by reasoning.
 */
const aboveToOpen = 2;
const windowsToOpen = 3;

/** Part of an alert that does not exist yet. */
interface AboveWindow {
  startMs: number;
  score: number;
  sensors: readonly SensorShare[];
}

/**
 * Makes one alert of windows above the threshold that follow each other. One that was open before a restart goes on; of windows
 * before one that has not opened a restart knows nothing.
 */
export class AlertBook {
  private readonly alerts: AlertList;
  /** Windows in a row at or below the threshold since the open alert's last one above. */
  private calm = 0;
  /** While no alert is open: the newest windows, undefined for one at or below the threshold. */
  private recent: (AboveWindow | undefined)[] = [];

  constructor(alerts: AlertList) {
    this.alerts = alerts;
  }

  /**
   * Takes the score of one window, in order of time, and what it did to an alert; undefined where nothing. `sensors` is called for
   * a window that may become the highest of an alert.
   */
  take(
    { startMs, endMs }: Pick<FeatureRow, 'startMs' | 'endMs'>,
    score: number,
    threshold: number,
    sensors: () => readonly SensorShare[],
  ): AlertChange | undefined {
    const newest = this.alerts.newest();
    const isAbove = score > threshold;
    if (newest?.isOpen) {
      if (!isAbove) return this.calmDown(newest);
      this.calm = 0;
      const higher = score > newest.highest ? { highest: score, sensors: sensors() } : {};
      return this.put('extended', { ...newest, endMs: Math.max(endMs, newest.endMs), ...higher });
    }
    this.recent = [
      ...this.recent.slice(1 - windowsToOpen),
      isAbove ? { startMs, score, sensors: sensors() } : undefined,
    ];
    const above = this.recent.filter((window) => window !== undefined);
    const [first] = above;
    // Where they are enough the newest one is among them: without it they would have been enough before.
    if (first === undefined || above.length < aboveToOpen) return undefined;
    this.recent = [];
    this.calm = 0;
    const highest = above.reduce((one, other) => (other.score > one.score ? other : one));
    return this.put('opened', {
      id: this.alerts.nextId,
      startMs: first.startMs,
      endMs,
      highest: highest.score,
      threshold,
      sensors: highest.sensors,
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
