// Manifests: defaults, wrong keys with their line, what changes the id and what does not, and manifests from peers.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Document, isMap, isSeq, type Node, visit } from 'yaml';
import { federationId, type JsonValue } from '../../src/gossip/manifest.ts';
import { PeerError, type PeerErrorCode } from '../../src/gossip/peer-error.ts';
import { OperatorError } from '../../src/lib/errors.ts';
import { weightCount } from '../../src/model/weights.ts';
import {
  agreementOf,
  manifestBytesMax,
  manifestFromPeer,
  parseManifest,
  readManifest,
} from '../../src/node/manifest.ts';
import { manifestJsonSchema, manifestSchema } from '../../src/node/manifest-schema.ts';
import { createOwnerKey } from '../../src/node/owner-key.ts';

const start = `rumormill: 1
name: pumps
sensors:
  - name: pressure
    unit: bar
    range: [0, 10]
  - name: flow
sampling:
  intervalMs: 1000
window: { length: 60, stride: 30 }
`;
const parse = (text: string) => parseManifest(text, 'FILE');
const idOf = (text: string) => Buffer.from(agreementOf(parse(text)).federation).toString('hex');
const encode = (text: string) => new TextEncoder().encode(text);

function refuses(text: string, message: string | RegExp): void {
  assert.throws(() => parse(text), { name: 'OperatorError', message });
}

