// A gateway's alerts on their way to their target: events from changes, and the delivery while the gateway runs. Owns the
// start and the end of it.
import type { Prng } from '../../lib/prng.ts';
import type { AlertChange } from '../learning/alert-book.ts';
import { sleep } from '../sources/back-off.ts';
import type { Store } from '../store/store.ts';
import { type AlertOrigin, alertEvent } from './alert-event.ts';
import type { AlertTarget } from './alert-target.ts';
import { Delivery, type DeliveryStatus } from './delivery.ts';

export interface AlertSenderOptions {
  origin: AlertOrigin;
  target: AlertTarget;
  /** Open until stop() has resolved. */
  store: Store;
  prng: Prng;
  /** Takes what an operator wants to read, one sentence each. */
  say(sentence: string): void;
}

/** Delivers from its making on, first what waits from before. */
export class AlertSender {
  /** Rejects with what is a bug. */
  readonly running: Promise<void>;
  private readonly options: AlertSenderOptions;
  private readonly delivery: Delivery;
  private readonly ending = new AbortController();

  constructor(options: AlertSenderOptions) {
    this.options = options;
    this.delivery = new Delivery({ ...options, wait: sleep });
    this.running = this.delivery.run(this.ending.signal);
  }

  get status(): DeliveryStatus {
    return this.delivery.status;
  }

  /** Takes what a window did to an alert. */
  take(change: AlertChange): void {
    const event = alertEvent(change, this.options.origin);
    if (event) this.delivery.put(JSON.stringify(event));
  }

  /** What is not delivered then waits for the next start. */
  async stop(): Promise<void> {
    this.ending.abort();
    await this.running;
    await this.options.target.close();
  }
}
