import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorError } from '../../../src/lib/errors.ts';
import { Prng } from '../../../src/lib/prng.ts';
import { openStore } from '../../../src/node/store/store.ts';
import { checkpointOf, contentOf, Folders, fill, gateway, withStore } from './fixtures.ts';

describe('openStore() of a damaged database', function () {
  this.timeout(60_000);
  const folders = new Folders();
  let whole: Uint8Array;
  let state: ReturnType<typeof contentOf>;
  before(() => {
    const folder = folders.make();
    state = withStore(folder, gateway(), (store) => {
      fill(store);
      return contentOf(store);
    });
    whole = readFileSync(join(folder, 'gateway.db'));
  });
  after(() => folders.removeAll());

  const damagedIn = (folder: string) => readdirSync(folder).filter((name) => name.includes('.damaged-'));

  it('sets it aside, says so and begins anew', () => {
    const folder = folders.make();
    writeFileSync(join(folder, 'gateway.db'), 'this is no database at all, whatever its name says'.repeat(100));
    writeFileSync(join(folder, 'identity.key'), 'kept');
    const options = gateway();
    withStore(folder, options, (store) => {
      assert.equal(store.checkpoints.latest(), undefined);
      fill(store);
    });
    assert.deepEqual(damagedIn(folder), ['gateway.db.damaged-20260102T030405678Z']);
    assert.equal(options.said.length, 1);
    assert.match(
      options.said[0]!.sentence,
      /gateway\.db is damaged \(file is not a database\): it was set aside as .*gateway\.db\.damaged-20260102T030405678Z and a new one begun$/,
    );
    assert.equal(readFileSync(join(folder, 'identity.key'), 'utf8'), 'kept');
    assert.deepEqual(withStore(folder, gateway(), contentOf), state);
  });

  it('keeps the three newest of those set aside', () => {
    const folder = folders.make();
    for (let second = 0; second < 6; second++) {
      writeFileSync(join(folder, 'gateway.db'), `no database ${second}`.repeat(100));
      withStore(folder, gateway({ wallClockMs: () => 1000 * second }), () => undefined);
    }
    assert.deepEqual(
      damagedIn(folder).map((name) => name.slice(-8)),
      ['0003000Z', '0004000Z', '0005000Z'],
    );
  });

  it('takes over what can still be read', () => {
    const folder = folders.make();
    // The last pages are of the tables filled last.
    writeFileSync(join(folder, 'gateway.db'), Uint8Array.from(whole).fill(0, whole.length - 4096));
    const options = gateway();
    withStore(folder, options, ({ checkpoints }) => assert.deepEqual(checkpoints.latest(), checkpointOf(3)));
    assert(options.said.some(({ type }) => type === 'damaged'));
    assert.deepEqual(
      withStore(folder, gateway(), (store) => store.checkpoints.latest()),
      checkpointOf(3),
    );
  });

  it('opens or is refused in one sentence, and never gives what was not written, whichever bytes are wrong', () => {
    const prng = new Prng('damage');
    const counts = { opened: 0, setAside: 0, refused: 0 };
    for (let i = 0; i < 400; i++) {
      const folder = folders.make();
      const bytes = Uint8Array.from(whole);
      // Half of the flips hit the header and the schema, where they mean most.
      const flips = 1 + prng.nextInt(i % 4 === 0 ? 200 : 4);
      for (let flip = 0; flip < flips; flip++) {
        const at = prng.nextInt(prng.nextInt(2) === 0 ? 4096 : bytes.length);
        bytes[at] = (bytes[at] as number) ^ (1 << prng.nextInt(8));
      }
      const length = prng.nextInt(8) === 0 ? prng.nextInt(bytes.length) : bytes.length;
      writeFileSync(join(folder, 'gateway.db'), bytes.subarray(0, length));
      const options = gateway();
      try {
        const store = openStore(folder, options);
        const found = contentOf(store);
        for (const [slot, row] of found.windows)
          assert.deepEqual(row, state.windows.get(slot), `window ${slot}, run ${i}`);
        for (const alert of found.alerts) assert.deepEqual(alert, state.alerts[alert.id - 1]);
        if (found.checkpoint) {
          assert.deepEqual(found.checkpoint, checkpointOf(found.checkpoint.progress.round));
        }
        fill(store, 'after');
        assert.equal(store.degraded, false, `run ${i} cannot be written: ${JSON.stringify(options.said)}`);
        store.close();
        for (const { sentence } of options.said) assert(!sentence.includes('\n'), sentence);
        if (damagedIn(folder).length > 0) counts.setAside++;
        else counts.opened++;
        const again = gateway();
        withStore(folder, again, (reopened) => assert.deepEqual(reopened.checkpoints.latest(), checkpointOf(3)));
        assert.deepEqual(again.said, [], `run ${i}`);
      } catch (error) {
        assert(error instanceof OperatorError, `run ${i}: ${error instanceof Error ? error.stack : error}`);
        assert(!error.message.includes('\n'));
        counts.refused++;
      }
    }
    // A flip of the layout's number looks like a newer release, and nothing else is refused.
    assert(counts.setAside > 100 && counts.opened > 10 && counts.refused < 40, JSON.stringify(counts));
  });
});