describe('parseManifest()', () => {
  it('parseManifest() leaves out what is local to a gateway, and has no owner unless given', () => {
    const manifest = parse(start);
    assert.equal(manifest.owner, undefined);
    assert.ok(!('engine' in manifest.train) && !('rounds' in manifest.train) && !('workers' in manifest.train));
  });

  // A failure here means that gateways of two releases would mean different things by one federation id.
  it('parseManifest() has the defaults of version 1 for ever', () => {
    const { canonical, ...settings } = parse(start);
    assert.equal(
      JSON.stringify(settings),
      JSON.stringify({
        rumormill: 1,
        name: 'pumps',
        sensors: [{ name: 'pressure', unit: 'bar', range: [0, 10] }, { name: 'flow' }],
        sampling: { intervalMs: 1000, holdMs: 0, latenessMs: 2000 },
        window: { length: 60, stride: 30 },
        features: 'summary',
        model: { hidden: [64, 8, 64], activation: 'tanh', outputActivation: 'linear', noise: 0, dropout: 0, l2: 0 },
        train: {
          optimiser: 'adam',
          learningRate: 0.001,
          learningRateDecay: 0,
          momentum: 0.9,
          weightDecay: 0,
          clipNorm: 0,
          batchSize: 32,
          stepsPerRound: 20,
        },
        gossip: {
          exchange: 'mesh',
          mixing: 'metropolis',
          rounds: 'barrier-free',
          encoding: 'float32',
          sparsifier: 'none',
          keep: 0.1,
          degree: 6,
          fanout: 4,
          stalenessMaxRounds: 3,
          roundTimeoutMs: 10_000,
          roundIntervalMs: 10_000,
        },
        scaler: 'federated',
        threshold: { method: 'pot', initialQuantile: 0.9, risk: 0.0001 },
      }),
    );
    assert.deepEqual(parse(`${start}threshold: { method: sigma }\n`).threshold, { method: 'sigma', sigmas: 3 });
    assert.deepEqual(parse(`${start}threshold: { method: pot }\n`).threshold, {
      method: 'pot',
      initialQuantile: 0.9,
      risk: 0.001,
    });
    assert.equal(
      canonical,
      '{"name":"pumps","rumormill":1,"sampling":{"intervalMs":1000},"sensors":[{"name":"pressure","range":[0,10],"unit":"bar"},{"name":"flow"}],"window":{"length":60,"stride":30}}',
    );
  });

  it('parseManifest() takes every way to mix that works on a live network', () => {
    for (const gossip of [
      'mixing: push-sum',
      'mixing: clipped\n  clipRadius: 1',
      'mixing: trimmed-mean\n  byzantine: 1',
      'mixing: loss-weighted',
      'rounds: synchronous\n  roundTimeoutMs: 5000',
      'exchange: random\n  fanout: 3',
    ]) {
      assert.doesNotThrow(() => parse(`${start}gossip:\n  ${gossip}\n`), gossip);
    }
    const { publicKey } = createOwnerKey();
    assert.equal(parse(`${start}owner: ${publicKey}\n`).owner, publicKey);
  });

  const wrong: [what: string, text: string, message: string | RegExp][] = [
    ['an unknown key', `${start}scalar: local\n`, "FILE:11: scalar is not a known key; did you mean 'scaler'?"],
    [
      'a number of rounds, since a gateway has no last one',
      `${start}train:\n  rounds: 5\n`,
      /^FILE:12: train\.rounds is not a known key/,
    ],
    ['another version', start.replace('rumormill: 1', 'rumormill: 2'), /^FILE:1: rumormill is 2; it must be .*1$/],
    ['no version', start.replace('rumormill: 1\n', ''), /^FILE:1: rumormill is missing/],
    ['no sensors', start.replace(/sensors:[\s\S]*flow\n/, 'sensors: []\n'), /^FILE:3: sensors is an empty list/],
    [
      'an empty sensor name',
      start.replace('flow', "''"),
      /^FILE:7: sensors\[1\]\.name is ''; it must be text on one line/,
    ],
    [
      'half a surrogate pair',
      start.replace('flow', '"\\ud800"'),
      /^FILE:7: sensors\[1\]\.name is .* must be text on one line/,
    ],
    [
      'a sensor twice',
      start.replace('flow', 'pressure'),
      "FILE:7: sensors[1].name is 'pressure', as that of sensors[0]; remove one, or rename it",
    ],
    [
      'a sensor with the name of a feature',
      start.replace('flow', 'pressure.mean'),
      "FILE:7: sensors[1].name is 'pressure.mean', which is also what a feature of another sensor is called; rename it",
    ],
    [
      'a range upside down',
      start.replace('[0, 10]', '[10, 0]'),
      'FILE:6: sensors[0].range is [10, 0]; give the lower value first, and two that differ',
    ],
    [
      'a range that is too wide for a number',
      start.replace('[0, 10]', '[-1.7e308, 1.7e308]'),
      /^FILE:6: sensors\[0\]\.range/,
    ],
    [
      'fixed scaling without a range',
      `${start}scaler: fixed\n`,
      /^FILE:7: sensors\[1\]\.range is missing, and scaler fixed scales by it; add .* 'flow'/,
    ],
    [
      'a summary of two rows',
      start.replace('length: 60', 'length: 2'),
      /^FILE:10: window\.length is 2, and features summary/,
    ],
    [
      'too many features',
      `${start.replace('length: 60', 'length: 3000')}features: raw\n`,
      /^FILE:11: features raw gives 6000 features of a window, more than 4096; set features: summary/,
    ],
    ['choco', `${start}gossip:\n  mixing: choco\n`, /^FILE:12: gossip\.mixing choco is for simulations only: the mesh/],
    ['graph', `${start}gossip:\n  mixing: graph\n`, /^FILE:12: gossip\.mixing graph is for simulations only/],
    [
      'a robust rule that is too large for the degree',
      `${start}gossip:\n  mixing: krum\n  byzantine: 4\n`,
      /^FILE:13: gossip\.mixing krum with byzantine 4 needs 10 updates.*degree 6 brings about 6; raise gossip\.degree/,
    ],
    [
      'a key that another setting makes idle',
      `${start}gossip:\n  fanout: 5\n`,
      'FILE:12: gossip.fanout would be ignored: it is for exchange random; remove it, or choose exchange random',
    ],
    [
      'momentum without SGD',
      `${start}train:\n  momentum: 0.5\n`,
      'FILE:12: train.momentum would be ignored: it is for optimiser sgd; remove it, or choose optimiser sgd',
    ],
    [
      'push-sum over another exchange',
      `${start}gossip:\n  mixing: push-sum\n  exchange: pull\n`,
      /^FILE:12: gossip\.mixing push-sum cannot go with exchange pull/,
    ],
    [
      'a shared scaler under a bent output',
      `${start}model:\n  outputActivation: tanh\n`,
      /^FILE:12: model\.outputActivation tanh cannot go with scaler federated/,
    ],
    [
      'a model that is too large to broadcast',
      `${start}model:\n  hidden: [4096]\ngossip:\n  exchange: broadcast\n`,
      /^FILE:14: gossip\.exchange broadcast: an update of \d+ bytes is more than the 262144/,
    ],
    [
      'a threshold that cannot be',
      `${start}threshold:\n  method: pot\n  risk: 0.5\n`,
      /^FILE:11: threshold has risk 0\.5, which must be below/,
    ],
    ['an owner that is no key', `${start}owner: me\n`, /^FILE:11: owner is 'me'; it must be the public key that/],
    ['YAML that is wrong', `${start}model: [\n`, /^FILE:12:1: this is not YAML/],
    ['nothing', '', 'FILE is empty; a federation needs at least rumormill and sensors'],
  ];
  for (const [what, text, message] of wrong) {
    it(`parseManifest() refuses ${what}, with the line`, () => refuses(text, message));
  }

  it('parseManifest() refuses keys that belong to every object of JavaScript', () => {
    for (const key of ['__proto__', 'constructor', 'toString']) refuses(`${start}${key}: {}\n`, /is not a known key/);
  });

  it('parseManifest() refuses a manifest that is too large for peers to pass on', () => {
    const long = (i: number) => `  - name: ${'\u{1f3ed}'.repeat(60)}${i}\n    unit: ${'\u{1f3ed}'.repeat(16)}\n`;
    const sensors = Array.from({ length: 1000 }, (_, i) => long(i)).join('');
    refuses(
      start.replace(/sensors:[\s\S]*flow\n/, `sensors:\n${sensors}`),
      /^FILE has \d+ bytes without its comments, more than/,
    );
  });

  it('readManifest() names a file that is not there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rumormill-manifest-'));
    const path = join(folder, 'federation.yaml');
    await assert.rejects(readManifest(path), { message: `${path} does not exist; give a federation file` });
    await writeFile(path, start);
    assert.equal((await readManifest(path)).name, 'pumps');
    await rm(folder, { recursive: true });
  });
});

