// Compressed updates in a whole run: which settings are refused, and what a simulated fleet sends.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { payloadBytesRange } from '../../src/gossip/compression/update-payload.ts';
import { payloadBytesOf } from '../../src/gossip/payload.ts';
import { weightShapes } from '../../src/model/weights.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { agreementOf } from '../../src/scenario/manifest.ts';
import { metricsEventSchema } from '../../src/scenario/results.ts';
import { runScenario } from '../../src/scenario/run.ts';

const scenarioFolder = fileURLToPath(new URL('../../scenarios/', import.meta.url));

describe('gossip.sparsifier', function () {
  this.timeout(60_000);
  let base: string;
  let runs = 0;

  before(async () => {
    base = await mkdtemp(join(tmpdir(), 'rumormill-compression-'));
  });
  after(() => rm(base, { recursive: true }));

  async function load(gossip: string) {
    const file = join(base, 'plant.yaml');
    await writeFile(file, `name: plant\ndata: { source: petrobras-3w }\ngossip: { ${gossip} }\n`);
    return loadScenario(file);
  }

  const refused: [what: string, gossip: string, sentence: RegExp][] = [
    [
      'a robust rule',
      'sparsifier: top-k, mixing: median, byzantine: 1',
      /:3: gossip\.sparsifier top-k cannot go with mixing median: .* bound on f liars .*; set gossip\.sparsifier: none, or mix by clipped$/,
    ],
    [
      'a merge that may leave its own model out',
      'sparsifier: random-k, mixing: limited-merge, ageGapMaxRounds: 2',
      /gossip\.sparsifier random-k cannot go with mixing limited-merge: .*; set gossip\.sparsifier: none, or mix by age-weighted$/,
    ],
    [
      'a share of what is not thinned out',
      'keep: 0.2',
      /gossip\.keep would be ignored: it is for sparsifier top-k or random-k; remove it, or choose sparsifier top-k or random-k$/,
    ],
    ['a share of nothing', 'sparsifier: top-k, keep: 0', /gossip\.keep is 0; it must be a number above 0/],
    [
      'a sparsifier that does not exist',
      'sparsifier: top',
      /gossip\.sparsifier is 'top'; it must be one of none, top-k, random-k$/,
    ],
  ];
  for (const [what, gossip, sentence] of refused) {
    it(`loadScenario() refuses it with ${what}`, () =>
      assert.rejects(load(gossip), (error: Error) => {
        assert.match(error.message, sentence);
        return error.name === 'OperatorError';
      }));
  }

  it('loadScenario() takes every pair of encoding and sparsifier, and its own resolved output', async () => {
    for (const encoding of ['float32', 'float16', 'int8']) {
      for (const sparsifier of ['top-k', 'random-k']) {
        const { gossip } = await load(
          `encoding: ${encoding}, sparsifier: ${sparsifier}, mixing: clipped, clipRadius: 1`,
        );
        assert.deepEqual([gossip.encoding, gossip.sparsifier, gossip.keep], [encoding, sparsifier, 0.1]);
        assert.deepEqual((await load(JSON.stringify(gossip).slice(1, -1))).gossip, gossip);
      }
    }
  });

  it('makes a federation of its own, and so does its share', async () => {
    const ids = [];
    for (const gossip of ['', 'encoding: float16', 'sparsifier: top-k', 'sparsifier: top-k, keep: 0.2']) {
      const { federation } = agreementOf(await load(gossip), ['pressure'], 1);
      ids.push(Buffer.from(federation).toString('hex'));
    }
    assert.equal(new Set(ids).size, ids.length);
  });

  async function run(...changes: string[]) {
    const scenario = await loadScenario(join(scenarioFolder, 'offshore-wells.yaml'), {
      set: [
        'network.transport=sim',
        'train.rounds=6',
        'federation.scaler=local',
        'expect=[]',
        'baselines=[]',
        ...changes,
      ],
      seeds: 1,
    });
    const folder = join(base, String(runs++));
    const summary = await runScenario(scenario, {
      folder,
      scenarioFolder,
      environment: {},
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    const lines = (await readFile(join(folder, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
    const traffic = lines.flatMap((line) => {
      const event = metricsEventSchema.parse(JSON.parse(line));
      return event.event === 'node-traffic' ? [event] : [];
    });
    const sum = (key: 'bytesSent' | 'updatesSent') => traffic.reduce((total, event) => total + event[key], 0);
    return { scenario, summary, bytes: sum('bytesSent'), updates: sum('updatesSent') };
  }

  it('goes over real streams too, with every sparsifier: no peer refuses what another sends', async () => {
    for (const [sparsifier, encoding, exchange] of [
      ['top-k', 'int8', 'pull'],
      ['random-k', 'float16', 'mesh'],
    ]) {
      const gossip = `gossip={sparsifier: ${sparsifier}, encoding: ${encoding}, exchange: ${exchange}}`;
      const wells = 'data.devices=[WELL-00001, WELL-00004, WELL-00005]';
      const { summary } = await run('network.transport=memory', 'federation.nodes=3', wells, gossip);
      const { rejected, rounds } = summary.gossip;
      assert.ok(rounds.mixed > 0);
      const odd = Object.keys(rejected).filter((code) => !['stale', 'duplicate', 'not-held'].includes(code));
      assert.deepEqual(odd, [], `${sparsifier}: ${JSON.stringify(rejected)}`);
    }
  });

  it('sends a tenth of the weights in the bytes of the layout, the same in each run', async () => {
    const sparse = ['gossip.encoding=int8', 'gossip.sparsifier=top-k', 'gossip.keep=0.1'];
    const [dense, one, two] = [await run(), await run(...sparse), await run(...sparse)];
    assert.match(one.summary.traceHash ?? '', /^[0-9a-f]{64}$/);
    assert.equal(one.summary.traceHash, two.summary.traceHash);
    assert.deepEqual(one.summary.gossip, two.summary.gossip);
    assert.deepEqual(one.summary.gossip.rejected, {});
    assert.equal(one.updates, dense.updates);

    // Seven sensors that are not stuck, four features of each.
    const shapes = weightShapes({ ...dense.scenario.model, features: 28 });
    const control = dense.bytes - dense.updates * payloadBytesOf(shapes, 'float32');
    const { min, max } = payloadBytesRange(shapes, { encoding: 'int8', sparsifier: 'top-k', keep: 0.1 });
    // Encoding and sparsifier take two bytes each in a header that has three shorter lengths.
    const payloads = one.bytes - control - one.updates;
    const bounds = [one.updates * min, one.updates * max] as const;
    assert.ok(payloads >= bounds[0] && payloads <= bounds[1], `${payloads} bytes, not ${bounds.join(' to ')}`);
    const share = one.bytes / dense.bytes;
    assert.ok(share < 0.05, `${share} of the bytes`);
  });
});
