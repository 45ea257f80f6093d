import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { findScenario, resultsFolder } from '../../src/cli/paths.ts';

describe('paths of the command line', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-paths-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('findScenario() prefers a file to a scenario that ships', async () => {
    const file = join(folder, 'offshore-wells');
    await writeFile(file, '');
    assert.equal(await findScenario(file), file);
  });

  it('findScenario() finds a scenario that ships by its name, with or without .yaml', async () => {
    for (const name of ['offshore-wells', 'offshore-wells.yaml']) {
      assert.equal(basename(await findScenario(name)), 'offshore-wells.yaml');
    }
  });

  it('findScenario() names the nearest scenario that ships, or all of them', async () => {
    await assert.rejects(findScenario('offshore-well'), {
      name: 'OperatorError',
      message: "offshore-well does not exist; did you mean the scenario 'offshore-wells' that ships with Rumormill?",
    });
    await assert.rejects(findScenario('x/plant.yaml'), {
      message: /^x\/plant\.yaml does not exist; give a scenario file, or one of those that ship: .*offshore-wells/,
    });
  });

  it('findScenario() refuses a folder', async () => {
    await assert.rejects(findScenario(folder), { message: `${folder} is a folder; give a scenario file in it` });
  });

  it('resultsFolder() names a folder after the scenario and the time in UTC', async () => {
    const today = new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
    assert.equal(await resultsFolder(undefined, 'plant', today), join('runs', 'plant-20260102T030405Z'));
  });

  it('resultsFolder() takes a new folder or an empty one', async () => {
    const empty = join(folder, 'empty');
    await mkdir(empty);
    for (const out of [empty, join(folder, 'a', 'b')]) assert.equal(await resultsFolder(out, 'plant', new Date()), out);
  });
});
