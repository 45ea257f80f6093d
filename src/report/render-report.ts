// The page: what is on it and in which order. Pure; reads no file, and the page it makes asks for none.
import { evaluationSets, type MethodName, type Summary } from '../scenario/results.ts';
import { type Gap, gapChart, receivedShape, trafficChart } from './bar-charts.ts';
import { drawChart } from './chart.ts';
import { consensusChart, lossChart } from './curve-charts.ts';
import { definitionsList } from './definitions.ts';
import { deviceChart, deviceRowsMax, shownDevices } from './device-chart.ts';
import { deviceTable, methodsOn } from './devices.ts';
import { counted, fixed, listed, signed } from './format.ts';
import { type Html, html, trusted } from './html.ts';
import { methodGlyph, methodStyles } from './methods.ts';
import { drawMixingGraph, graphNodesMax } from './mixing-graph.ts';
import { pageStyle } from './page-style.ts';
import { claimsTable, deviceScoresTable, gapTable, metricsTable } from './result-tables.ts';
import { costTable, factsList, mixedRounds, rejectedTable, stalenessTable } from './run-tables.ts';
import { consensusCurves, lossCurves, type MixingGraph, mixingGraph, type Results, trafficByNode } from './series.ts';
import { verdict } from './verdict.ts';

/**
 * One self-contained HTML page about a run: no script, no other file, nothing from the network. The same results give the
 * same text. Every text from the results is escaped.
 */
