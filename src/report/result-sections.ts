// The sections about how well the methods did: claims, results, gap, devices. Decides what is shown; draws nothing itself.
import { fleetNodesMax } from '../scenario/fleet-sample.ts';
import { evaluationSets, methodNames, type Summary } from '../scenario/results.ts';
import { type Gap, gapChart } from './bar-charts.ts';
import { drawChart } from './chart.ts';
import { deviceChart, deviceRowsMax, rowsMaxOf, shownDevices } from './device-chart.ts';
import { deviceTable, methodsOn } from './devices.ts';
import { counted, signed } from './format.ts';
import { type Html, html } from './html.ts';
import { methodStyles } from './methods.ts';
import { claimsTable, deviceScoresTable, gapTable, metricsTable } from './result-tables.ts';
import { figure, methodLegend, type Section } from './section.ts';

/** What the scenario claims; undefined where it claims nothing. */
export function claimsSection(summary: Summary): Section | undefined {
  const body = claimsTable(summary);
  if (body === undefined) return;
  const held = summary.expectations.filter(({ holds }) => holds).length;
  return { id: 'claims', link: 'Claims', title: `Claims: ${held} of ${summary.expectations.length} hold`, body };
}

/** Methods by metric, one table for each set that was evaluated. */
export function resultsSection(summary: Summary): Section {
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
<p>${intro[set]}${set === 'own' ? html` Bold: mean over devices and ${counted(seeds, 'seed')}.${methodsOn(summary, set).length > 1 ? ' Shaded: the best mean of a column.' : ''}${seeds < 2 ? ' One seed gives no interval.' : ''}` : undefined}</p>
${metricsTable(summary, set)}
`,
    );
  return { id: 'results', link: 'Results', title, body: html`${body}` };
}

/** How far each baseline is from gossip; undefined where there is no gap. */
export function gapSection(summary: Summary): Section | undefined {
  const table = gapTable(summary);
  if (table === undefined) return;
  const body = html`<p>A baseline’s metric minus gossip’s, paired by seed: positive where the baseline is higher. An interval that includes zero means that these seeds do not tell the two apart.</p>
${gapFigure(summary)}
<h3>All metrics</h3>
${summary.seeds.length > 1 ? html`<p>Bold: the interval does not include zero.</p>` : undefined}
${table}`;
  return { id: 'gap', link: 'Gap', title: 'Gap to gossip', body };
}

function gapFigure(summary: Summary): Html | undefined {
  const gaps = methodNames.flatMap((method): Gap[] => {
    const entry = summary.gap[method]?.['own.auroc'];
    return entry === undefined ? [] : [{ method, ...entry }];
  });
  if (gaps.length === 0) return;
  const means = gaps.map(({ method, mean }) => `${methodStyles[method].label} ${signed(mean)}`).join(', ');
  const hasIntervals = gaps.some(({ ci95 }) => ci95 !== null);
  return figure({
    title: 'Gap in AUROC on own test data',
    caption: `Shape: mean over seeds. Bar: 95 % interval${hasIntervals ? '' : ' (none: it takes two seeds)'}. Small dots: one seed each.`,
    body: drawChart('gap-chart', `Gap in AUROC on own test data: ${means}`, 720, (frame) => gapChart(gaps, frame)),
  });
}

/** AUROC of each device, and the devices that have none; undefined where nothing was evaluated. */
export function devicesSection(summary: Summary): Section | undefined {
  const sets = (['own', 'unseen'] as const).filter((set) => methodsOn(summary, set).length > 0);
  if (sets.length === 0) return;
  const body = html`${sets.map((set) => devicesOf(summary, set))}`;
  return { id: 'devices', link: 'Devices', title: 'Device by device', body };
}

function devicesOf(summary: Summary, set: 'own' | 'unseen'): Html {
  const { methods, evaluable, notEvaluable } = deviceTable(summary, set);
  const shown = shownDevices(evaluable, rowsMaxOf(summary.nodes));
  if (shown.length === 0) {
    return html`<p class="empty">No ${set === 'own' ? 'device' : 'unseen device'} has both normal and anomalous test rows, so none has an AUROC.</p>
${notEvaluableList(notEvaluable)}
`;
  }
  const title = `AUROC by device, ${set === 'own' ? 'own test data' : 'devices that never took part'}`;
  const isSample = set === 'own' && summary.nodes > fleetNodesMax;
  const all = isSample ? `${evaluable.length} sampled devices` : counted(evaluable.length, 'device');
  const chart = figure({
    title,
    caption:
      shown.length < evaluable.length
        ? `The ${shown.length} of ${all} on which gossip does worst; summary.json has ${isSample ? 'the others of these' : 'all'}.`
        : undefined,
    legend: methodLegend(methods),
    body: drawChart(`devices-${set}`, `${title}; the table below has the numbers`, 720, (frame) =>
      deviceChart(shown, methods, frame),
    ),
  });
  return html`${chart}
${notEvaluableList(notEvaluable)}
<details><summary>The same as numbers</summary>${deviceScoresTable(methods, shown)}</details>
`;
}

function notEvaluableList(devices: readonly { device: string; reason: string }[]): Html | undefined {
  if (devices.length === 0) return;
  const byReason = new Map<string, string[]>();
  for (const { device, reason } of devices) byReason.set(reason, [...(byReason.get(reason) ?? []), device]);
  return html`<div class="aside"><h4>Not evaluable: ${counted(devices.length, 'device')}</h4>
${[...byReason].map(([reason, names]) => {
  const more = names.length - deviceRowsMax;
  const shown = names
    .slice(0, deviceRowsMax)
    .map((name, i) => html`${i === 0 ? '' : ', '}<span class="name">${name}</span>`);
  return html`<p>${shown}${more > 0 ? ` and ${more} more` : ''}: ${reason}, so no AUROC.</p>`;
})}</div>`;
}
