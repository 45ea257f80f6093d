// The newest checkpoints of a gateway's learning: their bytes, and that two are kept. Decides not when one is made.
import { z } from 'zod';
import { decodeMessage, encodeMessage } from '../../gossip/codec.ts';
import { PeerError } from '../../gossip/peer-error.ts';
import type { Progress } from '../../gossip/protocol.ts';
import type { OptimiserState } from '../../model/engine.ts';
import { bytesCodec, jsonOf, MirroredMap } from './mirrored-map.ts';

/** All that learning needs to go on after a restart. */
export interface Checkpoint {
  weights: Float32Array;
  optimiser: OptimiserState;
  progress: Progress;
}

/** What the moments in a checkpoint are held against. */
export interface CheckpointLimits {
  /** Federation id, 32 bytes. */
  federation: Uint8Array;
  features: number;
  originsMax: number;
}

/** The one before is kept too: a newest one whose bytes have changed on the disk is then lost alone. */
const kept = 2;

const count = z.int().nonnegative();
const headSchema = z.strictObject({
  round: count,
  clockRound: count,
  steps: count,
  optimiserStep: count,
  /** Lengths of what follows the head: weights and slots in values of four bytes, origins in bytes. */
  weights: count,
  slots: count,
  origins: count,
});

/** The checkpoints by their order of writing. */
export class Checkpoints {
  /** As bytes: a checkpoint is a picture of arrays that go on changing. */
  readonly map = new MirroredMap<number, Uint8Array>('checkpoints', bytesCodec);
  private readonly limits: CheckpointLimits;
  private readonly flush: () => boolean;

  /** @param flush writes the state to the disk and syncs it; true where that worked. */
  constructor(limits: CheckpointLimits, flush: () => boolean) {
    this.limits = limits;
    this.flush = flush;
  }

  /**
   * Adds the newest, drops the oldest, and writes all at once, synced: true where it is on the disk. Where it is not it is
   * kept in memory and goes there with the next write.
   */
  put(checkpoint: Checkpoint): boolean {
    const keys = this.keys();
    this.map.set((keys.at(-1) ?? 0) + 1, encodeCheckpoint(checkpoint, this.limits));
    for (const old of keys.slice(0, Math.max(0, keys.length + 1 - kept))) this.map.delete(old);
    return this.flush();
  }

  /** The newest that is whole; undefined where there is none. */
  latest(): Checkpoint | undefined {
    for (const key of this.keys().reverse()) {
      const checkpoint = decodeCheckpoint(this.map.get(key) as Uint8Array, this.limits);
      if (checkpoint) return checkpoint;
    }
    return undefined;
  }

  private keys(): number[] {
    return [...this.map.entries()].map(([key]) => key).sort((a, b) => a - b);
  }
}

/**
 * Length of the head (uint32), the head as JSON, the weights and the optimiser's slots (float32), and the scaler's origins
 * as the protocol's Moments message; numbers little-endian.
 */
export function encodeCheckpoint({ weights, optimiser, progress }: Checkpoint, limits: CheckpointLimits): Uint8Array {
  const { round, clockRound, steps, origins } = progress;
  // The protocol has no message of no origins.
  const moments = origins.length === 0 ? [] : encodeMessage({ kind: 'moments', origins }, limits.federation);
  const head = JSON.stringify({
    round,
    clockRound,
    steps,
    optimiserStep: optimiser.step,
    weights: weights.length,
    slots: optimiser.slots.length,
    origins: moments.length,
  });
  const length = new DataView(new ArrayBuffer(4));
  length.setUint32(0, head.length, true);
  return Buffer.concat([
    new Uint8Array(length.buffer),
    new TextEncoder().encode(head),
    bytesOf(weights),
    bytesOf(optimiser.slots),
    Uint8Array.from(moments),
  ]);
}

/** The checkpoint of those bytes; undefined where they are none of this federation. */
export function decodeCheckpoint(bytes: Uint8Array, limits: CheckpointLimits): Checkpoint | undefined {
  if (bytes.length < 4) return undefined;
  const headBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const read = headSchema.safeParse(jsonOf(bytes.subarray(4, 4 + headBytes)));
  if (!read.success) return undefined;
  const head = read.data;
  const weightsAt = 4 + headBytes;
  const slotsAt = weightsAt + 4 * head.weights;
  const originsAt = slotsAt + 4 * head.slots;
  if (bytes.length !== originsAt + head.origins) return undefined;
  const origins = originsOf(bytes.subarray(originsAt), limits);
  if (origins === undefined) return undefined;
  return {
    weights: floatsOf(bytes.subarray(weightsAt, slotsAt)),
    optimiser: { step: head.optimiserStep, slots: floatsOf(bytes.subarray(slotsAt, originsAt)) },
    progress: { round: head.round, clockRound: head.clockRound, steps: head.steps, origins },
  };
}

function originsOf(bytes: Uint8Array, limits: CheckpointLimits): Progress['origins'] | undefined {
  if (bytes.length === 0) return [];
  try {
    const message = decodeMessage(bytes, { ...limits, payloadBytesMax: 1 });
    return message.kind === 'moments' ? message.origins : undefined;
  } catch (error) {
    if (error instanceof PeerError) return undefined;
    throw error;
  }
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function floatsOf(bytes: Uint8Array): Float32Array {
  const copy = new Uint8Array(bytes);
  return new Float32Array(copy.buffer, 0, copy.length / 4);
}
