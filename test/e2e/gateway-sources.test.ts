// What becomes of a gateway whose source ends, is a pipe, grows, goes away and comes back; and of one whose disk is full.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../src/lib/errors.ts';
import { sourceSchema } from '../../src/node/sources/source-config.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { LocalGateway } from '../support/local-gateway.ts';
import { plantHeader, plantManifest, plantRows, plantSeries } from '../support/small-plant.ts';

describe('a gateway and its source', function () {
  this.timeout(60_000);
  let folder: string;
  const at = (name: string) => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-src-'));
    await writeFile(at('federation.yaml'), plantManifest());
  });
  after(() => rm(folder, { recursive: true }));

  it('goes on after standard input has ended, and stops while it is still open', async () => {
    const start = (state: string) =>
      GatewayProcess.start({
        args: [at('federation.yaml'), '--no-mdns', '--source', '-'],
        state: at(state),
        hasInput: true,
      });
    const [ended, open] = [start('ended'), start('open')];
    try {
      ended.child.stdin?.end(plantSeries(200, 'a'));
      open.child.stdin?.write(plantSeries(200, 'a'));
      const { source } = await ended.until(({ model }) => model.round > 0, 'it learns from what it has kept');
      assert.equal(source.ended, true);
      assert.match(ended.output, /the source is at its end; this gateway goes on learning/);
      const status = await open.until(({ model }) => model.round > 0, 'it learns');
      assert.equal(status.source.ended, false);
      assert.deepEqual(await Promise.all([ended.stop(), open.stop()]), [130, 130]);
      assert.doesNotMatch(open.output, /at its end|defect/);
    } finally {
      await Promise.all([ended.kill(), open.kill()]);
    }
  });

  it('takes up a growing file that is not there yet, that goes away and that comes back', async () => {
    const path = at('growing.csv');
    const gateway = new LocalGateway({
      manifest: plantManifest(),
      folder: at('growing'),
      source: sourceSchema.parse({ kind: 'csv', path, follow: true }),
    });
    const samples = (count: number) =>
      gateway.until(({ source }) => source.counts.samples === count, `${count} samples`, 30_000);
    try {
      await gateway.until(({ source }) => source.counts.samples === undefined, 'it runs without the file');
      await writeFile(path, plantSeries(100, 'a'));
      await samples(100);
      await appendFile(path, plantRows(100, 150, 'a'));
      await samples(150);
      await rename(path, at('growing.csv.1'));
      await writeFile(path, `${plantHeader}\n${plantRows(150, 200, 'a')}`);
      const { source, data } = await samples(200);
      assert.equal(source.ended, false);
      assert.equal(data.counts.windows, 39);
    } finally {
      await gateway.stop();
    }
  });

  it('ends with the mistake where the source can never work, and leaves its folder to the next', async () => {
    await writeFile(at('strange.csv'), 'time,colour\n1,2\n');
    const options = { manifest: plantManifest(), folder: at('strange') };
    const wrong = new LocalGateway({
      ...options,
      source: sourceSchema.parse({ kind: 'csv', path: at('strange.csv') }),
    });
    await assert.rejects(wrong.ended, { name: 'OperatorError', message: /no column is a sensor of the federation/ });
    const next = new LocalGateway(options);
    await next.until(() => true, 'the folder is free');
    await next.stop();
  });
});

/** Why no small file system can be mounted here; undefined where one can. */
async function mountProblem(path: string): Promise<string | undefined> {
  try {
    await mkdir(path);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', path], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return messageOf(error).split('\n')[0];
  }
}

describe('a gateway with a full disk', function () {
  this.timeout(60_000);
  let folder: string;
  let problem: string | undefined;

  before(async function () {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-full-'));
    problem = await mountProblem(join(folder, 'disk'));
    if (problem === undefined) return;
    console.log(`      skipped: no file system can be mounted here (${problem})`);
    this.skip();
  });
  after(async () => {
    if (problem === undefined) execFileSync('umount', ['--lazy', join(folder, 'disk')]);
    await rm(folder, { recursive: true });
  });

  it('says so once, learns on, and stores again as soon as there is room', async () => {
    const disk = join(folder, 'disk');
    await writeFile(join(folder, 'plant.csv'), plantSeries(500, 'a'));
    const gateway = new LocalGateway({
      manifest: plantManifest(),
      folder: join(disk, 'state'),
      source: sourceSchema.parse({ kind: 'csv', path: join(folder, 'plant.csv') }),
    });
    await gateway.until(({ model }) => model.round > 2, 'it learns');
    await writeFile(join(disk, 'filling'), Buffer.alloc(2_200_000)).catch((error: NodeJS.ErrnoException) => {
      assert.equal(error.code, 'ENOSPC');
    });
    const full = await gateway.until(({ store }) => store.degraded !== null, 'it says that the disk is full', 30_000);
    assert.match(full.store.degraded ?? '', /gateway\.db cannot be written .*full/);
    const { round } = full.model;
    const on = await gateway.until(({ model }) => model.round > round + 5, 'it learns on');
    assert.notEqual(on.store.degraded, null);
    assert.equal(gateway.said.filter((sentence) => /cannot be written/.test(sentence)).length, 1);
    await rm(join(disk, 'filling'));
    const again = await gateway.until(({ store }) => store.degraded === null, 'it stores again');
    await gateway.stop();

    const next = new LocalGateway({ manifest: plantManifest(), folder: join(disk, 'state') });
    await next.until(() => true, 'it goes on');
    const from = Number(/goes on from round (\d+)/.exec(next.output)?.[1]);
    assert.ok(from >= again.model.round, `from round ${from}, after round ${again.model.round}`);
    await next.stop();
  });
});
