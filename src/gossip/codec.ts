// Messages to bytes and back. Owns which fields and sizes a message may have; what a message means is the core's.
// Writing is protons' generated code. Reading is our own, since the generated reader allocates before we could look.
import assert from 'node:assert/strict';
import type { Uint8ArrayList } from 'uint8arraylist';
import type { Sparsifier } from './compression/sparse-payload.ts';
import { protocolVersion } from './manifest.ts';
import * as wire from './messages.ts';
import { checkEntry, type MomentsEntry, peerBytesMax } from './moments.ts';
import type { Encoding } from './payload.ts';
import { PeerError } from './peer-error.ts';
import { FieldReader, Fields } from './wire.ts';

/** What a payload holds: weights; a difference of weights (choco); sums of shares (push-sum). */
export type Content = 'weights' | 'difference' | 'sums';

/** What goes with sums of shares over one link in one direction; see PushSum. */
export interface Mass {
  /** Names the sums since they began from 0, in [0, 2³²). */
  epoch: number;
  /** Updates of the epoch so far, in [1, 2³²). */
  sequence: number;
  /** Sum of the shares of the sender's weight, finite and at least 0. */
  weight: number;
}

/** A model on offer: the header, and the weights unless it only announces them. */
export interface UpdateMessage {
  kind: 'update';
  /** The sender's round, in [0, 2³²); a late joiner goes on from that of the model it takes over. */
  round: number;
  /** Optimiser steps the sender has done, in [0, 2⁵³). */
  steps: number;
  /** Training rows the sender holds, in [0, 2⁵³). */
  samples: number;
  /** Neighbours the sender sends to, in [0, 2³²). */
  degree: number;
  encoding: Encoding;
  /** Which weights the payload carries. */
  sparsifier: Sparsifier;
  content: Content;
  /** Given where the content is sums, and only there. */
  mass?: Mass;
  /** SHA-256 of the payload, 32 bytes. Decoding does not compare it with the payload. */
  digest: Uint8Array;
  /** Digest of the moments whose scaler the weights are expressed in, 32 bytes; empty where none is shared. */
  scaler: Uint8Array;
  /** Length of the payload, at least 1, also where it is left out. */
  payloadBytes: number;
  /** The encoded weights; absent in an announcement. After decoding a view of the received bytes. */
  payload?: Uint8Array;
}

/** Moments the sender holds. */
export interface MomentsMessage {
  kind: 'moments';
  /** One entry an origin, at least one. */
  origins: readonly MomentsEntry[];
}

/** A request for a model, on a stream. */
export interface PullMessage {
  kind: 'pull';
  /** Digest of the wanted payload, 32 bytes; empty for the current model. */
  digest: Uint8Array;
  /** Also send the moments. */
  moments: boolean;
}

/** The answer to a pull that cannot be served. */
export interface NotHeldMessage {
  kind: 'notHeld';
  /** As in the pull. */
  digest: Uint8Array;
}

/** Everything peers exchange. */
export type Message = UpdateMessage | MomentsMessage | PullMessage | NotHeldMessage;

/** What a received message is held against. */
export interface CodecLimits {
  /** Federation id, 32 bytes. */
  federation: Uint8Array;
  /** Longest payload, which the federation's shapes and compression fix. */
  payloadBytesMax: number;
  /** Most origins in one moments message. */
  originsMax: number;
  /** Features of the federation's data: the length of every array of moments. */
  features: number;
}

const digestBytes = 32;
const uint32Max = 0xffff_ffff;
/** Room for headers and for fields that a later release adds. */
const overheadBytesMax = 1024;
const originOverheadBytes = 256;

const wireEncodings = {
  float32: wire.Encoding.FLOAT32,
  int8: wire.Encoding.INT8,
  float16: wire.Encoding.FLOAT16,
} as const;
const wireSparsifiers = {
  none: wire.Sparsifier.NONE,
  'top-k': wire.Sparsifier.TOP_K,
  'random-k': wire.Sparsifier.RANDOM_K,
} as const;
const wireContents = {
  weights: wire.Content.WEIGHTS,
  difference: wire.Content.DIFFERENCE,
  sums: wire.Content.SUMS,
} as const;
/** By number on the wire. */
const encodings: readonly Encoding[] = ['float32', 'int8', 'float16'];
const sparsifiers: readonly Sparsifier[] = ['none', 'top-k', 'random-k'];
const contents: readonly Content[] = ['weights', 'difference', 'sums'];

