import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { SiteBook } from '../../src/model/site-book.ts';

describe('SiteBook', () => {
  it('gives a site one number, and says once to each thread that it is new', () => {
    const book = new SiteBook<object>();
    const [one, two] = [{}, {}];
    const site = {};
    const { id, isNew } = book.idFor(site, one);
    assert.equal(isNew, true);
    assert.deepEqual(book.idFor(site, one), { id, isNew: false });
    assert.deepEqual(book.idFor(site, two), { id, isNew: true });
    assert.notEqual(book.idFor({}, one).id, id);
  });

  it('tells each thread that knew it, once, of a site that nobody holds any more', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const book = new SiteBook<object>();
    const [one, two, other] = [{}, {}, {}];
    const kept = {};
    book.idFor(kept, one);
    const { id } = ((site) => {
      book.idFor(site, two);
      return book.idFor(site, one);
    })({});
    let gone: number[] = [];
    // When a collector calls back is its own affair; a few turns are enough.
    for (let turn = 0; turn < 100 && gone.length === 0; turn++) {
      collect();
      await setImmediate();
      gone = book.goneFor(one);
    }
    assert.deepEqual(gone, [id]);
    assert.deepEqual(book.goneFor(one), []);
    assert.deepEqual(book.goneFor(two), [id]);
    assert.deepEqual(book.goneFor(other), []);
    assert.equal(book.idFor(kept, one).isNew, false);
  });
});
