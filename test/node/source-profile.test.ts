// What a profile finds, and that it stays within its bounds; the settings suggested from it, and their text as a manifest.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { agreementOf, parseManifest } from '../../src/node/manifest.ts';
import { manifestText } from '../../src/node/manifest-text.ts';
import { type Profile, SourceProfile } from '../../src/node/source-profile.ts';
import { suggestManifest } from '../../src/node/suggested-manifest.ts';

const noon = Date.UTC(2026, 0, 1, 12);

/** A profile of `rows` values of each sensor, one each `stepMs`. */
function regular(sensors: readonly string[], rows: number, stepMs = 1000): Profile {
  const profile = new SourceProfile();
  for (let row = 0; row < rows; row++)
    for (const [s, name] of sensors.entries()) profile.observe(name, undefined, noon + row * stepMs, (row % 7) + s);
  return profile.result();
}

describe('SourceProfile', () => {
  it('result() has units, ranges and the time between values', () => {
    const profile = new SourceProfile();
    for (let i = 0; i < 5; i++) {
      profile.observe('pressure', 'bar', noon + i * 250, 3 - i);
      profile.observe('flow', undefined, noon + i * 250, i);
    }
    profile.observe('flow', undefined, noon + 1250, Number.NaN);
    const { sensors, leftOut, intervalMs, slowestMs, rows } = profile.result();
    assert.deepEqual(
      sensors.map(({ name, unit, range, note }) => ({ name, unit, range, note })),
      [
        { name: 'pressure', unit: 'bar', range: [-1, 3], note: undefined },
        { name: 'flow', unit: undefined, range: [0, 4], note: undefined },
      ],
    );
    assert.deepEqual(
      { leftOut, intervalMs, slowestMs, rows },
      { leftOut: [], intervalMs: 250, slowestMs: 250, rows: 5 },
    );
  });

  it('result() leaves out what has no value or mostly text, and notes what is odd about the rest', () => {
    const profile = new SourceProfile();
    profile.declare('empty', 'bar');
    for (let i = 0; i < 4; i++) {
      profile.observeText('mode', undefined, 'AUTO');
      profile.observe('valve', undefined, noon + i, 1);
      profile.observe('level', i < 2 ? 'm' : 'mm', noon + i, i);
      if (i === 3) profile.observeText('flow', undefined, 'Bad');
      else profile.observe('flow', undefined, noon + i, i);
    }
    profile.observe('flow', undefined, noon + 4, Number.POSITIVE_INFINITY);
    const { sensors, leftOut } = profile.result();
    assert.deepEqual(leftOut, ["'empty' has no value", "'mode' has text, such as 'AUTO', in 4 of 4 places"]);
    assert.deepEqual(
      sensors.map(({ name, unit, range, note }) => [name, unit, range, note]),
      [
        ['valve', undefined, undefined, 'always 1 here'],
        ['level', undefined, [0, 3], "comes in 'm' and in 'mm': settle on one"],
        ['flow', undefined, [0, 2], "2 of 5 values are no numbers, such as 'Bad'"],
      ],
    );
  });

  it('result() has the period of a clock that jitters, and of most sensors where one is slower', () => {
    const profile = new SourceProfile();
    for (let i = 0; i < 50; i++) {
      const jitter = [0, 7, 3, 11, 2][i % 5]!;
      profile.observe('a', undefined, noon + i * 1000 + jitter, i);
      profile.observe('b', undefined, noon + i * 1000 + jitter, i);
      if (i % 30 === 0) profile.observe('slow', undefined, noon + i * 1000, i);
    }
    const { intervalMs, slowestMs } = profile.result();
    assert.deepEqual({ intervalMs, slowestMs }, { intervalMs: 1000, slowestMs: 30_000 });
  });

  it('result() tells series apart, and takes no step from values of one time or out of order', () => {
    const profile = new SourceProfile();
    for (let i = 0; i < 10; i++) {
      for (const series of ['pump 1', 'pump 2']) {
        const shiftMs = series === 'pump 1' ? 0 : 17;
        profile.observe('a', undefined, noon + i * 60_000 + shiftMs, i, series);
        profile.observe('a', undefined, noon + i * 60_000 + shiftMs, i, series);
      }
    }
    profile.observe('a', undefined, noon - 5, 3, 'pump 1');
    assert.equal(profile.result().intervalMs, 60_000);
    assert.equal(profile.result().rows, 21);
  });

  it('observe() keeps a bounded number of names, whatever comes', () => {
    const profile = new SourceProfile(3);
    for (let i = 0; i < 100; i++) profile.observe(`s${i % 10}`, `u${i}`, noon + i, i, `series ${i}`);
    const { sensors, leftOut } = profile.result();
    assert.deepEqual(
      sensors.map(({ name }) => name),
      ['s0', 's1', 's2'],
    );
    assert.deepEqual(leftOut, ['names beyond the first 3 were not looked at']);
  });
});