/** Length of the longest message within `limits`; transports need not read further. */
export function messageBytesMax(limits: Omit<CodecLimits, 'federation'>): number {
  const momentsBytes = limits.originsMax * (originOverheadBytes + 3 * 8 * limits.features);
  return Math.max(limits.payloadBytesMax, momentsBytes) + overheadBytesMax;
}

/** The protobuf bytes of `message` in the federation of that id (32 bytes). Asserts that the numbers are in range. */
export function encodeMessage(message: Message, federation: Uint8Array): Uint8Array {
  assert.equal(federation.length, digestBytes, 'a federation id has 32 bytes');
  return wire.Message.encode({ protocol: protocolVersion, federation, ...bodyOf(message) });
}

/** Length of encodeMessage() of the same, without a copy of the payload: for who counts what it does not send. */
export function messageBytesOf(message: Message, federation: Uint8Array): number {
  if (message.kind !== 'update' || message.payload === undefined) return encodeMessage(message, federation).length;
  const { payload, ...header } = message;
  const { update } = bodyOf(header);
  const framed = (bytes: number) => tagBytes + varintBytesOf(bytes) + bytes;
  const headerBytes = wire.Update.encode(update as wire.Update).length;
  const envelopeBytes = wire.Message.encode({ protocol: protocolVersion, federation }).length;
  return envelopeBytes + framed(headerBytes + framed(payload.length));
}

/** Of a field numbered below 16. */
const tagBytes = 1;

function varintBytesOf(value: number): number {
  return Math.max(1, Math.ceil((32 - Math.clz32(value)) / 7));
}

function bodyOf(message: Message): Partial<wire.Message> {
  switch (message.kind) {
    case 'update': {
      const { kind: _, encoding, sparsifier, content, mass, payload, ...header } = message;
      assert.ok([header.round, header.degree].every((value) => Number.isInteger(value) && value <= uint32Max));
      assert.ok([header.steps, header.samples].every(Number.isSafeInteger));
      assert.ok(payload === undefined || payload.length === header.payloadBytes, 'payloadBytes is not the length');
      return {
        update: {
          ...header,
          encoding: wireEncodings[encoding],
          payload: payload ?? new Uint8Array(),
          sparsifier: wireSparsifiers[sparsifier],
          content: wireContents[content],
          ...(mass && { mass: { ...mass, weight: float64Bytes(Float64Array.of(mass.weight)) } }),
        },
      };
    }
    case 'moments':
      return { moments: { origins: message.origins.map(originOf) } };
    case 'pull':
      return { pull: { digest: message.digest, moments: message.moments } };
    case 'notHeld':
      return { notHeld: { digest: message.digest } };
  }
}

function originOf({ peer, version, count, mean, m2 }: MomentsEntry): wire.Origin {
  return { peer, version, count: float64Bytes(count), mean: float64Bytes(mean), m2: float64Bytes(m2) };
}

/**
 * Reads one message. Throws nothing but PeerError (codes in docs/protocol.md). A payload stays a view of `bytes`
 * (a Uint8ArrayList is first joined, once its length is found to be within limits); nothing larger is allocated.
 */
export function decodeMessage(bytes: Uint8Array | Uint8ArrayList, limits: CodecLimits): Message {
  const lengthMax = messageBytesMax(limits);
  if (bytes.byteLength > lengthMax) {
    throw new PeerError('too-large', `message of ${bytes.byteLength} bytes, at most ${lengthMax}`);
  }
  const whole = bytes.subarray();
  // The other fields may mean something else in another protocol, so they are looked at only after these two.
  const envelope = new Fields(whole, lengthMax, 2);
  const protocol = envelope.uint(1, uint32Max);
  if (protocol !== protocolVersion)
    throw new PeerError('wrong-protocol', `protocol ${protocol}, not ${protocolVersion}`);
  if (Buffer.compare(digestField(envelope, 2), limits.federation) !== 0) {
    throw new PeerError('wrong-federation', 'message of another federation');
  }
  const fields = new Fields(whole, lengthMax, 6);
  const bodies = [3, 4, 5, 6].filter((number) => fields.has(number));
  if (bodies.length !== 1) throw new PeerError('malformed', `message with ${bodies.length} bodies`);
  const body = fields.bytes(bodies[0]!);
  switch (bodies[0]) {
    case 3:
      return readUpdate(new Fields(body, lengthMax, 12), limits.payloadBytesMax);
    case 4:
      return readMoments(body, limits);
    case 5: {
      const pull = new Fields(body, lengthMax, 2);
      return { kind: 'pull', digest: digestField(pull, 1, 'or empty'), moments: pull.uint(2, 1) === 1 };
    }
    default:
      return { kind: 'notHeld', digest: digestField(new Fields(body, lengthMax, 1), 1, 'or empty') };
  }
}

