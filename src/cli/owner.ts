// The command `owner`: the key of a federation's owner, and the roster signed with it.
import type { Command } from 'commander';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import { messageOf, OperatorError } from '../lib/errors.ts';
import { writeNewFile } from '../lib/new-file.ts';
import { createOwnerKey, ownerPublicKey } from '../node/owner-key.ts';
import { nextRoster, signRoster } from '../node/roster.ts';
import type { Ports } from './ports.ts';

interface SignOptions {
  key: string;
  federation: string;
  admit: string[];
  revoke: string[];
}

/** Adds `rumormill owner` to the program. */
export function addOwnerCommand(program: Command, { stdout }: Ports): void {
  const owner = program.command('owner').description('say which gateways may take part in a federation');
  owner
    .command('new')
    .description("write a new owner's key, and print its public half for the manifest")
    .argument('[FILE]', 'the file, which must not exist yet', 'owner.key')
    .addHelpText(
      'after',
      `
Put the printed line into the manifest before the gateways join: it is part of the federation's id. Keep the file off the
gateways; who has it can admit anybody.`,
    )
    .action(async (file: string) => {
      const { pem, publicKey } = createOwnerKey();
      await writeNewFile(file, pem, 0o600, 'give another file, or remove it where no federation uses it');
      stdout.write(`owner: ${publicKey}\n`);
    });
  owner
    .command('sign')
    .description('admit peers to a federation, or revoke them, and sign the roster that says so')
    .argument('<ROSTER>', 'the signed roster; made where it does not exist')
    .requiredOption('--key <FILE>', "the owner's key")
    .option('--federation <FILE>', 'the manifest', 'federation.yaml')
    .option('--admit <PEER_ID...>', 'peers that may take part from now on', [])
    .option('--revoke <PEER_ID...>', 'peers that may not, and are dropped', [])
    .addHelpText(
      'after',
      `
Give the roster to one gateway of the federation; the others have it from there. A roster replaces one with a lower version,
and each signing raises it.`,
    )
    .action(async (path: string, options: SignOptions) => {
      stdout.write(`${await sign(path, options)}\n`);
    });
}

async function sign(path: string, { key, federation: manifestPath, admit, revoke }: SignOptions): Promise<string> {
  if (admit.length + revoke.length === 0) {
    throw new OperatorError('there is nothing to sign; give peers with --admit, --revoke, or both');
  }
  // libp2p is loaded for this command only.
  const { agreementOf, readManifest } = await import('../node/manifest.ts');
  const { peerIdsOf, readOwnerKey, readRoster } = await import('../node/roster-file.ts');
  const ownerKey = await readOwnerKey(key);
  const manifest = await readManifest(manifestPath);
  const publicKey = ownerPublicKey(ownerKey);
  if (manifest.owner !== publicKey) {
    const names = manifest.owner === undefined ? 'no owner' : `another owner than that of ${key}`;
    throw new OperatorError(
      `${manifestPath} names ${names}; write owner: ${publicKey} into it before gateways join, or give the key of its owner`,
    );
  }
  const admitted = peerIdsOf(admit, '--admit');
  const revoked = peerIdsOf(revoke, '--revoke');
  const both = admitted.find((peer) => revoked.includes(peer));
  if (both !== undefined) throw new OperatorError(`--admit and --revoke both name ${both}; name it once`);
  const { federation } = agreementOf(manifest);
  const before = await readRoster(path, publicKey, federation);
  let roster: typeof before;
  try {
    roster = nextRoster(before, admitted, revoked);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new OperatorError(`${path}: ${error.message}; admit fewer`);
  }
  try {
    await writeFileAtomic(path, signRoster(roster, ownerKey, federation));
  } catch (error) {
    throw new OperatorError(`${path} cannot be written (${messageOf(error)}); give another path`);
  }
  return `${path}: version ${roster.version}, ${roster.members.length} admitted, ${roster.revoked.length} revoked`;
}
