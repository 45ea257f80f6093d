import assert from 'node:assert/strict';
import fc from 'fast-check';
import { checkEntry, type Moments, type MomentsEntry, MomentsStore } from '../../src/gossip/moments.ts';
import { PeerError, type PeerErrorCode } from '../../src/gossip/peer-error.ts';
import { Prng } from '../../src/lib/prng.ts';

const features = 2;

/** Two-pass moments of rows; NaN is missing. */
function momentsOf(rows: readonly (readonly number[])[]): Moments {
  const moments = {
    count: new Float64Array(features),
    mean: new Float64Array(features),
    m2: new Float64Array(features),
  };
  for (let j = 0; j < features; j++) {
    const present = rows.map((row) => row[j] as number).filter((value) => !Number.isNaN(value));
    if (present.length === 0) continue;
    const mean = present.reduce((a, b) => a + b, 0) / present.length;
    moments.count[j] = present.length;
    moments.mean[j] = mean;
    moments.m2[j] = present.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  }
  return moments;
}

function entry(peer: string, version: number, mean = 1): MomentsEntry {
  return {
    peer,
    version,
    count: Float64Array.of(4, 0),
    mean: Float64Array.of(mean, 0),
    m2: Float64Array.of(2, 0),
  };
}

function storeOf(entries: readonly MomentsEntry[], originsMax = 10): MomentsStore {
  const store = new MomentsStore({ features, originsMax });
  store.merge(entries);
  return store;
}

function codeOf(code: PeerErrorCode) {
  return (error: unknown) => error instanceof PeerError && error.code === code;
}

const rowArbitrary = fc.tuple(
  fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constant(Number.NaN)),
  fc.double({ min: 0, max: 1e8, noNaN: true }),
);
const entryArbitrary = fc
  .record({
    peer: fc.constantFrom('a', 'b', 'B', 'c'),
    version: fc.integer({ min: 1, max: 3 }),
    rows: fc.array(rowArbitrary, { maxLength: 5 }),
  })
  .map(({ rows, ...origin }): MomentsEntry => ({ ...origin, ...momentsOf(rows) }));

describe('MomentsStore.merge()', () => {
  it('ends in the same entries, bits and digest whatever the order and the repeats', () => {
    fc.assert(
      fc.property(fc.array(entryArbitrary, { maxLength: 12 }), fc.integer(), (entries, seed) => {
        const prng = new Prng(seed);
        const store = storeOf(entries);
        const other = new MomentsStore({ features, originsMax: 10 });
        for (const one of prng.shuffled([...entries, ...prng.shuffled(entries).slice(0, 3)])) other.merge([one]);
        assert.deepEqual(other.entries(), store.entries());
        assert.deepEqual(other.merged(), store.merged());
        assert.deepEqual(other.digest(), store.digest());
      }),
    );
  });

  it('keeps the latest version of each origin', () => {
    const store = storeOf([entry('a', 2, 5)]);
    assert.equal(store.merge([entry('a', 1, 7)]), false);
    assert.equal(store.entries()[0]?.mean[0], 5);
    assert.equal(store.merge([entry('a', 3, 7)]), true);
    assert.equal(store.entries()[0]?.mean[0], 7);
    assert.equal(store.size, 1);
  });

  it('says whether anything changed', () => {
    const store = storeOf([]);
    assert.equal(store.merge([entry('a', 1)]), true);
    assert.equal(store.merge([entry('a', 1)]), false);
    assert.equal(store.merge([entry('a', 1), entry('b', 1)]), true);
    assert.equal(store.merge([]), false);
  });

  it('refuses one origin too many as a whole', () => {
    const store = storeOf([entry('a', 1), entry('b', 1)], 2);
    const before = store.digest();
    assert.throws(() => store.merge([entry('a', 2), entry('c', 1)]), codeOf('too-many-origins'));
    assert.deepEqual(store.digest(), before);
    assert.equal(store.merge([entry('a', 2)]), true);
  });

  it('changes nothing where one entry is invalid', () => {
    const store = storeOf([entry('a', 1)]);
    const before = store.digest();
    assert.throws(() => store.merge([entry('a', 2), { ...entry('b', 1), version: 0 }]), codeOf('malformed'));
    assert.deepEqual(store.digest(), before);
  });

  it('does not let a peer change my own entry, and raises its version above the other', () => {
    const store = storeOf([]);
    store.setOwn('me', entry('me', 1, 5));
    assert.equal(store.merge([entry('me', 9, 7)]), true);
    assert.deepEqual(
      store.entries().map(({ version, mean }) => [version, mean[0]]),
      [[10, 5]],
    );
    assert.equal(store.merge([entry('me', 9, 7)]), false);
  });

  it('settles on one entry of mine after a restart from the same rows', () => {
    const store = storeOf([]);
    store.setOwn('me', entry('me', 1, 5));
    assert.equal(store.merge([entry('me', 4, 5)]), true);
    assert.equal(store.entries()[0]?.version, 4);
    assert.equal(store.merge([entry('me', 4, 5)]), false);
  });

  it('keeps my own entry where a peer claims the greatest version', () => {
    const store = storeOf([]);
    store.setOwn('me', entry('me', 1, 5));
    for (const mean of [4, 6]) store.merge([entry('me', 0xffff_ffff, mean)]);
    assert.equal(store.entries()[0]?.mean[0], 5);
    assert.equal(store.merge([entry('me', 0xffff_ffff, 6)]), false);
  });
});

