// What gateways tell each other on the link and on the federation stream, from well-formed to random bytes.
import assert from 'node:assert/strict';
import { encode } from 'dns-packet';
import fc from 'fast-check';
import { FederationAnswer, FederationRequest } from '../../../src/gossip/messages.ts';
import { PeerError } from '../../../src/gossip/peer-error.ts';
import {
  answeredPeersMax,
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeRequest,
  peerAddressesMax,
} from '../../../src/node/peers/federation-codec.ts';
import * as mdns from '../../../src/node/peers/mdns-records.ts';
import { hashOf } from '../../support/live-federation.ts';

const federation = hashOf('federation');
const service = mdns.serviceOf(federation);
const peer = '12D3KooWDvth4Vr4Eb6DpkVPRLv5LfhJDLepvpfVaSdBGXqaAVRV';
const other = '12D3KooWGNMn4Ew8seHDpPxaasmYAgccWTm3aBN1UPBA9zDbggje';

describe('mdns-records', () => {
  it('serviceOf() is a legal DNS-SD service of the federation’s own', () => {
    assert.match(service, /^_[a-z][a-z0-9-]{0,14}\._udp\.local$/);
    assert.notEqual(mdns.serviceOf(hashOf('another')), service);
  });

  it('readPacket() gives back queries and answers of the service, in any case, and no other’s', () => {
    assert.deepEqual(mdns.readPacket(mdns.encodeQuery(service), service), { kind: 'query' });
    assert.deepEqual(mdns.readPacket(mdns.encodeQuery(service.toUpperCase()), service), { kind: 'query' });
    const addresses = ['/ip4/10.0.0.7/tcp/4711', '/ip6/fd00::7/tcp/4711'];
    const answer = mdns.encodeAnswer(service, peer, addresses);
    assert.deepEqual(mdns.readPacket(answer, service), { kind: 'answer', peer, addresses });
    const elsewhere = mdns.serviceOf(hashOf('another'));
    assert.equal(mdns.readPacket(mdns.encodeQuery(elsewhere), service), undefined);
    assert.equal(mdns.readPacket(mdns.encodeAnswer(elsewhere, peer, addresses), service), undefined);
  });

  it('readPacket() does not unpack what is longer than a packet of ours can be', () => {
    const question = { name: service, type: 'PTR' } as const;
    // Each is the name with a byte before and behind it, and four more.
    const fitting = Math.floor((1500 - 12) / (service.length + 6));
    const packet = (questions: number) => encode({ type: 'query', questions: Array(questions).fill(question) });
    assert.deepEqual(mdns.readPacket(packet(fitting), service), { kind: 'query' });
    assert.equal(mdns.readPacket(packet(fitting + 1), service), undefined);
  });

  it('encodeAnswer() fits one packet of an Ethernet, however many addresses there are', () => {
    const addresses = Array.from(
      { length: 100 },
      (_, i) => `/ip6/fd00:1111:2222:3333:4444:5555:6666:${1000 + i}/tcp/65535`,
    );
    const answer = mdns.encodeAnswer(service, peer, addresses);
    assert.ok(answer.length <= 1452, `${answer.length} bytes`);
    const read = mdns.readPacket(answer, service);
    assert.equal(read?.kind === 'answer' && read.addresses.length, mdns.announcedAddressesMax);
  });

  it('readPacket() takes addresses of one peer only from a packet', () => {
    const name = `x.${service}`;
    const data = [
      `dnsaddr=/ip4/10.0.0.7/tcp/1/p2p/${peer}`,
      `dnsaddr=/ip4/10.0.0.8/tcp/1/p2p/${other}`,
      'dnsaddr=junk',
      'junk',
    ];
    const answer = encode({ type: 'response', answers: [{ name, type: 'TXT', data }] });
    assert.deepEqual(mdns.readPacket(answer, service), { kind: 'answer', peer, addresses: ['/ip4/10.0.0.7/tcp/1'] });
  });

  it('readPacket() survives any bytes, and any damage to a packet', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void mdns.readPacket(bytes, service)));
    const answer = mdns.encodeAnswer(service, peer, ['/ip4/10.0.0.7/tcp/4711']);
    fc.assert(
      fc.property(fc.nat(answer.length - 1), fc.nat(255), (at, value) => {
        const damaged = answer.slice();
        damaged[at] = value;
        mdns.readPacket(damaged, service);
        mdns.readPacket(answer.subarray(0, at), service);
      }),
    );
  });
});

describe('federation-codec', () => {
  it('gives requests and answers back', () => {
    for (const part of ['manifest', 'roster', 'peers'] as const) {
      const request = { part, rosterVersion: 2 ** 40 };
      assert.deepEqual(decodeRequest(encodeRequest(request, federation), federation), request);
    }
    const answer = {
      content: Uint8Array.of(1, 2, 3),
      peers: [{ peer, addresses: ['/ip4/10.0.0.7/tcp/1', '/dns4/a/tcp/2'] }],
    };
    assert.deepEqual(decodeAnswer(encodeAnswer(answer, federation), federation), answer);
  });

  it('writes what the generated decoder reads', () => {
    const bytes = encodeAnswer(
      { content: Uint8Array.of(7), peers: [{ peer, addresses: ['/ip4/10.0.0.7/tcp/1'] }] },
      federation,
    );
    const read = FederationAnswer.decode(bytes);
    assert.deepEqual([read.peers[0]?.peer, read.peers[0]?.addresses], [peer, ['/ip4/10.0.0.7/tcp/1']]);
  });

  it('refuses another federation’s by name', () => {
    const request = encodeRequest({ part: 'peers', rosterVersion: 0 }, hashOf('another'));
    assert.throws(() => decodeRequest(request, federation), { code: 'wrong-federation' });
    assert.throws(() => decodeAnswer(new Uint8Array(), federation), { code: 'wrong-federation' });
  });

  it('refuses parts that do not exist, and leaves out peers and addresses beyond the limits', () => {
    const request = FederationRequest.encode({ federation });
    assert.throws(() => decodeRequest(Uint8Array.of(...request, 0x10, 3), federation), { code: 'malformed' });
    const addresses = Array.from({ length: 50 }, (_, i) => `/ip4/10.0.0.${i}/tcp/1`);
    const peers = Array.from({ length: 50 }, () => ({ peer, addresses }));
    const read = decodeAnswer(encodeAnswer({ content: new Uint8Array(), peers }, federation), federation);
    assert.equal(read.peers.length, answeredPeersMax);
    assert.ok(read.peers.every((told) => told.addresses.length === peerAddressesMax));
  });

  it('answers any bytes with a PeerError or a value', () => {
    const answer = encodeAnswer(
      { content: Uint8Array.of(1), peers: [{ peer, addresses: ['/ip4/10.0.0.7/tcp/1'] }] },
      federation,
    );
    const damaged = fc.tuple(fc.nat(answer.length - 1), fc.nat(255)).map(([at, value]) => answer.with(at, value));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), damaged), (bytes) => {
        for (const decode of [decodeAnswer, decodeRequest]) {
          try {
            decode(bytes, federation);
          } catch (error) {
            assert.ok(error instanceof PeerError, String(error));
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
