import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { loadScenario } from '../../src/scenario/load.ts';
import { parseOverrides, type ScenarioChanges } from '../../src/scenario/overrides.ts';

describe('changes from the command line', () => {
  let folder: string;
  let path: string;
  let bare: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-set-'));
    path = join(folder, 'wells.yaml');
    bare = join(folder, 'bare.yaml');
    await writeFile(bare, 'name: bare\ndata:\n  source: petrobras-3w\n');
    await writeFile(
      path,
      'name: wells\ndata:\n  source: petrobras-3w\nseeds: [5, 6]\nmodel:\n  hidden: [9, 3]\n  dropout: 0.5\n',
    );
  });
  after(() => rm(folder, { recursive: true }));

  const refuses = (changes: ScenarioChanges, message: string) =>
    assert.rejects(loadScenario(path, changes), { name: 'OperatorError', message });

  it('--set replaces one value and keeps the rest', async () => {
    const { model, federation } = await loadScenario(path, { set: ['model.dropout=0.1', 'federation.nodes=64'] });
    assert.deepEqual([model.dropout, model.hidden, federation.nodes], [0.1, [9, 3], 64]);
  });

  it('--set reads its value as YAML', async () => {
    const { model, federation, description } = await loadScenario(path, {
      set: ['model={hidden: [4]}', 'federation.heldOut=[WELL-00007]', 'description="a: b=c"'],
    });
    assert.deepEqual([model.hidden, federation.heldOut, description], [[4], ['WELL-00007'], 'a: b=c']);
  });

  it('--set reaches into a list by index, and one past its end adds to it', async () => {
    const { model } = await loadScenario(path, { set: ['model.hidden.0=7', 'model.hidden.2=8'] });
    assert.deepEqual(model.hidden, [7, 3, 8]);
  });

  it('--set of one item keeps the rest of a list that the file leaves at its default', async () => {
    const { model } = await loadScenario(bare, { set: ['model.hidden.1=4'] });
    assert.deepEqual(model.hidden, [64, 4, 64]);
  });

  it('--set of the same path twice keeps the later value', async () => {
    const { train } = await loadScenario(path, { set: ['train.rounds=2', 'train.rounds=3'] });
    assert.equal(train.rounds, 3);
  });

  it('--seed runs exactly that seed, and --seeds the first so many', async () => {
    assert.deepEqual((await loadScenario(path, { seed: 7 })).seeds, [7]);
    assert.deepEqual((await loadScenario(path, { seeds: 3 })).seeds, [1, 2, 3]);
    assert.deepEqual((await loadScenario(path)).seeds, [5, 6]);
  });

  it('--transport sets the transport', async () => {
    assert.equal((await loadScenario(path, { transport: 'memory' })).network.transport, 'memory');
  });

  it('a wrong change names its flag, what is wrong and the mend', async () => {
    const cases: [ScenarioChanges, string][] = [
      [
        { set: ['federation.node=64'] },
        "--set federation.node=64: federation.node is not a known key; did you mean 'nodes'?",
      ],
      [
        { set: ['federaton.nodes=64'] },
        "--set federaton.nodes=64: federaton is not a known key; did you mean 'federation'?",
      ],
      [
        { set: ['federation.nodes=many'] },
        "--set federation.nodes=many: federation.nodes is 'many'; it must be a whole number from 1 to 10000",
      ],
      [{ set: ['name.x=1'] }, "--set name.x=1: name is 'wells', a single value; set it with --set name=VALUE"],
      [
        { set: ['model.hidden.5=1'] },
        '--set model.hidden.5=1: model.hidden is a list of 2; give an index from 0 to 2 (the last adds one)',
      ],
      [
        { set: ['model.hidden.first=1'] },
        '--set model.hidden.first=1: model.hidden is a list of 2; give an index from 0 to 2 (the last adds one)',
      ],
      [{ set: ['nodes'] }, '--set nodes: write PATH=VALUE with a dotted path, such as --set federation.nodes=64'],
      [{ set: ['a..b=1'] }, '--set a..b=1: write PATH=VALUE with a dotted path, such as --set federation.nodes=64'],
      [
        { set: ['seeds=*all'] },
        '--set seeds=*all: the value is not YAML (Unresolved alias (the anchor must be set before the alias): all); quote it, or write a list as [1, 2]',
      ],
      [
        { set: ['seeds=[1'] },
        '--set seeds=[1: the value is not YAML (Flow sequence must end with a ]); quote it, or write a list as [1, 2]',
      ],
      [
        { set: ['evaluate.threshold.quantile=0.9'] },
        '--set evaluate.threshold.quantile=0.9: evaluate.threshold.method is missing; give one of quantile, sigma, pot',
      ],
      [
        { set: ['gossip.exchange=random', 'gossip.degree=3'] },
        '--set gossip.degree=3: gossip.degree would be ignored: it is for exchange mesh or pull; remove it, or choose exchange mesh or pull',
      ],
      [{ seed: -1 }, '--seed -1: seeds[0] is -1; it must be a whole number from 0 to 4294967295'],
      [{ seeds: 0 }, '--seeds 0: give a whole number of seeds between 1 and 100'],
    ];
    for (const [changes, message] of cases) await refuses(changes, message);
  });

  it('--set leaves a mistake of the file to the line of the file', async () => {
    const wrong = join(folder, 'wrong.yaml');
    await writeFile(wrong, 'name: wells\ndata:\n  source: petrobras-3w\ntrain:\n  round: 3\n');
    await assert.rejects(loadScenario(wrong, { set: ['train.batchSize=3'] }), {
      message: `${wrong}:5: train.round is not a known key; did you mean 'rounds'?`,
    });
  });

  it('--set cannot reach the prototype of an object', async () => {
    for (const set of ['__proto__.a=1', 'federation.ranges.__proto__=[0, 1]', 'data.constructor.prototype.a=1']) {
      await assert.rejects(loadScenario(path, { set: [set] }), { message: /is not a known key/ });
    }
    assert.equal(({} as Record<string, unknown>).a, undefined);
  });

  it('parseOverrides() gives overrides or an OperatorError for any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          assert.equal(parseOverrides({ set: [text] }).length, 1);
        } catch (error) {
          assert.equal((error as Error).name, 'OperatorError', String(error));
        }
      }),
    );
  });
});
