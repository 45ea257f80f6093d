import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperatorError } from '../../src/lib/errors.ts';
import { loadScenario } from '../../src/scenario/load.ts';

describe('evaluate settings of a scenario', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-evaluate-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function load(rest: string) {
    const file = join(folder, 'plant.yaml');
    await writeFile(file, `name: plant\ndata: { source: petrobras-3w }\n${rest}\n`);
    return loadScenario(file);
  }

  const refused: [what: string, yaml: string, sentence: RegExp][] = [
    [
      'a target without a curve to look for it on',
      'evaluate: { targetAuroc: 0.9 }',
      /:3: evaluate\.targetAuroc would be ignored: it is looked for on learning curves; add evaluate\.everyRounds, or remove it$/,
    ],
    [
      'a curve without a point before the end',
      'train: { rounds: 10 }\nevaluate: { everyRounds: 11 }',
      /:4: evaluate\.everyRounds 11 is more than the 10 of train\.rounds, so a curve would have one point; lower it$/,
    ],
    [
      'a curve of more points than memory holds models',
      'train: { rounds: 5001 }\nevaluate: { everyRounds: 10 }',
      /:4: evaluate\.everyRounds 10 makes curves of 501 points, and at most 500 are kept; raise it to at least 11$/,
    ],
    [
      'a round of a fraction',
      'evaluate: { everyRounds: 1.5 }',
      /evaluate\.everyRounds is 1\.5; it must be a whole number/,
    ],
    ['a target above 1', 'evaluate: { everyRounds: 5, targetAuroc: 1.1 }', /evaluate\.targetAuroc is 1\.1; it must be/],
    [
      'a claim on a target that is not set',
      'evaluate: { everyRounds: 5 }\nexpect: [ratio.fedavg.bytesToTarget <= 2]',
      /expect\[0\].*there is no bytesToTarget without evaluate\.targetAuroc; add it$|there is no bytesToTarget without evaluate\.targetAuroc; add it$/,
    ],
  ];
  for (const [what, yaml, sentence] of refused) {
    it(`loadScenario() refuses ${what}`, () =>
      assert.rejects(load(yaml), (error) => {
        assert.ok(error instanceof OperatorError);
        assert.match(error.message, sentence);
        return true;
      }));
  }

  it('loadScenario() takes a curve with a target, as many points as may be, and neither', async () => {
    const { evaluate } = await load('train: { rounds: 5000 }\nevaluate: { everyRounds: 10, targetAuroc: 0.9 }');
    assert.deepEqual([evaluate.everyRounds, evaluate.targetAuroc], [10, 0.9]);
    assert.equal((await load('')).evaluate.everyRounds, undefined);
  });
});
