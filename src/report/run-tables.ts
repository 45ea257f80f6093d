// The tables of what a run did and what it cost: staleness, rejected messages, cost, facts. Markup only.
import { type MetricsEvent, methodNames, type Summary } from '../scenario/results.ts';
import { bytes, count, counted, duration, listed, percent } from './format.ts';
import { type Html, html } from './html.ts';
import { methodGlyph, methodStyles } from './methods.ts';

/** Mixed updates by age, with each age's share; undefined where nothing was mixed. */
export function stalenessTable({ gossip }: Summary): Html | undefined {
  const rows = Object.entries(gossip.staleness).sort(([a], [b]) => Number(a) - Number(b));
  const all = rows.reduce((sum, [, updates]) => sum + updates, 0);
  if (all === 0) return;
  return html`<table class="plain">
<thead><tr><th scope="col">Age in rounds</th><th scope="col" class="number">Updates mixed</th><th scope="col" class="number">Share</th></tr></thead>
<tbody>${rows.map(
    ([age, updates]) => html`
<tr><th scope="row">${age}</th><td class="number">${count(updates)}</td><td class="number">${percent(updates / all)}</td></tr>`,
  )}
</tbody></table>`;
}

/** Messages turned away by code, most first; undefined where there were none. */
export function rejectedTable({ gossip }: Summary): Html | undefined {
  const rows = Object.entries(gossip.rejected)
    .filter(([, messages]) => messages > 0)
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  if (rows.length === 0) return;
  return html`<table class="plain">
<thead><tr><th scope="col">Code</th><th scope="col" class="number">Messages</th></tr></thead>
<tbody>${rows.map(
    ([code, messages]) => html`
<tr><th scope="row"><code>${code}</code></th><td class="number">${count(messages)}</td></tr>`,
  )}
</tbody></table>`;
}

/** In how many rounds there was something to mix, and in how many of those it was mixed; undefined without rounds. */
export function mixedRounds({ gossip }: Summary): Html | undefined {
  const { all, withUpdates, mixed } = gossip.rounds;
  if (all === 0) return;
  const each =
    mixed === withUpdates ? 'every one of those' : `${count(mixed)} of those (${percent(mixed / withUpdates)})`;
  const few = gossip.rounds.tooFew;
  const kept =
    few === 0
      ? ''
      : ` In ${counted(few, 'round')} (${percent(few / all)}) the robust rule had too few updates, and the node kept its own model.`;
  return html`<p>Of ${counted(all, 'round')} of all nodes and seeds, ${count(withUpdates)} had updates at hand, and ${each} mixed some.${kept} A seed delivered ${count(gossip.deliveries)} updates on average.</p>`;
}

/** What the bytes were that nodes sent, of the methods that send any; undefined where none does. */
export function sentTable(summary: Summary): Html | undefined {
  const rows = methodNames.flatMap((method) => {
    const sent = summary.methods[method]?.bytesSentPerNode;
    return sent === undefined || sent.mean === 0 ? [] : [{ method, ...sent }];
  });
  if (rows.length === 0) return;
  const cell = (part: number, mean: number): Html =>
    html`<td class="number">${bytes(part)}<br>${percent(part / mean)}</td>`;
  return html`<div><h3>Bytes sent by kind</h3><table class="plain" id="table-sent">
<thead><tr><th scope="col">A node’s mean</th><th scope="col" class="number">Models</th><th scope="col" class="number">Duplicates</th><th scope="col" class="number">Control</th></tr></thead>
<tbody>${rows.map(
    ({ method, mean, split }) => html`
<tr><th scope="row">${methodGlyph(method)}${methodStyles[method].label}</th>${[split.payload, split.duplicates, split.control].map((part) => cell(part, mean))}</tr>`,
  )}
</tbody></table></div>`;
}

/** What each method cost, mean over seeds. */
export function costTable(summary: Summary): Html {
  const heads = ['Samples trained', 'Sent per node', 'Most by a node', 'Wall time', 'CPU time', 'Peak memory'];
  const rows = methodNames.flatMap((method) => {
    const cost = summary.methods[method];
    if (cost === undefined) return [];
    const { mean, max } = cost.bytesSentPerNode;
    const texts = [count(cost.samplesTrained), bytes(mean), bytes(max), duration(cost.wallSeconds)];
    return [{ method, texts: [...texts, duration(cost.cpuSeconds), bytes(cost.peakRssBytes)] }];
  });
  // On a phone each method is a block of its own, and each number carries its head.
  return html`<table class="plain cost">
<thead><tr><th scope="col">Method</th>${heads.map((head) => html`<th scope="col" class="number">${head}</th>`)}</tr></thead>
<tbody>${rows.map(
    ({ method, texts }) => html`
<tr><th scope="row">${methodGlyph(method)}${methodStyles[method].label}</th>${texts.map(
      (text, i) => html`<td class="number" data-head="${heads[i]}">${text}</td>`,
    )}</tr>`,
  )}
</tbody></table>`;
}

/** What was run, and with what. */
export function factsList(summary: Summary, events: readonly MetricsEvent[]): Html {
  const started = events.find((event) => event.event === 'started');
  const ended = events.findLast((event) => event.event === 'ended');
  const facts: [string, string | undefined][] = [
    ['Scenario', summary.scenario],
    ['Seeds finished', summary.seeds.length === 0 ? 'none' : listed(summary.seeds.map(String))],
    ['Nodes', count(summary.nodes)],
    ['Rounds', count(summary.rounds)],
    ['Transport', summary.transport],
    ['Engine', summary.engine],
    ['Rumormill', summary.rumormill],
    ['Started', started === undefined ? undefined : utc(started.atUtc)],
    ['Ended', ended === undefined ? undefined : utc(ended.atUtc)],
    ['Trace hash', summary.traceHash ?? 'none: this transport is not deterministic'],
  ];
  return html`<dl class="facts">${facts.map(([term, text]) =>
    text === undefined ? undefined : html`<div><dt>${term}</dt><dd>${text}</dd></div>`,
  )}</dl>`;
}

/** '2026-03-02T08:15:00.000Z' as '2026-03-02 08:15:00 UTC'; anything else as it is. */
function utc(text: string): string {
  return text.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/, '$1 $2 UTC');
}
