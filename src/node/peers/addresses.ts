// Multiaddrs as operators, members and links give them. Owns which ones are taken and passed on, and what a failed dial
// means in words; dials nothing.
import { peerIdFromString } from '@libp2p/peer-id';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { PeerError } from '../../gossip/peer-error.ts';
import { messageOf, OperatorError } from '../../lib/errors.ts';

/** Throws OperatorError unless `text` is a TCP multiaddr, with or without a peer id. */
export function checkAddress(text: string): void {
  if (parsed(text) === undefined) {
    throw new OperatorError(
      `${JSON.stringify(text)} is no address of a peer; write it like /ip4/10.0.0.7/tcp/4711 or /dns4/gateway-7.plant/tcp/4711, with /p2p/ and the peer id behind it where that is known`,
    );
  }
}

/** Of the addresses that somebody tells of `peer`, those that can be dialed; none where the peer id is none. */
export function dialableAddresses(peer: string, addresses: readonly string[]): string[] {
  try {
    peerIdFromString(peer);
  } catch {
    return [];
  }
  return addresses.filter((text) => !text.includes('/p2p/') && parsed(text) !== undefined);
}

/** Of a peer's addresses, without its id, those that help others; ones on loopback only where the asker is on this machine too. */
export function addressesTold(addresses: readonly string[], onThisMachine: boolean): string[] {
  return addresses
    .map((text) => text.replace(/\/p2p\/[^/]+$/, ''))
    .filter((text) => onThisMachine || !isLoopback(text));
}

/** Whether a multiaddr is on this machine only. */
export function isLoopback(address: string): boolean {
  return address.startsWith('/ip4/127.') || address.startsWith('/ip6/::1/');
}

/** Whether a dial failed since the address is that of the dialing gateway itself. */
export function isSelfDial(error: unknown): boolean {
  return (
    error instanceof Error && /\bself\b/.test(error.message) && /^(InvalidPeerIdError|DialError)$/.test(error.name)
  );
}

const reasons: Record<string, string> = {
  EncryptionFailedError: 'the handshake failed, as it does where the keys of the private network differ',
  UnexpectedEOFError:
    'it closed the connection in the handshake, as it does where the keys of the private network differ',
  UnsupportedProtocolError: 'it takes part in no federation',
  TimeoutError: 'it did not answer in time',
  AbortError: 'it did not answer in time',
  DialDeniedError: 'it is shut out here, or not a member',
  PeerError: 'it closed the connection',
  StreamResetError: 'it closed the connection',
  StreamClosedError: 'it closed the connection',
};

/** Why a peer could not be reached or greeted, for an operator. */
export function reasonOf(error: unknown): string {
  if (error instanceof PeerError && error.code === 'timeout') return 'it did not answer in time';
  if (error instanceof PeerError && error.code !== 'reset') {
    return error.code === 'wrong-federation'
      ? 'it takes part in another federation'
      : `its answer was wrong: ${error.code}`;
  }
  // A dial of several addresses fails with the reasons of all.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return (first instanceof Error ? reasons[first.name] : undefined) ?? messageOf(first);
}

function parsed(text: string): Multiaddr | undefined {
  try {
    const address = multiaddr(text);
    const names = address.getComponents().map(({ name }) => name);
    const last = names.at(-1) === 'p2p' ? names.slice(0, -1) : names;
    if (names.at(-1) === 'p2p') peerIdFromString(address.getComponents().at(-1)?.value ?? '');
    return /^(ip4|ip6|dns|dns4|dns6),tcp$/.test(last.join(',')) ? address : undefined;
  } catch {
    // No multiaddr at all, or no peer id.
    return undefined;
  }
}
