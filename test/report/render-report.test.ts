import assert from 'node:assert/strict';
import { fixed, signed } from '../../src/report/format.ts';
import { renderReport } from '../../src/report/render-report.ts';
import { methodNames, metricNames } from '../../src/scenario/results.ts';
import { type FixtureOptions, resultsFixture } from '../support/results-fixture.ts';
import { faultsOf } from './well-formed.ts';

const cases: Record<string, FixtureOptions> = {
  'eight wells': {},
  'unseen devices': { unseen: 3 },
  '64 nodes': { nodes: 64, rounds: 60 },
  'one seed': { seeds: 1 },
  'one round': { rounds: 1 },
  'one node': { nodes: 1 },
  'a method missing': { methods: ['gossip', 'local'] },
  'statistic only': { methods: ['statistic'] },
  'gossip only': { methods: ['gossip'] },
  'no evaluable device': { evaluable: 'none' },
  'stopped in the third seed': { seeds: 2, incomplete: true },
  'stopped in the first seed': { seeds: 0, incomplete: true },
};

/** Rows of a table as lists of cells, tags taken off. */
function rowsOf(page: string, id: string): string[][] {
  const table = new RegExp(`id="${id}">([\\s\\S]*?)</table>`).exec(page)?.[1] ?? assert.fail(`no table ${id}`);
  return [...table.matchAll(/<tr[^>]*>([\s\S]*?)<\/tr>/g)].map(([, row]) =>
    [...(row as string).matchAll(/<t[hd][^>]*>([\s\S]*?)<\/t[hd]>/g)].map(([, cell]) =>
      (cell as string).replace(/<[^>]*>/g, ''),
    ),
  );
}

