// One gateway as an operator uses it: init, join, the commands that ask it, stopping, going on. The real command line.
import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { peersSchema, statusSchema } from '../../src/node/gateway/status.ts';
import { startCommand } from '../support/command-line.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { plantManifest, plantSeries } from '../support/small-plant.ts';

const well = fileURLToPath(new URL('../../data/petrobras-3w/WELL-00001.csv.gz', import.meta.url));

describe('one gateway from the command line', function () {
  this.timeout(60_000);
  let folder: string;
  let gateway: GatewayProcess | undefined;
  const at = (name: string) => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-gw-'));
    await writeFile(at('federation.yaml'), plantManifest());
    await writeFile(at('plant.csv'), plantSeries(1000, 'a'));
  });
  afterEach(async () => {
    await gateway?.kill();
  });
  after(() => rm(folder, { recursive: true }));

  function start(name: string, ...args: string[]): GatewayProcess {
    gateway = GatewayProcess.start({ args: [...args, '--no-mdns'], state: at(name), cwd: folder });
    return gateway;
  }

  async function ask(
    command: string,
    ...args: string[]
  ): Promise<{ code: number | null; stdout: string; stderr: string }> {
    return startCommand([command, ...args], { cwd: folder }).ended;
  }

  function assertClosed({ output }: GatewayProcess, state: string): void {
    assert.doesNotMatch(output, /\n\s+at |defect|Warning/, output);
    assert.ok(!existsSync(at(`${state}/control.sock`)), 'the control socket is left');
    assert.ok(!existsSync(at(`${state}/gateway.db-wal`)), 'the database was not closed');
  }

  it('a manifest that init wrote of real data is one that a gateway reads the same data by', async () => {
    const { code, stderr } = await ask('init', well, '--out', 'well.yaml');
    assert.equal(code, 0, stderr);
    const joined = start('well', 'well.yaml', '--source', well);
    const { data, source } = await joined.until((status) => status.source.ended, 'the end of the file');
    assert.ok(data.trainRows > 1000, JSON.stringify(data));
    assert.ok((source.counts.samples ?? 0) > 30_000, JSON.stringify(source));
    assert.equal(await joined.stop(), 130);
    assertClosed(joined, 'well');
  });

  it('status, peers and score answer for it in words and for programs; SIGINT, SIGTERM and a restart keep what it has learnt', async () => {
    const first = start('state', 'federation.yaml', '--source', 'plant.csv');
    await first.until(({ model }) => model.round >= 3 && model.threshold !== null, 'three rounds');
    assert.equal(statSync(at('state/control.sock')).mode & 0o777, 0o600);
    const [words, json, peers, peersJson, scores] = await Promise.all([
      ask('status', '--state', 'state'),
      ask('status', '--state', 'state', '--json'),
      ask('peers', '--state', 'state'),
      ask('peers', '--state', 'state', '--json'),
      ask('score', 'plant.csv', '--state', 'state'),
    ]);
    for (const { code, stderr } of [words, json, peers, peersJson, scores]) assert.equal(code, 0, stderr);

    const status = statusSchema.parse(JSON.parse(json.stdout));
    assert.equal(status.phase, 'training');
    assert.deepEqual(status.source, { name: at('plant.csv'), counts: { samples: 1000 }, ended: true });
    assert.match(words.stdout, /^learning {4}round \d+, loss 0\.\d+, 0 updates mixed/m);
    assert.match(words.stdout, /^intake {6}rows 1,000, windows 200/m);
    for (const line of words.stdout.split('\n')) assert.ok(line.length <= 80, `longer than 80 characters: ${line}`);
    assert.equal(peers.stdout, 'No peer is known.\n');
    assert.deepEqual(peersSchema.parse(JSON.parse(peersJson.stdout)), []);

    const [header, ...lines] = scores.stdout.trimEnd().split('\n');
    assert.equal(header, 'start,end,score,threshold,above,sensors');
    assert.equal(lines.length, 200);
    assert.match(lines[0] as string, /^2026-01-01T00:00:00Z,2026-01-01T00:00:04Z,\d\.\d+,\d+\.\d+,[01],/);
    assert.match(scores.stderr, /^200 windows, \d+ above the threshold [\d.]+ of round \d+/);

    const { round } = (await first.status())?.model ?? assert.fail('no status');
    assert.equal(await first.stop(), 130);
    assertClosed(first, 'state');

    const second = start('state', 'federation.yaml');
    // Before it has asked its neighbours and trained, it judges and scores with what it had.
    const { model, data } = await second.until(({ phase }) => phase === 'joining', 'it goes on');
    const found = /goes on from round (\d+)/.exec(second.output)?.[1];
    assert.ok(Number(found) >= round, `${round}, then\n${second.output}`);
    assert.equal(data.trainRows, status.data.trainRows);
    assert.equal(model.round, Number(found));
    assert.ok(model.threshold !== null);
    assert.equal((await ask('score', 'plant.csv', '--state', 'state')).code, 0);
    second.child.kill('SIGTERM');
    assert.equal(await second.ended, 143);
    assertClosed(second, 'state');
  });

  it('a stop while it starts ends it as one later does', async () => {
    const starting = start('early', 'federation.yaml', '--source', 'plant.csv');
    starting.child.stdout?.once('data', () => starting.child.kill('SIGINT'));
    assert.equal(await starting.ended, 130);
    assertClosed(starting, 'early');
    assert.ok(!starting.output.includes('training begins'));
  });

  it('a stop while it waits for the manifest ends it, and leaves no manifest', async () => {
    const waiting = start('waiting', '--id', 'ab'.repeat(32));
    waiting.child.stdout?.on('data', (text: Buffer) => {
      if (text.includes('asking the members')) waiting.child.kill('SIGTERM');
    });
    assert.equal(await waiting.ended, 143);
    assertClosed(waiting, 'waiting');
    assert.ok(!existsSync(at('waiting/manifest.json')));
    assert.match(await readFile(at('waiting/identity.key'), 'utf8'), /^[0-9a-f]{64}\n$/);
  });
});
