import assert from 'node:assert/strict';
import { deviceTable } from '../../src/report/devices.ts';
import { verdict } from '../../src/report/verdict.ts';
import type { MethodName, Statistic, Summary } from '../../src/scenario/results.ts';
import { resultsFixture } from '../support/results-fixture.ts';

type Gap = { mean: number; ci95: [number, number] | null; perSeed: number[] };

/** A summary with the AUROC of two devices by method, and given gaps. */
function summaryOf(
  auroc: Partial<Record<MethodName, [number, number]>>,
  gaps: Partial<Record<MethodName, Gap>>,
): Summary {
  const { summary } = resultsFixture({ rounds: 1 });
  const methods: Summary['methods'] = {};
  for (const [name, [a, b]] of Object.entries(auroc) as [MethodName, [number, number]][]) {
    const statistic: Statistic = { mean: (a + b) / 2, worst: Math.min(a, b), ci95: null, perDevice: { a, b } };
    const found = summary.methods[name];
    assert.ok(found);
    methods[name] = { ...found, own: { ...found.own, auroc: statistic } };
  }
  const gap = Object.fromEntries(Object.entries(gaps).map(([name, entry]) => [name, { 'own.auroc': entry }]));
  return { ...summary, methods, gap };
}

const gap = (mean: number, low: number, high: number): Gap => ({ mean, ci95: [low, high], perSeed: [] });

describe('report/verdict', () => {
  it('verdict() says below, with the interval as it is, where the baseline is better', () => {
    const summary = summaryOf(
      { gossip: [0.9, 0.8], centralised: [0.9, 0.81] },
      { centralised: gap(0.004, -0.002, 0.01) },
    );
    const { lead, also } = verdict(summary);
    assert.equal(lead, 'Gossip is 0.004 AUROC below the centralised model (95 % interval −0.002 to 0.010, 5 seeds).');
    assert.equal(also[0], 'The interval includes zero: these seeds do not tell the two apart.');
  });

  it('verdict() says above, with the interval turned round, where gossip is better', () => {
    const summary = summaryOf({ gossip: [0.9, 0.8], fedavg: [0.9, 0.8] }, { fedavg: gap(-0.012, -0.021, -0.003) });
    const { lead, also } = verdict(summary);
    assert.equal(lead, 'Gossip is 0.012 AUROC above FedAvg (95 % interval 0.003 to 0.021, 5 seeds).');
    assert.match(also[0] ?? '', /does not include zero/);
  });

  it('verdict() does not call a gap that rounds to zero above or below', () => {
    const summary = summaryOf({ gossip: [0.9, 0.8], local: [0.9, 0.8] }, { local: gap(0.0002, -0.001, 0.001) });
    assert.match(verdict(summary).lead, /^Gossip and training alone have the same AUROC to three decimals \(/);
  });

  it('verdict() counts the devices on which the statistic beats both', () => {
    const summary = summaryOf(
      { gossip: [0.9, 0.8], centralised: [0.95, 0.7], statistic: [0.96, 0.75] },
      { centralised: gap(0, 0, 0), statistic: gap(0.005, 0.001, 0.009) },
    );
    const { lead, also } = verdict(summary);
    assert.match(lead, /; the plain statistic beats both on 1 of 2 devices\.$/);
    assert.ok(
      also.some((sentence) => /the plain statistic does better than gossip \(0\.855 against 0\.850\)/.test(sentence)),
    );
  });

  it('verdict() does not rank gossip and the statistic where the interval includes zero', () => {
    const summary = summaryOf(
      { gossip: [0.9, 0.8], centralised: [0.9, 0.8], statistic: [0.9, 0.81] },
      { centralised: gap(0.01, 0, 0.02), statistic: gap(0.005, -0.001, 0.011) },
    );
    const { also } = verdict(summary);
    assert.ok(
      also.includes('These seeds do not tell gossip from the plain statistic (0.850 against 0.855 on average).'),
    );
  });

  it('verdict() says where sharing does not help, and names the worst device', () => {
    const summary = summaryOf(
      { gossip: [0.9, 0.8], centralised: [0.9, 0.8], local: [0.95, 0.79] },
      { centralised: gap(0.01, 0, 0.02), local: gap(0.02, 0.01, 0.03) },
    );
    const { also } = verdict(summary);
    assert.ok(
      also.includes(
        'Sharing does not help on average: training alone is 0.020 above gossip, and 1 of 2 devices would do better alone.',
      ),
    );
    assert.equal(also.at(-1), 'Gossip does worst on b, with 0.800.');
  });

  it('verdict() says that one seed has no interval', () => {
    const { lead, also } = verdict(resultsFixture({ seeds: 1 }).summary);
    assert.match(lead, /\(one seed, so no interval\)/);
    assert.ok(!also.some((sentence) => sentence.includes('The interval')));
  });

  it('verdict() says what is missing: gossip, seeds, anomalous rows, a baseline', () => {
    const lead = (options: Parameters<typeof resultsFixture>[0]): string =>
      verdict(resultsFixture(options).summary).lead;
    assert.match(
      lead({ methods: ['statistic'] }),
      /^Gossip was not part of this run; the plain statistic reaches 0\.\d{3} AUROC/,
    );
    assert.match(lead({ seeds: 0, incomplete: true }), /^The run was stopped before a seed was finished/);
    assert.match(
      lead({ evaluable: 'none' }),
      /^No device has both .* gossip flags \d+\.\d % of the normal test rows\.$/,
    );
    assert.match(lead({ methods: ['gossip'] }), /the run has nothing to compare it with\.$/);
    assert.match(lead({ seeds: 2, incomplete: true }), /^So far, gossip /);
  });
});

describe('report/devices', () => {
  it('deviceTable() lists devices without anomalous rows with the reason', () => {
    const { evaluable, notEvaluable } = deviceTable(resultsFixture().summary, 'own');
    assert.deepEqual(
      evaluable.map(({ device }) => device),
      ['WELL-00001', 'WELL-00002', 'WELL-00004', 'WELL-00005', 'WELL-00007'],
    );
    assert.deepEqual(
      notEvaluable,
      ['WELL-00003', 'WELL-00006', 'WELL-00008'].map((device) => ({ device, reason: 'no anomalous test rows' })),
    );
  });

  it('deviceTable() tells no normal rows and no rows at all from no anomalous rows', () => {
    const { summary } = resultsFixture({ methods: ['gossip'] });
    const own = summary.methods.gossip?.own;
    assert.ok(own);
    for (const metric of ['fpr', 'recall'] as const) own[metric].perDevice['WELL-00003'] = null;
    own.fpr.perDevice['WELL-00006'] = null;
    own.recall.perDevice['WELL-00006'] = 0.5;
    const reasons = deviceTable(summary, 'own').notEvaluable.map(({ reason }) => reason);
    assert.deepEqual(reasons, ['no test rows', 'no normal test rows', 'no anomalous test rows']);
  });
});
