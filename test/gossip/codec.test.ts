import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Uint8ArrayList } from 'uint8arraylist';
import {
  type CodecLimits,
  decodeMessage,
  encodeMessage,
  type Message,
  messageBytesMax,
  messageBytesOf,
} from '../../src/gossip/codec.ts';
import { sparsifiers } from '../../src/gossip/compression/sparse-payload.ts';
import * as wire from '../../src/gossip/messages.ts';
import type { MomentsEntry } from '../../src/gossip/moments.ts';
import { encodings } from '../../src/gossip/payload.ts';
import { PeerError, type PeerErrorCode } from '../../src/gossip/peer-error.ts';

const limits: CodecLimits = {
  federation: new Uint8Array(32).fill(7),
  payloadBytesMax: 4096,
  originsMax: 5,
  features: 3,
};
const { federation } = limits;

const digestArbitrary = fc.uint8Array({ minLength: 32, maxLength: 32 });
const digestOrEmptyArbitrary = fc.oneof(digestArbitrary, fc.constant(new Uint8Array()));
const uint32Arbitrary = fc.integer({ min: 0, max: 0xffff_ffff });
const uint53Arbitrary = fc.maxSafeNat();

const updateArbitrary: fc.Arbitrary<Message> = fc
  .record({
    kind: fc.constant('update' as const),
    round: uint32Arbitrary,
    steps: uint53Arbitrary,
    samples: uint53Arbitrary,
    degree: uint32Arbitrary,
    encoding: fc.constantFrom(...encodings),
    sparsifier: fc.constantFrom(...sparsifiers),
    content: fc.constantFrom('weights' as const, 'difference' as const, 'sums' as const),
    mass: fc.record({
      epoch: uint32Arbitrary,
      sequence: fc.integer({ min: 1, max: 0xffff_ffff }),
      weight: fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
    }),
    digest: digestArbitrary,
    scaler: digestOrEmptyArbitrary,
    payload: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    announced: fc.boolean(),
  })
  .map(({ announced, payload, mass, ...header }) => ({
    ...header,
    ...(header.content === 'sums' && { mass: { ...mass } }),
    payloadBytes: payload.length,
    ...(announced ? {} : { payload }),
  }));

const featureArbitrary = fc.oneof(
  fc.constant([0, 0, 0]),
  fc.tuple(
    fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    fc.double({ min: -1e100, max: 1e100, noNaN: true }),
    fc.double({ min: 0, max: 1e100, noNaN: true }),
  ),
);
const originArbitrary: fc.Arbitrary<MomentsEntry> = fc
  .record({
    peer: fc.stringMatching(/^[\x21-\x7e]{1,128}$/),
    version: fc.integer({ min: 1, max: 0xffff_ffff }),
    values: fc.array(featureArbitrary, { minLength: limits.features, maxLength: limits.features }),
  })
  .map(({ values, ...origin }) => ({
    ...origin,
    count: Float64Array.from(values, (value) => value[0] as number),
    mean: Float64Array.from(values, (value) => value[1] as number),
    m2: Float64Array.from(values, (value) => value[2] as number),
  }));

const messageArbitrary: fc.Arbitrary<Message> = fc.oneof(
  updateArbitrary,
  fc
    .uniqueArray(originArbitrary, { minLength: 1, maxLength: limits.originsMax, selector: ({ peer }) => peer })
    .map((origins): Message => ({ kind: 'moments', origins })),
  fc
    .record({ digest: digestOrEmptyArbitrary, moments: fc.boolean() })
    .map((pull): Message => ({ kind: 'pull', ...pull })),
  digestOrEmptyArbitrary.map((digest): Message => ({ kind: 'notHeld', digest })),
);

const update: Message = {
  kind: 'update',
  round: 3,
  steps: 60,
  samples: 1000,
  degree: 6,
  encoding: 'int8',
  sparsifier: 'top-k',
  content: 'sums',
  mass: { epoch: 7, sequence: 3, weight: 1.25 },
  digest: new Uint8Array(32).fill(1),
  scaler: new Uint8Array(32).fill(2),
  payloadBytes: 5,
  payload: Uint8Array.of(1, 2, 3, 4, 5),
};

