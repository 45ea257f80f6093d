// docs/protocol.md must not drift from the code: its example of a manifest and a roster is rebuilt here.
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { agreementOf, manifestBytesMax, parseManifest } from '../../src/node/manifest.ts';
import { featuresMax } from '../../src/node/manifest-checks.ts';
import { manifestSchema } from '../../src/node/manifest-schema.ts';
import { ownerPublicKey } from '../../src/node/owner-key.ts';
import { rosterPeersMax, signRoster } from '../../src/node/roster.ts';

const text = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');

// RFC 8032, section 7.1, test 1; the first part is the DER form of RFC 8410.
const ownerKey = createPrivateKey({
  key: Buffer.from(
    '302e020100300506032b6570042204209d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'hex',
  ),
  format: 'der',
  type: 'pkcs8',
});

const yaml = `rumormill: 1
name: pumps
sensors: [{ name: flow, unit: m³/h, range: [0, 1.50] }]  # of the main line
sampling: { intervalMs: 1000 }
window: { length: 3, stride: 1 }
model: { hidden: [2] }
owner: ${ownerPublicKey(ownerKey)}`;

function example(): string {
  const { canonical, federation, weights, features } = agreementOf(parseManifest(yaml, 'FILE'));
  const roster = { version: 1, members: ['12D3KooWA', '12D3KooWB'], revoked: [] };
  const { signature } = JSON.parse(signRoster(roster, ownerKey, federation)) as { signature: string };
  return [
    '```text',
    yaml,
    '',
    `canonical      ${canonical}`,
    `federation id  ${Buffer.from(federation).toString('hex')}`,
    `features       ${features.join(' ')}`,
    `first weights  ${[...weights.subarray(0, 4)].join(' ')} …`,
    '',
    `roster         version ${roster.version}, members ${roster.members.join(' ')}, revoked none`,
    `signature      ${signature}`,
    '```',
  ].join('\n');
}

describe('docs/protocol.md on manifests and rosters', () => {
  it('shows the id, the first weights and the signature that the code makes', () => {
    const [, shown] = /<!-- manifest example -->\n([\s\S]*)\n<!-- \/manifest example -->/.exec(text) ?? [];
    assert.equal(shown, example(), 'replace the example in docs/protocol.md by the expected text');
  });

  it('names every key of a manifest, and the bounds', () => {
    const [, section = ''] = text.split('\n## Manifest\n');
    const [table = ''] = section.split('\n\n- ');
    const named = [...table.matchAll(/^\| ([a-z, ]+) \|/gm)].flatMap(([, keys]) => keys!.split(', '));
    assert.deepEqual(named.slice(1), Object.keys(manifestSchema.shape));
    for (const bound of [manifestBytesMax, featuresMax, rosterPeersMax])
      assert.ok(section.includes(bound.toLocaleString('en')), String(bound));
  });

  it('describes the first weights well enough to make them again', () => {
    const { federation, weights } = agreementOf(parseManifest(yaml, 'FILE'));
    const remade = firstWeights(Buffer.from(federation).toString('hex'), [4, 2, 4]);
    assert.deepEqual(weights, remade);
  });
});

/** The first weights by what docs/protocol.md says, in unsigned arithmetic of any size. */
function firstWeights(seed: string, widths: readonly number[]): Float32Array {
  const mask = 0xffff_ffffn;
  const hash = (salt: bigint): bigint => {
    let h = 0x811c9dc5n ^ salt;
    for (const byte of Buffer.from(seed)) h = ((h ^ BigInt(byte)) * 0x01000193n) & mask;
    h = ((h ^ (h >> 16n)) * 0x85ebca6bn) & mask;
    h = ((h ^ (h >> 13n)) * 0xc2b2ae35n) & mask;
    return h ^ (h >> 16n);
  };
  let [a, b, c, counter] = [hash(0x9e3779b9n), hash(0x85ebca6bn), hash(0xc2b2ae35n), 1n];
  const draw = (): number => {
    const t = (a + b + counter) & mask;
    counter = (counter + 1n) & mask;
    a = b ^ (b >> 9n);
    b = (c + (c << 3n)) & mask;
    c = (((c << 21n) | (c >> 11n)) + t) & mask;
    return Number(t);
  };
  for (let i = 0; i < 12; i++) draw();
  const weights: number[] = [];
  for (const [layer, outputs] of widths.slice(1).entries()) {
    const inputs = widths[layer]!;
    const limit = Math.sqrt(6 / (inputs + outputs));
    for (let i = 0; i < inputs * outputs; i++) weights.push(((2 * draw()) / 2 ** 32 - 1) * limit);
    for (let i = 0; i < outputs; i++) weights.push(0);
  }
  return Float32Array.from(weights);
}
