// The DNS packets by which gateways of one link find each other, as in libp2p's mDNS specification
// (github.com/libp2p/specs, discovery/mdns.md) under a service of the federation's own. Owns their form; sends nothing.
import { decode, encode, type TxtAnswer } from 'dns-packet';

/** What a packet says about our service: somebody asks for gateways, or a gateway tells its addresses. */
export type ServicePacket = { kind: 'query' } | { kind: 'answer'; peer: string; addresses: string[] };

/** As many addresses of about 95 bytes as fit one packet of an Ethernet (1,500 bytes) with its names. */
export const announcedAddressesMax = 10;

/** RFC 6762 section 10 recommends 120 s for records that hold a host's addresses. */
const lifetimeS = 120;
/**
 * A gateway's packets fit one of an Ethernet. Names in DNS are packed: one of the 60 kB that anybody on the link can send
 * would take thirty milliseconds to unpack.
 */
const packetBytesMax = 1500;
const textBytesMax = 255;
const prefix = 'dnsaddr=';

/**
 * The DNS-SD service of a federation (32 bytes): `_rumor-` and the first 8 hex digits of its id, 14 of the 15 characters
 * that RFC 6763 section 7 allows. Federations that share the digits meet, and part when they ask for each other's id.
 */
export function serviceOf(federation: Uint8Array): string {
  return `_rumor-${Buffer.from(federation.subarray(0, 4)).toString('hex')}._udp.local`;
}

/** A packet that asks for all gateways of `service`. */
export function encodeQuery(service: string): Uint8Array {
  return encode({ type: 'query', questions: [{ name: service, type: 'PTR' }] });
}

/** A packet that tells where `peer` listens: multiaddrs without the peer id, of which the first that fit are told. */
export function encodeAnswer(service: string, peer: string, addresses: readonly string[]): Uint8Array {
  const name = `${peer}.${service}`;
  const data = addresses
    .map((address) => `${prefix}${address}/p2p/${peer}`)
    .filter((text) => text.length <= textBytesMax)
    .slice(0, announcedAddressesMax);
  return encode({
    type: 'response',
    // Authoritative, as RFC 6762 section 18.4 asks.
    flags: 0x0400,
    answers: [{ name: service, type: 'PTR', ttl: lifetimeS, data: name }],
    additionals: [{ name, type: 'TXT', ttl: lifetimeS, data }],
  });
}

/** What a packet from the link says about `service`; undefined for all that is not about it, is too long for it, or is no DNS. */
export function readPacket(bytes: Uint8Array, service: string): ServicePacket | undefined {
  if (bytes.length > packetBytesMax) return undefined;
  const packet = decoded(bytes);
  if (packet === undefined) return undefined;
  if (packet.type === 'query') {
    const asked = packet.questions?.some(({ name, type }) => type === 'PTR' && sameName(name, service));
    return asked ? { kind: 'query' } : undefined;
  }
  const records = [...(packet.answers ?? []), ...(packet.additionals ?? [])];
  const texts = records
    .filter(
      (record): record is TxtAnswer => record.type === 'TXT' && sameName(record.name.slice(-service.length), service),
    )
    .flatMap(({ data }) => [data].flat())
    .map(String)
    .filter((text) => text.startsWith(prefix))
    .slice(0, announcedAddressesMax)
    .map((text) => /^(\/.+)\/p2p\/([1-9A-HJ-NP-Za-km-z]{1,128})$/.exec(text.slice(prefix.length)));
  const peer = texts.find((match) => match !== null)?.[2];
  if (peer === undefined) return undefined;
  // One gateway speaks for itself only.
  const addresses = texts.flatMap((match) => (match?.[2] === peer ? [match[1] as string] : []));
  return { kind: 'answer', peer, addresses };
}

function decoded(bytes: Uint8Array): ReturnType<typeof decode> | undefined {
  try {
    return decode(Buffer.from(bytes));
  } catch {
    // Whatever else is on the link's port 5353 is none of our business.
    return undefined;
  }
}

/** DNS compares names without regard to case. */
function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
