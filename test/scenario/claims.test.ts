import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type ClaimScope, claimProblem, evaluateClaims } from '../../src/scenario/claims.ts';
import { type Summary, summarySchema } from '../../src/scenario/results.ts';
import { exampleSummary } from '../support/example-summary.ts';

const scope: ClaimScope = {
  baselines: ['centralised', 'fedavg', 'local', 'statistic'],
  federation: { heldOut: ['WELL-00008'] },
  evaluate: { everyRounds: 10, targetAuroc: 0.9 },
};

function answerTo(path: string, summary: Summary = exampleSummary()): number | null | undefined {
  return evaluateClaims([`${path} > 0`], summary)[0]?.value;
}

describe('claimProblem()', () => {
  const answerable = [
    'gap.centralised.own.auroc <= 0.01',
    'gap.fedavg.own.auroc.mean<=1e-2',
    'gap.statistic.unseen.f1.ci95.0 > -.5',
    'methods.gossip.own.auroc >= 0.9',
    'methods.local.fleet.recall.worst > +0.1',
    'methods.gossip.own.auroc.perDevice.WELL-00001 > 0.5',
    'methods.gossip.own.auroc.perDevice.pump 3.b > 0.5',
    'methods.gossip.bytesSentPerNode < 1e6',
    'methods.gossip.bytesSentPerNode.max < 1e6',
    'methods.gossip.wallSeconds < 60',
    'gossip.deliveries > 1000',
    'gossip.rejected.stale == 0',
    'gossip.consensusDistance.last < 1',
    'gossip.consensusDistance.0 < 1',
    'gossip.staleness.0 > 10',
    'gossip.rounds.mixed > 10',
  ];
  for (const claim of answerable) {
    it(`claimProblem() accepts ${claim}`, () => assert.equal(claimProblem(claim, scope), undefined));
  }

  const wrong: [string, RegExp][] = [
    ['hello', /^'hello' is not a claim; write a path, one of <= < >= > ==, and a number/],
    ['gap.local.own.f1 => 1', /is not a claim/],
    ['gap.local.own.f1 <= much', /is not a claim/],
    ['gap.local.own.f1 <= 1 2', /is not a claim/],
    ['', /^'' is not a claim/],
    ['gaps.local.own.f1 < 1', /a summary has no 'gaps'; did you mean 'gap'\?$/],
    ['seeds > 1', /a summary has no 'seeds'; it has gap, ratio, methods, gossip$/],
    ['gap.centralized.own.f1 < 1', /gap has no 'centralized'; did you mean 'centralised'\?$/],
    ['gap.local.own.aurok < 1', /gap\.local has no 'own\.aurok'; did you mean 'own\.auroc'\?$/],
    ['gap.gossip.own.f1 < 1', /a gap is a baseline's metric minus gossip's; name a baseline$/],
    ['methods.gossip.own.aurok < 1', /methods\.gossip\.own has no 'aurok'; did you mean 'auroc'\?$/],
    ['methods.gossip.own < 1', /methods\.gossip\.own is no single number; add one of auroc, auprc, f1, fpr, recall$/],
    ['methods.gossip.own.f1.perDevice < 1', /is no single number; add a name$/],
    ['gossip.deliveries.mean < 1', /gossip\.deliveries is already a number; leave out \.mean$/],
    ['gossip.rejected.stael < 1', /gossip\.rejected has no 'stael'; did you mean 'stale'\?$/],
    ['gossip.consensusDistance < 1', /is no single number; add 'last' or an index from 0$/],
    ['gossip.consensusDistance.first < 1', /is a list; add 'last' or an index from 0, not 'first'$/],
  ];
  for (const [claim, message] of wrong) {
    it(`claimProblem() refuses '${claim}'`, () => assert.match(claimProblem(claim, scope) ?? 'accepted', message));
  }

  it('claimProblem() refuses a method that the scenario does not run', () => {
    assert.match(
      claimProblem('gap.fedavg.own.f1 < 1', { ...scope, baselines: ['local'] }) ?? '',
      /baselines lacks fedavg; add it there$/,
    );
  });

  it('claimProblem() refuses unseen devices where none is held out', () => {
    const none = { ...scope, federation: { heldOut: [] } };
    for (const claim of ['gap.fedavg.unseen.f1 < 1', 'methods.gossip.unseen.f1 < 1']) {
      assert.match(claimProblem(claim, none) ?? '', /no device is held out; name one in federation\.heldOut$/);
    }
  });

  it('claimProblem() answers or complains about any text, and never throws', () => {
    const keys = fc.constantFrom(
      'gap',
      'methods',
      'gossip',
      'own',
      'auroc',
      'mean',
      'rejected',
      'perDevice',
      'last',
      '0',
      '__proto__',
      'constructor',
      'toString',
      '',
    );
    const claims = fc.oneof(
      fc.string(),
      fc.array(keys, { maxLength: 7 }).map((path) => `${path.join('.')} < 1`),
    );
    fc.assert(
      fc.property(claims, (claim) => {
        if (claimProblem(claim, scope) === undefined) evaluateClaims([claim], exampleSummary());
      }),
      { numRuns: 500 },
    );
  });
});