/** A manifest with some keys left out and some given. */
const tree = fc.record(
  {
    rumormill: fc.constant(1),
    name: fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/),
    sensors: fc.uniqueArray(
      fc.record(
        {
          name: fc.stringMatching(/^[A-Za-zäöü°µ][A-Za-z0-9 #:{}_-]{0,6}[A-Za-z0-9]$/),
          unit: fc.constantFrom('bar', '°C', '%', 'm³/h', 'null', '1e3'),
          range: fc.tuple(fc.double({ min: -1e9, max: 0, noNaN: true }), fc.double({ min: 1, max: 1e9, noNaN: true })),
        },
        { requiredKeys: ['name'] },
      ),
      { minLength: 1, maxLength: 5, selector: ({ name }) => name },
    ),
    sampling: fc.record(
      { intervalMs: fc.integer({ min: 1, max: 60_000 }), holdMs: fc.integer({ min: 0, max: 60_000 }) },
      { requiredKeys: ['intervalMs'] },
    ),
    window: fc.record({ length: fc.integer({ min: 3, max: 60 }), stride: fc.integer({ min: 1, max: 60 }) }),
    features: fc.constantFrom('raw', 'summary'),
    model: fc.record({ hidden: fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 3 }) }),
    train: fc.record({ learningRate: fc.double({ min: 1e-6, max: 1, noNaN: true }) }),
    gossip: fc.record({ stalenessMaxRounds: fc.nat({ max: 10 }) }),
  },
  { requiredKeys: ['rumormill', 'name', 'sensors', 'sampling', 'window'] },
);

/** The same value in another YAML spelling: comments, blank lines, flow or block, keys in another order. */
function spelled(value: unknown, seed: number): string {
  const document = new Document(value);
  let state = seed;
  const flip = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state > 0x7fff_ffff;
  };
  visit(document, (_, node) => {
    if (!isMap(node) && !isSeq(node)) return;
    if (isMap(node) && flip()) node.items.reverse();
    if (flip()) node.flow = true;
    if (flip()) (node as Node).commentBefore = ' why this is so';
  });
  document.commentBefore = ' a federation: with a comment';
  return `${document.toString()}# the end\n`;
}