describe('suggestManifest()', () => {
  it('suggestManifest() takes windows of 60 rows, and shorter ones where there are few', () => {
    const windowFor = (rows: number) => suggestManifest(regular(['a'], rows))?.window;
    assert.deepEqual(windowFor(5000), { length: 60, stride: 30 });
    assert.deepEqual(windowFor(500), { length: 25, stride: 13 });
    assert.deepEqual(windowFor(20), { length: 10, stride: 5 });
  });

  it('suggestManifest() takes a model as wide as the features ask for', () => {
    const hiddenFor = (sensors: number) =>
      suggestManifest(
        regular(
          Array.from({ length: sensors }, (_, i) => `s${i}`),
          3,
        ),
      )?.hidden;
    assert.deepEqual(hiddenFor(1), [16, 2, 16]);
    assert.deepEqual(hiddenFor(8), [64, 8, 64]);
    assert.deepEqual(hiddenFor(500), [256, 32, 256]);
  });

  it('suggestManifest() holds the values of a sensor that is slower than the others', () => {
    const profile = { ...regular(['a', 'b'], 100), slowestMs: 30_000 };
    assert.deepEqual(suggestManifest(profile)?.sampling, { intervalMs: 1000, holdMs: 90_000, latenessMs: 2000 });
    assert.equal(suggestManifest(regular(['a'], 100))?.sampling.holdMs, 0);
  });

  it('suggestManifest() leaves out names that a manifest cannot have', () => {
    const suggested = suggestManifest(regular(['a', 'a.mean', 'line\nbreak', 'x'.repeat(200)], 50));
    assert.deepEqual(
      suggested?.sensors.map(({ name }) => name),
      ['a'],
    );
    assert.equal(suggested?.leftOut.length, 3);
    assert.match(suggested!.leftOut[0]!, /^'a\.mean' is also what a feature of another sensor is called$/);
  });

  it('suggestManifest() gives nothing without a sensor, or without a step in time', () => {
    assert.equal(suggestManifest(new SourceProfile().result()), undefined);
    assert.equal(suggestManifest(regular(['a'], 1)), undefined);
  });
});

describe('manifestText()', () => {
  it('manifestText() is a manifest with the sensors that were found, whatever they are called', () => {
    const name = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
      fc.constantFrom(
        `long ${'and longer '.repeat(10)}name`,
        'null',
        'true',
        '1e3',
        '- a',
        '#',
        'a: b',
        '*x',
        '&x',
        '{',
        '"',
        "'",
        '%',
        '~',
        '2026-01-01',
        '.inf',
        'yes',
      ),
    );
    const column = fc.record({
      name,
      unit: fc.option(name, { nil: undefined }),
      values: fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }), {
        minLength: 2,
        maxLength: 4,
      }),
    });
    fc.assert(
      fc.property(
        fc.array(column, { minLength: 1, maxLength: 5 }),
        name,
        fc.integer({ min: 1, max: 1e9 }),
        (columns, file, stepMs) => {
          const profile = new SourceProfile();
          for (const { name, unit, values } of columns)
            for (const [i, value] of values.entries()) profile.observe(name, unit, noon + i * stepMs, value);
          const suggested = suggestManifest(profile.result());
          if (suggested === undefined) return;
          const text = manifestText('plant', file, suggested);
          const manifest = parseManifest(text, 'FILE');
          const expected = suggested.sensors.map(({ name, unit, range }) => ({
            name,
            ...(unit !== undefined && { unit }),
            ...(range && { range: range.map((end) => end + 0) }),
          }));
          assert.deepEqual(manifest.sensors, expected);
          assert.deepEqual(manifest.window, suggested.window);
          assert.deepEqual(manifest.sampling, suggested.sampling);
          assert.deepEqual(manifest.model.hidden, [...suggested.hidden]);
        },
      ),
    );
  });

  it('manifestText() gives another id when a value changes, and the same when comments go', () => {
    const text = manifestText('plant', 'plant.csv', suggestManifest(regular(['flow', 'level'], 2000))!);
    const idOf = (yaml: string) => Buffer.from(agreementOf(parseManifest(yaml, 'FILE')).federation).toString('hex');
    const bare = text.replaceAll(/^ *#.*\n/gm, '');
    assert.ok(bare.length < text.length / 2, 'there were comments');
    assert.equal(idOf(bare), idOf(text));
    assert.notEqual(idOf(text.replace('stride: 30', 'stride: 20')), idOf(text));
  });

  // What the file says of itself; a comment that is wrong misleads whoever edits it.
  it('manifestText() says how long a window is, and that it is short where data are few', () => {
    const textFor = (rows: number) => manifestText('plant', 'plant.csv', suggestManifest(regular(['flow'], rows))!);
    assert.match(textFor(2000), /60 rows are 60 s\)/);
    assert.match(textFor(300), /15 rows are 15 s\)[\s\S]*the longest series has 300 rows/);
  });
});
