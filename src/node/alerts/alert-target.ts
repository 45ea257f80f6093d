// The contract between alerts and where they go, and the failure that is not a bug. Opens nothing.
import { messageOf } from '../../lib/errors.ts';

/** Where alerts are delivered. */
export interface AlertTarget {
  /** As shown to people; without credentials, and without the path of a URL that is one. */
  readonly name: string;
  /**
   * Delivers one JSON text, connecting where needed. 'delivered' once the target has said so; the reason where it says that it
   * will never take this one. Rejects with DeliveryFailed where another attempt may succeed, and soon after `signal` aborts.
   */
  deliver(body: string, signal: AbortSignal): Promise<'delivered' | { refused: string }>;
  /** To be called when no delivery is under way. */
  close(): Promise<void>;
}

/** The target is away, or wants to be asked again; the message says why in a few words. */
export class DeliveryFailed extends Error {
  override name = 'DeliveryFailed';
}

/** How long a target may take for one delivery, connecting included, before the next attempt; in milliseconds. */
export const answerMs = 10_000;

/** What an error of a connection says in a few words. */
export function reasonOf(error: unknown): string {
  // An attempt at several addresses of one host fails with a list, without a message of its own.
  return error instanceof AggregateError && error.message === '' ? messageOf(error.errors[0]) : messageOf(error);
}
