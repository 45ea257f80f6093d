// What a node has sent, in bytes by kind. Owns the definition of the kinds and the telling of first copies from later
// ones; sends nothing.
import type { Message } from './codec.ts';

/** Bytes by kind; together they are all bytes that a node has sent. */
export interface SentBytes {
  /** Encoded models: the first copy that reaches a recipient, and copies that are lost. */
  payload: number;
  /** Encoded models that the recipient had got before, or would have got by a copy under way. */
  duplicates: number;
  /** All else: headers, moments, pulls, the network's own traffic and framing. */
  control: number;
}

/** Models of one sender whose recipients are remembered: more than it offers at a time. */
const modelsKept = 4;

/** Counts the messages of one sender. Memory is bounded by its recipients of the last few models. */
export class SentBytesCounter {
  readonly bytes: SentBytes = { payload: 0, duplicates: 0, control: 0 };
  /** Recipients by the model's digest, oldest model first. */
  private readonly reached = new Map<string, Set<string | number>>();
  private latest: { digest: Uint8Array; recipients: Set<string | number> } | undefined;

  /**
   * Counts one message of `messageBytes` to `recipient`. `arrivals` says how many copies reach it: 0 where it is lost, which
   * was sent all the same, more than 1 where the network doubles it.
   */
  add(recipient: string | number, message: Message, messageBytes: number, arrivals = 1): void {
    const { bytes } = this;
    const copies = Math.max(1, arrivals);
    const payloadBytes = message.kind === 'update' ? (message.payload?.length ?? 0) : 0;
    bytes.control += copies * (messageBytes - payloadBytes);
    if (message.kind !== 'update' || payloadBytes === 0) return;
    const recipients = this.recipientsOf(message.digest);
    const first = recipients.has(recipient) ? 0 : 1;
    if (arrivals > 0) recipients.add(recipient);
    bytes.payload += first * payloadBytes;
    bytes.duplicates += (copies - first) * payloadBytes;
  }

  private recipientsOf(digest: Uint8Array): Set<string | number> {
    // One update goes to many.
    if (digest === this.latest?.digest) return this.latest.recipients;
    const recipients = this.findOrBegin(digest);
    this.latest = { digest, recipients };
    return recipients;
  }

  private findOrBegin(digest: Uint8Array): Set<string | number> {
    const key = Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString('latin1');
    const known = this.reached.get(key);
    if (known !== undefined) return known;
    const recipients = new Set<string | number>();
    this.reached.set(key, recipients);
    const [oldest] = this.reached.keys();
    if (this.reached.size > modelsKept && oldest !== undefined) this.reached.delete(oldest);
    return recipients;
  }
}

/** The sum of all kinds. */
export function totalOf({ payload, duplicates, control }: SentBytes): number {
  return payload + duplicates + control;
}
