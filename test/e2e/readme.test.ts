import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GatewayProcess } from '../support/gateway-process.ts';
import { eventually } from '../support/live-federation.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Run by .ci/run and by whoever started this test. */
const runElsewhere = new Set(['npm start', 'npm test']);
/** What the scripts of package.json that the examples use run; a benchmark that means something takes minutes. */
const npmScripts: Record<string, string[]> = {
  rumormill: ['src/cli/main.ts'],
  bench: ['bench/main.ts', '--quick', '--only', 'codec'],
  swarm: ['test/swarm/main.ts'],
};
/** What a reader who ran the examples has in the clone. */
const writtenByExamples = [
  'runs',
  'my-machines',
  'my-result',
  'federation.yaml',
  'federation.key',
  'owner.key',
  'roster.json',
  '.rumormill',
  'gateway-2',
  'gateway-3',
];
/** What the examples claim is that they run; their full budgets belong to a reader. */
const smallBudget = ['train.rounds=2', 'train.stepsPerRound=1', 'baselines=[statistic]', 'expect=[]']
  .flatMap((change) => ['--set', change])
  .concat('--quiet');

function blocksOf(readme: string, language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, text]) => text as string);
}

interface Ran {
  code: number | null;
  stdout: string;
  output: string;
}

function run(command: string, args: readonly string[], cwd: string): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, output }));
  });
}

/** What asks a gateway and may come before it has an answer: a reader would try again. */
const asking = new Set(['status', 'peers', 'score']);

/** As run(), again and again until it succeeds, for a minute. */
async function runUntilAnswered(command: string, args: readonly string[], cwd: string): Promise<Ran> {
  let ran = await run(command, args, cwd);
  const endMs = Date.now() + 60_000;
  while (ran.code !== 0 && Date.now() < endMs) ran = await run(command, args, cwd);
  return ran;
}

/** A gateway of `join` with these arguments, once it can be asked. Nothing is sent beyond this machine. */
async function joined(args: readonly string[], cwd: string): Promise<GatewayProcess> {
  const folder = args.includes('--state') ? (args[args.indexOf('--state') + 1] as string) : '.rumormill';
  const gateway = GatewayProcess.start({ args: [...args, '--no-mdns'], state: join(cwd, folder), cwd });
  await gateway.until(() => true, `rumormill join ${args.join(' ')}`, 30_000);
  return gateway;
}

describe('README.md', function () {
  this.timeout(240_000);
  let clone: string;
  let readme: string;
  const gateways: GatewayProcess[] = [];

  before(async () => {
    readme = await readFile(join(root, 'README.md'), 'utf8');
    clone = await mkdtemp(join(tmpdir(), 'rumormill-readme-'));
    // The commands write beside the sources, so they run in a folder that looks like the clone.
    for (const entry of await readdir(root)) {
      if (!['.git', ...writtenByExamples].includes(entry)) await symlink(join(root, entry), join(clone, entry));
    }
  });
  after(async () => {
    await Promise.all(gateways.map((gateway) => gateway.kill()));
    await rm(clone, { recursive: true });
  });

  it('shows commands that all run', async () => {
    const [scenario] = blocksOf(readme, 'yaml');
    assert.ok(scenario);
    await writeFile(join(clone, 'my-machines.yaml'), scenario);
    const lines = blocksOf(readme, 'sh').flatMap((block) => block.trim().split('\n'));
    let ran = 0;
    for (const line of lines) {
      if (runElsewhere.has(line)) continue;
      const [shown, appendedTo] = line.split(' >> ') as [string, string | undefined];
      const [command, ...args] = shown.split(' ') as [string, ...string[]];
      const isRun = args.includes('--') && args.indexOf('--') < args.lastIndexOf('run');
      // npm would install again: the folder is not a real clone.
      const rest = args.includes('--') ? args.slice(args.indexOf('--') + 1) : [];
      const script = args.find((arg) => arg !== 'run' && !arg.startsWith('-')) as string;
      if (script === 'rumormill' && rest[0] === 'join') {
        gateways.push(await joined(rest.slice(1), clone));
        ran++;
        continue;
      }
      const [program, given] =
        command === 'npm' ? [process.execPath, [...(npmScripts[script] ?? []), ...rest]] : [command, args];
      const runIt = asking.has(rest[0] as string) ? runUntilAnswered : run;
      const { code, stdout, output } = await runIt(program, isRun ? [...given, ...smallBudget] : given, clone);
      assert.equal(code, 0, `${line}\n${output}`);
      if (appendedTo !== undefined) await appendFile(join(clone, appendedTo), stdout);
      ran++;
    }
    assert.ok(ran >= 24, `only ${ran} commands were run`);
    const files = await readdir(join(clone, 'my-result'));
    assert.deepEqual(files.sort(), ['config.yaml', 'metrics.jsonl', 'report.html', 'summary.json']);
    const [first, second] = gateways as [GatewayProcess, GatewayProcess];
    await second.until(({ network }) => network.updatesReceived > 0, 'the second gateway has an update of the first');
    for (const gateway of gateways) assert.equal(await gateway.stop(), 130, gateway.output);
    await eventually(() => !existsSync(join(first.state, 'control.sock')), 'the first gateway leaves no socket');
  });

  it('names files that exist', () => {
    const links = [...readme.matchAll(/\]\(((?!https?:)[^)]+)\)/g)].map(([, target]) => target as string);
    assert.ok(links.length > 8);
    for (const link of links) assert.ok(existsSync(join(root, link)), `${link} does not exist`);
  });
});
