// The commands `status` and `peers`: what the gateway that runs on this machine says of itself.
import type { Command } from 'commander';
import { peersSchema, statusSchema } from '../node/gateway/status.ts';
import { askGateway, defaultStateFolder } from './gateway-client.ts';
import type { Ports } from './ports.ts';
import { peersText, statusText } from './status-text.ts';
import { styleFor } from './style.ts';

interface Flags {
  state: string;
  json?: true;
}

/** Adds `rumormill status` and `rumormill peers` to the program. */
export function addStatusCommands(program: Command, ports: Ports): void {
  const { stdout, environment } = ports;
  const add = (name: string, description: string, action: (flags: Flags) => Promise<string>) =>
    program
      .command(name)
      .description(description)
      .option('--state <DIR>', 'the state folder of the gateway', defaultStateFolder)
      .option('--json', 'print it for programs')
      .action(async (flags: Flags) => {
        stdout.write(await action(flags));
      });
  add('status', 'say how the gateway on this machine is doing', async ({ state, json }) => {
    const status = await askGateway(state, '/status', statusSchema);
    if (json || status === undefined) return `${JSON.stringify(status, undefined, 2)}\n`;
    return statusText(status, stdout.columns ?? 80, styleFor(stdout, environment));
  });
  add('peers', 'list the peers of the gateway on this machine', async ({ state, json }) => {
    const peers = (await askGateway(state, '/peers', peersSchema)) ?? [];
    return json ? `${JSON.stringify(peers, undefined, 2)}\n` : peersText(peers, styleFor(stdout, environment));
  });
}