export function renderReport(results: Results): string {
  const { summary, configYaml } = results;
  const sections = [
    claimsSection(summary),
    resultsSection(summary),
    gapSection(summary),
    devicesSection(summary),
    trainingSection(results),
    exchangeSection(results),
    costSection(summary),
    notesSection(summary),
    { id: 'run', link: 'Run', title: 'The run', body: factsList(summary, results.events) },
    { id: 'reading', link: 'How to read', title: 'How to read this', body: definitionsList() },
    {
      id: 'config',
      link: 'Configuration',
      title: 'Configuration',
      body: html`<details><summary>The scenario with every default filled in</summary><pre tabindex="0">${configYaml}</pre></details>`,
    },
  ].filter((section) => section !== undefined);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="generator" content="rumormill ${summary.rumormill}">
<title>${summary.scenario}: Rumormill report</title>
<link rel="icon" href="data:,">
<style>${trusted(pageStyle)}</style>
</head>
<body>
<header>
${headerOf(summary)}
<nav aria-label="On this page">${sections.map(({ id, link }) => html`<a href="#${id}">${link}</a>`)}</nav>
</header>
<main>
${sections.map(
  ({ id, title, body }) => html`<section id="${id}">
<h2>${title}</h2>
${body}
</section>
`,
)}</main>
</body>
</html>
`;
  return page.markup;
}

interface Section {
  id: string;
  /** In the list of links. */
  link: string;
  title: string;
  body: Html;
}

function headerOf(summary: Summary): Html {
  const { lead, also } = verdict(summary);
  const facts = [
    counted(summary.nodes, 'node'),
    counted(summary.rounds, 'round'),
    counted(summary.seeds.length, 'seed'),
    summary.transport,
    summary.engine,
  ];
  return html`<p class="eyebrow">Rumormill report</p>
<h1>${summary.scenario}${summary.incomplete ? html` <span class="chip bad">Incomplete</span>` : undefined}</h1>
<p class="facts-line">${facts.map((fact) => html`<span>${fact}</span>`)}</p>
${summary.incomplete ? html`<p class="warning">This run was stopped before its end. What is here is what was finished.</p>` : undefined}
<p class="verdict">${unbroken(lead)}</p>
${also.length === 0 ? undefined : html`<ul class="also">${also.map((sentence) => html`<li>${unbroken(sentence)}</li>`)}</ul>`}`;
}

/** A number stays on one line with the word after it. */
function unbroken(sentence: string): string {
  return sentence.replace(/(?<=\d) (?=[%\p{L}])/gu, '\u00a0');
}

function claimsSection(summary: Summary): Section | undefined {
  const body = claimsTable(summary);
  if (body === undefined) return;
  const held = summary.expectations.filter(({ holds }) => holds).length;
  return { id: 'claims', link: 'Claims', title: `Claims: ${held} of ${summary.expectations.length} hold`, body };
}

function resultsSection(summary: Summary): Section {
  const title = 'Results';
  if (methodsOn(summary, 'own').length === 0) {
    return {
      id: 'results',
      link: 'Results',
      title,
      body: html`<p class="empty">No seed was finished, so nothing was evaluated.</p>`,
    };
  }
  const seeds = summary.seeds.length;
  const intro = {
    own: 'Each device’s model on its own test data.',
    fleet: 'Each device’s model on the test data of all devices.',
    unseen: 'The models on devices that took no part in training.',
  };
  const body = evaluationSets
    .filter((set) => methodsOn(summary, set).length > 0)
    .map(
      (set) => html`<h3>${{ own: 'Own', fleet: 'Fleet', unseen: 'Unseen' }[set]}</h3>
<p>${intro[set]}${set === 'own' ? html` Large: mean over devices and ${counted(seeds, 'seed')}. Shaded: the best mean of a column.${seeds < 2 ? ' One seed gives no interval.' : ''}` : undefined}</p>
${metricsTable(summary, set)}
`,
    );
  return { id: 'results', link: 'Results', title, body: html`${body}` };
}

function gapSection(summary: Summary): Section | undefined {
  const table = gapTable(summary);
  if (table === undefined) return;
  const gaps = (['centralised', 'fedavg', 'local', 'statistic'] as const).flatMap((method): Gap[] => {
    const entry = summary.gap[method]?.['own.auroc'];
    return entry === undefined ? [] : [{ method, ...entry }];
  });
  const label = `Gap in own AUROC: ${gaps.map(({ method, mean }) => `${methodStyles[method].label} ${signed(mean)}`).join(', ')}`;
  return {
    id: 'gap',
    link: 'Gap',
    title: 'Gap to gossip',
    body: html`<p>A baseline’s metric minus gossip’s, paired by seed: positive where the baseline is higher. An interval that includes zero means that these seeds do not tell the two apart.</p>
${
  gaps.length === 0
    ? undefined
    : figure({
        title: 'Gap in AUROC on own test data',
        caption: `Shape: mean over seeds. Bar: 95 % interval${gaps.every(({ ci95 }) => ci95 === null) ? ' (none: it takes two seeds)' : ''}. Small dots: one seed each.`,
        body: drawChart('gap-chart', label, 720, (frame) => gapChart(gaps, frame)),
      })
}
<h3>All metrics</h3>
${table}`,
  };
}

function devicesSection(summary: Summary): Section | undefined {
  if (methodsOn(summary, 'own').length === 0) return;
  const parts = (['own', 'unseen'] as const).map((set) => {
    const table = deviceTable(summary, set);
    if (table.methods.length === 0) return undefined;
    const shown = shownDevices(table.evaluable);
    const of = set === 'own' ? 'own test data' : 'devices that never took part';
    const chart =
      shown.length === 0
        ? html`<p class="empty">No device has both normal and anomalous test rows, so none has an AUROC.</p>`
        : figure({
            title: `AUROC by device, ${of}`,
            caption:
              shown.length < table.evaluable.length
                ? `The ${deviceRowsMax} of ${counted(table.evaluable.length, 'device')} on which gossip does worst; the table below has all.`
                : undefined,
            legend: methodLegend(table.methods),
            body: drawChart(
              `devices-${set}`,
              `AUROC by device and method, ${of}; the table below has the numbers`,
              720,
              (frame) => deviceChart(shown, table.methods, frame),
            ),
          });
    return html`${chart}
${notEvaluableList(table.notEvaluable)}
${shown.length === 0 ? undefined : html`<details><summary>The same as numbers</summary>${deviceScoresTable(table)}</details>`}
`;
  });
  return { id: 'devices', link: 'Devices', title: 'Device by device', body: html`${parts}` };
}

function notEvaluableList(devices: readonly { device: string; reason: string }[]): Html | undefined {
  if (devices.length === 0) return;
  const byReason = new Map<string, string[]>();
  for (const { device, reason } of devices) byReason.set(reason, [...(byReason.get(reason) ?? []), device]);
  return html`<div class="aside"><h4>Not evaluable: ${counted(devices.length, 'device')}</h4>
${[...byReason].map(([reason, names]) => html`<p>${listed(names)}: ${reason}. ${names.length === 1 ? 'It trains' : 'They train'} like the others${names.length === 1 ? ' and has' : ' and have'} no AUROC.</p>`)}</div>`;
}

function trainingSection(results: Results): Section | undefined {
  const curves = lossCurves(results.events);
  const { mean, seeds } = consensusCurves(results);
  const hasDistance = [...mean, ...[...seeds.values()].flat()].some(({ distance }) => distance > 0);
  if (curves.size === 0 && !hasDistance) return;
  const methods = [...curves.keys()];
  return {
    id: 'training',
    link: 'Training',
    title: 'Training',
    body: html`<div class="pair">
${
  curves.size === 0
    ? undefined
    : figure({
        title: 'Training loss',
        caption: 'Line: median over nodes and seeds. Band: quartiles.',
        legend: methodLegend(methods),
        body: drawChart(
          'loss',
          `Training loss over rounds by method: ${methods.map((m) => methodStyles[m].label).join(', ')}`,
          520,
          (frame) => lossChart(curves, frame),
        ),
      })
}
${
  hasDistance
    ? figure({
        title: 'Consensus distance of gossip',
        caption: 'Of the nodes’ weights from their mean, on a log scale.',
        legend: html`<ul class="legend"><li>${lineGlyph(2.5, 1)}mean over seeds</li><li>${lineGlyph(1, 0.5)}one seed</li></ul>`,
        body: drawChart('consensus', 'Consensus distance of gossip over rounds', 520, (frame) =>
          consensusChart(mean, seeds, frame),
        ),
      })
    : undefined
}
</div>`,
  };
}

function exchangeSection({ summary, events }: Results): Section | undefined {
  const traffic = trafficByNode(events);
  const graph = mixingGraph(events);
  const staleness = stalenessTable(summary);
  if (summary.methods.gossip === undefined && traffic.length === 0 && graph === undefined) return;
  const rejected = rejectedTable(summary);
  const shown = [...traffic].sort((a, b) => b.bytesSent - a.bytesSent).slice(0, deviceRowsMax);
  const rows = traffic.length > shown.length ? shown : traffic;
  return {
    id: 'exchange',
    link: 'Exchange',
    title: 'What the nodes exchanged',
    body: html`${mixedRounds(summary)}
<div class="balanced">
${
  traffic.length === 0
    ? undefined
    : figure({
        title: 'Bytes by node',
        caption:
          rows === traffic ? undefined : `The ${rows.length} of ${counted(traffic.length, 'node')} that sent most.`,
        legend: html`<ul class="legend"><li>${glyph('M0 1L10 1L10 9L0 9Z', 'var(--gossip)')}sent</li><li>${glyph(receivedShape, 'var(--ink)')}received</li></ul>`,
        body: drawChart('traffic', 'Bytes sent and received by each node', 520, (frame) => trafficChart(rows, frame)),
      })
}
<div><h3>Staleness of mixed updates</h3>${staleness ?? html`<p class="empty">No update was mixed.</p>`}</div>
<div><h3>Messages turned away</h3>${rejected ?? html`<p class="empty">None.</p>`}</div>
${graphFigure(graph)}
</div>`,
  };
}

function graphFigure(graph: MixingGraph | undefined): Html | undefined {
  if (graph === undefined) return;
  const { seed, nodes, edges } = graph;
  const size = `${counted(nodes.length, 'node')} and ${counted(edges.length, 'link')}`;
  if (nodes.length > graphNodesMax) {
    return html`<div><h3>Mixing graph of seed ${seed}</h3><p class="empty">${size}: too many to draw.</p></div>`;
  }
  const degree = fixed((2 * edges.length) / Math.max(1, nodes.length), 1);
  const isDashed = edges.some(({ aToB, bToA }) => aToB === 0 || bToA === 0);
  return figure({
    title: `Mixing graph of seed ${seed}`,
    caption: `As it was: ${counted(edges.length, 'link')}, ${degree} neighbours a node on average. The wider a line, the more updates were mixed, both ways together${isDashed ? '; dashed: in one direction only' : ''}.`,
    body: drawMixingGraph(graph, `Mixing graph of seed ${seed}: ${size}`),
  });
}

function costSection(summary: Summary): Section | undefined {
  if (methodsOn(summary, 'own').length === 0) return;
  return {
    id: 'cost',
    link: 'Cost',
    title: 'Cost',
    body: html`<p>Samples are rows that entered a training step, all nodes together. Bytes are what the application sent; means are over seeds.</p>
${costTable(summary)}`,
  };
}

function notesSection({ notes }: Summary): Section | undefined {
  if (notes.length === 0) return;
  const list = (from: number, to?: number): Html =>
    html`<ul class="notes">${notes.slice(from, to).map((note) => html`<li>${note}</li>`)}</ul>`;
  const more = notes.length - 12;
  return {
    id: 'notes',
    link: 'Data',
    title: 'About the data',
    // A list of one or two more is shown rather than folded away.
    body:
      more <= 2
        ? list(0)
        : html`${list(0, 12)}<details><summary>${counted(more, 'more note')}</summary>${list(12)}</details>`,
  };
}

function figure({
  title,
  caption,
  legend,
  body,
}: {
  title: string;
  caption: string | undefined;
  legend?: Html;
  body: Html;
}): Html {
  return html`<figure><figcaption><h3>${title}</h3>${caption === undefined ? undefined : html`<p>${caption}</p>`}${legend}</figcaption>
<div class="charts">${body}</div></figure>`;
}

function methodLegend(methods: readonly MethodName[]): Html {
  return html`<ul class="legend">${methods.map((method) => html`<li>${methodGlyph(method)}${methodStyles[method].label}</li>`)}</ul>`;
}

function glyph(shape: string, colour: string): Html {
  return trusted(
    `<svg class="glyph" viewBox="0 0 10 10" aria-hidden="true"><path d="${shape}" fill="${colour}"/></svg>`,
  );
}

function lineGlyph(width: number, opacity: number): Html {
  return trusted(
    `<svg class="glyph line" viewBox="0 0 20 10" aria-hidden="true"><path d="M0 5H20" stroke="var(--gossip)" stroke-width="${width}" opacity="${opacity}"/></svg>`,
  );
}
