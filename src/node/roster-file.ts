// The owner's key and the roster as files. Owns what is said when they are missing or wrong; their forms are elsewhere.
import type { KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { peerIdFromString } from '@libp2p/peer-id';
import { PeerError } from '../gossip/peer-error.ts';
import { OperatorError } from '../lib/errors.ts';
import { parseOwnerKey } from './owner-key.ts';
import { emptyRoster, type Roster, rosterBytesMax, verifyRoster } from './roster.ts';

/** The private key in a file made by `owner new`. Throws OperatorError for a file that is absent, readable by others, or none. */
export async function readOwnerKey(path: string): Promise<KeyObject> {
  const bytes = await readIfThere(path);
  if (bytes === undefined)
    throw new OperatorError(`${path} does not exist; make an owner's key with: rumormill owner new`);
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0 && process.platform !== 'win32') {
    throw new OperatorError(`${path} can be read by others on this machine; run chmod 600 ${path}`);
  }
  const key = parseOwnerKey(bytes.toString('latin1'));
  if (key === undefined) throw new OperatorError(`${path} is no owner's key; make one with: rumormill owner new`);
  return key;
}

/** The roster in a file, and the one of nobody where there is no file. Throws OperatorError for a file that is no roster of that owner and federation. */
export async function readRoster(path: string, ownerPublicKey: string, federation: Uint8Array): Promise<Roster> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) return emptyRoster;
  try {
    return verifyRoster(bytes, ownerPublicKey, federation);
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw new OperatorError(`${path} ${rosterProblem(error)}; give another file, which is then made anew`);
  }
}

/** Peer ids as an operator gave them, in the form that a roster has. Throws OperatorError for one that is none; `flag` names them. */
export function peerIdsOf(texts: readonly string[], flag: string): string[] {
  return texts.map((text) => {
    try {
      return peerIdFromString(text.trim()).toString();
    } catch (cause) {
      throw new OperatorError(
        `${flag} ${text}: this is no peer id; give what rumormill status says on that gateway, such as 12D3KooW…`,
        { cause },
      );
    }
  });
}

function rosterProblem(error: PeerError): string {
  if (error.code === 'wrong-federation') return 'is the roster of another federation';
  if (error.code === 'unsigned') return "is not signed with this owner's key";
  if (error.code === 'too-large') return `has more than the ${rosterBytesMax} bytes of a roster`;
  return 'is no roster';
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'EISDIR') throw new OperatorError(`${path} is a folder; give a file`);
    if (code === 'ENOTDIR')
      throw new OperatorError(`${path} cannot be reached: a folder on the way is a file; give another path`);
    if (code === 'EACCES' || code === 'EPERM')
      throw new OperatorError(`${path} cannot be read; change its permissions`);
    throw error;
  }
}
