// The tables of results: methods by metric, gaps, devices, claims. Markup only; every number is the summary's.
import {
  type EvaluationSet,
  evaluationSets,
  type MethodName,
  type MetricName,
  methodNames,
  metricNames,
  type SetMetrics,
  type Summary,
} from '../scenario/results.ts';
import { type DeviceScores, methodsOn } from './devices.ts';
import { fixed, missing, signed } from './format.ts';
import { type Html, type HtmlPart, html } from './html.ts';
import { methodGlyph, methodStyles, metricStyles } from './methods.ts';

/** Each claim with its value and whether it holds; undefined where the scenario claims nothing. */
export function claimsTable({ expectations }: Summary): Html | undefined {
  if (expectations.length === 0) return;
  return html`<div class="scroll"><table class="claims">
<thead><tr><th scope="col">Claim</th><th scope="col" class="number">Value</th><th scope="col">Result</th></tr></thead>
<tbody>${expectations.map(
    ({ claim, value, holds }) => html`
<tr><th scope="row"><code>${breakable(claim)}</code></th><td class="number">${number(value, 4)}</td><td><span class="chip ${holds ? 'good' : 'bad'}">${holds ? '✓ holds' : value === null ? '✗ no value' : '✗ fails'}</span></td></tr>`,
  )}
</tbody></table></div>`;
}

/** A claim may go on in the next line after a dot. */
function breakable(claim: string): readonly HtmlPart[] {
  return claim.split(/(?<=\.)(?=\p{L})/u).map((part, i) => (i === 0 ? part : html`<wbr>${part}`));
}

/** Methods by metric on one set: mean, interval, worst device. The best mean of a column is marked. */
export function metricsTable(summary: Summary, set: EvaluationSet): Html {
  const rows = methodsOn(summary, set);
  const hasIntervals = rows.some(([, metrics]) => metricNames.some((metric) => metrics[metric].ci95 !== null));
  const best = new Map(metricNames.map((metric) => [metric, bestMean(rows, metric)]));
  const line = (className: string, head: HtmlPart, cell: (metric: MetricName) => HtmlPart): Html =>
    html`
<tr class="${className}"><th scope="row">${head}</th>${metricNames.map(cell)}</tr>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Results, ${set}"><table class="metrics" id="table-${set}">
<thead><tr><th scope="col">Method</th>${metricNames.map(metricHead)}</tr></thead>
${rows.map(
  ([method, metrics]) => html`<tbody>${[
    line('mean', [methodGlyph(method), methodStyles[method].label], (metric) => {
      const { mean } = metrics[metric];
      const isBest = mean !== null && fixed(mean) === best.get(metric);
      return html`<td class="number${isBest ? ' best' : ''}">${number(mean)}</td>`;
    }),
    hasIntervals
      ? line('detail', '95 % interval', (metric) => html`<td class="number">${range(metrics[metric].ci95)}</td>`)
      : undefined,
    line('detail', 'worst device', (metric) => html`<td class="number">${number(metrics[metric].worst)}</td>`),
  ]}</tbody>
`,
)}</table></div>`;
}

function metricHead(metric: MetricName): Html {
  const { label, higherIsBetter } = metricStyles[metric];
  const hint = higherIsBetter ? 'higher is better' : 'lower is better';
  return html`<th scope="col" class="number">${label} <span title="${hint}">${higherIsBetter ? '↑' : '↓'}</span></th>`;
}

/** The best mean as it is printed, so that methods that print the same are marked alike; undefined with one method. */
function bestMean(rows: readonly [MethodName, SetMetrics][], metric: MetricName): string | undefined {
  const means = rows.flatMap(([, metrics]) => metrics[metric].mean ?? []);
  if (means.length < 2) return;
  return fixed(metricStyles[metric].higherIsBetter ? Math.max(...means) : Math.min(...means));
}

/** Baselines by metric for each evaluated set; undefined where there is no gap. */
export function gapTable(summary: Summary): Html | undefined {
  const groups = evaluationSets.flatMap((set) => {
    const rows = methodNames.flatMap((method) => {
      const entries = summary.gap[method];
      return entries !== undefined && metricNames.some((metric) => entries[`${set}.${metric}`] !== undefined)
        ? [{ method, entries }]
        : [];
    });
    return rows.length === 0 ? [] : [{ set, rows }];
  });
  if (groups.length === 0) return;
  const hasIntervals = groups.some(({ rows }) =>
    rows.some(({ entries }) => Object.values(entries).some(({ ci95 }) => ci95 !== null)),
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Gaps"><table class="metrics gaps" id="table-gap">
<thead><tr><th scope="col">Baseline</th>${metricNames.map(metricHead)}</tr></thead>
${groups.map(
  ({ set, rows }) => html`<tbody><tr class="group"><th scope="rowgroup" colspan="6">${setLabels[set]}</th></tr></tbody>
${rows.map(
  ({ method, entries }) => html`<tbody>
<tr class="mean"><th scope="row">${methodGlyph(method)}${methodStyles[method].label}</th>${metricNames.map((metric) => {
    const entry = entries[`${set}.${metric}`];
    return entry === undefined
      ? html`<td class="number">${missing}</td>`
      : html`<td class="number${isResolved(entry.ci95) ? '' : ' unresolved'}"><data value="${entry.mean}">${signed(entry.mean)}</data></td>`;
  })}</tr>${
    hasIntervals
      ? html`
<tr class="detail"><th scope="row">95 % interval</th>${metricNames.map(
          (metric) => html`<td class="number">${range(entries[`${set}.${metric}`]?.ci95 ?? null)}</td>`,
        )}</tr>`
      : undefined
  }</tbody>
`,
)}`,
)}</table></div>`;
}

function isResolved(ci95: readonly [number, number] | null): boolean {
  return ci95 !== null && (ci95[0] > 0 || ci95[1] < 0);
}

/** What the sets are called in heads of tables. */
const setLabels: Readonly<Record<EvaluationSet, string>> = {
  own: 'Own: each device on its own test data',
  fleet: 'Fleet: each model on the test data of all',
  unseen: 'Unseen: devices that never took part',
};

/** AUROC of `devices` by method, as numbers. */
export function deviceScoresTable(methods: readonly MethodName[], devices: readonly DeviceScores[]): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="AUROC by device"><table class="plain scores">
<thead><tr><th scope="col">Device</th>${methods.map(
    (method) =>
      html`<th scope="col" class="number">${methodGlyph(method)}<span class="label">${methodStyles[method].label}</span></th>`,
  )}</tr></thead>
<tbody>${devices.map(
    ({ device, auroc }) => html`
<tr><th scope="row">${device}</th>${methods.map(
      (method) => html`<td class="number">${fixed(auroc.get(method) ?? null)}</td>`,
    )}</tr>`,
  )}
</tbody></table></div>`;
}

/** Both ends of an interval; on a phone the page puts the upper below the lower. */
function range(ci95: readonly [number, number] | null): Html {
  return ci95 === null
    ? html`${missing}`
    : html`<span>${fixed(ci95[0])}</span><span class="to"> to </span><span>${fixed(ci95[1])}</span>`;
}

/** A number as printed, with its exact value for programs that read the page. */
function number(value: number | null, digits = 3): Html {
  return value === null ? html`${missing}` : html`<data value="${value}">${fixed(value, digits)}</data>`;
}
