// The bytes of messages in a simulation, and what a bad wire makes of them. Owns corruption and strays; sends nothing.
import { createHash } from 'node:crypto';
import { type CodecLimits, decodeMessage, encodeMessage, type Message } from '../gossip/codec.ts';
import { longestPayloadBytes } from '../gossip/compression/update-payload.ts';
import type { CoreSettings } from '../gossip/protocol.ts';
import type { Prng } from '../lib/prng.ts';

/** How bad the wire is. No signature guards what it changes, so a changed message is one that a member could have made up. */
export interface WireFaults {
  /** Share of messages in which bits flip or whose end is cut off, in [0, 1]. */
  corruption: number;
  /** Share of messages that one of another federation on the same network goes with, in [0, 1]. */
  strays: number;
}

/** Bits that flip in one message at most. */
const flipsMax = 8;

/** Carries each message of one federation through its bytes. */
export class Wire {
  private readonly faults: WireFaults;
  private readonly prng: Prng;
  private readonly limits: CodecLimits;
  private readonly elsewhere: Uint8Array;

  /** @param federation id, 32 bytes. @param settings of any member. */
  constructor(federation: Uint8Array, settings: CoreSettings, faults: WireFaults, prng: Prng) {
    this.faults = faults;
    this.prng = prng;
    this.limits = {
      federation,
      payloadBytesMax: longestPayloadBytes(settings.shapes, settings),
      originsMax: settings.scaler?.originsMax ?? 1,
      features: settings.scaler?.features ?? 1,
    };
    this.elsewhere = new Uint8Array(createHash('sha256').update(federation).digest());
  }

  /** The message as its receiver reads it. Throws PeerError where its bytes are none. */
  carried(message: Message): Message {
    const bytes = encodeMessage(message, this.limits.federation);
    const { corruption } = this.faults;
    const isCorrupt = corruption > 0 && this.prng.nextFloat() < corruption;
    return decodeMessage(isCorrupt ? this.corrupted(bytes) : bytes, this.limits);
  }

  /** Draws whether a message of another federation comes along. */
  hasStray(): boolean {
    return this.faults.strays > 0 && this.prng.nextFloat() < this.faults.strays;
  }

  /** The same message as a member of another federation would send it. Throws PeerError, or the reader is wrong. */
  stray(message: Message): Message {
    return decodeMessage(encodeMessage(message, this.elsewhere), this.limits);
  }

  private corrupted(bytes: Uint8Array): Uint8Array {
    const { prng } = this;
    if (prng.nextFloat() < 0.25) return bytes.subarray(0, prng.nextInt(bytes.length));
    const changed = bytes.slice();
    for (let flips = 1 + prng.nextInt(flipsMax); flips > 0; flips--) {
      const at = prng.nextInt(changed.length);
      changed[at] = (changed[at] as number) ^ (1 << prng.nextInt(8));
    }
    return changed;
  }
}
