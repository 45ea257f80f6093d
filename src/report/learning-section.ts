// The section on learning curves: how good the models were after so many rounds, and after so many bytes. Decides what is
// shown; draws nothing itself.
import { fleetNodesMax } from '../scenario/fleet-sample.ts';
import { type BytesToTarget, type MethodName, methodNames, type Summary } from '../scenario/results.ts';
import { drawChart } from './chart.ts';
import { bytes, counted, fixed, missing } from './format.ts';
import { type Html, html } from './html.ts';
import { aurocOverBytes, aurocOverRounds, type Curves } from './learning-charts.ts';
import { methodGlyph, methodStyles } from './methods.ts';
import { figure, methodLegend, type Section } from './section.ts';
import { thinned } from './series.ts';

/** Undefined where the run has no curve with an AUROC. */
export function learningSection(summary: Summary): Section | undefined {
  const curves: Curves = new Map(
    methodNames.flatMap((method) => {
      const points = summary.methods[method]?.curve.filter(({ auroc }) => auroc !== null) ?? [];
      return points.length === 0 ? [] : [[method, thinned(points, 120)] as const];
    }),
  );
  if (curves.size === 0) return;
  const targets = methodNames.flatMap((method) => {
    const found = summary.methods[method]?.bytesToTarget;
    return found ? [{ method, ...found }] : [];
  });
  const target = targets[0]?.target;
  const methods = [...curves.keys()];
  const nodes = summary.nodes > fleetNodesMax ? `${fleetNodesMax} of ${counted(summary.nodes, 'node')}` : 'nodes';
  const targetHint = target === undefined ? '' : ` Dotted: the target, ${fixed(target, 2)}.`;
  const overRounds = figure({
    title: 'AUROC over rounds',
    caption: `On own test data, mean over ${nodes} and seeds.${targetHint}`,
    legend: methodLegend(methods),
    body: drawChart('learning-rounds', 'AUROC on own test data over rounds', 520, (frame) =>
      aurocOverRounds(curves, target, frame),
    ),
  });
  const [sends, silent] = [true, false].map((sending) =>
    methods.filter((method) => curves.get(method)?.some((point) => point.bytesSentPerNode > 0) === sending),
  ) as [MethodName[], MethodName[]];
  const overBytes =
    sends.length === 0
      ? undefined
      : figure({
          title: 'AUROC over bytes sent',
          caption: `By a node, on a log scale.${silent.length === 0 ? '' : ' Dashed: sends nothing; its last AUROC.'}`,
          legend: methodLegend(methods),
          body: drawChart('learning-bytes', 'AUROC on own test data over bytes sent a node', 520, (frame) =>
            aurocOverBytes(curves, target, frame),
          ),
        });
  const body = html`<div class="pair">${overRounds}${overBytes}</div>
${targets.length === 0 ? undefined : targetTable(summary, targets)}`;
  return { id: 'learning', link: 'Learning', title: 'Learning curves', body };
}

function targetTable(summary: Summary, targets: readonly ({ method: MethodName } & BytesToTarget)[]): Html {
  const ratio = summary.ratio.fedavg?.bytesToTarget;
  return html`<h3>Bytes to an AUROC of ${fixed(targets[0]?.target ?? null, 2)}</h3>
<p>Sent by a node until the mean own AUROC first was at or above it, at the points of the curve.${ratio === undefined ? '' : ` Gossip took ${fixed(ratio.mean, 2)} times the bytes of FedAvg.`}</p>
<table class="plain" id="table-target">
<thead><tr><th scope="col">Method</th><th scope="col" class="number">Bytes</th><th scope="col" class="number">Seeds that got there</th></tr></thead>
<tbody>${targets.map(
    ({ method, bytesPerNode, reached, perSeed }) => html`
<tr><th scope="row">${methodGlyph(method)}${methodStyles[method].label}</th><td class="number">${bytesPerNode === null ? missing : bytes(bytesPerNode)}</td><td class="number">${reached} of ${perSeed.length}</td></tr>`,
  )}
</tbody></table>`;
}
