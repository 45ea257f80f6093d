// Protobuf's wire format as an untrusted sender may write it. Owns the reading of fields: every length is checked against
// the limit and against what is there before anything is allocated; knows no message. Stricter than protobuf's own
// parsers where no encoder needs the freedom: varints are as short as can be, and a field that is not repeated comes once.
import { PeerError } from './peer-error.ts';

/** Walks over the fields of one protobuf message. */
export class FieldReader {
  /** Number of the field that next() has found. */
  number = 0;
  private readonly message: Uint8Array;
  private readonly lengthMax: number;
  private at = 0;
  private varint: number | undefined;
  /** Where a length-delimited value starts; it ends at `at`. */
  private from: number | undefined;

  /** @param lengthMax a field announced as longer is 'too-large', whether or not its bytes are there. */
  constructor(message: Uint8Array, lengthMax: number) {
    this.message = message;
    this.lengthMax = lengthMax;
  }

  /**
   * Moves to the next field; false at the end. Throws PeerError 'truncated' where a value runs past the end, 'too-large'
   * for a field above the limit, 'malformed' for anything that is not protobuf.
   */
  next(): boolean {
    if (this.at === this.message.length) return false;
    const tag = this.readVarint();
    this.number = Math.floor(tag / 8);
    if (tag > 0xffff_ffff || this.number === 0) throw new PeerError('malformed', `no field has the tag ${tag}`);
    this.varint = undefined;
    this.from = undefined;
    switch (tag % 8) {
      case 0:
        this.varint = this.readVarint();
        break;
      case 1:
        this.advance(8);
        break;
      case 2: {
        const length = this.readVarint();
        this.from = this.at;
        this.advance(length);
        break;
      }
      case 5:
        this.advance(4);
        break;
      default:
        throw new PeerError('malformed', `wire type ${tag % 8} is not in use`);
    }
    return true;
  }

  /** The field's value: a varint, rounded above 2⁵³, or a view (no copy). Throws PeerError 'malformed' for fixed32/64. */
  value(): number | Uint8Array {
    if (this.varint !== undefined) return this.varint;
    if (this.from !== undefined) return this.message.subarray(this.from, this.at);
    throw new PeerError('malformed', `field ${this.number} has the wrong wire type`);
  }

  private advance(length: number): void {
    if (length > this.lengthMax)
      throw new PeerError('too-large', `field of ${length} bytes, at most ${this.lengthMax}`);
    const left = this.message.length - this.at;
    if (length > left) throw new PeerError('truncated', `field of ${length} bytes, ${left} are left`);
    this.at += length;
  }

  /** A base-128 varint of up to 64 bits. */
  private readVarint(): number {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.message[this.at];
      if (byte === undefined) throw new PeerError('truncated', 'the message ends inside a varint');
      this.at++;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte >= 0x80) continue;
      if (byte === 0 && i > 0) throw new PeerError('malformed', 'a varint is longer than it needs to be');
      if (i === 9 && byte > 1) break;
      return value;
    }
    throw new PeerError('malformed', 'a varint has more than 64 bits');
  }
}

/** The fields of one message none of which is repeated, numbered 1 to `numberMax`; others are skipped. */
export class Fields {
  private readonly values = new Map<number, number | Uint8Array>();

  /** Throws PeerError as FieldReader does, and 'malformed' where a field comes twice. */
  constructor(message: Uint8Array, lengthMax: number, numberMax: number) {
    const reader = new FieldReader(message, lengthMax);
    while (reader.next()) {
      const { number } = reader;
      if (number > numberMax) continue;
      if (this.values.has(number)) throw new PeerError('malformed', `field ${number} comes twice`);
      this.values.set(number, reader.value());
    }
  }

  has(number: number): boolean {
    return this.values.has(number);
  }

  /** A varint field in [0, max], max at most 2⁵³ − 1; 0 where it is absent. Throws PeerError 'malformed'. */
  uint(number: number, max: number): number {
    const value = this.values.get(number) ?? 0;
    if (typeof value !== 'number') throw new PeerError('malformed', `field ${number} has the wrong wire type`);
    if (value > max) throw new PeerError('malformed', `field ${number} is above ${max}`);
    return value;
  }

  /** A length-delimited field as a view, no copy; empty where it is absent. Throws PeerError 'malformed'. */
  bytes(number: number): Uint8Array {
    const value = this.values.get(number) ?? new Uint8Array();
    if (typeof value === 'number') throw new PeerError('malformed', `field ${number} has the wrong wire type`);
    return value;
  }
}