function codeOf(code: PeerErrorCode) {
  return (error: unknown) => {
    assert.ok(error instanceof PeerError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  };
}

/** The message, or undefined where decoding throws PeerError; anything else is thrown on. */
function decodeOrRefuse(bytes: Uint8Array): Message | undefined {
  try {
    return decodeMessage(bytes, limits);
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    return undefined;
  }
}

/** Bytes that the arrays of a decoded message hold beside the received bytes. */
function allocatedBytes(message: Message, received: Uint8Array): number {
  const arrays: { buffer: ArrayBufferLike; byteLength: number }[] = [];
  if (message.kind !== 'moments') arrays.push(message.digest);
  if (message.kind === 'update') arrays.push(message.scaler, ...(message.payload ? [message.payload] : []));
  if (message.kind === 'moments') arrays.push(...message.origins.flatMap(({ count, mean, m2 }) => [count, mean, m2]));
  return arrays.filter(({ buffer }) => buffer !== received.buffer).reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function varint(value: number | bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}

function uintField(number: number, value: number | bigint): number[] {
  return [...varint(number * 8), ...varint(value)];
}

function bytesField(number: number, bytes: Iterable<number>): number[] {
  const content = [...bytes];
  return [...varint(number * 8 + 2), ...varint(content.length), ...content];
}

const envelope = [...uintField(1, 1), ...bytesField(2, federation)];
const digest = new Uint8Array(32).fill(1);
const updateHeader = [...bytesField(6, digest), ...uintField(8, 2)];
const float64s = (...values: number[]) => new Uint8Array(Float64Array.from(values).buffer);
const originFields = {
  peer: bytesField(1, Buffer.from('peer')),
  version: uintField(2, 1),
  count: bytesField(3, float64s(1, 2, 3)),
  mean: bytesField(4, float64s(1, 2, 3)),
  m2: bytesField(5, float64s(1, 2, 3)),
};
const origin = Object.values(originFields).flat();

function withUpdate(...fields: number[]): number[] {
  return [...envelope, ...bytesField(3, [...updateHeader, ...fields])];
}

function withOrigins(...origins: number[][]): number[] {
  return [
    ...envelope,
    ...bytesField(
      4,
      origins.flatMap((fields) => bytesField(1, fields)),
    ),
  ];
}

describe('messageBytesOf()', () => {
  it('is the length of encodeMessage(), of any message', () => {
    fc.assert(
      fc.property(messageArbitrary, (message) => {
        assert.equal(messageBytesOf(message, federation), encodeMessage(message, federation).length);
      }),
    );
  });

  it('is the length of encodeMessage() where lengths begin to take one byte more', () => {
    const lengths = [1, 127, 128, 16_383, 16_384, 2 ** 21 - 1, 2 ** 21].flatMap((length) =>
      Array.from({ length: 130 }, (_, less) => Math.max(1, length - less)),
    );
    for (const payloadBytes of new Set(lengths)) {
      const { mass: _, ...rest } = update as Extract<Message, { kind: 'update' }>;
      const message: Message = { ...rest, content: 'weights', payloadBytes, payload: new Uint8Array(payloadBytes) };
      assert.equal(messageBytesOf(message, federation), encodeMessage(message, federation).length, `${payloadBytes}`);
    }
  });
});

describe('codec', () => {
  it('gives every message back', () => {
    fc.assert(
      fc.property(messageArbitrary, (message) => {
        assert.deepEqual(decodeMessage(encodeMessage(message, federation), limits), message);
      }),
    );
  });

  it('writes what the generated decoder reads, in the fields of messages.proto', () => {
    fc.assert(
      fc.property(updateArbitrary, (message) => {
        assert.equal(message.kind, 'update');
        const read = wire.Message.decode(encodeMessage(message, federation));
        assert.equal(read.protocol, 1);
        assert.deepEqual(read.federation, federation);
        const { kind: _, encoding, sparsifier, content, mass, payload, ...header } = message;
        assert.deepEqual(read.update, {
          ...header,
          content: {
            weights: wire.Content.WEIGHTS,
            difference: wire.Content.DIFFERENCE,
            sums: wire.Content.SUMS,
          }[content],
          ...(mass && { mass: { ...mass, weight: new Uint8Array(Float64Array.of(mass.weight).buffer) } }),
          encoding: { float32: wire.Encoding.FLOAT32, int8: wire.Encoding.INT8, float16: wire.Encoding.FLOAT16 }[
            encoding
          ],
          sparsifier: {
            none: wire.Sparsifier.NONE,
            'top-k': wire.Sparsifier.TOP_K,
            'random-k': wire.Sparsifier.RANDOM_K,
          }[sparsifier],
          payload: payload ?? new Uint8Array(),
        });
      }),
    );
  });

  it('reads a Uint8ArrayList cut anywhere', () => {
    const bytes = encodeMessage(update, federation);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const list = new Uint8ArrayList(bytes.subarray(0, cut), bytes.subarray(cut));
      assert.deepEqual(decodeMessage(list, limits), update);
    }
  });

  it('skips unknown fields of every wire type, at every level', () => {
    const unknown = [
      ...uintField(100, 2n ** 64n - 1n),
      ...bytesField(101, [1, 2, 3]),
      ...varint(102 * 8 + 1),
      ...new Uint8Array(8),
      ...varint(103 * 8 + 5),
      ...new Uint8Array(4),
      ...bytesField(101, []),
    ];
    const plain = decodeMessage(Uint8Array.from(withUpdate()), limits);
    const update = bytesField(3, [...unknown, ...updateHeader, ...unknown]);
    assert.deepEqual(decodeMessage(Uint8Array.from([...unknown, ...envelope, ...update]), limits), plain);
    const origins = bytesField(4, [...unknown, ...bytesField(1, [...unknown, ...origin])]);
    assert.deepEqual(
      decodeMessage(Uint8Array.from([...envelope, ...origins]), limits),
      decodeMessage(Uint8Array.from(withOrigins(origin)), limits),
    );
  });

  it('keeps the payload as a view and copies the digests', () => {
    const bytes = encodeMessage(update, federation);
    const message = decodeMessage(bytes, limits);
    assert.equal(message.kind, 'update');
    assert.equal(message.payload?.buffer, bytes.buffer);
    assert.notEqual(message.digest.buffer, bytes.buffer);
  });

  it('throws nothing but PeerError on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (random, afterEnvelope) => {
        decodeOrRefuse(afterEnvelope ? Uint8Array.from([...envelope, ...random]) : random);
      }),
      { numRuns: 2000 },
    );
  });

  it('throws nothing but PeerError on random fields of a message in its federation', () => {
    const fieldArbitrary = fc
      .tuple(fc.integer({ min: 1, max: 10 }), fc.oneof(fc.nat(300), fc.uint8Array({ maxLength: 40 })))
      .map(([number, value]) => (typeof value === 'number' ? uintField(number, value) : bytesField(number, value)));
    const bodyArbitrary = fc.array(fieldArbitrary, { maxLength: 12 }).map((fields) => fields.flat());
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 6 }), bodyArbitrary, (number, body) => {
        decodeOrRefuse(Uint8Array.from([...envelope, ...bytesField(number, body)]));
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses every truncation of every message', () => {
    fc.assert(
      fc.property(messageArbitrary, (message) => {
        const bytes = encodeMessage(message, federation);
        for (let length = 0; length < bytes.length; length++) {
          assert.equal(decodeOrRefuse(bytes.subarray(0, length)), undefined, `${length} of ${bytes.length} bytes`);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('meets every change of a single byte with PeerError or with no more memory than was received', () => {
    fc.assert(
      fc.property(messageArbitrary, fc.integer({ min: 1, max: 255 }), (message, change) => {
        const bytes = encodeMessage(message, federation);
        for (let at = 0; at < bytes.length; at++) {
          bytes[at] = (bytes[at] as number) ^ change;
          const read = decodeOrRefuse(bytes);
          if (read) assert.ok(allocatedBytes(read, bytes) <= Math.min(bytes.length, limits.payloadBytesMax));
          bytes[at] = (bytes[at] as number) ^ change;
        }
      }),
      { numRuns: 50 },
    );
  });

  it('allocates nothing for a length of 4 GB', () => {
    const before = process.memoryUsage().arrayBuffers;
    for (const number of [2, 3, 4, 99]) {
      const bytes = Uint8Array.from([...uintField(1, 1), ...varint(number * 8 + 2), ...varint(0xffff_ffff)]);
      assert.throws(() => decodeMessage(bytes, limits), codeOf('too-large'));
    }
    assert.ok(process.memoryUsage().arrayBuffers - before < limits.payloadBytesMax + 2 ** 20);
  });

  it('stops at the first field too many, before it has read the rest', () => {
    const generous = { ...limits, payloadBytesMax: 4 * 2 ** 20 };
    const flood = (body: number[], times: number) => {
      const bytes = new Uint8Array(body.length * times);
      for (let i = 0; i < times; i++) bytes.set(body, i * body.length);
      return bytes;
    };
    // What follows the flood is malformed, and would be named instead if it were reached.
    const singular = Buffer.concat([flood(uintField(1, 1), 1e6), Uint8Array.of(0)]);
    assert.throws(() => decodeMessage(singular, generous), /field 1 comes twice/);
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'a'];
    const origins = names.map((name) => [...origin.slice(6), ...bytesField(1, Buffer.from(name))]);
    assert.throws(() => decodeMessage(Uint8Array.from(withOrigins(...origins)), limits), codeOf('too-many-origins'));
  });

  it('refuses a peer id of 200,000 bytes without making text of it', () => {
    const bytes = Uint8Array.from(withOrigins([...bytesField(1, new Uint8Array(2e5)), ...origin.slice(6)]));
    assert.throws(() => decodeMessage(bytes, { ...limits, payloadBytesMax: 2e6 }), codeOf('malformed'));
  });

  const cases: [string, number[], PeerErrorCode][] = [
    ['no bytes', [], 'wrong-protocol'],
    ['another protocol', [...uintField(1, 2), ...bytesField(2, federation)], 'wrong-protocol'],
    [
      'another protocol with fields of its own',
      [...uintField(1, 2), ...uintField(3, 1), ...uintField(3, 1)],
      'wrong-protocol',
    ],
    ['no federation', uintField(1, 1), 'malformed'],
    ['another federation', [...uintField(1, 1), ...bytesField(2, new Uint8Array(32))], 'wrong-federation'],
    ['no body', envelope, 'malformed'],
    ['two bodies', [...envelope, ...bytesField(5, []), ...bytesField(6, [])], 'malformed'],
    ['the protocol as bytes', bytesField(1, [1]), 'malformed'],
    ['a body as a varint', [...envelope, ...uintField(5, 1)], 'malformed'],
    ['field number 0', [...envelope, ...uintField(0, 1)], 'malformed'],
    ['a tag above 32 bits', [...envelope, ...varint(2 ** 33), 0], 'malformed'],
    ['a group', [...envelope, 9 * 8 + 3], 'malformed'],
    ['wire type 7', [...envelope, 9 * 8 + 7, 1], 'malformed'],
    ['a varint longer than needed', [...envelope, 9 * 8, 0x81, 0x00], 'malformed'],
    ['a varint of 11 bytes', [...envelope, 9 * 8, ...new Array<number>(10).fill(0xff), 1], 'malformed'],
    ['a varint of 65 bits', [...envelope, 9 * 8, ...new Array<number>(9).fill(0xff), 2], 'malformed'],
    ['an end inside a varint', [...envelope, 9 * 8, 0xff], 'truncated'],
    ['an end inside a fixed64', [...envelope, 9 * 8 + 1, 1, 2, 3], 'truncated'],
    ['a length past the end', [...envelope, ...varint(3 * 8 + 2), 10, 1, 2], 'truncated'],
    ['a length past the end of the body', [...envelope, ...bytesField(3, [9 * 8 + 2, 10, 1])], 'truncated'],
    ['a round above 32 bits', withUpdate(...uintField(1, 2 ** 32)), 'malformed'],
    ['steps of 2^53', withUpdate(...uintField(2, 2 ** 53)), 'malformed'],
    ['samples of 2^64 - 1', withUpdate(...uintField(3, 2n ** 64n - 1n)), 'malformed'],
    ['encoding 3', withUpdate(...uintField(5, 3)), 'unknown-encoding'],
    ['sparsifier 3', withUpdate(...uintField(10, 3)), 'unknown-encoding'],
    ['a payload longer than announced', withUpdate(...bytesField(9, [1, 2, 3])), 'malformed'],
    ['a payload shorter than announced', withUpdate(...bytesField(9, [1])), 'malformed'],
    ['a payload of 0 bytes announced', [...envelope, ...bytesField(3, bytesField(6, digest))], 'malformed'],
    ['no digest', [...envelope, ...bytesField(3, uintField(8, 2))], 'malformed'],
    ['a scaler of 31 bytes', withUpdate(...bytesField(7, new Uint8Array(31))), 'malformed'],
    [
      'a payload announced above the limit',
      [...envelope, ...bytesField(3, [...bytesField(6, digest), ...uintField(8, 4097)])],
      'too-large',
    ],
    ['a message above the limit', bytesField(50, new Uint8Array(messageBytesMax(limits))), 'too-large'],
    ['moments of no origin', withOrigins(), 'malformed'],
    ['an origin twice', withOrigins(origin, origin), 'malformed'],
    ['an origin as a varint', [...envelope, ...bytesField(4, uintField(1, 1))], 'malformed'],
    ['a feature too few', withOrigins([...origin.slice(0, -26), ...bytesField(5, float64s(1, 2))]), 'wrong-shape'],
    ['half a float64', withOrigins([...origin.slice(0, -26), ...bytesField(5, new Uint8Array(20))]), 'wrong-shape'],
    ['a NaN m2', withOrigins([...origin.slice(0, -26), ...bytesField(5, float64s(1, Number.NaN, 2))]), 'non-finite'],
    ['an origin without a peer', withOrigins(origin.slice(6)), 'malformed'],
    [
      'a peer id of 129 bytes',
      withOrigins([...bytesField(1, new Uint8Array(129).fill(97)), ...origin.slice(6)]),
      'malformed',
    ],
    ['a peer id beyond ASCII', withOrigins([...bytesField(1, [0xc3, 0xa9]), ...origin.slice(6)]), 'malformed'],
    ['a pull with a digest of 1 byte', [...envelope, ...bytesField(5, bytesField(1, [1]))], 'malformed'],
    ['a boolean of 2', [...envelope, ...bytesField(5, uintField(2, 2))], 'malformed'],
    [
      'a not-held with a digest of 33 bytes',
      [...envelope, ...bytesField(6, bytesField(1, new Uint8Array(33)))],
      'malformed',
    ],
  ];
  for (const [what, bytes, code] of cases) {
    it(`refuses ${what} as ${code}`, () => {
      assert.throws(() => decodeMessage(Uint8Array.from(bytes), limits), codeOf(code));
    });
  }

  it('asserts on what no peer would accept', () => {
    assert.throws(() => encodeMessage(update, federation.subarray(1)), assert.AssertionError);
    for (const change of [{ payloadBytes: 4 }, { round: 2 ** 32 }, { steps: 2 ** 53 }, { samples: 0.5 }]) {
      assert.throws(() => encodeMessage({ ...update, ...change } as Message, federation), assert.AssertionError);
    }
  });

  it('messageBytesMax() holds the largest update and the largest moments', () => {
    const payload = new Uint8Array(limits.payloadBytesMax);
    const largest: Message[] = [
      {
        ...update,
        round: 0xffff_ffff,
        steps: Number.MAX_SAFE_INTEGER,
        samples: Number.MAX_SAFE_INTEGER,
        degree: 0xffff_ffff,
        sparsifier: 'random-k',
        payloadBytes: payload.length,
        payload,
      },
      {
        kind: 'moments',
        origins: ['a', 'b', 'c', 'd', 'e'].map((name) => ({
          peer: name.repeat(128),
          version: 0xffff_ffff,
          count: new Float64Array(limits.features),
          mean: new Float64Array(limits.features),
          m2: new Float64Array(limits.features),
        })),
      },
    ];
    for (const message of largest) {
      const bytes = encodeMessage(message, federation);
      assert.ok(bytes.length <= messageBytesMax(limits));
      assert.deepEqual(decodeMessage(bytes, limits), message);
    }
  });
});

describe('messages.ts', () => {
  it('is what the generator makes of messages.proto', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rumormill-messages-'));
    try {
      execFileSync(process.execPath, ['scripts/generate-messages.mjs', folder]);
      assert.equal(readFileSync('src/gossip/messages.ts', 'utf8'), readFileSync(join(folder, 'messages.ts'), 'utf8'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
