import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRobust, mixingRuleNames } from '../../src/gossip/mixing.ts';
import { OperatorError } from '../../src/lib/errors.ts';
import { scenarioJsonSchema } from '../../src/scenario/json-schema.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import type { ScenarioChanges } from '../../src/scenario/overrides.ts';
import type { Scenario } from '../../src/scenario/schema.ts';

const start = 'name: wells\ndata:\n  source: petrobras-3w\n';
let folder: string;

/** Loads `yaml` from a file that messages call FILE. */
async function load(yaml: string | Uint8Array, changes: ScenarioChanges = {}): Promise<Scenario> {
  const path = join(folder, 'FILE');
  await writeFile(path, yaml);
  try {
    return await loadScenario(path, changes);
  } catch (error) {
    if (error instanceof OperatorError) error.message = error.message.replaceAll(path, 'FILE');
    throw error;
  }
}

async function refuses(yaml: string | Uint8Array, message: string, changes: ScenarioChanges = {}): Promise<void> {
  await assert.rejects(load(yaml, changes), { name: 'OperatorError', message });
}

describe('loadScenario()', () => {
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-load-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('loadScenario() fills in every default', async () => {
    const scenario = await load(start);
    assert.deepEqual(scenario.model.hidden, [64, 8, 64]);
    assert.deepEqual(scenario.evaluate.threshold, { method: 'quantile', quantile: 0.99 });
    assert.equal(scenario.network.transport, 'tcp');
  });

  it('loadScenario() takes its own resolved output back unchanged', async () => {
    const scenario = await load(start);
    assert.deepEqual(await load(JSON.stringify(scenario)), scenario);
  });

  it('loadScenario() resolves anchors, aliases and merge keys', async () => {
    const scenario = await load(`${start}  sensors: &s [P-TPT]\n  ignore: []\ntrain: &t\n  rounds: 3\n`);
    assert.deepEqual(scenario.data.sensors, ['P-TPT']);
    const merged = await load(`name: &n a\ndescription: *n\ndata: { <<: { source: petrobras-3w } }\n`);
    assert.equal(merged.description, 'a');
    assert.equal(merged.data.source, 'petrobras-3w');
  });

  describe('the file', () => {
    it('loadScenario() says that a file does not exist', async () => {
      const path = join(folder, 'absent.yaml');
      await assert.rejects(loadScenario(path), {
        name: 'OperatorError',
        message: `${path} does not exist; give a scenario file`,
      });
    });

    it('loadScenario() says that it was given a folder', async () => {
      await assert.rejects(loadScenario(folder), { message: `${folder} is a folder; give a scenario file in it` });
    });

    it('loadScenario() says that a file is empty, or has only comments', async () => {
      await refuses('', 'FILE is empty; a scenario needs at least name and data');
      await refuses('# later\n', 'FILE is empty; a scenario needs at least name and data');
    });

    it('loadScenario() refuses bytes that are not text, and a file too large to be a scenario', async () => {
      await refuses(Uint8Array.of(0x1f, 0x8b, 8, 0xff), 'FILE is not text in UTF-8; give a YAML file');
      await refuses(
        new Uint8Array(1024 * 1024 + 1),
        "FILE has 1048577 bytes, more than a scenario file's 1048576; give the YAML file",
      );
    });

    it('loadScenario() names the line of a YAML mistake', async () => {
      await refuses(
        `${start}train: {rounds: 3\nseeds: [1]\n`,
        'FILE:5:1: this is not YAML: Flow map in block collection must be sufficiently indented and end with a }; mend it here or just above',
      );
      await refuses(`${start}name: b\n`, 'FILE:4:1: the same key stands twice in one mapping; remove one');
      await refuses(`${start}seeds: *s\n`, 'FILE:4: nothing above has the anchor &s; set it before this alias');
      await refuses(`${start}---\nname: b\n`, 'FILE:4:1: a second YAML document begins; leave one in the file');
      await refuses('- name\n', 'FILE:1: the file is not a mapping of keys to values; start with name: and data:');
    });

    it('loadScenario() refuses aliases that grow without bound', async () => {
      const bomb = ['a: &a [x, x, x, x, x, x, x, x]'];
      for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef'].map((pair) => [...pair])) {
        bomb.push(`${to}: &${to} [${Array(8).fill(`*${from}`).join(', ')}]`);
      }
      await assert.rejects(load(bomb.join('\n')), { name: 'OperatorError', message: /^FILE: the aliases in the YAML/ });
    });
  });

  describe('keys and values', () => {
    it('loadScenario() names the line and the nearest key when a key is unknown', async () => {
      await refuses(
        `${start}federation:\n  node: 3\n`,
        "FILE:5: federation.node is not a known key; did you mean 'nodes'?",
      );
    });

    it('loadScenario() lists the known keys when none is near, of the chosen option only', async () => {
      await refuses(
        `${start}evaluate:\n  threshold:\n    method: sigma\n    quantile: 0.9\n`,
        'FILE:7: evaluate.threshold.quantile is not a known key; known here: method, sigmas',
      );
    });

    it('loadScenario() says the range, the type, or the allowed values', async () => {
      const cases: [string, string][] = [
        ['train: { rounds: 0 }', 'train.rounds is 0; it must be a whole number from 1 to 100000'],
        ['gossip: { roundTimeoutMs: 0 }', 'gossip.roundTimeoutMs is 0; it must be a whole number from 1 to 3600000'],
        ['train: { rounds: 1.5 }', 'train.rounds is 1.5; it must be a whole number from 1 to 100000'],
        ['train: { rounds: many }', "train.rounds is 'many'; it must be a whole number from 1 to 100000"],
        ['train: { learningRate: 0 }', 'train.learningRate is 0; it must be a number above 0 and at most 10'],
        ['train: { engine: tfjs-wasn }', "train.engine is 'tfjs-wasn'; did you mean 'tfjs-wasm'?"],
        [
          'train: { engine: 7 }',
          'train.engine is 7; it must be one of simd, simd-plain, tfjs, tfjs-node, tfjs-wasm, tfjs-cpu',
        ],
        ['train:', 'train is empty; it must be a mapping of keys to values'],
        ['train: { rounds: .nan }', 'train.rounds is NaN; it must be a whole number from 1 to 100000'],
        ['model: { l2: .inf }', 'model.l2 is Infinity; it must be a number from 0 to 1'],
        ['seeds: []', 'seeds is an empty list; it must be a list of 1 to 100'],
        ['description: 3', 'description is 3; it must be text; quote it if it looks like a number'],
        ['federation: { ranges: { P: [1] } }', 'federation.ranges.P is a list of 1; it must be a list of 2'],
        [
          'evaluate: { threshold: { quantile: 0.9 } }',
          'evaluate.threshold.method is missing; give one of quantile, sigma, pot',
        ],
      ];
      for (const [line, message] of cases) await refuses(`${start}${line}\n`, `FILE:4: ${message}`);
    });

    it('loadScenario() says only the lower bound where a number has no upper one', async () => {
      await refuses(
        `${start}  window: { length: 0 }\n`,
        'FILE:4: data.window.length is 0; it must be a whole number at least 1',
      );
    });

    it('loadScenario() names a list item by its own line', async () => {
      await refuses(
        `${start}model:\n  hidden:\n    - 8\n    - a\n`,
        "FILE:7: model.hidden[1] is 'a'; it must be a whole number from 1 to 4096",
      );
    });

    it('loadScenario() reports every problem, one a line, in the order of the file, and at most ten', async () => {
      await refuses(
        'name: A b\nfederaton: 1\ndata: {}\n',
        "FILE:1: name is 'A b'; it must be lower-case words joined by hyphens\n" +
          "FILE:2: federaton is not a known key; did you mean 'federation'?\n" +
          'FILE:3: data.source is missing; give one of petrobras-3w, csv, synthetic',
      );
      const many = Array.from({ length: 14 }, (_, index) => `k${index}: 1\n`).join('');
      await assert.rejects(load(start + many), /(FILE:\d+: .*\n){10}and 4 more$/);
    });

    it('loadScenario() shows a value on one line and without control characters', async () => {
      await assert.rejects(load(`${start}train: { engine: "\\e[2Jx\\ny" }\n`), (error: Error) => {
        assert.match(error.message, /train\.engine is ' \[2Jx y'/);
        return true;
      });
    });
  });

  describe('combinations', () => {
    const cases: [string, string, string, ScenarioChanges?][] = [
      [
        'a csv source without a path',
        'name: a\ndata:\n  source: csv\n',
        'FILE:2: data.path is missing; source csv needs a .csv or .csv.gz file, or a folder of them',
      ],
      [
        'a path for the embedded data',
        `${start}  path: x.csv\n`,
        'FILE:4: data.path is for source csv, and petrobras-3w is embedded; remove it, or set data.source: csv',
      ],
      [
        'a path for a made-up fleet',
        'name: a\ndata:\n  source: synthetic\n  path: x.csv\n',
        'FILE:4: data.path is for source csv, and synthetic reads no file; remove it, or set data.source: csv',
      ],
      [
        'the size of a made-up fleet for another source',
        `${start}  machines: 9\n  samplesPerRecording: 60\n`,
        'FILE:4: data.machines would be ignored: it is for source synthetic; remove it, or choose source synthetic\n' +
          'FILE:5: data.samplesPerRecording would be ignored: it is for source synthetic; remove it, or choose source synthetic',
      ],
      [
        'columns to ignore in a made-up fleet',
        'name: a\ndata:\n  source: synthetic\n  ignore: [speed]\n',
        'FILE:4: data.ignore would be ignored: it is for source csv; remove it, or choose source csv',
      ],
      [
        'alpha for a partition without one',
        `${start}federation:\n  partition: iid\n  alpha: 0.1\n`,
        'FILE:6: federation.alpha would be ignored: it is for partition dirichlet or quantity; remove it, or choose partition dirichlet or quantity',
      ],
      [
        'split shares that leave no test data',
        `${start}  split:\n    train: 0.8\n    validate: 0.2\n`,
        'FILE:4: data.split leaves nothing to test on: train 0.8 and validate 0.2 must add to less than 1',
      ],
      [
        'no held-out normal data',
        `${start}  split: { validate: 0 }\n`,
        'FILE:4: data.split.validate is 0: the threshold needs normal data held out; raise it',
      ],
      [
        'a fixed scaler without ranges',
        `${start}federation:\n  scaler: fixed\n`,
        'FILE:5: federation.scaler fixed needs federation.ranges; give the lowest and highest value of each sensor',
      ],
      [
        'ranges without a fixed scaler',
        `${start}federation:\n  ranges: { P-PDG: [0, 1] }\n`,
        'FILE:5: federation.ranges is for scaler fixed, not federated; remove it, or set federation.scaler: fixed',
      ],
      [
        'a range upside down',
        `${start}federation:\n  scaler: fixed\n  ranges:\n    P-PDG: [2, 1]\n`,
        'FILE:7: federation.ranges.P-PDG is [2, 1]; give the lower value first, and two that differ',
      ],
      [
        'a federated scaler with an output that is not linear',
        `${start}model:\n  outputActivation: tanh\n`,
        'FILE:5: model.outputActivation tanh cannot go with federation.scaler federated: when the shared scaler changes, only a linear output can be adjusted exactly; use linear, or scaler local or fixed',
      ],
      [
        'a held-out device that is not used',
        `${start}  devices: [a, b]\nfederation:\n  heldOut: [c]\n`,
        "FILE:6: federation.heldOut names 'c', which is not in data.devices; add it there, or remove it here",
      ],
      [
        'holding every device out',
        `${start}  devices: [a]\nfederation:\n  heldOut: [a]\n`,
        'FILE:6: federation.heldOut holds out every device; leave one to train on',
      ],
      [
        'a name twice',
        `${start}federation:\n  heldOut: [a, a]\n`,
        "FILE:5: federation.heldOut names 'a' twice; remove one",
      ],
      ['a seed twice', `${start}seeds: [1, 1]\n`, 'FILE:4: seeds names 1 twice; remove one'],
      [
        'fedavg-all without broadcast',
        `${start}gossip:\n  mixing: fedavg-all\n`,
        "FILE:5: gossip.mixing fedavg-all cannot go with exchange mesh: it averages every node's update, and only broadcast brings them all; set gossip.exchange: broadcast, or mix by metropolis or epidemic",
      ],
      [
        'a robust rule that is not told how many lie',
        `${start}gossip:\n  mixing: krum\n`,
        'FILE:5: gossip.mixing krum needs gossip.byzantine, which has no default; say how many of the updates at hand may be lies',
      ],
      [
        'clipping without a radius',
        `${start}gossip:\n  mixing: clipped\n`,
        'FILE:5: gossip.mixing clipped needs gossip.clipRadius, which has no default; say how far one update may draw, as a distance between weights',
      ],
      [
        'a limited merge without a limit',
        `${start}gossip:\n  mixing: limited-merge\n`,
        'FILE:5: gossip.mixing limited-merge needs gossip.ageGapMaxRounds, which has no default; say how many rounds behind the oldest model is too young',
      ],
      [
        'merges by age where all are of one age',
        `${start}gossip:\n  mixing: age-weighted\n  rounds: synchronous\n`,
        'FILE:5: gossip.mixing age-weighted cannot go with rounds synchronous: there all models have the same age, so it would be their plain mean; set gossip.mixing: epidemic, or rounds: barrier-free',
      ],
      [
        'Krum where the mesh brings too few, D + 1 < 2f + 3',
        `${start}gossip:\n  mixing: krum\n  byzantine: 3\n`,
        "FILE:6: gossip.mixing krum with byzantine 3 needs 8 updates a round besides a node's own model, and degree 6 brings about 6; raise gossip.degree to at least 8, or lower gossip.byzantine to at most 2",
      ],
      [
        'a trimmed mean that would trim everything, 2f >= s + 1',
        `${start}gossip:\n  mixing: trimmed-mean\n  byzantine: 3\n  exchange: random\n`,
        "FILE:6: gossip.mixing trimmed-mean with byzantine 3 needs 6 updates a round besides a node's own model, and fanout 4 brings about 4; raise gossip.fanout to at least 6, or lower gossip.byzantine to at most 2",
      ],
      [
        'a robust rule among too few nodes',
        `${start}federation:\n  nodes: 4\ngossip:\n  mixing: median\n  byzantine: 2\n  exchange: broadcast\n`,
        "FILE:8: gossip.mixing median with byzantine 2 needs 4 updates a round besides a node's own model, and 4 nodes bring at most 3; take at least 5 nodes, or lower gossip.byzantine to at most 1",
      ],
      [
        'a robust rule among too few devices on too small a mesh',
        `${start}  devices: [a, b, c]\nfederation:\n  heldOut: [c]\ngossip:\n  mixing: nnm+krum\n  byzantine: 0\n  degree: 1\n`,
        "FILE:9: gossip.mixing nnm+krum with byzantine 0 needs 2 updates a round besides a node's own model, and degree 1 brings about 1 and 2 nodes bring at most 1; raise gossip.degree to at least 2 and take at least 3 nodes, or mix by a rule that needs fewer",
      ],
      [
        'a number of liars for a rule that withstands none',
        `${start}gossip:\n  byzantine: 1\n`,
        'FILE:5: gossip.byzantine would be ignored: it is for a robust mixing rule such as trimmed-mean; remove it, or choose a robust mixing rule such as trimmed-mean',
      ],
      [
        'a radius for a rule that clips nothing',
        `${start}gossip:\n  mixing: median\n  byzantine: 1\n  clipRadius: 2\n`,
        'FILE:7: gossip.clipRadius would be ignored: it is for mixing clipped; remove it, or choose mixing clipped',
      ],
      [
        'a limit of ages for a rule that has none',
        `${start}gossip:\n  mixing: age-weighted\n  ageGapMaxRounds: 2\n`,
        'FILE:6: gossip.ageGapMaxRounds would be ignored: it is for mixing limited-merge; remove it, or choose mixing limited-merge',
      ],
      [
        'synchronous rounds with random peers',
        `${start}gossip:\n  exchange: random\n  rounds: synchronous\n`,
        'FILE:6: gossip.rounds synchronous cannot go with exchange random: a node cannot know which peers will push to it, so it cannot wait for them; use rounds: barrier-free, or exchange mesh',
      ],
      [
        'a key that would be ignored',
        `${start}gossip:\n  fanout: 8\n`,
        'FILE:5: gossip.fanout would be ignored: it is for exchange random; remove it, or choose exchange random',
      ],
      [
        'a risk above the tail',
        `${start}evaluate:\n  threshold: { method: pot, risk: 0.2 }\n`,
        'FILE:5: evaluate.threshold has risk 0.2, which must be below 1 − initialQuantile; lower one of them',
      ],
      [
        'a claim without a number',
        `${start}expect:\n  - gap.local.own.f1 <= 1\n  - better\n`,
        "FILE:6: 'better' is not a claim; write a path, one of <= < >= > ==, and a number, such as 'gap.centralised.own.auroc <= 0.01'",
      ],
    ];
    it('loadScenario() accepts alpha for both uneven partitions, and a fleet of any size', async () => {
      for (const partition of ['dirichlet', 'quantity']) {
        const yaml = `name: a\ndata: { source: synthetic, machines: 9 }\nfederation: { partition: ${partition}, alpha: 0.1 }\n`;
        const { federation, data } = await load(yaml);
        assert.deepEqual([federation.alpha, data.machines, data.recordings], [0.1, 9, 20]);
      }
    });

    it('loadScenario() accepts a key of a choice where that choice was made', async () => {
      const { gossip } = await load(`${start}gossip: { exchange: random, fanout: 8 }\n`);
      assert.equal(gossip.fanout, 8);
    });

    it('loadScenario() accepts every mixing rule with what it needs', async () => {
      for (const mixing of mixingRuleNames) {
        const robust = isRobust(mixing) ? 'byzantine: 2, ' : '';
        const clipped = mixing === 'clipped' ? 'clipRadius: 0.5, ' : '';
        const limited = mixing === 'limited-merge' ? 'ageGapMaxRounds: 0, ' : '';
        const broadcast = mixing === 'fedavg-all' ? 'exchange: broadcast, ' : '';
        const synchronous = mixing === 'graph' ? 'rounds: synchronous, ' : '';
        const network = mixing === 'graph' ? 'network: { transport: sim, topology: { kind: base, degree: 1 } }\n' : '';
        const { gossip } = await load(
          `${start}${network}gossip: { ${robust}${clipped}${limited}${broadcast}${synchronous}mixing: ${mixing} }\n`,
        );
        assert.equal(gossip.mixing, mixing);
      }
    });

    for (const [what, yaml, message] of cases) {
      it(`loadScenario() refuses ${what}`, () => refuses(yaml, message));
    }
  });

  describe('the scenarios that ship', () => {
    it('loadScenario() accepts each of them', async () => {
      const shipped = fileURLToPath(new URL('../../scenarios/', import.meta.url));
      const files = (await readdir(shipped)).filter((file) => file.endsWith('.yaml'));
      assert.ok(files.includes('offshore-wells.yaml'));
      for (const file of files) {
        const scenario = await loadScenario(join(shipped, file));
        assert.equal(`${scenario.name}.yaml`, file);
      }
    });
  });
});

describe('scenarioJsonSchema()', () => {
  it('scenarioJsonSchema() asks only for what has no default, and allows no other key', () => {
    const schema = scenarioJsonSchema();
    assert.deepEqual(schema.required, ['name', 'data']);
    assert.equal(schema.additionalProperties, false);
    assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
  });

  it('scenarioJsonSchema() carries the descriptions of keys', () => {
    assert.match(JSON.stringify(scenarioJsonSchema()), /petrobras-3w is embedded; csv reads path/);
  });
});
