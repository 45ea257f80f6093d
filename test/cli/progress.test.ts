import assert from 'node:assert/strict';
import { stripVTControlCharacters } from 'node:util';
import { blockText, liveView, plainView, quietView, Rate } from '../../src/cli/progress.ts';
import { plainStyle, styleFor } from '../../src/cli/style.ts';
import type { RunProgress } from '../../src/scenario/progress.ts';
import { HandClock, TextOutput } from '../support/cli-ports.ts';

const title = { name: 'offshore-wells', transport: 'tcp' };

function progress(changes: Partial<RunProgress> = {}): RunProgress {
  return {
    seedIndex: 0,
    seeds: 5,
    method: 'gossip',
    round: 15,
    rounds: 60,
    loss: 0.123456,
    consensusDistance: 0.0456789,
    delivered: 1234,
    fractionDone: 0.25,
    ...changes,
  };
}

describe('blockText()', () => {
  it('blockText() shows seed, method, round, loss, consensus distance, updates and time left', () => {
    const clock = new HandClock();
    const rate = new Rate(clock);
    rate.update(0);
    clock.ms = 10_000;
    rate.update(0.25);
    assert.equal(
      blockText(title, progress(), rate, 80, plainStyle),
      [
        'offshore-wells over tcp, seed 1 of 5',
        'gossip       ━━━━━━━───────────────────  round 15 of 60',
        'whole run    ━━━━━━━───────────────────   25 %  0:10 gone, about 0:30 left',
        'loss 0.1235   consensus distance 0.04568   1,234 updates delivered',
      ].join('\n'),
    );
  });

  it('blockText() never fills a line, at any width and with any figures', () => {
    const clock = new HandClock();
    const rate = new Rate(clock);
    rate.update(0);
    clock.ms = 3_600_000 * 90;
    rate.update(0.001);
    const long = progress({
      method: 'centralised',
      round: 100_000,
      rounds: 100_000,
      delivered: 123_456_789,
      loss: 1e-12,
    });
    for (const columns of [20, 40, 60, 80, 81, 120, 200]) {
      for (const state of [undefined, long]) {
        for (const line of blockText({ ...title, name: 'n'.repeat(90) }, state, rate, columns, plainStyle).split(
          '\n',
        )) {
          assert.ok(line.length < Math.max(columns, 23), `${columns}: ${line}`);
        }
      }
    }
  });

  it('blockText() says that the data are loading before the first progress', () => {
    const text = blockText(title, undefined, new Rate(new HandClock()), 80, plainStyle);
    assert.equal(text, 'offshore-wells over tcp: loading the data, 0:00');
  });

  it('blockText() leaves out figures that a method does not have', () => {
    const statistic = progress({ method: 'statistic', loss: null, consensusDistance: null, delivered: 0 });
    assert.equal(blockText(title, statistic, new Rate(new HandClock()), 80, plainStyle).split('\n')[3], '');
  });
});

describe('Rate', () => {
  it('Rate gives no estimate before two seconds of progress', () => {
    const clock = new HandClock();
    const rate = new Rate(clock);
    rate.update(0);
    clock.ms = 1_999;
    rate.update(0.5);
    assert.equal(rate.leftMs(), undefined);
    clock.ms = 2_000;
    assert.equal(rate.leftMs(), 2_000);
  });
});

describe('plainView()', () => {
  it('plainView() writes one line a finished step, without control codes', () => {
    const output = new TextOutput();
    const clock = new HandClock();
    const view = plainView(output, clock, title);
    for (let round = 1; round <= 60; round++) {
      clock.ms += 100;
      view.update(progress({ round }));
    }
    clock.ms += 50;
    view.update(progress({ method: 'centralised', round: 30, consensusDistance: null, delivered: 0 }));
    view.note('Stopping; writing what is finished…');
    view.end();
    view.end();
    assert.equal(
      output.text,
      'offshore-wells over tcp: started\n' +
        'seed 1 of 5: gossip finished in 6.0 s, loss 0.1235, consensus distance 0.04568, 1,234 updates delivered\n' +
        'Stopping; writing what is finished…\n' +
        'seed 1 of 5: centralised stopped at round 30 of 60 in 0.0 s, loss 0.1235\n',
    );
    assert.equal(output.text, stripVTControlCharacters(output.text));
  });

  it('plainView() gives a sign of life every half minute inside a long step', () => {
    const output = new TextOutput();
    const clock = new HandClock();
    const view = plainView(output, clock, title);
    view.update(progress({ round: 0, fractionDone: 0 }));
    for (const [ms, round] of [
      [29_000, 1],
      [31_000, 2],
      [40_000, 3],
      [62_000, 4],
    ] as const) {
      clock.ms = ms;
      view.update(progress({ round, fractionDone: round / 100 }));
    }
    const lines = output.text.split('\n').filter((line) => line.includes('at round'));
    assert.equal(lines.length, 2);
    assert.match(lines[0] ?? '', /^seed 1 of 5: gossip at round 2 of 60, .*, about 25:19 left$/);
  });
});

describe('liveView()', () => {
  it('liveView() draws at most ten times a second and wipes its block at the end', () => {
    const output = new TextOutput(80);
    const clock = new HandClock();
    const view = liveView(output, clock, plainStyle, title);
    for (let round = 1; round <= 60; round++) {
      clock.ms += 10;
      view.update(progress({ round }));
    }
    const shown = output.text.length;
    view.end();
    const drawings = output.text.match(/round \d+ of 60/g) ?? [];
    assert.ok(drawings.length >= 4 && drawings.length <= 7, String(drawings));
    assert.equal(output.text.slice(shown).split('\u001b[2K').length - 1, 5, 'every line of the block is erased');
  });

  it('liveView() keeps a note above the block', () => {
    const output = new TextOutput(80);
    const view = liveView(output, new HandClock(), plainStyle, title);
    view.note('Stopping; writing what is finished…');
    view.end();
    assert.match(output.text, /Stopping; writing what is finished…\n/);
  });
});

describe('quietView()', () => {
  it('quietView() shows notes only', () => {
    const output = new TextOutput();
    const view = quietView(output);
    view.update(progress());
    view.note('Stopping; writing what is finished…');
    view.end();
    assert.equal(output.text, 'Stopping; writing what is finished…\n');
  });
});

describe('styleFor()', () => {
  const terminal = new TextOutput(80);
  const pipe = new TextOutput();
  const cases: [string, TextOutput, NodeJS.ProcessEnv, boolean][] = [
    ['colours a terminal', terminal, {}, true],
    ['leaves a pipe plain', pipe, {}, false],
    ['obeys NO_COLOR', terminal, { NO_COLOR: '1' }, false],
    ['takes an empty NO_COLOR as unset', terminal, { NO_COLOR: '' }, true],
    ['obeys TERM=dumb', terminal, { TERM: 'dumb' }, false],
    ['obeys FORCE_COLOR on a pipe', pipe, { FORCE_COLOR: '1' }, true],
    ['obeys FORCE_COLOR=0', terminal, { FORCE_COLOR: '0' }, false],
  ];
  for (const [what, output, environment, expected] of cases) {
    it(`styleFor() ${what}`, () => {
      assert.equal(styleFor(output, environment)('red', 'x') !== 'x', expected);
    });
  }
});
