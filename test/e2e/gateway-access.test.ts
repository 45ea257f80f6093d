// Who may take part, from the command line: the private network's key, and the owner's roster.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCommand } from '../support/command-line.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { eventually } from '../support/live-federation.ts';
import { freePort, plantManifest } from '../support/small-plant.ts';

describe('who may take part', function () {
  this.timeout(60_000);
  let folder: string;
  const running: GatewayProcess[] = [];
  const at = (name: string) => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-gw-'));
    await writeFile(at('federation.yaml'), plantManifest());
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((gateway) => gateway.kill()));
  });
  after(() => rm(folder, { recursive: true }));

  function start(name: string, ...args: string[]): GatewayProcess {
    const gateway = GatewayProcess.start({ args: [...args, '--no-mdns'], state: at(name), cwd: folder });
    running.push(gateway);
    return gateway;
  }

  async function run(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await startCommand(args, { cwd: folder }).ended;
    assert.equal(code, 0, stderr);
    return stdout.trimEnd();
  }

  const peerOf = async (gateway: GatewayProcess) => (await gateway.until(() => true, 'its status')).peer;
  const says = (gateway: GatewayProcess, pattern: RegExp) =>
    eventually(() => pattern.test(gateway.output), `${pattern} of\n${gateway.output}`, 20_000);

  it('who has the key of the private network connects; who has another, or none, does not, and is told why', async () => {
    await Promise.all([run('key', 'new', 'right.key'), run('key', 'new', 'wrong.key')]);
    const port = await freePort();
    const address = `/ip4/127.0.0.1/tcp/${port}`;
    const first = start('a', 'federation.yaml', '--key', 'right.key', '--port', String(port));
    await first.until(() => true, 'its status');
    const right = start('b', 'federation.yaml', '--key', 'right.key', '--peer', address);
    const wrong = start('c', 'federation.yaml', '--key', 'wrong.key', '--peer', address);
    const none = start('d', 'federation.yaml', '--peer', address);
    await right.until(({ network }) => network.mesh === 1, 'the right key joins');
    for (const stranger of [wrong, none]) {
      await says(stranger, /cannot be reached: .*(key|--key)/);
      assert.equal((await stranger.until(() => true, 'its status')).network.connections, 0);
    }
    assert.equal((await first.until(() => true, 'its status')).network.connections, 1);
  });

  it('with an owner only who is on the roster takes part, and who is revoked is dropped while it runs', async () => {
    const owner = await run('owner', 'new', 'owner.key');
    await writeFile(at('owned.yaml'), plantManifest([owner]));
    // Each makes its identity as it starts, and waits for the owner's word.
    const ports = await Promise.all([freePort(), freePort()]);
    const addresses = ports.map((port) => `/ip4/127.0.0.1/tcp/${port}`) as [string, string];
    const first = start('oa', 'owned.yaml', '--port', String(ports[0]), '--verbose');
    const [a, b, c] = await Promise.all([first, start('ob', 'owned.yaml'), start('oc', 'owned.yaml')].map(peerOf));
    await says(first, /nobody is a member yet: no roster is here/);
    await Promise.all(running.splice(0).map((gateway) => gateway.stop()));

    const sign = (...args: string[]) =>
      run('owner', 'sign', 'roster', '--key', 'owner.key', '--federation', 'owned.yaml', ...args);
    assert.equal(await sign('--admit', `${a}`, `${b}`), 'roster: version 1, 2 admitted, 0 revoked');
    const holder = start('oa', 'owned.yaml', '--roster', 'roster', '--port', String(ports[0]));
    const member = start('ob', 'owned.yaml', '--peer', addresses[0], '--port', String(ports[1]));
    await Promise.all([holder, member].map((gateway) => gateway.until(({ network }) => network.mesh === 1, 'a mesh')));
    await says(member, /version 1 of the roster counts/);
    const stranger = start('oc', 'owned.yaml', '--peer', addresses[0], '--peer', addresses[1]);
    await says(holder, new RegExp(`a connection with ${c} was refused: not-a-member`));
    await says(stranger, /cannot be reached/);

    await sign('--admit', `${c}`);
    await stranger.until(({ network }) => network.mesh === 2, 'the admitted one has joined both');

    await sign('--revoke', `${c}`);
    await says(holder, new RegExp(`peer ${c} is gone: it is not a member`));
    await says(member, new RegExp(`peer ${c} is gone: it is not a member`));
    assert.match(member.output, /version 3 of the roster counts/);
    await stranger.until(({ network }) => network.connections === 0, 'the revoked one is alone');
    await holder.until(({ network }) => network.mesh === 1, 'the others stay');
  });
});
