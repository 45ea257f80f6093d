// The commands that begin a federation: init, key, owner, and the schema of its manifest. Files as they are left, and one
// sentence for each mistake.
import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { preSharedKey } from '@libp2p/pnet';
import { runProgram } from '../../src/cli/program.ts';
import { agreementOf, readManifest } from '../../src/node/manifest.ts';
import { createOwnerKey, parseOwnerKey } from '../../src/node/owner-key.ts';
import { emptyRoster, nextRoster, rosterPeersMax, signRoster, verifyRoster } from '../../src/node/roster.ts';
import { FakePorts } from '../support/cli-ports.ts';

const peers = [
  '12D3KooWGRUfvNSAqpXYJzW8ciRoFSf2DBUUdbPzBNGvFVKHRZzm',
  '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp',
] as const;

let folder: string;
const at = (name: string) => join(folder, name);

async function run(...args: string[]): Promise<string> {
  const ports = new FakePorts(() => assert.fail('no scenario must run'));
  const code = await runProgram(args, ports);
  assert.equal(code, 0, ports.stderr.text);
  return ports.stdout.text;
}

/** The one sentence that a command line ends with, with the folder left out. */
async function refused(...args: string[]): Promise<string> {
  const ports = new FakePorts(() => assert.fail('no scenario must run'));
  assert.equal(await runProgram(args, ports), 2, ports.stderr.text);
  assert.equal(ports.stdout.text, '');
  assert.equal(ports.stderr.text.trimEnd().split('\n').length, 1, ports.stderr.text);
  return ports.stderr.text.trimEnd().replaceAll(`${folder}/`, '').replace('error: ', '');
}

const csv = (rows: number, header = 'time,pressure [bar],flow (m³/h),mode,serial') =>
  [header, ...Array.from({ length: rows }, (_, i) => `${1.7e9 + 5 * i},${3 + (i % 9) / 10},${i % 4},AUTO,7`)].join(
    '\n',
  );

