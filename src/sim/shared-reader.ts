// How simulated cores read payloads that go to many of them as one object. Owns that each is read once; checks nothing that
// the core which wrote it has made sure of.
import { type Carried, type PayloadReader, readPayload } from '../gossip/compression/update-payload.ts';
import { decodePayload } from '../gossip/payload.ts';

/** Reads each payload once. Cores change no weights in place, so they may share them. */
export function sharedReader(read: PayloadReader): PayloadReader {
  const known = new WeakMap<Uint8Array, Carried>();
  return (payload, ...rest) => {
    const carried = known.get(payload) ?? read(payload, ...rest);
    known.set(payload, carried);
    return carried;
  };
}

/**
 * For payloads that come from their writer's memory as they are: without a look at the digest, which is half of the work of reading, and
 * float32 weights without a copy, which is most of the rest and twice the memory.
 */
export const readTrusted: PayloadReader = (payload, digest, shapes, compression) => {
  const { encoding, sparsifier } = compression;
  if (sparsifier !== 'none') return readPayload(payload, digest, shapes, compression);
  if (encoding !== 'float32') return decodePayload(payload, shapes, encoding);
  return new Float32Array(payload.buffer, payload.byteOffset, payload.length / Float32Array.BYTES_PER_ELEMENT);
};
