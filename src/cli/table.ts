// The summary of a run as text: methods by metric, gaps, claims, notes. Reads a summary and nothing else.
import { bytes } from '../report/format.ts';
import { type MethodName, methodNames, metricNames, type Statistic, type Summary } from '../scenario/results.ts';
import { countText, safeText, valueText, wrapText } from './format.ts';
import type { Style } from './style.ts';

const titles = { auroc: 'AUROC', auprc: 'AUPRC', f1: 'F1', fpr: 'FPR', recall: 'recall' } as const;
const methodWidth = 16;
const wideColumns = 100;
const notesMax = 6;

interface Cell {
  value: string;
  interval: string;
}

/** The whole summary, at most `columns` characters a line. With 100 columns or more an interval stands beside its mean. */
export function summaryText(summary: Summary, columns: number, style: Style): string {
  const sections = [
    headLines(summary, style),
    methodLines(summary, columns, style),
    gapLines(summary, style),
    gossipLines(summary, columns),
    claimLines(summary, style),
    noteLines(summary, columns, style),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.map((line) => line.trimEnd()).join('\n')}\n`)
    .join('\n');
}

function headLines(summary: Summary, style: Style): string[] {
  const { scenario, nodes, rounds, transport, engine, seeds, incomplete } = summary;
  const line = [
    `${countText(nodes)} ${nodes === 1 ? 'node' : 'nodes'}`,
    `${countText(rounds)} ${rounds === 1 ? 'round' : 'rounds'}`,
    transport,
    engine,
    seedsText(seeds.length),
  ].join(', ');
  return [
    `${style('bold', scenario)}: ${line}`,
    ...(incomplete ? [style('yellow', `Stopped before its end: ${seedsText(seeds.length)} finished.`)] : []),
  ];
}

function methodLines(summary: Summary, columns: number, style: Style): string[] {
  if (Object.keys(summary.methods).length === 0) return ['No method was finished.'];
  const isWide = columns >= wideColumns;
  const hasIntervals = methodNames.some((name) => (summary.methods[name]?.own.auroc.ci95 ?? null) !== null);
  const hasUnseen = methodNames.some((name) => (summary.methods[name]?.unseen ?? null) !== null);
  const metricWidth = isWide && hasIntervals ? 15 : 9;
  const heads = [...metricNames.map((name) => titles[name]), 'worst', ...(hasUnseen ? ['unseen'] : [])];
  const widths = heads.map((_, index) => (index < metricNames.length ? metricWidth : 9));
  const row = (cells: string[]) => cells.map((cell, index) => cell.padStart(widths[index] ?? 0)).join('');
  const lines = [
    `Own test data, mean over devices${hasIntervals ? `, ± half of the 95 % interval over ${seedsText(summary.seeds.length)}` : ''}`,
    style('dim', `worst: AUROC of the worst device${hasUnseen ? '; unseen: AUROC on devices that took no part' : ''}`),
    '',
    style('bold', `${'method'.padEnd(methodWidth)}${row(heads)}`),
  ];
  for (const name of methodNames) {
    if (summary.methods[name] === undefined && name !== 'statistic') continue;
    const cells = cellsOf(summary, name, hasUnseen);
    const label = name.padEnd(methodWidth);
    const besides = cells.map(({ value, interval }) => (isWide && interval !== '' ? `${value} ±${interval}` : value));
    lines.push(`${name === 'gossip' ? style('bold', label) : label}${row(besides)}`);
    if (!isWide && hasIntervals && cells.some(({ interval }) => interval !== '')) {
      const below = cells.map(({ interval }) => (interval === '' ? '' : `±${interval}`));
      lines.push(style('dim', `${' '.repeat(methodWidth)}${row(below)}`));
    }
  }
  if (summary.seeds.length === 1) lines.push('', style('dim', 'One seed gives no interval; --seeds 5 runs five.'));
  return [...lines, ...remarks(summary, columns)];
}

function cellsOf(summary: Summary, name: MethodName, hasUnseen: boolean): Cell[] {
  const method = summary.methods[name];
  return [
    ...metricNames.map((metric) => cell(method?.own[metric])),
    { value: fixed(method?.own.auroc.worst ?? null), interval: '' },
    ...(hasUnseen ? [{ value: fixed(method?.unseen?.auroc.mean ?? null), interval: '' }] : []),
  ];
}

function cell(statistic: Statistic | undefined): Cell {
  const mean = statistic?.mean ?? null;
  const ci95 = statistic?.ci95 ?? null;
  return { value: fixed(mean), interval: ci95 === null ? '' : fixed((ci95[1] - ci95[0]) / 2) };
}

/** What the figures say against the model or against sharing, in words, so that nobody has to notice it. */
function remarks(summary: Summary, columns: number): string[] {
  const statistics = (['statistic', 'shared-statistic'] as const).filter(
    (name) => (summary.gap[name]?.['own.auroc']?.mean ?? Number.NEGATIVE_INFINITY) >= 0,
  );
  const local = summary.gap.local?.['own.auroc'];
  const sentences = [
    ...statistics.map(
      (name) => `The ${name} (mean squared z-score) does as well as gossip here: the model has learnt nothing more.`,
    ),
    ...(local !== undefined && (local.ci95?.[0] ?? local.mean) > 0
      ? ['Local training does better than gossip here: on own data, sharing does not pay.']
      : []),
  ];
  return sentences.flatMap((sentence) => ['', ...wrapText(sentence, columns)]);
}

/** What gossip itself did: deliveries and bytes are means over seeds, messages turned away sums by code. */
function gossipLines(summary: Summary, columns: number): string[] {
  const method = summary.methods.gossip;
  if (method === undefined) return [];
  const rejected = Object.entries(summary.gossip.rejected)
    .filter(([, count]) => count > 0)
    .map(([code, count]) => `${safeText(code)} ${countText(count)}`);
  const sentence =
    `Gossip, a seed: ${countText(summary.gossip.deliveries)} updates delivered, ${bytes(method.bytesSentPerNode.mean)} sent a node; ` +
    `turned away in all: ${rejected.length === 0 ? 'none' : rejected.join(', ')}`;
  return [...wrapText(sentence, columns), ...targetLines(summary, columns)];
}

/** What each method that sends had sent when it got to the target; nothing where the scenario names none. */
function targetLines(summary: Summary, columns: number): string[] {
  const found = methodNames.flatMap((name) => {
    const { bytesToTarget, bytesSentPerNode } = summary.methods[name] ?? {};
    return bytesToTarget && bytesSentPerNode && bytesSentPerNode.mean > 0 ? [{ name, ...bytesToTarget }] : [];
  });
  if (found.length === 0) return [];
  const texts = found.map(({ name, bytesPerNode, reached, perSeed }) =>
    bytesPerNode === null
      ? `${name} not reached (${countText(reached)} of ${seedsText(perSeed.length)})`
      : `${name} ${bytes(bytesPerNode)}`,
  );
  return wrapText(`Bytes a node to an own AUROC of ${found[0]?.target}: ${texts.join(', ')}`, columns);
}

function gapLines(summary: Summary, style: Style): string[] {
  const rows = methodNames.flatMap((name) => {
    const gap = summary.gap[name]?.['own.auroc'];
    if (gap === undefined) return [];
    const interval = gap.ci95 === null ? '' : `   [${signed(gap.ci95[0])}, ${signed(gap.ci95[1])}]`;
    return [`${name.padEnd(methodWidth)}${signed(gap.mean).padStart(9)}${interval}`];
  });
  if (rows.length === 0) return [];
  const title = 'Gap in own AUROC: baseline minus gossip, with its 95 % interval';
  return [title, style('dim', 'above 0: the baseline is better; below 0: gossip is better'), '', ...rows];
}

function claimLines(summary: Summary, style: Style): string[] {
  if (summary.expectations.length === 0) return [];
  const width = Math.max(...summary.expectations.map(({ claim }) => claim.length));
  return [
    'Claims',
    ...summary.expectations.map(({ claim, value, holds }) => {
      const mark = holds ? style('green', '✓') : style('red', '✗');
      const text = value === null ? 'no value' : valueText(value);
      return `${mark} ${safeText(claim).padEnd(width)}   ${text}`;
    }),
  ];
}

function noteLines(summary: Summary, columns: number, style: Style): string[] {
  if (summary.notes.length === 0) return [];
  const more = summary.notes.length - notesMax;
  const lines = summary.notes.slice(0, notesMax).flatMap((note) => {
    const [first = '', ...rest] = wrapText(safeText(note), columns - 3);
    return [`- ${first}`, ...rest.map((line) => `  ${line}`)];
  });
  return [
    'About the data',
    ...[...lines, ...(more > 0 ? [`- and ${more} more in summary.json`] : [])].map((line) => style('dim', line)),
  ];
}

function fixed(value: number | null): string {
  return value === null ? '–' : value.toFixed(3);
}

function signed(value: number): string {
  const text = value.toFixed(3);
  return Number(text) === 0 ? ' 0.000' : value > 0 ? `+${text}` : text;
}

function seedsText(count: number): string {
  return `${count} ${count === 1 ? 'seed' : 'seeds'}`;
}
