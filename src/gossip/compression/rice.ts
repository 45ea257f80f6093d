// Ascending indices as bits. Owns the Rice code of the gaps between them and its check; knows no values.
import { PeerError } from '../peer-error.ts';

/**
 * Bits of a gap's remainder for k of n indices: the greatest r with k · 2ʳ ≤ n − k, about the logarithm of the mean gap. Rice
 * (Some practical universal noiseless coding techniques, JPL 79-22, 1979) codes are within 0.1 bit of the entropy of
 * indices that are spread evenly, and never longer than r + 3 bits in the mean.
 */
export function remainderBitsOf(k: number, n: number): number {
  let bits = 0;
  while (k * 2 ** (bits + 1) <= n - k) bits++;
  return bits;
}

/** Fewest and most bytes that k of n indices take, 1 ≤ k ≤ n < 2³⁰: wherever they lie. */
export function indexBytesRange(k: number, n: number): { min: number; max: number } {
  const r = remainderBitsOf(k, n);
  const bits = k * (1 + r);
  return { min: Math.ceil(bits / 8), max: Math.ceil((bits + Math.floor((n - k) / 2 ** r)) / 8) };
}

/**
 * `indices`, strictly ascending and below n, as the indices left out before each (its gap g): ⌊g / 2ʳ⌋ zeros, a one, then
 * the r low bits of g, the higher bit first. Bytes are filled from their highest bit on, the last one up with zeros.
 */
export function writeIndices(indices: Uint32Array, n: number): Uint8Array {
  const { length: k } = indices;
  const r = remainderBitsOf(k, n);
  const bytes = new Uint8Array(indexBytesRange(k, n).max);
  let at = 0;
  let next = 0;
  for (let j = 0; j < k; j++) {
    const index = indices[j] as number;
    const gap = index - next;
    next = index + 1;
    const quotient = gap >>> r;
    at += quotient;
    // The one and the remainder, as a number of r + 1 bits.
    const code = gap + 2 ** r * (1 - quotient);
    for (let left = r + 1; left > 0; ) {
      const room = 8 - (at & 7);
      const taken = Math.min(room, left);
      left -= taken;
      const part = (code >>> left) & (2 ** taken - 1);
      bytes[at >>> 3] = (bytes[at >>> 3] as number) | (part << (room - taken));
      at += taken;
    }
  }
  return bytes.slice(0, (at + 7) >>> 3);
}

/**
 * Reads k indices back, strictly ascending and below n as the code has no others. Throws PeerError 'truncated' where the
 * bytes end too early, 'malformed' for an index of n or above and for bytes or bits that are left over.
 */
export function readIndices(bytes: Uint8Array, k: number, n: number): Uint32Array {
  const r = remainderBitsOf(k, n);
  const end = 8 * bytes.length;
  const indices = new Uint32Array(k);
  let at = 0;
  let next = 0;
  for (let j = 0; j < k; j++) {
    const codeAt = at;
    let byte = ((bytes[at >>> 3] as number) << (at & 7)) & 0xff;
    while (byte === 0 && at < end) {
      at = (at | 7) + 1;
      byte = bytes[at >>> 3] as number;
    }
    at += Math.clz32(byte) - 24;
    const quotient = at - codeAt;
    at++;
    if (at + r > end) throw new PeerError('truncated', `the bits of ${k} indices end early`);
    let remainder = 0;
    for (let left = r; left > 0; ) {
      const room = 8 - (at & 7);
      const taken = Math.min(room, left);
      const part = ((bytes[at >>> 3] as number) >>> (room - taken)) & (2 ** taken - 1);
      remainder = (remainder << taken) | part;
      left -= taken;
      at += taken;
    }
    const index = next + quotient * 2 ** r + remainder;
    if (index >= n) throw new PeerError('malformed', `index ${index} of ${n} weights`);
    indices[j] = index;
    next = index + 1;
  }
  const last = ((bytes[bytes.length - 1] as number) << (at & 7 || 8)) & 0xff;
  if ((at + 7) >>> 3 !== bytes.length || last !== 0) throw new PeerError('malformed', 'bits after the last index');
  return indices;
}
