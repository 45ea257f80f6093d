import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCommand } from '../support/command-line.ts';
import { writeFleet } from '../support/csv-fleet.ts';

describe('rumormill run with wrong input', function () {
  this.timeout(30_000);
  let base: string;
  let fleet: string;

  before(async () => {
    base = await mkdtemp(join(tmpdir(), 'rumormill-wrong-'));
    fleet = await writeFleet(2);
  });
  after(async () => {
    await rm(base, { recursive: true });
    await rm(fleet, { recursive: true });
  });

  const header = 'instance,time,pressure,flow,label';
  const normalRows = (instance: string, rows: number) =>
    Array.from({ length: rows }, (_, i) => `${instance},${i * 60},${100 + Math.sin(i)},${5 + Math.cos(i)},0`);
  const good = [header, ...['a', 'b', 'c', 'd'].flatMap((instance) => normalRows(instance, 20))];

  /** Writes a scenario whose data are `files`, and returns its path. */
  async function scenario(name: string, files: Record<string, string[]> | undefined, more = ''): Promise<string> {
    const folder = join(base, name);
    await mkdir(folder);
    for (const [file, lines] of Object.entries(files ?? {}))
      await writeFile(join(folder, file), `${lines.join('\n')}\n`);
    const path = files === undefined ? fleet : folder;
    const yaml = `name: ${name}\ndata:\n  source: csv\n  path: ${path}\n${more}`;
    await writeFile(join(base, `${name}.yaml`), yaml);
    return join(base, `${name}.yaml`);
  }

  async function assertRefused(file: string, expected: RegExp, ...args: string[]): Promise<void> {
    const out = join(base, 'out');
    const { code, stdout, stderr } = await startCommand(['run', file, '--quiet', '--out', out, ...args]).ended;
    assert.match(stderr, expected);
    assert.equal(code, 2, stderr);
    assert.equal(stderr.trimEnd().split('\n').length, 1, `not one sentence:\n${stderr}`);
    assert.doesNotMatch(stderr, /\n\s+at |node:internal/);
    assert.equal(stdout, '');
    assert.ok(!existsSync(out), 'a folder was left behind');
  }

  it('--set with a wrong key names the flag and the nearest key', async () => {
    await assertRefused(
      await scenario('set-key', undefined),
      /--set federation\.node.*federation\.nodes|nodes/,
      '--set',
      'federation.node=4',
    );
  });

  it('a scenario with an unknown key names file, line and the nearest key', async () => {
    await assertRefused(
      await scenario('unknown-key', undefined, 'trian:\n  rounds: 3\n'),
      /unknown-key\.yaml:5.*trian.*train/,
    );
  });

  it('a missing scenario file is named', async () => {
    await assertRefused(join(base, 'absent.yaml'), /absent\.yaml/);
  });

  it('a missing data file is named', async () => {
    const file = await scenario('no-data', undefined);
    await assertRefused(file, /absent-data/, '--set', `data.path=${join(base, 'absent-data')}`);
  });

  it('a text cell in a number column is named by file, line and column', async () => {
    const rows = good.with(7, 'a,360,high,5,0');
    await assertRefused(
      await scenario('text-cell', { 'pump-1.csv': rows }),
      /pump-1\.csv.*8.*pressure|pump-1\.csv:8.*pressure/,
    );
  });

  it('a non-finite value is named by file, line and column', async () => {
    const rows = good.with(9, 'a,480,100,1e999,0');
    await assertRefused(
      await scenario('non-finite', { 'pump-1.csv': rows }),
      /pump-1\.csv:10.*flow|pump-1\.csv.*10.*flow/,
    );
  });

  it('an empty device is named', async () => {
    await assertRefused(await scenario('empty', { 'pump-1.csv': good, 'pump-2.csv': [header] }), /pump-2/);
  });

  it('a device with no normal rows is named', async () => {
    const anomalous = good.map((line, i) => (i === 0 ? line : line.replace(/0$/, '1')));
    await assertRefused(await scenario('no-normal', { 'pump-1.csv': good, 'pump-2.csv': anomalous }), /pump-2.*normal/);
  });
});
