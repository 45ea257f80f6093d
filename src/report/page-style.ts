// The look of the page in light, dark and print. CSS only: colours are named here and used by name everywhere else.

/** Contents of the page's style element. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --page: #fdfdfc; --ink: #1a1f26; --muted: #57606b; --rule: #d5dae0; --grid: #e5e8ec; --stripe: #f4f6f8;
  --tint: #e3eefa; --link: #0a5fb0; --good: #0b6b43; --good-tint: #e0f3e8; --bad: #a3260f; --bad-tint: #fce7e2;
  --gossip: #0051cc; --centralised: #b53208; --fedavg: #05a06a; --local: #bd4da0; --statistic: #2d3339; --shared-statistic: #8f7a00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #11151a; --ink: #e4e8ed; --muted: #9ba6b2; --rule: #333c46; --grid: #252c35; --stripe: #171c23;
    --tint: #1a3049; --link: #79b8f5; --good: #6fd6a3; --good-tint: #12301f; --bad: #ff9c85; --bad-tint: #3d1a13;
    --gossip: #3d8bfd; --centralised: #ea5a22; --fedavg: #55d98c; --local: #c76fa6; --statistic: #e2e6ea; --shared-statistic: #b39b2e;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 40px 32px 72px; max-width: 1136px; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: break-word;
}
h1, h2, h3, h4, p, ul, dl, dd, figure { margin: 0; }
h1 { font-size: 34px; line-height: 1.15; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { font-size: 22px; line-height: 1.25; letter-spacing: -0.01em; margin-bottom: 16px; }
h3 { font-size: 16px; line-height: 1.35; }
h4 { font-size: 14px; line-height: 1.35; }
a { color: var(--link); }
code, pre { font: 0.875em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.eyebrow { color: var(--muted); font-size: 14px; margin-bottom: 6px; }
h1 .chip { vertical-align: 0.3em; letter-spacing: 0; }
.facts-line { color: var(--muted); font-size: 15px; margin-top: 8px; }
.facts-line span { display: inline-block; }
.facts-line span:not(:last-child)::after { content: "·"; margin: 0 8px; }
.warning { margin-top: 20px; padding: 10px 14px; background: var(--bad-tint); color: var(--bad); border-radius: 6px; font-size: 15px; max-width: 46em; }
.verdict { font-size: 22px; line-height: 1.42; margin-top: 26px; max-width: 44em; letter-spacing: -0.005em; text-wrap: pretty; }
.also { margin-top: 14px; padding: 0; list-style: none; color: var(--muted); max-width: 54em; }
.also li + li { margin-top: 3px; }
nav { display: flex; flex-wrap: wrap; gap: 4px 20px; margin-top: 28px; padding: 10px 0; border-block: 1px solid var(--rule); font-size: 14px; }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }
section { padding-top: 44px; }
section > p, .aside p { max-width: 50em; text-wrap: pretty; }
section > p { color: var(--muted); margin-bottom: 16px; }
section > h3 { margin: 30px 0 2px; }
section > h2 + h3 { margin-top: 0; }
section > h3 + p { margin-bottom: 10px; font-size: 15px; }
.empty { color: var(--muted); }
.chip { display: inline-block; padding: 2px 9px; border-radius: 99px; font-size: 13px; font-weight: 600; line-height: 1.5; white-space: nowrap; }
.good { color: var(--good); background: var(--good-tint); }
.bad { color: var(--bad); background: var(--bad-tint); }

table { border-collapse: collapse; font-size: 15px; line-height: 1.35; }
th { font-weight: 400; text-align: left; }
thead th { color: var(--muted); font-size: 13px; vertical-align: bottom; border-bottom: 1px solid var(--rule); }
td, th { padding: 7px 20px 7px 0; }
.number { text-align: right; padding-right: 0; padding-left: 20px; white-space: nowrap; }
tbody th { overflow-wrap: anywhere; }
.claims th, .cost th { overflow-wrap: normal; }
.cost th { white-space: nowrap; }
.scores thead .glyph { margin-right: 6px; }
.plain tbody tr + tr > *, .claims tbody tr + tr > * { border-top: 1px solid var(--grid); }
.claims td:last-child, .claims th:last-child { padding-left: 28px; padding-right: 0; }
.scroll { overflow-x: auto; }
.metrics { width: 100%; table-layout: fixed; }
.metrics th:first-child { width: 17%; }
.metrics tbody + tbody { border-top: 1px solid var(--grid); }
.metrics tr > * { padding-block: 1px; padding-right: 10px; }
.metrics thead tr > * { padding-bottom: 6px; }
.metrics .mean > * { padding-top: 8px; font-size: 18px; font-weight: 600; }
.metrics .mean th { font-size: 16px; white-space: nowrap; }
.metrics .detail > * { color: var(--muted); font-size: 13px; }
.metrics .detail th { padding-left: 21px; white-space: nowrap; }
.metrics .detail:last-child > * { padding-bottom: 9px; }
.metrics .mean:last-child > * { padding-bottom: 8px; }
.metrics .best data { background: var(--tint); box-shadow: 0 0 0 4px var(--tint); border-radius: 2px; }
.metrics .unresolved { font-weight: 400; }
.metrics .group th { padding-top: 18px; padding-bottom: 6px; font-size: 14px; color: var(--muted); width: auto; }

.glyph { width: 11px; height: 11px; margin-right: 10px; vertical-align: -0.5px; flex: none; overflow: visible; }
.glyph.line { width: 22px; }
.legend .glyph { margin-right: 6px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 18px; padding: 0; margin-top: 8px; list-style: none; font-size: 14px; }
figure { min-width: 0; }
.charts { container-type: inline-size; min-width: 0; }
figure + .scroll, figure + .aside, .aside + details, .scroll + details, figure + details { margin-top: 16px; }
figcaption { margin-bottom: 8px; }
figcaption p { color: var(--muted); font-size: 14px; margin-top: 2px; max-width: 46em; text-wrap: pretty; }
.chart svg { display: block; width: 100%; height: auto; }
.chart text { font-size: 12px; font-family: inherit; dominant-baseline: central; }
.chart g[style] text { font-size: inherit; fill: var(--ink); }
.chart:has(> svg) { max-width: 860px; }
.pair .chart, .balanced .chart { max-width: 560px; }
.narrow { display: none; }
.hit { fill: var(--gossip); opacity: 0; }
.hit:hover { opacity: 0.12; }
.edges path { stroke: var(--gossip); stroke-opacity: 0.45; fill: none; }
.edges path:hover { stroke-opacity: 1; }
.nodes circle { fill: var(--gossip); stroke: var(--page); stroke-width: 1.5; }
.nodes + g text, .edges ~ g text { fill: var(--ink); }
.pair { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 36px 56px; align-items: start; }
.pair > figure { display: grid; grid-template-columns: minmax(0, 1fr); grid-row: span 2; grid-template-rows: subgrid; row-gap: 0; }
.balanced { columns: 2; column-gap: 56px; margin-bottom: -36px; }
.balanced > * { break-inside: avoid; padding-bottom: 36px; }
.balanced h3 { margin-bottom: 2px; }
section + section > .aside { margin-top: 16px; }
.aside { font-size: 15px; padding-left: 14px; border-left: 3px solid var(--rule); }
.aside p { color: var(--muted); }
.name { display: inline-block; max-width: 100%; overflow-wrap: anywhere; }
.aside + figure, details + figure { margin-top: 36px; }
details { margin-top: 16px; }
h2 + details { margin-top: 0; }
summary { cursor: pointer; color: var(--link); font-size: 15px; }
details[open] > summary { margin-bottom: 10px; }
pre { margin: 0; padding: 16px 18px; background: var(--stripe); border-radius: 6px; overflow-x: auto; }
.notes { padding-left: 1.1em; max-width: 50em; }
.notes li + li { margin-top: 4px; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(210px, 1fr)); gap: 16px 32px; }
dt { color: var(--muted); font-size: 13px; }
.facts dd { overflow-wrap: anywhere; }
.definitions { columns: 2; column-gap: 56px; font-size: 15px; }
.definitions div { break-inside: avoid; padding-bottom: 14px; }
.definitions dt { color: var(--ink); font-weight: 600; font-size: 15px; }
.definitions dd { color: var(--muted); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }

@container (max-width: 460px) { .wide { display: none; } .narrow { display: block; max-width: 440px; } }
@media (max-width: 860px) {
  .pair { grid-template-columns: minmax(0, 1fr); }
  .definitions, .balanced { columns: 1; }
  .pair > figure { display: block; }
  .metrics .detail > * { vertical-align: top; }
  .metrics .detail span { display: block; }
  .metrics .detail .to { display: none; }
  .cost, .cost tbody { display: block; }
  .cost thead { display: none; }
  .cost tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(98px, 1fr)); gap: 6px 10px; padding: 10px 0 12px; }
  .cost tr + tr { border-top: 1px solid var(--grid); }
  .cost tr > * { border: 0 !important; padding: 0; }
  .cost th { grid-column: 1 / -1; font-weight: 600; }
  .cost td { text-align: left; font-size: 14px; }
  .cost td::before { content: attr(data-head); display: block; color: var(--muted); font-size: 12px; }
}
@media (max-width: 560px) {
  body { padding: 24px 16px 48px; }
  h1 { font-size: 28px; }
  .verdict { font-size: 19px; }
  section { padding-top: 36px; }
  td, th { padding-right: 12px; }
  .number { padding-left: 12px; padding-right: 0; }
  .metrics tr > *, .scores tr > *, .metrics .number { padding-right: 0; padding-left: 5px; }
  .metrics tr > :first-child, .scores tr > :first-child { padding-left: 0; }
  .metrics { table-layout: auto; }
  .metrics .mean > * { font-size: 13.5px; }
  .metrics .mean th { font-size: 13px; }
  .metrics .detail > * { font-size: 12px; }
  .metrics .detail th { padding-left: 0; }
  .metrics .glyph { width: 9px; height: 9px; margin-right: 5px; }
  .metrics thead th { font-size: 12px; }
  .metrics thead span { display: block; }
  .metrics .best data { box-shadow: 0 0 0 2px var(--tint); }
  .metrics.gaps .mean > td { font-size: 12px; }
  .gaps .glyph { display: none; }
  .scores .label { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .scores td { font-size: 14px; }
  .facts { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 14px 20px; }
}
@media print {
  :root {
    color-scheme: light;
    --page: #fff; --ink: #000; --muted: #444; --rule: #bbb; --grid: #ddd; --stripe: #f5f5f5; --tint: #e3eefa;
    --link: #000; --good: #0b6b43; --good-tint: #fff; --bad: #a3260f; --bad-tint: #fff;
    --gossip: #0051cc; --centralised: #b53208; --fedavg: #05a06a; --local: #bd4da0; --statistic: #2d3339; --shared-statistic: #8f7a00;
  }
  body { padding: 0; max-width: none; font-size: 11pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  nav { display: none; }
  section { padding-top: 24px; }
  figure, tr, .aside, .metrics tbody { break-inside: avoid; }
  h2, h3, figcaption { break-after: avoid; }
  .scroll, pre { overflow: visible; }
  pre { white-space: pre-wrap; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
}
`;
