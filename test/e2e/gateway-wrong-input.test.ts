// Every mistake that an operator can make with a gateway: one sentence that names it, exit code 2, nothing half-written. The
// program runs in this process with the real gateway behind it; one process of its own shows that the exit code is right.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../src/cli/program.ts';
import { monotonicClock } from '../../src/lib/clock.ts';
import type { GatewayPorts, GatewaySettings } from '../../src/node/gateway/run-gateway.ts';
import { runGateway } from '../../src/node/gateway/run-gateway.ts';
import { FakePorts } from '../support/cli-ports.ts';
import { startCommand } from '../support/command-line.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { plantManifest, plantRows, plantSeries } from '../support/small-plant.ts';

class RealGatewayPorts extends FakePorts {
  constructor() {
    super(() => assert.fail('no scenario must run'));
  }

  override runGateway(settings: GatewaySettings, ports?: GatewayPorts, signal?: AbortSignal): Promise<void> {
    assert.ok(ports && signal);
    return runGateway(settings, { ...ports, clock: monotonicClock }, signal);
  }
}

describe('a gateway with wrong input', function () {
  this.timeout(60_000);
  let folder: string;
  const at = (name: string) => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-wrong-'));
    const files: Record<string, string> = {
      'federation.yaml': plantManifest(),
      'other.yaml': plantManifest(['name: other']),
      'line.yaml': plantManifest(['window: { length: five, stride: 5 }']),
      'key.yaml': plantManifest(['train: { batchSiz: 8 }']),
      'plant.csv': plantSeries(100, 'a'),
      'strange.csv': 'time,colour\n1767225600,3\n',
      'no-time.csv': 'flow,pressure\n1,3\n',
      'hello.key': 'hello\n',
      'sensor.yaml': 'kind: csv\npath: plant.csv\nsensors: { flwo: flow }\n',
      'twice.yaml': 'kind: csv\npath: plant.csv\nsensors: { flow: pressure }\n',
      'kind.yaml': 'kind: cvs\npath: plant.csv\n',
      file: 'in the way\n',
    };
    for (const [name, text] of Object.entries(files)) await writeFile(at(name), text);
  });
  after(() => rm(folder, { recursive: true }));

  /** The one sentence that a command line ends with, without the folder. */
  async function refused(...args: string[]): Promise<string> {
    const ports = new RealGatewayPorts();
    const code = await runProgram(args, ports);
    const { text } = ports.stderr;
    assert.equal(code, 2, `${code}: ${text}`);
    assert.equal(text.trimEnd().split('\n').length, 1, `not one sentence:\n${text}`);
    assert.ok(text.startsWith('error: '), text);
    if (args[0] !== 'join') assert.equal(ports.stdout.text, '');
    return text.trimEnd().replaceAll(`${folder}/`, '').replace('error: ', '');
  }

  const joined = (manifest: string, ...args: string[]) =>
    refused('join', at(manifest), '--no-mdns', '--state', at('state'), ...args);

  /** [what is given, what is said], of mistakes that are found before anything is written. */
  const mistakes: [name: string, args: () => string[], said: RegExp][] = [
    ['a missing manifest', () => [at('absent.yaml')], /^absent\.yaml does not exist; /],
    ['a wrong value in the manifest', () => [at('line.yaml')], /^line\.yaml:\d+: window\.length is 'five'; it must be/],
    [
      'an unknown key in the manifest',
      () => [at('key.yaml')],
      /^key\.yaml:\d+: .*batchSiz.*did you mean 'batchSize'\?$/,
    ],
    ['neither manifest nor id', () => [], /^no federation is given; name its manifest, or give its id with --id$/],
    ['manifest and id', () => [at('federation.yaml'), '--id', 'ab'.repeat(32)], /--id abab.*: give one of them/],
    ['an id that is none', () => ['--id', 'abc'], /^--id abc: is no federation's id; give the 64 hex digits/],
    [
      'a share that is none',
      () => [at('federation.yaml'), '--cpu', 'half'],
      /^--cpu half: give a share .* such as 25%$/,
    ],
    [
      'a share of nothing',
      () => [at('federation.yaml'), '--cpu', '0%'],
      /^--cpu 0%: give a share of one core of at least 1%/,
    ],
    [
      'a port that is none',
      () => [at('federation.yaml'), '--port', '70000'],
      /^--port 70000: give a port from 1 to 65535/,
    ],
    [
      'a peer that is no address',
      () => [at('federation.yaml'), '--peer', '10.0.0.7:4077'],
      /^"10\.0\.0\.7:4077" is no address of a peer; write it like/,
    ],
    [
      'a key that is missing',
      () => [at('federation.yaml'), '--key', at('absent.key')],
      /^--key absent\.key: cannot be read .*; make one with: rumormill key new$/,
    ],
    [
      'a key that is none',
      () => [at('federation.yaml'), '--key', at('hello.key')],
      /^hello\.key is no key of a private network; make one/,
    ],
    [
      'a roster that nobody asked for',
      () => [at('federation.yaml'), '--roster', at('absent')],
      /^--roster absent: the manifest names no owner/,
    ],
    [
      'a source of an unknown scheme',
      () => [at('federation.yaml'), '--source', 'kafka://x'],
      /^kafka:\/\/x: kafka:\/\/ is not known; use mqtt/,
    ],
    [
      'a source that is none',
      () => [at('federation.yaml'), '--source', 'plant.txt'],
      /^plant\.txt: is no source; give a \.csv/,
    ],
    [
      'a source of an unknown kind',
      () => [at('federation.yaml'), '--source', at('kind.yaml')],
      /^kind\.yaml:1: kind is 'cvs'; it must be one of csv, stdin, mqtt, opcua$/,
    ],
    [
      'a source that maps an unknown sensor',
      () => [at('federation.yaml'), '--source', at('sensor.yaml')],
      /^--source: sensors\.flwo: .*did you mean 'flow'\?$/,
    ],
    [
      'a source that maps two sensors to one name',
      () => [at('federation.yaml'), '--source', at('twice.yaml')],
      /^--source: sensors\.pressure: 'pressure' is already where 'flow' comes from/,
    ],
    [
      'a source to follow that is missing',
      () => [at('federation.yaml'), '--follow'],
      /^--follow: there is no source to follow; /,
    ],
    [
      'a source to follow that is no file',
      () => [at('federation.yaml'), '--follow', '--source', '-'],
      /^--follow: is for a CSV file and - is none/,
    ],
    [
      'an unknown flag',
      () => [at('federation.yaml'), '--sorce', 'x'],
      /^unknown option '--sorce'; did you mean --source\?$/,
    ],
    ['two manifests', () => [at('federation.yaml'), at('other.yaml')], /^too many arguments for 'join'/],
  ];
  for (const [name, args, said] of mistakes) {
    it(`join refuses ${name}, and makes no state folder`, async () => {
      assert.match(await refused('join', ...args(), '--no-mdns', '--state', at('none')), said);
      assert.ok(!existsSync(at('none')));
    });
  }

  it('join refuses a state folder that is a file, that has a file on the way, or whose path is too long', async () => {
    const state = (path: string) => refused('join', at('federation.yaml'), '--no-mdns', '--state', path);
    assert.match(
      await state(at('file')),
      /^--state file: this is a file, or there is one on the way to it; give a folder/,
    );
    assert.match(await state(at('file/state')), /^--state file\/state: this is a file, or there is one on the way/);
    const long = await state(at('x'.repeat(100)));
    assert.match(long, /^--state x+: the path is too long for the socket .*; choose a shorter folder$/);
  });

  it('join refuses a CSV file that is missing, has no sensor or no times, and closes what it had opened', async () => {
    const source = (name: string) => joined('federation.yaml', '--source', at(name));
    assert.match(await source('absent.csv'), /^absent\.csv: no such file; check the source$/);
    assert.match(await source('strange.csv'), /^strange\.csv line 1: no column is a sensor of the federation/);
    assert.match(await source('no-time.csv'), /^no-time\.csv line 1: there is no column 'time'/);
    assert.deepEqual(readdirSync(at('state')).sort(), ['gateway.db', 'identity.key']);
    assert.match(
      await joined('other.yaml'),
      /^state\/gateway\.db holds the state of another federation; give this gateway/,
    );
    chmodSync(at('state/identity.key'), 0o644);
    const said = await joined('federation.yaml');
    assert.equal(
      said,
      'state/identity.key has mode 0644, so others on this machine can take its key; run chmod 600 state/identity.key',
    );
    chmodSync(at('state/identity.key'), 0o600);
    await mkdir(at('copied'), { mode: 0o700 });
    await writeFile(at('copied/identity.key'), 'not a key\n', { mode: 0o600 });
    assert.match(
      await refused('join', at('federation.yaml'), '--no-mdns', '--state', at('copied')),
      /^copied\/identity\.key does not hold an identity \(64 hex digits\); restore it, or remove it/,
    );
  });

  it('join refuses a port that is in use', async () => {
    const server = createServer().listen(0);
    try {
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address() as { port: number };
      assert.match(
        await joined('federation.yaml', '--port', `${port}`),
        new RegExp(`^port ${port} is in use by another`),
      );
    } finally {
      server.close();
    }
  });

  it('status, peers and score say where no gateway runs', async () => {
    for (const args of [['status'], ['peers'], ['score', at('plant.csv')]]) {
      assert.match(
        await refused(...args, '--state', at('nobody')),
        /^no gateway runs with the state folder nobody; start one with rumormill join, or give its folder with --state$/,
      );
    }
    assert.ok(!existsSync(at('nobody')));
  });

  it('beside a running gateway: its folder is in use, it scores nothing without a model, and files that it cannot score', async () => {
    await writeFile(at('few.csv'), `time,flow\n${plantRows(0, 3, 'a').replaceAll(/,[^,\n]*,[^,\n]*\n/g, '\n')}`);
    const gateway = GatewayProcess.start({
      args: [at('federation.yaml'), '--no-mdns', '--source', '-'],
      state: at('busy'),
      hasInput: true,
    });
    try {
      const { stdin } = gateway.child;
      assert.ok(stdin);
      await gateway.until(() => true, 'its status');
      assert.match(
        await refused('score', at('plant.csv'), '--state', at('busy')),
        /^the gateway in busy has no model yet; /,
      );
      const second = await startCommand(['join', at('federation.yaml'), '--no-mdns', '--state', at('busy')]).ended;
      assert.equal(second.code, 2);
      assert.match(second.stderr, /^error: \S+gateway\.db is in use by another gateway; stop that one or [^\n]*\n$/);
      assert.ok(existsSync(at('busy/control.sock')), 'the second took the first one’s socket');

      stdin.write(plantSeries(400, 'a'));
      await gateway.until(({ model }) => model.round > 0, 'a model');
      const score = (file: string) => refused('score', at(file), '--state', at('busy'));
      assert.match(await score('absent.csv'), /^absent\.csv: no such file/);
      assert.match(await score('strange.csv'), /^strange\.csv line 1: no column is a sensor of the federation/);
      assert.match(await score('few.csv'), /^few\.csv has no whole window to score: .*/);
      assert.match(
        await refused('score', '-', '--state', at('busy')),
        /^-: only files can be scored; give a CSV file$/,
      );
    } finally {
      await gateway.kill();
    }
  });
});
