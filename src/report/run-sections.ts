// The sections about what happened: training, exchange, cost, notes on the data. Decides what is shown; draws nothing itself.
import { fleetNodesMax } from '../scenario/fleet-sample.ts';
import type { Summary } from '../scenario/results.ts';
import { receivedShape, sentKinds, trafficChart } from './bar-charts.ts';
import { drawChart } from './chart.ts';
import { consensusChart, lossChart } from './curve-charts.ts';
import { rowsMaxOf } from './device-chart.ts';
import { methodsOn } from './devices.ts';
import { counted, fixed, listed, magnitude } from './format.ts';
import { type Html, html } from './html.ts';
import { methodStyles } from './methods.ts';
import { drawMixingGraph, graphNodesMax } from './mixing-graph.ts';
import { costTable, mixedRounds, rejectedTable, sentTable, stalenessTable } from './run-tables.ts';
import { figure, glyph, lineGlyph, methodLegend, type Section } from './section.ts';
import {
  consensusCurves,
  lossCurves,
  type MixingGraph,
  mixingGraph,
  type NodeTraffic,
  type Results,
  trafficByNode,
} from './series.ts';

/** Nodes differ less in bytes than in scores: the ones that sent most show the range. */
const trafficRowsMax = 32;

/** Loss and consensus distance over rounds; undefined where no round was finished. */
export function trainingSection(results: Results): Section | undefined {
  const figures = [lossFigure(results), consensusFigure(results)].filter((found) => found !== undefined);
  if (figures.length === 0) return;
  return { id: 'training', link: 'Training', title: 'Training', body: html`<div class="pair">${figures}</div>` };
}

function lossFigure({ summary, events }: Results): Html | undefined {
  const curves = lossCurves(events);
  if (curves.size === 0) return;
  const methods = [...curves.keys()];
  const label = `Training loss over rounds: ${listed(methods.map((method) => methodStyles[method].label))}`;
  return figure({
    title: 'Training loss',
    caption: `Line: median over ${someNodes(summary.nodes)} and seeds. Band: quartiles.`,
    legend: methodLegend(methods),
    body: drawChart('loss', label, 520, (frame) => lossChart(curves, frame)),
  });
}

function consensusFigure(results: Results): Html | undefined {
  const { mean, seeds } = consensusCurves(results);
  const points = [...mean, ...[...seeds.values()].flat()];
  if (!points.some(({ distance }) => distance > 0)) return;
  return figure({
    title: 'Consensus distance of gossip',
    caption: `Of the nodes’ weights from their mean, on a log scale.${gapSentence(results.summary)}`,
    legend: html`<ul class="legend"><li>${lineGlyph(2.5, 1)}mean over seeds</li><li>${lineGlyph(1, 0.5)}one seed</li></ul>`,
    body: drawChart('consensus', 'Consensus distance of gossip over rounds', 520, (frame) =>
      consensusChart(mean, seeds, frame),
    ),
  });
}

/** 'nodes', or how many of them have lines of their own. */
function someNodes(nodes: number): string {
  return nodes > fleetNodesMax ? `${fleetNodesMax} of ${counted(nodes, 'node')}` : 'nodes';
}

function gapSentence({ gossip: { spectralGap } }: Summary): string {
  if (spectralGap === null) return '';
  return ` The spectral gap of the graph is ${magnitude(spectralGap)}: averaging alone would bring the distance to ${magnitude(1 - spectralGap)} of itself in a round, while training draws the nodes apart.`;
}

/** Bytes, staleness, rejected messages and the mixing graph; undefined for a run without gossip. */
export function exchangeSection({ summary, events }: Results): Section | undefined {
  const traffic = trafficByNode(events);
  const graph = mixingGraph(events);
  if (summary.methods.gossip === undefined && traffic.length === 0 && graph === undefined) return;
  const body = html`${mixedRounds(summary)}
<div class="balanced">
${trafficFigure(summary, traffic)}
${sentTable(summary)}
<div><h3>Staleness of mixed updates</h3>${stalenessTable(summary) ?? html`<p class="empty">No update was mixed.</p>`}</div>
<div><h3>Messages turned away</h3>${rejectedTable(summary) ?? html`<p class="empty">None.</p>`}</div>
${graphFigure(summary, graph)}
</div>`;
  return { id: 'exchange', link: 'Exchange', title: 'What the nodes exchanged', body };
}

function trafficFigure({ nodes }: Summary, traffic: readonly NodeTraffic[]): Html | undefined {
  if (traffic.length === 0) return;
  const rowsMax = Math.min(trafficRowsMax, rowsMaxOf(nodes));
  const isCut = traffic.length > rowsMax;
  const most = [...traffic].sort((a, b) => b.bytesSent - a.bytesSent).slice(0, rowsMax);
  return figure({
    title: 'Bytes by node',
    caption: isCut
      ? `The ${most.length} of ${traffic.length < nodes ? `${traffic.length} sampled nodes` : counted(nodes, 'node')} that sent most.`
      : undefined,
    legend: html`<ul class="legend">${sentKinds.map(({ label, opacity }) => html`<li>${glyph('M0 1L10 1L10 9L0 9Z', 'var(--gossip)', opacity)}sent, ${label}</li>`)}<li>${glyph(receivedShape, 'var(--ink)')}received</li></ul>`,
    body: drawChart('traffic', 'Bytes sent and received by each node', 520, (frame) =>
      trafficChart(isCut ? most : traffic, frame),
    ),
  });
}

function graphFigure(summary: Summary, graph: MixingGraph | undefined): Html | undefined {
  if (graph === undefined) return;
  const { seed, nodes, edges } = graph;
  const size = `${counted(nodes.length, 'node')} and ${counted(edges.length, 'link')}`;
  if (summary.nodes > graphNodesMax) {
    return html`<div><h3>Mixing graph of seed ${seed}</h3><p class="empty">${counted(summary.nodes, 'node')}: too many to draw.</p></div>`;
  }
  const degree = fixed((2 * edges.length) / Math.max(1, nodes.length), 1);
  const isDashed = edges.some(({ aToB, bToA }) => aToB === 0 || bToA === 0);
  return figure({
    title: `Mixing graph of seed ${seed}`,
    caption: `As it was: ${counted(edges.length, 'link')}, ${degree} neighbours a node on average. The wider a line, the more updates were mixed, both ways together${isDashed ? '; dashed: in one direction only' : ''}.`,
    body: drawMixingGraph(graph, `Mixing graph of seed ${seed}: ${size}`),
  });
}

/** Samples, bytes, time and memory; undefined where no seed was finished. */
export function costSection(summary: Summary): Section | undefined {
  if (methodsOn(summary, 'own').length === 0) return;
  return {
    id: 'cost',
    link: 'Cost',
    title: 'Cost',
    body: html`<p>Samples are rows that entered a training step, all nodes together. Bytes are what the application sent; means are over seeds.</p>
${costTable(summary)}`,
  };
}

/** What a reader must know about the data; undefined where there is nothing. */
export function notesSection({ notes }: Summary): Section | undefined {
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
