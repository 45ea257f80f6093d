// Rosters: round trips, what a signature covers, and what is refused.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { PeerError, type PeerErrorCode } from '../../src/gossip/peer-error.ts';
import { createOwnerKey, ownerKeyPattern, ownerPublicKey, parseOwnerKey } from '../../src/node/owner-key.ts';
import {
  emptyRoster,
  nextRoster,
  type Roster,
  rosterBytesMax,
  rosterPeersMax,
  signRoster,
  verifyRoster,
} from '../../src/node/roster.ts';

const owner = createOwnerKey();
const key = parseOwnerKey(owner.pem)!;
const federation = new Uint8Array(32).fill(7);
const peer = fc.stringMatching(/^12D3Koo[1-9A-HJ-NP-Za-km-z]{45}$/);
const peers = fc.uniqueArray(peer, { maxLength: 8 });
const encode = (text: string) => new TextEncoder().encode(text);

function rosterOf(members: readonly string[], revoked: readonly string[]): Roster {
  return nextRoster(nextRoster(emptyRoster, members, []), [], revoked);
}

function refuses(bytes: Uint8Array, code: PeerErrorCode, ownerKey = owner.publicKey, id = federation): void {
  assert.throws(
    () => verifyRoster(bytes, ownerKey, id),
    (error) => error instanceof PeerError && error.code === code,
  );
}

describe('roster', () => {
  it('verifyRoster() gives what was signed, for any members', () => {
    fc.assert(
      fc.property(peers, peers, (members, revoked) => {
        const roster = rosterOf(members, revoked);
        assert.deepEqual(
          verifyRoster(encode(signRoster(roster, key, federation)), owner.publicKey, federation),
          roster,
        );
      }),
      { numRuns: 50 },
    );
  });

  it('verifyRoster() takes other spaces and another order of keys, since the content is what is signed', () => {
    const roster = rosterOf(['12D3KooWb', '12D3KooWa'], []);
    const { signature, version, revoked, members, federation: id } = JSON.parse(signRoster(roster, key, federation));
    const text = JSON.stringify({ signature, version, revoked, members, federation: id }, null, 4);
    assert.deepEqual(verifyRoster(encode(text), owner.publicKey, federation), roster);
  });

  it('verifyRoster() refuses a roster with anything changed', () => {
    const signed = JSON.parse(signRoster(rosterOf(['12D3KooWa', '12D3KooWb'], ['12D3KooWc']), key, federation));
    const refusesChange = (change: object, code: PeerErrorCode) =>
      refuses(encode(JSON.stringify({ ...signed, ...change })), code);
    refusesChange({ version: 3 }, 'unsigned');
    refusesChange({ members: ['12D3KooWa'] }, 'unsigned');
    refusesChange({ members: ['12D3KooWa', '12D3KooWb', '12D3KooWd'] }, 'unsigned');
    refusesChange({ revoked: [] }, 'unsigned');
    refusesChange({ signature: '0'.repeat(128) }, 'unsigned');
    refusesChange({ federation: '08'.repeat(32) }, 'wrong-federation');
    refusesChange({ members: ['12D3KooWb', '12D3KooWa'] }, 'malformed');
    refusesChange({ members: ['12D3KooWa', '12D3KooWa'] }, 'malformed');
    refusesChange({ members: ['12D3KooWa', '12D3KooWc'] }, 'malformed');
    refusesChange({ members: ['0 is not in base58'] }, 'malformed');
    refusesChange({ version: 0 }, 'malformed');
    refusesChange({ note: 'x' }, 'malformed');
  });

  it('verifyRoster() refuses another owner, and a roster carried over from another federation', () => {
    const text = signRoster(rosterOf(['12D3KooWa'], []), key, federation);
    refuses(encode(text), 'unsigned', createOwnerKey().publicKey);
    refuses(encode(text), 'wrong-federation', owner.publicKey, new Uint8Array(32));
    const moved = text.replace('07'.repeat(32), '00'.repeat(32));
    refuses(encode(moved), 'unsigned', owner.publicKey, new Uint8Array(32));
  });

  it('verifyRoster() answers any bytes and any cut of a roster with a PeerError', () => {
    const whole = encode(signRoster(rosterOf(['12D3KooWa', '12D3KooWb'], ['12D3KooWc']), key, federation));
    const cut = fc.nat({ max: whole.length - 2 }).map((end) => whole.slice(0, end));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), cut, fc.json().map(encode)), (bytes) => {
        refuses(bytes, 'malformed');
      }),
    );
    refuses(new Uint8Array(rosterBytesMax + 1), 'too-large');
  });

  it('the largest roster fits its bound in bytes, and nextRoster() makes no larger one', () => {
    const many = Array.from({ length: rosterPeersMax }, (_, i) => `12D3KooW${'z'.repeat(39)}${base58(i)}`);
    const largest = nextRoster(emptyRoster, many, []);
    const bytes = encode(signRoster(largest, key, federation));
    assert.equal(verifyRoster(bytes, owner.publicKey, federation).members.length, rosterPeersMax);
    assert.throws(() => nextRoster(largest, [], ['12D3KooWa']), RangeError);
  });

  it('nextRoster() moves a peer to where it was named last and raises the version', () => {
    const first = nextRoster(emptyRoster, ['12D3KooWb', '12D3KooWa', '12D3KooWa'], []);
    assert.deepEqual(first, { version: 1, members: ['12D3KooWa', '12D3KooWb'], revoked: [] });
    const second = nextRoster(first, [], ['12D3KooWa']);
    assert.deepEqual(second, { version: 2, members: ['12D3KooWb'], revoked: ['12D3KooWa'] });
    const third = nextRoster(second, ['12D3KooWa'], []);
    assert.deepEqual(third, { version: 3, members: ['12D3KooWa', '12D3KooWb'], revoked: [] });
  });

  it('parseOwnerKey() reads back the key of createOwnerKey(), and no other kind of key or text', () => {
    assert.equal(ownerPublicKey(key), owner.publicKey);
    assert.match(owner.publicKey, ownerKeyPattern);
    const { privateKey } = generateKeyPairSync('x25519');
    assert.equal(parseOwnerKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()), undefined);
    assert.equal(parseOwnerKey('-----BEGIN PRIVATE KEY-----'), undefined);
  });
});

/** A number in five characters of base58. */
function base58(i: number): string {
  return String(i).padStart(5, '0').replaceAll('0', 'x');
}
