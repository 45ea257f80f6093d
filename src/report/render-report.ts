// The page: what is on it and in which order. Pure; reads no file, and the page it makes asks for none.
import type { Summary } from '../scenario/results.ts';
import { definitionsList } from './definitions.ts';
import { counted } from './format.ts';
import { type Html, html, trusted } from './html.ts';
import { learningSection } from './learning-section.ts';
import { pageStyle } from './page-style.ts';
import { claimsSection, devicesSection, gapSection, resultsSection } from './result-sections.ts';
import { costSection, exchangeSection, notesSection, trainingSection } from './run-sections.ts';
import { factsList } from './run-tables.ts';
import type { Results } from './series.ts';
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
    learningSection(summary),
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
