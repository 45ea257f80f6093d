import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const data = 'name: plant\ndata:\n  source: petrobras-3w\n';

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Starts the command line as a process of its own in `folder`. */
function start(folder: string, args: string[], nodeArgs: string[] = []): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [...nodeArgs, main, ...args], { cwd: folder }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

describe('main.ts as a process', () => {
  let folder: string;
  let refused: Ended[];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-main-'));
    await writeFile(join(folder, 'good.yaml'), data);
    await writeFile(join(folder, 'key.yaml'), `${data}federaton:\n  nodes: 3\n`);
    await writeFile(join(folder, 'broken.yaml'), `${data}train: [1\n`);
    await writeFile(join(folder, 'claim.yaml'), `${data}expect:\n  - gap.centralized.own.auroc <= 0.01\n`);
    refused = await Promise.all(cases.map(([, args]) => start(folder, args)));
  });

  const shipped = readdirSync(new URL('../../scenarios/', import.meta.url))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.replace('.yaml', ''))
    .sort();
  const cases: [string, string[], string][] = [
    ['an unknown key', ['run', 'key.yaml'], "key.yaml:4: federaton is not a known key; did you mean 'federation'?"],
    [
      'an unknown key in --set',
      ['run', 'good.yaml', '--set', 'federation.node=64'],
      "--set federation.node=64: federation.node is not a known key; did you mean 'nodes'?",
    ],
    [
      'an unknown flag',
      ['run', 'good.yaml', '--sed', '1'],
      "unknown option '--sed'; did you mean one of --seed, --set?",
    ],
    [
      'a missing file',
      ['run', 'absent.yaml'],
      `absent.yaml does not exist; give a scenario file, or one of those that ship: ${shipped.join(', ')}`,
    ],
    ['a source that is not there', ['init', 'absent.csv'], 'absent.csv: no such file; check the path'],
    [
      'an owner without a key',
      ['owner', 'sign', 'r.json', '--key', 'absent.key', '--admit', '12D3'],
      "absent.key does not exist; make an owner's key with: rumormill owner new",
    ],
    ['a folder', ['run', '.'], '. is a folder; give a scenario file in it'],
    [
      'YAML that is wrong',
      ['run', 'broken.yaml'],
      'broken.yaml:5:1: this is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]; mend it here or just above',
    ],
    [
      'a claim that can never be answered',
      ['run', 'claim.yaml'],
      "claim.yaml:5: claim on gap.centralized.own.auroc cannot be answered: gap has no 'centralized'; did you mean 'centralised'?",
    ],
  ];
  after(() => rm(folder, { recursive: true }));

  for (const [index, [what, , sentence]] of cases.entries()) {
    it(`main.ts refuses ${what} with one sentence and exit code 2, and makes no folder`, async () => {
      assert.deepEqual(refused[index], { code: 2, stdout: '', stderr: `error: ${sentence}\n` });
      assert.deepEqual(await readdir(folder), ['broken.yaml', 'claim.yaml', 'good.yaml', 'key.yaml']);
    });
  }

  it('main.ts says on an old Node which one it needs, before it loads anything', async () => {
    const older = 'Object.defineProperty(process.versions, "node", { value: "22.12.0" })';
    const { code, stderr } = await start(folder, ['--version'], ['--import', `data:text/javascript,${older}`]);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^error: Rumormill needs Node 22\.13 or later, and this is v[\d.]+; install one from nodejs\.org\n$/,
    );
    assert.doesNotMatch(await readFile(main, 'utf8'), /^import/m);
  });

  it('main.ts writes a whole long output to a pipe before it exits', async () => {
    const { code, stdout } = await start(folder, ['schema']);
    assert.equal(code, 0);
    assert.equal(typeof JSON.parse(stdout), 'object');
  });
});
