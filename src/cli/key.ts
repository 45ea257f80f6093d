// The command `key`: makes the key of a private network.
import type { Command } from 'commander';
import { writeNewFile } from '../lib/new-file.ts';
import { newNetworkKey } from '../node/peers/identity.ts';
import type { Ports } from './ports.ts';

/** Adds `rumormill key` to the program. */
export function addKeyCommand(program: Command, { stdout }: Ports): void {
  const key = program.command('key').description('make the key of a private network');
  key
    .command('new')
    .description('write a new key; only gateways that have the same one can connect')
    .argument('[FILE]', 'the file, which must not exist yet', 'federation.key')
    .addHelpText(
      'after',
      `
The file is of libp2p's swarm.key form, mode 0600. Copy it to every gateway by a way that nobody can read along, such as scp.`,
    )
    .action(async (file: string) => {
      await writeNewFile(file, newNetworkKey(), 0o600, 'give another file, or remove it where no gateway uses it');
      stdout.write(`${file}\n`);
    });
}