describe('evaluateClaims()', () => {
  it('evaluateClaims() finds each kind of value', () => {
    const summary = summarySchema.parse(exampleSummary());
    assert.equal(answerTo('gap.centralised.own.auroc'), summary.gap.centralised?.['own.auroc']?.mean);
    assert.equal(answerTo('gap.centralised.own.auroc.ci95.1'), summary.gap.centralised?.['own.auroc']?.ci95?.[1]);
    assert.equal(answerTo('methods.gossip.own.auroc'), summary.methods.gossip?.own.auroc.mean);
    assert.equal(answerTo('methods.gossip.own.auroc.worst'), summary.methods.gossip?.own.auroc.worst);
    assert.equal(
      answerTo('methods.gossip.own.auroc.perDevice.WELL-00001'),
      summary.methods.gossip?.own.auroc.perDevice['WELL-00001'],
    );
    assert.equal(answerTo('methods.gossip.bytesSentPerNode'), summary.methods.gossip?.bytesSentPerNode.mean);
    assert.equal(answerTo('gossip.consensusDistance.last'), summary.gossip.consensusDistance.at(-1));
    assert.equal(answerTo('gossip.deliveries'), summary.gossip.deliveries);
  });

  it('evaluateClaims() counts 0 for a code or an age that never occurred', () => {
    assert.equal(answerTo('gossip.rejected.wrong-digest'), 0);
    assert.equal(answerTo('gossip.staleness.77'), 0);
  });

  it('evaluateClaims() gives null, which never holds, where the summary has no value', () => {
    const stopped: Summary = { ...exampleSummary(), incomplete: true, methods: {}, gap: {} };
    const claims = [
      'gap.local.own.f1 < 9',
      'methods.gossip.own.f1 < 9',
      'gossip.deliveries < 9',
      'gossip.rejected.stale == 0',
    ];
    for (const { value, holds } of evaluateClaims(claims, stopped)) assert.deepEqual([value, holds], [null, false]);
    assert.equal(answerTo('methods.gossip.own.auroc.perDevice.absent'), null);
    assert.equal(answerTo('methods.gossip.unseen.auroc'), null);
  });

  it('evaluateClaims() applies each operator at, below and above the bound', () => {
    const { deliveries } = exampleSummary().gossip;
    const truth: Record<string, [boolean, boolean, boolean]> = {
      '<': [false, false, true],
      '<=': [false, true, true],
      '==': [false, true, false],
      '>=': [true, true, false],
      '>': [true, false, false],
    };
    for (const [operator, expected] of Object.entries(truth)) {
      const claims = [deliveries - 1, deliveries, deliveries + 1].map(
        (bound) => `gossip.deliveries ${operator} ${bound}`,
      );
      assert.deepEqual(
        evaluateClaims(claims, exampleSummary()).map(({ holds }) => holds),
        expected,
        operator,
      );
    }
  });

  it('evaluateClaims() keeps the claim as it was written', () => {
    assert.equal(evaluateClaims(['gossip.deliveries  >  0'], exampleSummary())[0]?.claim, 'gossip.deliveries  >  0');
  });
});
