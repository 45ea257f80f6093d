// The messages of /rumormill/federation/1 as bytes. Owns their reading, which trusts no field; sends and fetches nothing.
import { FederationAnswer, FederationPart, FederationRequest } from '../../gossip/messages.ts';
import { peerBytesMax } from '../../gossip/moments.ts';
import { PeerError } from '../../gossip/peer-error.ts';
import { FieldReader, Fields } from '../../gossip/wire.ts';

/** libp2p protocol on which members give each other the manifest, the roster and addresses. */
export const federationStreamProtocol = '/rumormill/federation/1';

/** What a member can be asked for. */
export type Part = 'manifest' | 'roster' | 'peers';

export interface Request {
  part: Part;
  /** Of the roster that the asker holds; 0 where it holds none. */
  rosterVersion: number;
}

/** A peer and the multiaddrs that it listens on, without its id. */
export interface PeerAddresses {
  peer: string;
  addresses: string[];
}

export interface Answer {
  /** Manifest or roster; empty where the peer does not hold it. */
  content: Uint8Array;
  peers: PeerAddresses[];
}

/** Of peers in an answer: enough for a newcomer's mesh, little enough that a bootstrap with a thousand members stays light. */
export const answeredPeersMax = 32;
/** A gateway has a few interfaces, each with an address or two. */
export const peerAddressesMax = 8;
/** RFC 1035's longest name and what a multiaddr puts around it. */
export const addressBytesMax = 300;
/** Longest request: id, part, version, and room for what a later release adds. */
export const requestBytesMax = 256;
/** A roster of ten thousand peers and a manifest of thousands of features fit. */
export const answerBytesMax = 1024 * 1024 + 1024;

const parts = {
  manifest: FederationPart.MANIFEST,
  roster: FederationPart.ROSTER,
  peers: FederationPart.PEERS,
} as const satisfies Record<Part, FederationPart>;
const partsByNumber: readonly Part[] = ['manifest', 'roster', 'peers'];

/** A request to a member of `federation` (32 bytes). */
export function encodeRequest({ part, rosterVersion }: Request, federation: Uint8Array): Uint8Array {
  return FederationRequest.encode({ federation, part: parts[part], rosterVersion });
}

/** Throws PeerError: 'wrong-federation' for a member of another one, 'malformed', 'truncated' or 'too-large'. */
export function decodeRequest(bytes: Uint8Array, federation: Uint8Array): Request {
  const fields = new Fields(bytes, requestBytesMax, 3);
  checkFederation(fields.bytes(1), federation);
  return {
    part: partsByNumber[fields.uint(2, partsByNumber.length - 1)] as Part,
    rosterVersion: fields.uint(3, Number.MAX_SAFE_INTEGER),
  };
}

/** An answer by a member of `federation` (32 bytes). */
export function encodeAnswer({ content, peers }: Answer, federation: Uint8Array): Uint8Array {
  return FederationAnswer.encode({ federation, content, peers });
}

/** Throws PeerError as decodeRequest() does. Peers and addresses beyond the limits are left out. */
export function decodeAnswer(bytes: Uint8Array, federation: Uint8Array): Answer {
  const reader = new FieldReader(bytes, answerBytesMax);
  let of: Uint8Array = new Uint8Array();
  const answer: Answer = { content: new Uint8Array(), peers: [] };
  while (reader.next()) {
    if (reader.number > 3) continue;
    const value = reader.value();
    if (typeof value === 'number') throw new PeerError('malformed', `field ${reader.number} is not a varint`);
    if (reader.number === 1) of = value;
    else if (reader.number === 2) answer.content = new Uint8Array(value);
    else if (answer.peers.length < answeredPeersMax) answer.peers.push(readPeer(value));
  }
  checkFederation(of, federation);
  return answer;
}

function readPeer(part: Uint8Array): PeerAddresses {
  const reader = new FieldReader(part, addressBytesMax);
  const peer: PeerAddresses = { peer: '', addresses: [] };
  while (reader.next()) {
    if (reader.number > 2) continue;
    const value = reader.value();
    if (typeof value === 'number') throw new PeerError('malformed', 'peers and addresses are text');
    if (reader.number === 1) {
      if (value.length > peerBytesMax) throw new PeerError('malformed', `peer id of ${value.length} bytes`);
      peer.peer = Buffer.from(value).toString('latin1');
    } else if (peer.addresses.length < peerAddressesMax) {
      peer.addresses.push(Buffer.from(value).toString('latin1'));
    }
  }
  return peer;
}

function checkFederation(found: Uint8Array, federation: Uint8Array): void {
  if (Buffer.compare(found, federation) !== 0) throw new PeerError('wrong-federation', 'a member of another one');
}