describe('MomentsStore.setOwn()', () => {
  it('counts the version up, also above what peers have kept of me', () => {
    const store = storeOf([entry('me', 6)]);
    store.setOwn('me', entry('me', 1));
    assert.equal(store.entries()[0]?.version, 7);
    store.setOwn('me', entry('me', 1, 3));
    assert.equal(store.entries()[0]?.version, 8);
    assert.equal(store.entries()[0]?.mean[0], 3);
  });

  it('asserts on moments that no honest node sends', () => {
    const store = storeOf([]);
    assert.throws(() => store.setOwn('me', { ...entry('me', 1), count: Float64Array.of(1) }), assert.AssertionError);
  });
});

describe('MomentsStore.merged()', () => {
  it('is the moments of all rows together', () => {
    fc.assert(
      fc.property(fc.array(fc.array(rowArbitrary, { maxLength: 6 }), { maxLength: 5 }), (parts) => {
        const store = storeOf(parts.map((rows, i) => ({ peer: `p${i}`, version: 1, ...momentsOf(rows) })));
        const merged = store.merged();
        const expected = momentsOf(parts.flat());
        assert.deepEqual(merged.count, expected.count);
        for (let j = 0; j < features; j++) {
          const scale = 1e8;
          assert.ok(Math.abs((merged.mean[j] as number) - (expected.mean[j] as number)) < scale * 1e-12);
          assert.ok(Math.abs((merged.m2[j] as number) - (expected.m2[j] as number)) < scale * scale * 1e-12);
        }
      }),
    );
  });

  it('stays finite at the greatest magnitudes that are accepted', () => {
    const extreme = (peer: string, sign: number): MomentsEntry => ({
      peer,
      version: 1,
      count: new Float64Array(features).fill(Number.MAX_SAFE_INTEGER),
      mean: new Float64Array(features).fill(sign * 1e100),
      m2: new Float64Array(features).fill(1e100),
    });
    const { mean, m2 } = storeOf([extreme('a', 1), extreme('b', -1), extreme('c', 1)]).merged();
    for (const value of [...mean, ...m2]) assert.ok(Number.isFinite(value));
  });
});

describe('MomentsStore.digest()', () => {
  it('differs where an origin, a version or a value differs', () => {
    const digests = [[entry('a', 1)], [entry('b', 1)], [entry('a', 2)], [entry('a', 1, 2)], []].map((entries) =>
      Buffer.from(storeOf(entries).digest()).toString('hex'),
    );
    assert.equal(new Set(digests).size, digests.length);
  });
});

describe('checkEntry()', () => {
  const cases: [string, Partial<MomentsEntry>, PeerErrorCode][] = [
    ['an empty peer id', { peer: '' }, 'malformed'],
    ['a long peer id', { peer: 'x'.repeat(129) }, 'malformed'],
    ['a peer id with a space', { peer: 'a b' }, 'malformed'],
    ['a peer id beyond ASCII', { peer: 'é' }, 'malformed'],
    ['a peer id that ends in a line feed', { peer: 'a\n' }, 'malformed'],
    ['version 0', { version: 0 }, 'malformed'],
    ['a version above 32 bits', { version: 2 ** 32 }, 'malformed'],
    ['too few counts', { count: Float64Array.of(1) }, 'wrong-shape'],
    ['too many means', { mean: new Float64Array(3) }, 'wrong-shape'],
    ['no m2', { m2: new Float64Array() }, 'wrong-shape'],
    ['a negative count', { count: Float64Array.of(-1, 0) }, 'malformed'],
    ['half a count', { count: Float64Array.of(0.5, 0) }, 'malformed'],
    ['a count above 2^53', { count: Float64Array.of(2 ** 54, 0) }, 'malformed'],
    ['an infinite count', { count: Float64Array.of(Infinity, 0) }, 'non-finite'],
    ['a NaN count', { count: Float64Array.of(Number.NaN, 0) }, 'non-finite'],
    ['a NaN mean', { mean: Float64Array.of(Number.NaN, 0) }, 'non-finite'],
    ['an infinite mean', { mean: Float64Array.of(-Infinity, 0) }, 'non-finite'],
    ['a mean of 1e101', { mean: Float64Array.of(1e101, 0) }, 'non-finite'],
    ['a NaN m2', { m2: Float64Array.of(Number.NaN, 0) }, 'non-finite'],
    ['a negative m2', { m2: Float64Array.of(-1, 0) }, 'malformed'],
    ['a mean of no values', { mean: Float64Array.of(1, 1) }, 'malformed'],
    ['an m2 of no values', { m2: Float64Array.of(1, 1) }, 'malformed'],
  ];
  for (const [what, change, code] of cases) {
    it(`refuses ${what} as ${code}`, () => {
      assert.throws(() => checkEntry({ ...entry('a', 1), ...change }, features), codeOf(code));
    });
  }

  it('accepts an honest entry', () => {
    checkEntry(entry('12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp', 1), features);
  });
});
