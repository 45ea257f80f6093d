import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Run by .ci/run and by whoever started this test. */
const runElsewhere = new Set(['npm start', 'npm test']);
/** What the scripts of package.json that the examples use run; a benchmark that means something takes minutes. */
const npmScripts: Record<string, string[]> = {
  rumormill: ['src/cli/main.ts'],
  bench: ['bench/main.ts', '--quick', '--only', 'codec'],
  swarm: ['test/swarm/main.ts'],
};
/** What the examples claim is that they run; their full budgets belong to a reader. */
const smallBudget = ['train.rounds=2', 'train.stepsPerRound=1', 'baselines=[statistic]', 'expect=[]']
  .flatMap((change) => ['--set', change])
  .concat('--quiet');

function blocksOf(readme: string, language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, text]) => text as string);
}

function run(command: string, args: readonly string[], cwd: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

describe('README.md', function () {
  this.timeout(120_000);
  let clone: string;
  let readme: string;

  before(async () => {
    readme = await readFile(join(root, 'README.md'), 'utf8');
    clone = await mkdtemp(join(tmpdir(), 'rumormill-readme-'));
    // The commands write beside the sources, so they run in a folder that looks like the clone.
    for (const entry of await readdir(root)) {
      if (!['.git', 'runs', 'my-machines', 'my-result'].includes(entry))
        await symlink(join(root, entry), join(clone, entry));
    }
  });
  after(() => rm(clone, { recursive: true }));

  it('shows commands that all run', async () => {
    const [scenario] = blocksOf(readme, 'yaml');
    assert.ok(scenario);
    await writeFile(join(clone, 'my-machines.yaml'), scenario);
    const lines = blocksOf(readme, 'sh').flatMap((block) => block.trim().split('\n'));
    let ran = 0;
    for (const line of lines) {
      if (runElsewhere.has(line)) continue;
      const [command, ...args] = line.split(' ') as [string, ...string[]];
      const isRun = args.includes('--') && args.indexOf('--') < args.lastIndexOf('run');
      // npm would install again: the folder is not a real clone.
      const rest = args.includes('--') ? args.slice(args.indexOf('--') + 1) : [];
      const [program, given] =
        command === 'npm' ? [process.execPath, [...(npmScripts[args[1] as string] ?? []), ...rest]] : [command, args];
      const { code, output } = await run(program, isRun ? [...given, ...smallBudget] : given, clone);
      assert.equal(code, 0, `${line}\n${output}`);
      ran++;
    }
    assert.ok(ran >= 8, `only ${ran} commands were run`);
    const files = await readdir(join(clone, 'my-result'));
    assert.deepEqual(files.sort(), ['config.yaml', 'metrics.jsonl', 'report.html', 'summary.json']);
  });

  it('names files that exist', () => {
    const links = [...readme.matchAll(/\]\(((?!https?:)[^)]+)\)/g)].map(([, target]) => target as string);
    assert.ok(links.length > 8);
    for (const link of links) assert.ok(existsSync(join(root, link)), `${link} does not exist`);
  });
});
