// Brings what waits in the outbox to its target, oldest first, one at a time. Owns when to try again, and what is said of it;
// knows nothing of what a body says.
import type { Prng } from '../../lib/prng.ts';
import { BackOff } from '../sources/back-off.ts';
import type { Delivery as Waiting } from '../store/outbox.ts';
import type { Store } from '../store/store.ts';
import { type AlertTarget, DeliveryFailed } from './alert-target.ts';

export interface DeliveryOptions {
  /** Open; its outbox is this delivery's alone. */
  store: Pick<Store, 'outbox' | 'counters' | 'flush'>;
  target: AlertTarget;
  prng: Prng;
  /** Resolves after so many milliseconds, or as soon as the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** Takes what an operator wants to read, one sentence each. */
  say(sentence: string): void;
}

/** How deliveries stand; counts go on across restarts. */
export interface DeliveryStatus {
  target: string;
  waiting: number;
  /** Failed attempts at the oldest that waits. */
  attempts: number;
  delivered: number;
  /** Thrown away since the target will never take them, and since too many waited. */
  refused: number;
  dropped: number;
}

/** Shortest and longest wait in milliseconds: a target that restarts is back in seconds, and one that is away for days is asked 12 times an hour. */
const waits = { shortestMs: 1000, longestMs: 300_000 };

/** At least once: what was put before a crash is delivered after it, and what was delivered just before one comes twice. */
export class Delivery {
  private readonly options: DeliveryOptions;
  private readonly backOff: BackOff;
  private wake = (): void => undefined;
  private told = '';

  constructor(options: DeliveryOptions) {
    this.options = options;
    this.backOff = new BackOff(options.prng, waits);
  }

  /** Adds `body` at the end; it is on disk when this returns, where the disk takes it. */
  put(body: string): void {
    const { store } = this.options;
    store.outbox.put(body);
    store.flush(true);
    this.wake();
  }

  /** Delivers until `signal` aborts. An error is a bug. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.wake(), { once: true });
    while (!signal.aborted) {
      const next = this.options.store.outbox.oldest();
      if (next) await this.attempt(next, signal);
      else {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.wake = resolve;
        await promise;
      }
    }
  }

  get status(): DeliveryStatus {
    const { store, target } = this.options;
    const { outbox, counters } = store;
    return {
      target: target.name,
      waiting: outbox.map.size,
      attempts: outbox.oldest()?.attempts ?? 0,
      delivered: counters.get('outbox.delivered'),
      refused: counters.get('outbox.refused'),
      dropped: counters.get('outbox.dropped'),
    };
  }

  private async attempt({ id, body }: Waiting, signal: AbortSignal): Promise<void> {
    const { store, target, wait } = this.options;
    const { outbox, counters } = store;
    let outcome: Awaited<ReturnType<AlertTarget['deliver']>>;
    try {
      outcome = await target.deliver(body, signal);
    } catch (error) {
      if (!(error instanceof DeliveryFailed)) throw error;
      if (signal.aborted) return;
      outbox.failed(id);
      this.tell(`alerts cannot be delivered to ${target.name} (${error.message}); they are kept and tried again`);
      await wait(this.backOff.nextMs(), signal);
      return;
    }
    this.backOff.reset();
    outbox.done(id);
    if (outcome === 'delivered') {
      counters.add('outbox.delivered');
      if (this.told !== '') this.options.say(`alerts are delivered to ${target.name} again`);
      this.told = '';
    } else {
      counters.add('outbox.refused');
      this.tell(
        `${target.name} refuses an alert for good (${outcome.refused}), which is thrown away; check what it takes`,
      );
    }
    // Not synced: that a power cut makes it come twice costs less than a sync for each.
    store.flush();
  }

  private tell(sentence: string): void {
    if (sentence !== this.told) this.options.say(sentence);
    this.told = sentence;
  }
}
