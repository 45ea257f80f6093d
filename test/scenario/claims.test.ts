import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type ClaimScope, claimProblem, evaluateClaims } from '../../src/scenario/claims.ts';
import { type Summary, summarySchema } from '../../src/scenario/results.ts';
import { exampleSummary } from '../support/example-summary.ts';

const scope: ClaimScope = {
  baselines: ['centralised', 'fedavg', 'local', 'statistic'],
  federation: { heldOut: ['WELL-00008'] },
  evaluate: { everyRounds: 10, targetAuroc: 0.9 },
  network: { transport: 'sim' },
};

function answerTo(path: string, summary: Summary = exampleSummary()): number | null | undefined {
  return evaluateClaims([`${path} > 0`], summary)[0]?.value;
}

/** The example, with a learning curve of one point. */
function withTarget(): Summary {
  const summary = exampleSummary();
  const { gossip } = summary.methods;
  assert.ok(gossip);
  const target = { target: 0.9, bytesPerNode: 300, reached: 1, perSeed: [300] };
  const curve = [{ round: 10, auroc: 0.9, worst: 0.7, bytesSentPerNode: 300 }];
  return {
    ...summary,
    methods: { ...summary.methods, gossip: { ...gossip, curve, bytesToTarget: target } },
    ratio: { fedavg: { bytesToTarget: { mean: 1.5, ci95: null, perSeed: [1.5] } } },
  };
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
    'gossip.rounds.tooFew == 0',
    'gossip.spectralGap > 0.1',
    'methods.gossip.bytesSentPerNode.split.duplicates < 1e6',
    'methods.gossip.bytesToTarget.bytesPerNode <= 1e6',
    'methods.fedavg.bytesToTarget.perSeed.0 <= 1e6',
    'methods.local.curve.last.auroc >= 0.9',
    'ratio.fedavg.bytesToTarget <= 4',
    'ratio.fedavg.bytesToTarget.ci95.1 <= 5',
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
    ['ratio.local.bytesToTarget < 1', /ratio has no 'local'; it has fedavg$/],
    ['methods.gossip.bytesToTarget < 1', /is no single number; add one of target, bytesPerNode, reached, perSeed$/],
    [
      'methods.statistic.bytesToTarget.bytesPerNode < 1',
      /statistic does not train, so it has no learning curve; name a method that does$/,
    ],
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

  it('claimProblem() refuses what no learning curve is drawn for', () => {
    const claims: [string, string][] = [
      ['methods.gossip.bytesToTarget.bytesPerNode < 1', 'no bytesToTarget without evaluate.targetAuroc; add it'],
      ['ratio.fedavg.bytesToTarget < 1', 'no bytesToTarget without evaluate.targetAuroc; add it'],
      ['methods.gossip.curve.last.auroc < 1', 'no curve without evaluate.everyRounds; add it'],
    ];
    for (const [claim, end] of claims) {
      const problem = claimProblem(claim, { ...scope, evaluate: {} }) ?? 'accepted';
      assert.ok(problem.endsWith(`cannot be answered: there is ${end}`), problem);
    }
  });

  it('claimProblem() refuses the spectral gap of a graph that is not simulated', () => {
    assert.match(
      claimProblem('gossip.spectralGap > 0.1', { ...scope, network: { transport: 'tcp' } }) ?? 'accepted',
      /the graph of real nodes is gossipsub's and changes; set network\.transport: sim$/,
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
    const learning = summarySchema.parse(withTarget());
    assert.equal(answerTo('methods.gossip.bytesToTarget.bytesPerNode', learning), 300);
    assert.equal(answerTo('methods.gossip.curve.last.worst', learning), 0.7);
    assert.equal(answerTo('ratio.fedavg.bytesToTarget', learning), 1.5);
    assert.equal(answerTo('ratio.fedavg.bytesToTarget'), null);
    assert.equal(answerTo('gossip.spectralGap'), null);
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