function readUpdate(fields: Fields, payloadBytesMax: number): UpdateMessage {
  const numbers = [5, 10, 11].map((field) => fields.uint(field, uint32Max)) as [number, number, number];
  const encoding = encodings[numbers[0]];
  const sparsifier = sparsifiers[numbers[1]];
  const content = contents[numbers[2]];
  if (encoding === undefined || sparsifier === undefined || content === undefined) {
    throw new PeerError('unknown-encoding', `encoding, sparsifier and content ${numbers}`);
  }
  const mass = fields.has(12) ? readMass(fields.bytes(12)) : undefined;
  if ((content === 'sums') !== (mass !== undefined)) throw new PeerError('malformed', 'mass goes with sums');
  const payloadBytes = fields.uint(8, uint32Max);
  const payload = fields.bytes(9);
  if (Math.max(payloadBytes, payload.length) > payloadBytesMax) {
    throw new PeerError('too-large', `payload of ${payloadBytes} bytes, at most ${payloadBytesMax}`);
  }
  if (payloadBytes === 0 || (payload.length !== 0 && payload.length !== payloadBytes)) {
    throw new PeerError('malformed', `payload of ${payload.length} bytes is announced as ${payloadBytes}`);
  }
  return {
    kind: 'update',
    round: fields.uint(1, uint32Max),
    steps: fields.uint(2, Number.MAX_SAFE_INTEGER),
    samples: fields.uint(3, Number.MAX_SAFE_INTEGER),
    degree: fields.uint(4, uint32Max),
    encoding,
    sparsifier,
    content,
    ...(mass && { mass }),
    digest: digestField(fields, 6),
    scaler: digestField(fields, 7, 'or empty'),
    payloadBytes,
    ...(payload.length === 0 ? {} : { payload }),
  };
}

function readMass(part: Uint8Array): Mass {
  const fields = new Fields(part, part.length, 3);
  const weight = float64Field(fields, 3, 1)[0] as number;
  const sequence = fields.uint(2, uint32Max);
  if (sequence === 0 || !Number.isFinite(weight) || weight < 0) throw new PeerError('malformed', 'mass out of range');
  return { epoch: fields.uint(1, uint32Max), sequence, weight };
}

function readMoments(body: Uint8Array, { features, originsMax }: CodecLimits): MomentsMessage {
  const reader = new FieldReader(body, body.length);
  const origins = new Map<string, MomentsEntry>();
  while (reader.next()) {
    if (reader.number !== 1) continue;
    const part = reader.value();
    if (typeof part === 'number') throw new PeerError('malformed', 'an origin is not a varint');
    if (origins.size === originsMax) throw new PeerError('too-many-origins', `more than ${originsMax} origins`);
    const entry = readOrigin(new Fields(part, part.length, 5), features);
    if (origins.has(entry.peer)) throw new PeerError('malformed', 'one origin twice');
    origins.set(entry.peer, entry);
  }
  if (origins.size === 0) throw new PeerError('malformed', 'moments of no origin');
  return { kind: 'moments', origins: [...origins.values()] };
}

function readOrigin(fields: Fields, features: number): MomentsEntry {
  const peer = fields.bytes(1);
  if (peer.length > peerBytesMax) throw new PeerError('malformed', `peer id of ${peer.length} bytes`);
  const entry = {
    peer: String.fromCharCode(...peer),
    version: fields.uint(2, uint32Max),
    count: float64Field(fields, 3, features),
    mean: float64Field(fields, 4, features),
    m2: float64Field(fields, 5, features),
  };
  checkEntry(entry, features);
  return entry;
}

function digestField(fields: Fields, number: number, empty?: 'or empty'): Uint8Array {
  const digest = fields.bytes(number);
  // A copy, so that who keeps a digest does not keep the whole message.
  if (digest.length === digestBytes || (empty !== undefined && digest.length === 0)) return new Uint8Array(digest);
  throw new PeerError('malformed', `digest of ${digest.length} bytes`);
}

function float64Field(fields: Fields, number: number, length: number): Float64Array {
  const bytes = fields.bytes(number);
  if (bytes.length !== 8 * length) {
    throw new PeerError('wrong-shape', `${bytes.length} bytes of moments for ${length} features`);
  }
  const values = new Float64Array(length);
  new Uint8Array(values.buffer).set(bytes);
  return values;
}

function float64Bytes(values: Float64Array): Uint8Array {
  return new Uint8Array(values.slice().buffer);
}
