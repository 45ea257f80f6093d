import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { canonicalJson, federationId, type JsonValue, topicOf } from '../../src/gossip/manifest.ts';

describe('canonicalJson()', () => {
  it('agrees with the example of RFC 8785, section 3.2.2', () => {
    const value = JSON.parse(String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`) as JsonValue;
    assert.equal(
      canonicalJson(value),
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it('sorts keys by UTF-16 code units, as RFC 8785 section 3.2.3', () => {
    const keys = ['\u20ac', '\r', '\ufb33', '1', '\u{1f600}', '\u0080', '\u00f6'];
    const sorted = Object.keys(JSON.parse(canonicalJson(Object.fromEntries(keys.map((key) => [key, 0])))) as object);
    // JSON.parse puts integer keys first; the others keep their order.
    assert.deepEqual(sorted, ['1', '\r', '\u0080', '\u00f6', '\u20ac', '\u{1f600}', '\ufb33']);
    assert.equal(canonicalJson({ b: 1, a: { d: 1, c: [] } }), '{"a":{"c":[],"d":1},"b":1}');
  });

  it('means the same as JSON and does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value as JsonValue);
        assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
        assert.equal(canonicalJson(reversed(value as JsonValue)), text);
      }),
      { numRuns: 30 },
    );
  });

  it('asserts on numbers that are not finite and on half a surrogate pair', () => {
    for (const bad of [Number.NaN, Infinity, -Infinity, '\ud800', { '\udc00': 1 }]) {
      assert.throws(() => canonicalJson([bad]), assert.AssertionError);
    }
  });
});

describe('federationId()', () => {
  it('is SHA-256 of the canonical JSON', () => {
    assert.deepEqual(
      Buffer.from(federationId({ b: 'é', a: 1 })),
      createHash('sha256').update('{"a":1,"b":"é"}', 'utf8').digest(),
    );
  });

  it('differs where any value differs', () => {
    assert.notDeepEqual(federationId({ a: 1 }), federationId({ a: 2 }));
    assert.notDeepEqual(federationId({ a: 1 }), federationId({ a: '1' }));
  });
});

describe('topicOf()', () => {
  it('names the protocol version and the federation', () => {
    assert.equal(topicOf(new Uint8Array(32).fill(0xab)), `/rumormill/1/${'ab'.repeat(32)}`);
  });
});

/** The same value with the keys of every object in the opposite order of insertion. */
function reversed(value: JsonValue): JsonValue {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(reversed);
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}