describe('commands that begin a federation', () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-init-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  describe('rumormill init', () => {
    it('init writes a manifest with names, units, ranges and the interval of a CSV file, and says its id', async () => {
      await writeFile(at('Pump House 3.csv'), csv(2000));
      const out = await run('init', at('Pump House 3.csv'), '--out', at('federation.yaml'));
      const manifest = await readManifest(at('federation.yaml'));
      assert.equal(manifest.name, 'pump-house-3');
      assert.deepEqual(manifest.sensors, [
        { name: 'pressure', unit: 'bar', range: [3, 3.8] },
        { name: 'flow', unit: 'm³/h', range: [0, 3] },
        { name: 'serial' },
      ]);
      assert.deepEqual(manifest.sampling, { intervalMs: 5000, holdMs: 0, latenessMs: 5000 });
      assert.deepEqual(manifest.window, { length: 60, stride: 30 });
      assert.deepEqual(manifest.threshold, { method: 'pot', initialQuantile: 0.9, risk: 0.0001 });
      const text = await readFile(at('federation.yaml'), 'utf8');
      assert.match(text, /# left out: 'mode' has text, such as 'AUTO', in 2000 of 2000 places/);
      assert.match(text, /- name: serial\n {4}# always 7 here\n/);
      assert.match(text, /in 10,000, which with a window each 2.5 minutes is one in 17 days;/);
      const id = Buffer.from(agreementOf(manifest).federation).toString('hex');
      assert.deepEqual(out.replaceAll(`${folder}/`, '').trimEnd().split('\n'), [
        'federation.yaml: 3 sensors, one row each 5 s, windows of 60 rows',
        "left out: 'mode' has text, such as 'AUTO', in 2000 of 2000 places",
        `federation ${id}`,
        'next, on each gateway: rumormill join federation.yaml --source Pump House 3.csv',
      ]);
    });

    it('init reads gzip, columns under other names, and leaves out rows that are labelled anomalous', async () => {
      const rows = Array.from(
        { length: 300 },
        (_, i) => `p${i % 2},${1.7e9 + 60 * Math.floor(i / 2)},${i === 9 ? 999 : i % 5},${i === 9 ? 1 : 0},x`,
      );
      await writeFile(at('a.csv.gz'), gzipSync(['unit,when,flow,bad,note', ...rows].join('\n')));
      const columns = ['--device-column', 'unit', '--time-column', 'when', '--label-column', 'bad', '--ignore', 'note'];
      const out = await run('init', at('a.csv.gz'), '--out', at('f.yaml'), '--name', 'wells', ...columns);
      assert.doesNotMatch(out, /left out/);
      const manifest = await readManifest(at('f.yaml'));
      assert.deepEqual(manifest.sensors, [{ name: 'flow', range: [0, 4] }]);
      assert.equal(manifest.sampling.intervalMs, 60_000);
      assert.equal(manifest.name, 'wells');
    });

    it('init takes times in milliseconds for what they are, as a gateway does', async () => {
      await writeFile(
        at('a.csv'),
        `time,flow\n${Array.from({ length: 30 }, (_, i) => `${1.7e12 + 500 * i},${i}`).join('\n')}`,
      );
      await run('init', at('a.csv'), '--out', at('f.yaml'));
      assert.equal((await readManifest(at('f.yaml'))).sampling.intervalMs, 500);
    });

    it('init keeps both columns where a unit is all that tells them apart', async () => {
      await writeFile(at('a.csv'), 'time,temp [C],temp [F]\n0,20,68\n1,21,70\n2,22,72\n');
      await run('init', at('a.csv'), '--out', at('f.yaml'));
      const { sensors } = await readManifest(at('f.yaml'));
      assert.deepEqual(
        sensors.map(({ name, unit }) => [name, unit]),
        [
          ['temp [C]', 'C'],
          ['temp [F]', 'F'],
        ],
      );
    });

    it('init never overwrites a file', async () => {
      await writeFile(at('a.csv'), csv(20));
      await writeFile(at('federation.yaml'), 'mine');
      const sentence = await refused('init', at('a.csv'), '--out', at('federation.yaml'));
      assert.equal(
        sentence,
        'federation.yaml exists already and is not overwritten; give another with --out, or remove it',
      );
      assert.equal(await readFile(at('federation.yaml'), 'utf8'), 'mine');
      // Found before a file is read that may be large.
      assert.equal(await refused('init', at('absent.csv'), '--out', at('federation.yaml')), sentence);
    });

    const wrong: [what: string, content: string, args: string[], sentence: RegExp][] = [
      [
        'a column of times that is not there',
        csv(5).replace('time', 'timestamp'),
        [],
        /^a\.csv line 1: there is no column 'time'; name the one with the times by --time-column; there are 'timestamp', 'pressure \[bar\]'/,
      ],
      [
        'a named column that is not there',
        csv(5),
        ['--device-column', 'flo'],
        /^--device-column: a\.csv has no column 'flo'/,
      ],
      [
        'an ignored column that is not there',
        csv(5),
        ['--ignore', 'serail'],
        /^--ignore: a\.csv has no column 'serail'; did you mean 'serial'\?$/,
      ],
      [
        'a cell that is no time',
        csv(5).replace('1700000010', 'noon'),
        [],
        /^a\.csv line 4: a cell has the text 'noon' where a time is needed/,
      ],
      [
        'text only',
        'time,mode\n0,AUTO\n1,AUTO\n',
        [],
        /^a\.csv: there are no numbers in it, so nothing can be said of its sensors; give data/,
      ],
      ['one row', csv(1), [], /^a\.csv: no sensor has values at two times/],
      ['no row', csv(0), [], /^a\.csv: has a header and no rows/],
      ['an empty file', '', [], /^a\.csv: is empty/],
      ['no sensor', 'time,label\n0,0\n', [], /^a\.csv line 1: no sensor column is left .*; check --ignore$/],
      [
        'a name that is none',
        csv(5),
        ['--name', 'Pump 3'],
        /^--name Pump 3: it must be lower-case words joined by hyphens; give another$/,
      ],
      [
        'a folder for --out that is not there',
        csv(5),
        ['--out', 'absent/f.yaml'],
        /^absent\/f\.yaml cannot be written: its folder does not exist/,
      ],
    ];
    for (const [what, content, args, sentence] of wrong) {
      it(`init refuses ${what} with one sentence, and writes nothing`, async () => {
        await writeFile(at('a.csv'), content);
        const placed = args.map((arg) => (arg.startsWith('absent/') ? at(arg) : arg));
        assert.match(await refused('init', at('a.csv'), '--out', at('f.yaml'), ...placed), sentence);
        assert.deepEqual(await readdir(folder), ['a.csv']);
      });
    }

    it('init refuses a source that is missing, or no CSV file', async () => {
      assert.match(await refused('init', at('absent.csv')), /^absent\.csv: no such file; check the path$/);
      assert.match(
        await refused('init', at('plant.parquet')),
        /plant\.parquet: is no source; give a \.csv or \.csv\.gz file, -, mqtt/,
      );
    });
  });

  describe('rumormill key', () => {
    it('key new writes a key that libp2p takes, for its owner alone, and never over another', async () => {
      assert.equal(await run('key', 'new', at('federation.key')), `${at('federation.key')}\n`);
      const text = await readFile(at('federation.key'), 'utf8');
      assert.match(text, /^\/key\/swarm\/psk\/1\.0\.0\/\n\/base16\/\n[0-9a-f]{64}\n$/);
      assert.doesNotThrow(() => preSharedKey({ psk: Buffer.from(text) }));
      assert.equal((await stat(at('federation.key'))).mode & 0o777, 0o600);
      assert.match(
        await refused('key', 'new', at('federation.key')),
        /^federation\.key exists already and is not overwritten/,
      );
      assert.equal(await readFile(at('federation.key'), 'utf8'), text);
      await run('key', 'new', at('other.key'));
      assert.notEqual(await readFile(at('other.key'), 'utf8'), text);
    });
  });

  describe('rumormill owner', () => {
    /** A manifest whose owner's key is in owner.key. */
    async function owned(): Promise<{ publicKey: string; federation: Uint8Array }> {
      await writeFile(at('a.csv'), csv(20));
      await run('init', at('a.csv'), '--out', at('federation.yaml'));
      const line = await run('owner', 'new', at('owner.key'));
      await writeFile(at('federation.yaml'), `${await readFile(at('federation.yaml'), 'utf8')}${line}`);
      const manifest = await readManifest(at('federation.yaml'));
      assert.equal(`owner: ${manifest.owner}\n`, line);
      return { publicKey: manifest.owner!, federation: agreementOf(manifest).federation };
    }
    const sign = (...args: string[]) => [
      'owner',
      'sign',
      at('roster.json'),
      '--key',
      at('owner.key'),
      '--federation',
      at('federation.yaml'),
      ...args,
    ];

    it('owner sign admits and revokes peers, one version at a time, by a key for its owner alone', async () => {
      const { publicKey, federation } = await owned();
      assert.equal((await stat(at('owner.key'))).mode & 0o777, 0o600);
      assert.equal(await run(...sign('--admit', ...peers)), `${at('roster.json')}: version 1, 2 admitted, 0 revoked\n`);
      assert.equal(
        await run(...sign('--revoke', peers[0])),
        `${at('roster.json')}: version 2, 1 admitted, 1 revoked\n`,
      );
      const roster = verifyRoster(await readFile(at('roster.json')), publicKey, federation);
      assert.deepEqual(roster, { version: 2, members: [peers[1]], revoked: [peers[0]] });
    });

    it('owner sign takes a peer id in its CID form, and writes the one that rosters have', async () => {
      const { publicKey, federation } = await owned();
      await run(
        ...sign('--admit', 'bafzaajaiaejcayrezwfd3kki6nld4udalriodtvd46tzks5zbkxbjsaldp2exdew', '--admit', peers[1]),
      );
      assert.deepEqual(
        verifyRoster(await readFile(at('roster.json')), publicKey, federation).members,
        [...peers].sort(),
      );
    });

    it('owner new never overwrites a key', async () => {
      const { publicKey } = await owned();
      assert.match(await refused('owner', 'new', at('owner.key')), /^owner\.key exists already/);
      assert.equal((await readManifest(at('federation.yaml'))).owner, publicKey);
    });

    const wrong: [what: string, args: string[], sentence: RegExp][] = [
      ['nothing to sign', [], /^there is nothing to sign; give peers with --admit, --revoke, or both$/],
      ['a peer id that is none', ['--admit', 'gateway-3'], /^--admit gateway-3: this is no peer id; give/],
      [
        'a peer on both sides',
        ['--admit', peers[0], '--revoke', peers[0]],
        /^--admit and --revoke both name 12D3.*; name it once$/,
      ],
      [
        'a key that is not there',
        ['--admit', peers[0], '--key', 'absent.key'],
        /^absent\.key does not exist; make an owner's key with/,
      ],
      ['a key that is none', ['--admit', peers[0], '--key', 'a.csv'], /^a\.csv is no owner's key/],
      [
        'a key that others can read',
        ['--admit', peers[0], '--key', 'open.key'],
        /^open\.key can be read by others on this machine; run chmod 600/,
      ],
      [
        'the key of another owner',
        ['--admit', peers[0], '--key', 'other.key'],
        /^federation\.yaml names another owner than that of other\.key; write owner: ed25519:/,
      ],
      [
        'a manifest without owner',
        ['--admit', peers[0], '--federation', 'free.yaml'],
        /^free\.yaml names no owner; write owner: ed25519:/,
      ],
      [
        'a manifest that is not there',
        ['--admit', peers[0], '--federation', 'absent.yaml'],
        /^absent\.yaml does not exist; give a federation file$/,
      ],
    ];
    for (const [what, args, sentence] of wrong) {
      it(`owner sign refuses ${what} with one sentence, and writes no roster`, async () => {
        await owned();
        await run('init', at('a.csv'), '--out', at('free.yaml'));
        for (const name of ['other.key', 'open.key']) await writeFile(at(name), createOwnerKey().pem, { mode: 0o600 });
        await chmod(at('a.csv'), 0o600);
        await chmod(at('open.key'), 0o644);
        const placed = args.map((arg) => (/\.(key|csv|yaml)$/.test(arg) ? at(arg) : arg));
        assert.match(await refused(...sign(...placed)), sentence);
        assert.ok(!(await readdir(folder)).includes('roster.json'));
      });
    }

    it('owner sign leaves the roster as it was where it would grow beyond its bound', async () => {
      const { publicKey, federation } = await owned();
      const many = Array.from({ length: rosterPeersMax }, (_, i) => `1${String(i + 1).replaceAll('0', 'x')}`);
      const key = parseOwnerKey(await readFile(at('owner.key'), 'utf8'))!;
      const text = signRoster(nextRoster(emptyRoster, many, []), key, federation);
      await writeFile(at('roster.json'), text);
      assert.equal(verifyRoster(Buffer.from(text), publicKey, federation).members.length, rosterPeersMax);
      assert.match(
        await refused(...sign('--admit', peers[0])),
        /^roster\.json: 10001 peers are more than the 10000 of a roster; admit fewer$/,
      );
      assert.equal(await readFile(at('roster.json'), 'utf8'), text);
    });

    it('owner sign refuses a roster that was changed, that is of another federation, or is none', async () => {
      await owned();
      await run(...sign('--admit', ...peers));
      const text = await readFile(at('roster.json'), 'utf8');
      await writeFile(at('roster.json'), text.replace('"version": 1', '"version": 7'));
      assert.match(
        await refused(...sign('--admit', peers[0])),
        /^roster\.json is not signed with this owner's key; give another file/,
      );
      await writeFile(at('roster.json'), text);
      const yaml = await readFile(at('federation.yaml'), 'utf8');
      await writeFile(at('federation.yaml'), yaml.replace('stride: 5', 'stride: 6'));
      assert.match(await refused(...sign('--admit', peers[0])), /^roster\.json is the roster of another federation/);
      await writeFile(at('roster.json'), 'x');
      assert.match(await refused(...sign('--admit', peers[0])), /^roster\.json is no roster/);
    });
  });

  it('schema federation prints the JSON Schema of a manifest, and refuses another kind', async () => {
    const schema = JSON.parse(await run('schema', 'federation')) as { title: string; required: string[] };
    assert.equal(schema.title, 'Rumormill federation');
    assert.ok(schema.required.includes('sensors'));
    assert.equal(await run('schema', 'scenario'), await run('schema'));
    assert.match(await refused('schema', 'plant'), /^command-argument value 'plant' is invalid for argument 'KIND'/);
  });

  it('a folder in the way of a file is named', async () => {
    await mkdir(at('federation.key'));
    assert.match(await refused('key', 'new', at('federation.key')), /^federation\.key exists already/);
  });
});