describe('the federation id', () => {
  it('does not change with comments, order of keys and spelling, for any manifest', () => {
    fc.assert(
      fc.property(tree, fc.nat(), (value, seed) => {
        const expected = Buffer.from(federationId(value as unknown as JsonValue)).toString('hex');
        assert.equal(idOf(JSON.stringify(value)), expected);
        assert.equal(idOf(spelled(value, seed)), expected);
      }),
      { numRuns: 100 },
    );
  });

  it('changes with every value, with the order of sensors, and with a default that is written out', () => {
    const texts = [
      start,
      start.replace('pumps', 'pump'),
      start.replace('bar', 'psi'),
      start.replace('[0, 10]', '[0, 11]'),
      start.replace('stride: 30', 'stride: 31'),
      start.replace('  - name: flow\n', '').replace('sensors:\n', 'sensors:\n  - name: flow\n'),
      `${start}features: summary\n`,
    ];
    assert.equal(new Set(texts.map(idOf)).size, texts.length);
  });
});

describe('agreementOf()', () => {
  it('agreementOf() gives features, spec and first weights that follow from the id', () => {
    const { features, spec, weights, settings, federation, canonical, scale } = agreementOf(parse(start));
    assert.deepEqual(features.slice(0, 5), [
      'pressure.mean',
      'pressure.deviation',
      'pressure.slope',
      'pressure.residual',
      'flow.mean',
    ]);
    assert.equal(spec.features, 8);
    assert.equal(weights.length, weightCount(spec));
    assert.equal(settings.learningRate, 0.001);
    assert.equal(federation.length, 32);
    assert.equal(scale, undefined);
    assert.deepEqual(agreementOf(manifestFromPeer(encode(canonical), federation)).weights, weights);
    assert.notDeepEqual(agreementOf(parse(start.replace('pumps', 'pump'))).weights, weights);
  });

  it('agreementOf() gives the scaler fixed its scale: a range for means, one around 0 for the rest', () => {
    const { scale } = agreementOf(
      parse(`${start.replace('- name: flow', '- {name: flow, range: [2, 4]}')}scaler: fixed\n`),
    );
    assert.deepEqual([...scale!.mean], [5, 0, 0, 0, 3, 0, 0, 0]);
    assert.deepEqual([...scale!.deviation], [5, 5, 5, 5, 1, 1, 1, 1]);
  });
});

describe('manifestFromPeer()', () => {
  const { canonical, federation } = agreementOf(parse(start));

  function refusesPeer(bytes: Uint8Array, code: PeerErrorCode, id = federation): void {
    assert.throws(
      () => manifestFromPeer(bytes, id),
      (error) => error instanceof PeerError && error.code === code,
    );
  }

  it('manifestFromPeer() gives what the file gave', () => {
    assert.deepEqual(manifestFromPeer(encode(canonical), federation), parse(start));
  });

  it('manifestFromPeer() refuses any other bytes with a PeerError', () => {
    fc.assert(
      fc.property(fc.nat({ max: canonical.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = encode(canonical);
        changed[at] = changed[at]! ^ flip;
        refusesPeer(changed, 'wrong-digest');
        refusesPeer(changed.slice(0, at), 'wrong-digest');
      }),
    );
    refusesPeer(new Uint8Array(manifestBytesMax + 1), 'too-large');
  });

  it('manifestFromPeer() says what stands in the way where the manifest is the right one and cannot be used', () => {
    const refusesUse = (text: string, why: RegExp) =>
      assert.throws(
        () => manifestFromPeer(encode(text), federationOfText(text)),
        (error) => error instanceof OperatorError && why.test(error.message) && !error.message.includes('\n'),
      );
    refusesUse(
      canonical.replace('"rumormill":1', '"rumormill":2'),
      /cannot be used: rumormill is 2; .*install the release/,
    );
    refusesUse(`${canonical} `, /not in canonical form/);
    refusesUse('{', /not JSON/);
    refusesUse('[]', /cannot be used/);
  });
});

function federationOfText(text: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(text).digest());
}

describe('manifestJsonSchema()', () => {
  it('manifestJsonSchema() asks for what has no default, and knows every key', () => {
    const schema = manifestJsonSchema();
    assert.deepEqual(schema.required, ['rumormill', 'name', 'sensors', 'sampling', 'window']);
    assert.deepEqual(Object.keys(schema.properties ?? {}), Object.keys(manifestSchema.shape));
  });
});
