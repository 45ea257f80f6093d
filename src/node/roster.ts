// The roster: which peers a federation's owner has admitted, and which revoked. Owns its signed form and its bounds; reads
// no files, and drops no connection.
import assert from 'node:assert/strict';
import { type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson, federationText } from '../gossip/manifest.ts';
import { PeerError } from '../gossip/peer-error.ts';
import { verifyingKey } from './owner-key.ts';

/** Most peers of a roster, admitted and revoked together. */
export const rosterPeersMax = 10_000;

/** Most bytes of a roster: the most peers with the longest ids, one a line, and the rest. */
export const rosterBytesMax = 1024 * 1024;

/** Who may take part. */
export interface Roster {
  /** From 1; a member keeps the roster with the greatest one that it has seen. */
  version: number;
  /** Peer ids in base58, ascending by UTF-16 code units, no two the same. */
  members: readonly string[];
  /** As `members`; nobody is in both. */
  revoked: readonly string[];
}

/** Kept apart from anything else that the same key might sign. */
const signedPrefix = 'rumormill roster 1\n';

const peerIds = z.array(z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{1,80}$/)).max(rosterPeersMax);

const rosterSchema = z
  .strictObject({
    federation: z.string().regex(/^[0-9a-f]{64}$/),
    version: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
    members: peerIds,
    revoked: peerIds,
    signature: z.string().regex(/^[0-9a-f]{128}$/),
  })
  .refine(({ members, revoked }) => isRegular({ members, revoked }));

/** The roster of nobody, which comes before every signed one. */
export const emptyRoster: Roster = { version: 0, members: [], revoked: [] };

/**
 * The roster after `roster`: its version is one more. Whom `admit` names is a member, also where revoked before; whom
 * `revoke` names is revoked, also where never a member. Nobody may be in both. Throws RangeError above `rosterPeersMax`.
 */
export function nextRoster(roster: Roster, admit: readonly string[], revoke: readonly string[]): Roster {
  const members = new Set([...roster.members, ...admit]);
  const revoked = new Set([...roster.revoked, ...revoke]);
  for (const peer of revoke) members.delete(peer);
  for (const peer of admit) revoked.delete(peer);
  if (members.size + revoked.size > rosterPeersMax) {
    throw new RangeError(`${members.size + revoked.size} peers are more than the ${rosterPeersMax} of a roster`);
  }
  return { version: roster.version + 1, members: [...members].sort(), revoked: [...revoked].sort() };
}

/** The roster as JSON text signed with the owner's key (Ed25519, RFC 8032), for the federation with that id (32 bytes). */
export function signRoster(roster: Roster, ownerKey: KeyObject, federation: Uint8Array): string {
  const { version, members, revoked } = roster;
  assert(version >= 1 && isRegular(roster), 'a roster to sign comes from nextRoster');
  const signature = sign(null, signedBytes(roster, federation), ownerKey).toString('hex');
  return `${JSON.stringify({ federation: federationText(federation), version, members, revoked, signature }, null, 1)}\n`;
}

/**
 * The roster in `bytes`, which came from anywhere. Throws PeerError: 'too-large', 'malformed' where it is no roster,
 * 'wrong-federation', or 'unsigned' where the signature is not by the owner whose public key is `ownerPublicKey` (a
 * manifest's `owner`). Whether it is newer than the roster at hand is the caller's to see.
 */
export function verifyRoster(bytes: Uint8Array, ownerPublicKey: string, federation: Uint8Array): Roster {
  if (bytes.length > rosterBytesMax) throw new PeerError('too-large', `a roster of ${bytes.length} bytes`);
  const parsed = rosterSchema.safeParse(jsonOf(bytes));
  if (!parsed.success) throw new PeerError('malformed', 'no roster');
  const { version, members, revoked, signature } = parsed.data;
  if (parsed.data.federation !== federationText(federation))
    throw new PeerError('wrong-federation', 'a roster of another one');
  const signed = signedBytes({ version, members, revoked }, federation);
  if (!verify(null, signed, verifyingKey(ownerPublicKey), Buffer.from(signature, 'hex'))) {
    throw new PeerError('unsigned', 'a roster that the owner has not signed');
  }
  return { version, members, revoked };
}

/** What the signature is over: the prefix, then the canonical JSON of all but the signature, in UTF-8. */
function signedBytes({ version, members, revoked }: Roster, federation: Uint8Array): Buffer {
  return Buffer.from(
    signedPrefix + canonicalJson({ federation: federationText(federation), version, members, revoked }),
    'utf8',
  );
}

function isRegular({ members, revoked }: Pick<Roster, 'members' | 'revoked'>): boolean {
  if (members.length + revoked.length > rosterPeersMax) return false;
  const ascends = (ids: readonly string[]) => ids.every((id, index) => index === 0 || (ids[index - 1] as string) < id);
  const isRevoked = new Set(revoked);
  return ascends(members) && ascends(revoked) && !members.some((id) => isRevoked.has(id));
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // Neither UTF-8 nor JSON: the schema refuses undefined.
    return undefined;
  }
}
