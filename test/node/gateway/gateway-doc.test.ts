import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { runProgram } from '../../../src/cli/program.ts';
import { actionOf, peerErrorCodes } from '../../../src/gossip/peer-error.ts';
import {
  connectionsMax,
  connectionsPerPeerMax,
  inboundBurst,
  inboundPerSecond,
} from '../../../src/node/peers/limits.ts';
import { FakePorts } from '../../support/cli-ports.ts';

describe('docs/gateway.md', () => {
  let text: string;

  before(async () => {
    text = await readFile('docs/gateway.md', 'utf8');
  });

  it('says of each code for a refused message whether an honest peer can cause it', () => {
    const rejected = text.split('\n').find((line) => line.includes('what no honest peer sends: '))!;
    for (const code of peerErrorCodes) {
      assert.ok(text.includes(`\`${code}\``), code);
      assert.equal(rejected.includes(`\`${code}\``), actionOf(code) === 'reject', code);
    }
  });

  it('starts the service with flags that join has', async () => {
    const ports = new FakePorts(() => assert.fail('no scenario must run'));
    await runProgram(['join', '--help'], ports);
    const [, command] = /^ExecStart=\/usr\/bin\/rumormill (.*)$/m.exec(text)!;
    const flags = command!.match(/--\w+/g)!;
    assert.ok(flags.length >= 5);
    for (const flag of flags) assert.match(ports.stdout.text, new RegExp(`^ +${flag} `, 'm'));
  });

  it('has the limits that the code has', () => {
    const limits = `${connectionsMax}, ${connectionsPerPeerMax}, ${inboundPerSecond} a second after ${inboundBurst} at once`;
    assert.ok(text.includes(`| ${limits} |`), limits);
  });
});
