// The identity on disk, the private network's key as text, and addresses as text.
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperatorError } from '../../../src/lib/errors.ts';
import { addressesTold, checkAddress, dialableAddresses } from '../../../src/node/peers/addresses.ts';
import { loadOrCreateIdentity, newNetworkKey, parseNetworkKey } from '../../../src/node/peers/identity.ts';

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'rumormill-identity-'));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('loadOrCreateIdentity()', () => {
  it('makes a seed with mode 0600 where there is none, and gives it again', async () => {
    await withFolder(async (root) => {
      const folder = join(root, 'state', 'gateway');
      const seed = await loadOrCreateIdentity(folder);
      assert.equal(seed.length, 32);
      assert.equal((await stat(join(folder, 'identity.key'))).mode & 0o777, 0o600);
      assert.deepEqual(await readdir(folder), ['identity.key']);
      assert.deepEqual(await loadOrCreateIdentity(folder), seed);
      assert.notDeepEqual(await loadOrCreateIdentity(root), seed);
    });
  });

  it('gives all that ask at once the same seed', async () => {
    await withFolder(async (folder) => {
      const seeds = await Promise.all([loadOrCreateIdentity(folder), loadOrCreateIdentity(folder)]);
      assert.deepEqual(seeds[0], seeds[1]);
    });
  });

  it('refuses a file that others may read, and leaves it', async () => {
    await withFolder(async (folder) => {
      await loadOrCreateIdentity(folder);
      const path = join(folder, 'identity.key');
      const text = await readFile(path, 'utf8');
      for (const mode of [0o640, 0o604, 0o660]) {
        await chmod(path, mode);
        await assert.rejects(
          loadOrCreateIdentity(folder),
          (error) => error instanceof OperatorError && error.message.includes(`chmod 600 ${path}`),
        );
      }
      assert.equal(await readFile(path, 'utf8'), text);
    });
  });

  it('refuses a file that holds something else', async () => {
    await withFolder(async (folder) => {
      await writeFile(join(folder, 'identity.key'), 'hello\n', { mode: 0o600 });
      await assert.rejects(loadOrCreateIdentity(folder), OperatorError);
    });
  });
});

describe('parseNetworkKey()', () => {
  it('takes what newNetworkKey() makes, each time another, and with Windows line ends', () => {
    const text = newNetworkKey();
    assert.notEqual(newNetworkKey(), text);
    const key = parseNetworkKey(text, 'swarm.key');
    assert.deepEqual(parseNetworkKey(text.replaceAll('\n', '\r\n'), 'swarm.key'), key);
    assert.match(Buffer.from(key).toString(), /^\/key\/swarm\/psk\/1\.0\.0\/\n\/base16\/\n[0-9a-f]{64}$/);
  });

  it('refuses anything else, with the path', () => {
    for (const text of ['', 'secret', newNetworkKey().slice(0, -10), `${newNetworkKey()}ff`]) {
      assert.throws(
        () => parseNetworkKey(text, '/etc/swarm.key'),
        (error) => error instanceof OperatorError && error.message.startsWith('/etc/swarm.key '),
      );
    }
  });
});

describe('addresses', () => {
  const peer = '12D3KooWDvth4Vr4Eb6DpkVPRLv5LfhJDLepvpfVaSdBGXqaAVRV';

  it('checkAddress() takes TCP multiaddrs', () => {
    for (const text of [
      '/ip4/10.0.0.7/tcp/4711',
      '/ip6/fd00::7/tcp/4711',
      '/dns4/a.plant/tcp/1',
      `/dns/a/tcp/1/p2p/${peer}`,
    ])
      checkAddress(text);
    for (const text of ['', 'a.plant:1', '/ip4/10.0.0.7/udp/1', '/ip4/300.0.0.7/tcp/1', `/p2p/${peer}`]) {
      assert.throws(() => checkAddress(text), OperatorError, text);
    }
  });

  it('dialableAddresses() leaves out what a stranger made up', () => {
    const good = '/ip4/10.0.0.7/tcp/4711';
    assert.deepEqual(dialableAddresses(peer, [good, 'junk', `${good}/p2p/${peer}`, '/unix/tmp/socket']), [good]);
    assert.deepEqual(dialableAddresses('nobody', [good]), []);
  });

  it('addressesTold() keeps loopback on the machine', () => {
    const all = ['/ip4/127.0.0.1/tcp/1', '/ip6/::1/tcp/1', `/ip4/10.0.0.7/tcp/1/p2p/${peer}`];
    assert.deepEqual(addressesTold(all, false), ['/ip4/10.0.0.7/tcp/1']);
    assert.deepEqual(addressesTold(all, true), ['/ip4/127.0.0.1/tcp/1', '/ip6/::1/tcp/1', '/ip4/10.0.0.7/tcp/1']);
  });
});
