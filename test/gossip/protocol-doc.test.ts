// docs/protocol.md must not drift from the code: its bytes and its table of errors are rebuilt here.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { decodeMessage, encodeMessage, type UpdateMessage } from '../../src/gossip/codec.ts';
import {
  readSparse,
  type Sparsifier,
  sparsifyRandomK,
  sparsifyTopK,
} from '../../src/gossip/compression/sparse-payload.ts';
import {
  canonicalJson,
  federationId,
  modelStreamProtocol,
  topicOf,
  updateStreamProtocol,
} from '../../src/gossip/manifest.ts';
import { MomentsStore } from '../../src/gossip/moments.ts';
import { digestOf, encodePayload, encodings, payloadBytesOf } from '../../src/gossip/payload.ts';
import { actionOf, peerErrorCodes } from '../../src/gossip/peer-error.ts';
import { Prng } from '../../src/lib/prng.ts';
import { federationStreamProtocol } from '../../src/node/peers/federation-codec.ts';

const text = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');

const manifest = { protocol: 1, features: ['pressure'], scale: 0.5 };
const shapes = [
  { rows: 2, columns: 2 },
  { rows: 1, columns: 2 },
];
const weights = Float32Array.of(0.25, -1, 0, 0.5, 0.125, 0);
const origin = {
  peer: '12D3KooWPeer',
  version: 1,
  count: Float64Array.of(3),
  mean: Float64Array.of(2),
  m2: Float64Array.of(0.5),
};

const updateFields = [
  '',
  'round',
  'steps',
  'samples',
  'degree',
  'encoding',
  'digest',
  'scaler',
  'payload_bytes',
  'payload',
  'sparsifier',
];

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** The fields of a protobuf message whose tags take one byte and lengths at most two, one a line. */
function fieldsOf(bytes: Uint8Array, names: readonly string[], nested: string | undefined, indent: string): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] as number;
    const name = names[tag >> 3] as string;
    let end = at + 1;
    while ((bytes[end++] as number) >= 0x80);
    const head = hex(bytes.subarray(at, end));
    if (tag % 8 === 0) {
      lines.push(`${indent}${head.padEnd(8)} ${name}`);
    } else {
      const low = bytes[at + 1] as number;
      const length = low < 0x80 ? low : low - 0x80 + 0x80 * (bytes[at + 2] as number);
      const content = bytes.subarray(end, end + length);
      lines.push(`${indent}${head.padEnd(8)} ${name}, ${length} bytes`);
      if (name === nested) lines.push(...fieldsOf(content, updateFields, undefined, `${indent}  `));
      else lines.push(`${indent}  ${hex(content)}`);
      end += length;
    }
    at = end;
  }
  return lines;
}

/** What a sparse payload of half the weights carries, as weight@index. */
function carriedIn(payload: Uint8Array, sparsifier: Sparsifier): string {
  const encoding = sparsifier === 'top-k' ? 'int8' : 'float16';
  const { indices } = readSparse(payload, weights.length, { encoding, sparsifier, keep: 0.5 });
  return [...indices].map((index) => `${weights[index]}@${index}`).join(' ');
}

function example(): string {
  const federation = federationId(manifest);
  const store = new MomentsStore({ features: 1, originsMax: 1 });
  store.merge([origin]);
  const payload = encodePayload(weights, shapes, 'int8');
  const top = sparsifyTopK(weights, new Float32Array(6), { encoding: 'int8', sparsifier: 'top-k', keep: 0.5 });
  const random = sparsifyRandomK(
    weights,
    { encoding: 'float16', sparsifier: 'random-k', keep: 0.5 },
    new Prng('example'),
  );
  const update: UpdateMessage = {
    kind: 'update',
    round: 3,
    steps: 60,
    samples: 1000,
    degree: 6,
    encoding: 'int8',
    sparsifier: 'none',
    content: 'weights',
    digest: digestOf(payload),
    scaler: store.digest(),
    payloadBytes: payload.length,
    payload,
  };
  const message = encodeMessage(update, federation);
  assert.deepEqual(decodeMessage(message, { federation, payloadBytesMax: 100, originsMax: 1, features: 1 }), update);
  return [
    '```text',
    `manifest       ${canonicalJson(manifest)}`,
    `federation id  ${hex(federation)}`,
    `topic          ${topicOf(federation)}`,
    '',
    `weights        ${[...weights].join(' ')}`,
    `float32        ${hex(encodePayload(weights, shapes, 'float32'))}`,
    `float16        ${hex(encodePayload(weights, shapes, 'float16'))}`,
    `int8           ${hex(payload)}`,
    '',
    'half of them, where x̂ is 0:',
    `top-k, int8        ${carriedIn(top, 'top-k')}: ${hex(top)}`,
    `random-k, float16  ${carriedIn(random, 'random-k')}: ${hex(random)}`,
    '',
    `moments of     ${origin.peer}, version ${origin.version}: count ${origin.count}, mean ${origin.mean}, m2 ${origin.m2}`,
    `digest         ${hex(store.digest())}`,
    '',
    `update of round ${update.round}, steps ${update.steps}, samples ${update.samples}, degree ${update.degree}, ${message.length} bytes:`,
    ...fieldsOf(message, ['', 'protocol', 'federation', 'update'], 'update', ''),
    '```',
  ].join('\n');
}

describe('docs/protocol.md', () => {
  it('shows the bytes that the code writes', () => {
    const [, shown] = /<!-- example -->\n([\s\S]*)\n<!-- \/example -->/.exec(text) ?? [];
    assert.equal(shown, example(), 'replace the example in docs/protocol.md by the expected text');
  });

  it('lists every error code with its action, in order', () => {
    const [, errors = ''] = text.split('## Errors');
    const rows = [...errors.matchAll(/^\| ([a-z-]+) \| .* \| (ignore|reject) \|$/gm)].map(([, code, action]) => [
      code,
      action,
    ]);
    assert.deepEqual(
      rows,
      peerErrorCodes.map((code) => [code, actionOf(code)]),
    );
  });

  it('names the stream protocols and the size of a usual payload', () => {
    for (const name of [updateStreamProtocol, modelStreamProtocol, federationStreamProtocol])
      assert.ok(text.includes(`\`${name}\``), name);
    const sizes = [32, 64, 8, 64, 32];
    const layers = sizes.slice(1).flatMap((columns, i) => [
      { rows: sizes[i] as number, columns },
      { rows: 1, columns },
    ]);
    for (const encoding of encodings) {
      assert.ok(text.includes(payloadBytesOf(layers, encoding).toLocaleString('en')), encoding);
    }
  });
});
