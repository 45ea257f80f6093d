// This gateway's identity and the private network's key, as files and text. Owns their forms and modes; opens no connection.
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperatorError } from '../../lib/errors.ts';

const seedBytes = 32;

/**
 * The Ed25519 seed (32 bytes) in `identity.key` of `folder`, made where there is none, with mode 0600: who has it can speak
 * for this gateway. Throws OperatorError for a file that others may read, or that holds something else, and for a folder that
 * cannot be made or used.
 */
export async function loadOrCreateIdentity(folder: string): Promise<Uint8Array> {
  try {
    return await loadOrCreate(folder);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    const what =
      error.code === 'EEXIST' || error.code === 'ENOTDIR'
        ? 'this is a file, or there is one on the way to it'
        : `it cannot be used (${error.message})`;
    throw new OperatorError(`--state ${folder}: ${what}; give a folder that this user can write to`, { cause: error });
  }
}

async function loadOrCreate(folder: string): Promise<Uint8Array> {
  const path = join(folder, 'identity.key');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    return await load(path);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  // A link fails where the file has come in the meantime, and a crash leaves no half of a key.
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await writeFile(temporary, `${randomBytes(seedBytes).toString('hex')}\n`, { mode: 0o600, flag: 'wx', flush: true });
    await link(temporary, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  return load(path);
}

async function load(path: string): Promise<Uint8Array> {
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0 && process.platform !== 'win32') {
    const octal = (mode & 0o777).toString(8).padStart(4, '0');
    throw new OperatorError(
      `${path} has mode ${octal}, so others on this machine can take its key; run chmod 600 ${path}`,
    );
  }
  const text = (await readFile(path, 'latin1')).trim();
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new OperatorError(
      `${path} does not hold an identity (64 hex digits); restore it, or remove it and the gateway makes itself a new identity`,
    );
  }
  return new Uint8Array(Buffer.from(text, 'hex'));
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

const networkKeyHeader = '/key/swarm/psk/1.0.0/\n/base16/\n';

/** A new key of a private network: the text of libp2p's `swarm.key` files, 256 random bits. */
export function newNetworkKey(): string {
  return `${networkKeyHeader}${randomBytes(32).toString('hex')}\n`;
}

/** The key in the text of the file at `path`, as libp2p takes it. Throws OperatorError where it is no such key. */
export function parseNetworkKey(text: string, path: string): Uint8Array {
  const regular = text.replaceAll('\r\n', '\n').trim();
  if (!/^\/key\/swarm\/psk\/1\.0\.0\/\n\/base16\/\n[0-9a-f]{64}$/i.test(regular)) {
    throw new OperatorError(`${path} is no key of a private network; make one with: rumormill key new`);
  }
  return new Uint8Array(Buffer.from(regular, 'latin1'));
}
