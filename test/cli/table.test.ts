import assert from 'node:assert/strict';
import { stripVTControlCharacters } from 'node:util';
import { plainStyle, type Style } from '../../src/cli/style.ts';
import { summaryText } from '../../src/cli/table.ts';
import type { Summary } from '../../src/scenario/results.ts';
import { exampleSummary } from '../support/example-summary.ts';

const text = (summary: Summary, columns = 80) => summaryText(summary, columns, plainStyle);

describe('summaryText()', () => {
  it('summaryText() puts intervals below the means at 80 columns', () => {
    const lines = text(exampleSummary()).split('\n');
    const row = lines.findIndex((line) => line.startsWith('gossip '));
    assert.equal(lines[row - 1], 'method              AUROC    AUPRC       F1      FPR   recall    worst');
    assert.equal(lines[row], 'gossip              0.950    0.900    0.850    0.012    0.750    0.840');
    assert.equal(lines[row + 1], '                   ±0.012   ±0.012   ±0.012   ±0.012   ±0.012');
  });

  it('summaryText() puts intervals beside the means at 120 columns', () => {
    assert.match(text(exampleSummary(), 120), /^gossip {13}0\.950 ±0\.012 {3}0\.900 ±0\.012 .* 0\.840$/m);
  });

  it('summaryText() stays within the columns', () => {
    const summary = exampleSummary();
    summary.notes.push('word '.repeat(60).trim());
    summary.gossip.rejected = { stale: 12_345, duplicate: 678, 'future-round': 9, 'wrong-scaler': 8, 'not-held': 7 };
    for (const columns of [80, 100, 120]) {
      for (const line of text(summary, columns).split('\n')) assert.ok(line.length <= columns, `${columns}: ${line}`);
    }
  });

  it('summaryText() says what was sent to get to the target, where the scenario names one', () => {
    const summary = exampleSummary();
    assert.doesNotMatch(text(summary), /Bytes a node to/);
    const { gossip, fedavg, local } = summary.methods;
    assert.ok(gossip && fedavg && local);
    gossip.bytesToTarget = { target: 0.9, bytesPerNode: 1_234_567, reached: 5, perSeed: [] };
    fedavg.bytesToTarget = { target: 0.9, bytesPerNode: null, reached: 2, perSeed: [1, 2, null, null, null] };
    local.bytesToTarget = { target: 0.9, bytesPerNode: 0, reached: 5, perSeed: [] };
    local.bytesSentPerNode = { mean: 0, max: 0, split: { payload: 0, duplicates: 0, control: 0 } };
    const shown = text(summary).replaceAll(/\s+/g, ' ');
    assert.match(shown, /Bytes a node to an own AUROC of 0\.9: gossip 1\.23 MB, fedavg not reached \(2 of 5 seeds\) /);
  });

  it('summaryText() shows each gap with its interval and its sign', () => {
    const shown = text(exampleSummary());
    assert.match(shown, /^centralised {8}\+0\.004 {3}\[-0\.008, \+0\.016\]$/m);
    assert.match(shown, /^statistic {10}-0\.110 {3}\[-0\.122, -0\.098\]$/m);
  });

  it('summaryText() never shows minus nothing', () => {
    const summary = exampleSummary();
    summary.gap.fedavg = { 'own.auroc': { mean: -0.0001, ci95: [-0.0004, 0.0002], perSeed: [] } };
    assert.match(text(summary), /^fedavg {14}0\.000 {3}\[ 0\.000, {2}0\.000\]$/m);
  });

  it('summaryText() shows a row for the statistic even where it was not run', () => {
    assert.match(text(exampleSummary({ without: ['statistic'] })), /^statistic {15}– /m);
    assert.doesNotMatch(text(exampleSummary({ without: ['fedavg'] })), /^fedavg/m);
  });

  it('summaryText() marks claims that hold and claims that do not', () => {
    const summary = exampleSummary();
    summary.expectations.push({ claim: 'gossip.deliveries > 1', value: null, holds: false });
    const shown = text(summary);
    assert.match(shown, /^✓ gap\.centralised\.own\.auroc <= 0\.01 {3}0\.004$/m);
    assert.match(shown, /^✗ gap\.local\.own\.auroc <= 0\.01 {9}0\.022$/m);
    assert.match(shown, /^✗ gossip\.deliveries > 1 +no value$/m);
  });

  it('summaryText() explains one seed instead of showing intervals', () => {
    const shown = text(exampleSummary({ seeds: 1 }));
    assert.match(shown, /One seed gives no interval; --seeds 5 runs five\./);
    assert.doesNotMatch(shown, /±/);
  });

  it('summaryText() says in words where a simpler method does as well', () => {
    const summary = exampleSummary();
    assert.match(text(summary), /Local training does better than gossip here/);
    assert.doesNotMatch(text(summary), /The statistic/);
    summary.gap.local = { 'own.auroc': { mean: 0.02, ci95: [-0.01, 0.05], perSeed: [] } };
    summary.gap.statistic = { 'own.auroc': { mean: 0.001, ci95: [-0.01, 0.01], perSeed: [] } };
    assert.doesNotMatch(text(summary), /Local training does better/);
    assert.match(text(summary), /The statistic \(mean squared z-score\) does as well as gossip here/);
  });

  it('summaryText() adds a column where devices were held out', () => {
    const summary = exampleSummary();
    for (const method of Object.values(summary.methods)) method.unseen = method.fleet;
    const shown = text(summary);
    assert.match(shown, /^method .* worst {3}unseen$/m);
    assert.match(shown, /^gossip .* 0\.840 {4}0\.920$/m);
    for (const line of shown.split('\n')) assert.ok(line.length <= 80, line);
  });

  it('summaryText() says what a stopped run has', () => {
    const stopped: Summary = { ...exampleSummary(), incomplete: true, seeds: [], methods: {}, gap: {} };
    assert.match(text(stopped), /Stopped before its end: 0 seeds finished\.\n\nNo method was finished\.\n/);
    assert.match(
      text({ ...exampleSummary({ seeds: 1 }), incomplete: true }),
      /Stopped before its end: 1 seed finished/,
    );
  });

  it('summaryText() shortens many notes and takes control codes out of them', () => {
    const summary = exampleSummary();
    summary.notes = Array.from({ length: 9 }, (_, index) => `note ${index} \u001b[2J\nend`);
    const shown = text(summary);
    assert.match(shown, /^- note 0 end$/m);
    assert.match(shown, /^- and 3 more in summary\.json$/m);
    assert.equal(shown, stripVTControlCharacters(shown));
  });

  it('summaryText() has the same words with and without colour', () => {
    const loud: Style = (_look, words) => `\u001b[1m${words}\u001b[22m`;
    const coloured = stripVTControlCharacters(summaryText(exampleSummary(), 80, loud));
    assert.equal(coloured.replaceAll(/ +$/gm, ''), text(exampleSummary()));
  });
});