describe('report/render-report', () => {
  for (const [name, options] of Object.entries(cases)) {
    it(`renderReport() gives a well-formed page under 400 kB that asks for nothing: ${name}`, () => {
      const page = renderReport(resultsFixture(options));
      assert.deepEqual(faultsOf(page), []);
      assert.ok(Buffer.byteLength(page) < 400_000, `${Buffer.byteLength(page)} bytes`);
      assert.doesNotMatch(page, /https?:|@import|<script|<img|<iframe|\son\w+=|url\((?!#)/i);
      assert.doesNotMatch(page, /\b(?:src|href)="(?!#|data:,")/);
      assert.doesNotMatch(page, /NaN|Infinity|undefined|\[object/);
    });
  }

  it('renderReport() gives the same text for the same results', () => {
    assert.equal(renderReport(resultsFixture({ unseen: 2 })), renderReport(resultsFixture({ unseen: 2 })));
  });

  it("renderReport() shows the summary's numbers in the tables of results", () => {
    const { summary, ...rest } = resultsFixture({ unseen: 2 });
    const page = renderReport({ summary, ...rest });
    for (const set of ['own', 'fleet', 'unseen'] as const) {
      const [, ...rows] = rowsOf(page, `table-${set}`);
      const expected = methodNames.flatMap((method) => {
        const metrics = summary.methods[method]?.[set];
        assert.ok(metrics);
        const range = (ci95: [number, number] | null): string =>
          ci95 === null ? '–' : `${fixed(ci95[0])} to ${fixed(ci95[1])}`;
        return [
          metricNames.map((metric) => fixed(metrics[metric].mean)),
          metricNames.map((metric) => range(metrics[metric].ci95)),
          metricNames.map((metric) => fixed(metrics[metric].worst)),
        ];
      });
      assert.deepEqual(
        rows.map((row) => row.slice(1)),
        expected,
      );
      for (const metric of metricNames) {
        assert.ok(page.includes(`<data value="${summary.methods.gossip?.[set]?.[metric].mean}">`));
      }
    }
  });

  it("renderReport() shows the summary's gaps and claims", () => {
    const { summary, ...rest } = resultsFixture();
    const page = renderReport({ summary, ...rest });
    const gaps = rowsOf(page, 'table-gap').filter(([head]) => head === 'FedAvg');
    const expected = (['own', 'fleet'] as const).map((set) =>
      metricNames.map((metric) => signed(summary.gap.fedavg?.[`${set}.${metric}`]?.mean ?? null)),
    );
    assert.deepEqual(
      gaps.map((row) => row.slice(1)),
      expected,
    );
    const claims = /<table class="claims">[\s\S]*?<\/table>/.exec(page)?.[0].replace(/<wbr>/g, '') ?? '';
    const shown = [...claims.matchAll(/<code>(.*?)<\/code>.*?<data value="(.*?)">.*?<span [^>]*>(.*?)<\/span>/g)];
    assert.deepEqual(
      shown.map(([, claim, value, result]) => [claim, Number(value), result]),
      summary.expectations.map(({ claim, value, holds }) => [
        claim.replace('<', '&lt;').replace('>', '&gt;'),
        value,
        holds ? '✓ holds' : '✗ fails',
      ]),
    );
    assert.deepEqual(new Set(summary.expectations.map(({ holds }) => holds)), new Set([true, false]));
  });

  it('renderReport() marks the best mean of a column, and methods that print the same alike', () => {
    const { summary, ...rest } = resultsFixture({ methods: ['gossip', 'centralised', 'local'] });
    for (const [method, mean] of [
      ['gossip', 0.9001],
      ['centralised', 0.9004],
      ['local', 0.8],
    ] as const) {
      const metrics = summary.methods[method]?.own;
      assert.ok(metrics);
      metrics.auroc.mean = mean;
      metrics.fpr.mean = mean;
    }
    const table = renderReport({ summary, ...rest }).match(/id="table-own">[\s\S]*?<\/table>/)?.[0] ?? '';
    const isBest = [...table.matchAll(/<tr class="mean">.*?<\/tr>/g)].map(([row]) =>
      [...row.matchAll(/<td class="number( best)?">/g)].map(([, mark]) => mark !== undefined),
    );
    assert.deepEqual(
      isBest.map(([auroc]) => auroc),
      [true, true, false],
    );
    assert.deepEqual(
      isBest.map((row) => row[3]),
      [false, false, true],
    );
  });

  it('renderReport() escapes every text that comes from the results', () => {
    const evil = `<script>alert(1)</script>"'&\u0000`;
    const results = resultsFixture({ nodes: 3, rounds: 2, seeds: 2, names: [evil, `${evil}2`, `calm ${evil}`] });
    const { summary } = results;
    const page = renderReport({
      ...results,
      configYaml: `name: ${evil}`,
      summary: {
        ...summary,
        scenario: evil,
        transport: evil,
        engine: evil,
        rumormill: evil,
        traceHash: evil,
        notes: [evil],
        expectations: [{ claim: evil, value: 1, holds: true }],
        gossip: { ...summary.gossip, rejected: { [evil]: 3 }, staleness: { [evil]: 3 } },
      },
    });
    assert.deepEqual(faultsOf(page), []);
    assert.ok(!page.includes('<script') && !page.includes('\u0000'));
    assert.ok(page.split('&lt;script&gt;alert(1)&lt;/script&gt;').length > 15);
  });

  it('renderReport() shows a badge on an incomplete run only', () => {
    assert.match(
      renderReport(resultsFixture({ seeds: 1, incomplete: true })),
      /<span class="chip bad">Incomplete<\/span>/,
    );
    assert.doesNotMatch(renderReport(resultsFixture({ seeds: 1 })), /Incomplete/);
  });

  it('renderReport() lists devices that cannot be evaluated with the reason', () => {
    const page = renderReport(resultsFixture());
    const text = page.replace(/<\/?span[^>]*>/g, '');
    assert.match(
      text,
      /Not evaluable: 3 devices<\/h4>\s*<p>WELL-00003, WELL-00006, WELL-00008: no anomalous test rows/,
    );
  });

  it('renderReport() gives each mark of the dot plot its device, method and value to point at', () => {
    const { summary, ...rest } = resultsFixture();
    const page = renderReport({ summary, ...rest });
    const value = summary.methods.local?.own.auroc.perDevice['WELL-00004'] ?? null;
    assert.ok(page.includes(`<title>WELL-00004: Local only ${fixed(value)}</title>`));
  });

  it('renderReport() draws the worst devices of a fleet too large for rows, and says so', () => {
    const page = renderReport(resultsFixture({ nodes: 128, rounds: 1, seeds: 1 }));
    assert.match(page, /The 32 of 128 nodes that sent most\./);
    assert.equal([...page.matchAll(/ sent, [^<]* received<\/title>/g)].length, 32);
  });

  it('renderReport() draws the ends of a sampled fleet, says that it is a sample, and stays small', () => {
    const page = renderReport(resultsFixture({ nodes: 1000, rounds: 20, seeds: 2 }));
    assert.deepEqual(faultsOf(page), []);
    assert.ok(Buffer.byteLength(page) < 250_000, `${Buffer.byteLength(page)} bytes`);
    assert.match(
      page,
      /The 24 of \d+ sampled devices on which gossip does worst; summary\.json has the others of these\./,
    );
    assert.match(page, /The 24 of 128 sampled nodes that sent most\./);
    assert.match(page, /Line: median over 128 of 1,000 nodes and seeds\./);
    assert.match(page, /mean over 128 of 1,000 nodes and seeds/);
    assert.match(page, /1,000 nodes: too many to draw\./);
    assert.match(page, /beats both on \d+.of \d+.sampled devices/u);
    assert.match(page, /On the worst device of all gossip has 0\.\d{3}\./);
  });

  it('renderReport() draws learning curves over rounds and bytes, with the bytes to the target as a table', () => {
    const { summary, ...rest } = resultsFixture({ seeds: 2 });
    const overSeeds = { mean: 2.426, ci95: null, perSeed: [2.426, 2.426] };
    const page = renderReport({ summary: { ...summary, ratio: { fedavg: { bytesToTarget: overSeeds } } }, ...rest });
    const points = [
      ...page.matchAll(/<title>(?:Gossip|FedAvg|Centralised|Local only), round \d+: [^<]* sent<\/title>/g),
    ];
    // Eight points of four methods over rounds; over bytes, eight of two that send and the last of two that do not.
    assert.equal(points.length, 8 * 4 + 8 * 2 + 2);
    const [, gossip, centralised, fedavg] = rowsOf(page, 'table-target');
    assert.deepEqual(gossip, ['Gossip', '1.11 MB', '2 of 2']);
    assert.deepEqual(centralised, ['Centralised', '0 B', '2 of 2']);
    assert.deepEqual(fedavg?.[0], 'FedAvg');
    assert.match(page, /Gossip took 2\.43 times the bytes of FedAvg\./);
    assert.match(page, /Dotted: the target, 0\.94\./);
    assert.match(page, /By a node, on a log scale\. Dashed: sends nothing; its last AUROC\./);
  });

  it('renderReport() draws AUROC over bytes only where a method sends', () => {
    const senders = renderReport(resultsFixture({ methods: ['gossip', 'fedavg'] }));
    assert.match(senders, /AUROC over bytes sent/);
    assert.doesNotMatch(senders, /Dashed: sends nothing/);
    const silent = renderReport(resultsFixture({ methods: ['centralised', 'local'] }));
    assert.match(silent, /AUROC over rounds/);
    assert.doesNotMatch(silent, /AUROC over bytes sent/);
  });

  it('renderReport() has no learning curves, targets or spectral gap where the run has none', () => {
    const { summary, ...rest } = resultsFixture();
    const methods = Object.fromEntries(
      Object.entries(summary.methods).map(([name, method]) => [name, { ...method, curve: [], bytesToTarget: null }]),
    );
    const page = renderReport({ summary: { ...summary, methods }, ...rest });
    assert.doesNotMatch(page, /id="learning"|table-target|The spectral gap of the graph/);
  });

  it('renderReport() shows the bytes by kind of the methods that send, and of each node', () => {
    const page = renderReport(resultsFixture());
    const rows = rowsOf(page, 'table-sent');
    assert.deepEqual(rows[1], ['Gossip', '1.33 MB90.0 %', '29.6 kB2.0 %', '118 kB8.0 %']);
    assert.deepEqual(rows[2], ['FedAvg', '610 kB100.0 %', '0 B0.0 %', '0 B0.0 %']);
    assert.equal(rows.length, 3);
    for (const kind of ['models', 'duplicates', 'control']) {
      assert.equal(
        [...page.matchAll(new RegExp(`<title>WELL-[^<]*: ${kind} [\\d.]+ k?M?B</title>`, 'g'))].length,
        8,
        kind,
      );
    }
  });

  it('renderReport() says what the spectral gap means, and how often a robust rule had too few updates', () => {
    const { summary, ...rest } = resultsFixture();
    const { rounds } = summary.gossip;
    const gossip = { ...summary.gossip, spectralGap: 0.2, rounds: { ...rounds, all: 100, tooFew: 7 } };
    const page = renderReport({ summary: { ...summary, gossip }, ...rest });
    assert.match(
      page,
      /The spectral gap of the graph is 0\.2: averaging alone would bring the distance to 0\.8 of itself/,
    );
    assert.match(page, /In 7 rounds \(7\.0 %\) the robust rule had too few updates, and the node kept its own model\./);
    assert.doesNotMatch(renderReport({ summary, ...rest }), /too few updates/);
  });

  it('renderReport() leaves the names off a mixing graph that has no room for them', () => {
    const graphTexts = (nodes: number): number => {
      const page = renderReport(resultsFixture({ nodes, rounds: 1, seeds: 1 }));
      const graph = /aria-label="Mixing graph[\s\S]*?<\/svg>/.exec(page)?.[0] ?? assert.fail('no graph');
      return [...graph.matchAll(/<text /g)].length;
    };
    assert.deepEqual([8, 64, 100].map(graphTexts), [8, 64, 0]);
  });
});
