// The mixing graph as it was, drawn on a circle. Draws; computes only positions.
import { fleetNodesMax } from '../scenario/fleet-sample.ts';
import { counted, shortened } from './format.ts';
import { escapeText, type Html, printable, trusted } from './html.ts';
import type { MixingEdge, MixingGraph } from './series.ts';

/** Above this many edges a tooltip for each would fill the page: edges of one width then share a path, as on a phone. */
const tooltipEdgesMax = 500;

/** Above this many nodes a run does not record the whole graph, and a circle would be a solid disc. */
export const graphNodesMax = fleetNodesMax;

/** The graph in two sizes, for a desktop and for a phone; edges are as wide as the updates mixed, both ways together. */
export function drawMixingGraph(graph: MixingGraph, label: string): Html {
  return trusted(
    `<div class="chart wide">${svgOf(graph, label, 520, false)}</div>\n<div class="chart narrow">${svgOf(graph, label, 340, true)}</div>`,
  );
}

function svgOf({ nodes, edges }: MixingGraph, label: string, width: number, isNarrow: boolean): string {
  const isRadial = nodes.length > 12;
  const names = labelsOf(nodes, isNarrow, isRadial);
  const longest = Math.max(0, ...names.map((name) => [...name].length));
  const fontSize = isRadial ? (nodes.length > 80 ? 0 : isNarrow ? 9 : 10) : 12;
  const marginX = fontSize === 0 ? 12 : 0.6 * fontSize * longest + 18;
  const radius = width / 2 - marginX;
  const height = Math.ceil(2 * (radius + (isRadial ? marginX : 30)));
  const angles = nodes.map((_, i) => (2 * Math.PI * i) / nodes.length - Math.PI / 2);
  const point = (angle: number, r: number): [string, string] => [
    tenth(width / 2 + r * Math.cos(angle)),
    tenth(height / 2 + r * Math.sin(angle)),
  ];
  const at = new Map(nodes.map((node, i) => [node, point(angles[i] as number, radius).join(' ')]));
  const dot = Math.max(2, Math.min(6, (radius * 1.6) / nodes.length));

  const marks = nodes.map((node, i) => {
    const angle = angles[i] as number;
    const [x, y] = point(angle, radius);
    return `<circle cx="${x}" cy="${y}" r="${tenth(dot)}">${isNarrow ? '' : `<title>${escapeText(nodeTitle(node, edges))}</title>`}</circle>`;
  });
  const texts = names.map((name, i) => {
    const angle = angles[i] as number;
    const [x, y] = point(angle, radius + dot + 5);
    const isLeft = Math.cos(angle) < -0.01;
    const isUpright = Math.abs(Math.cos(angle)) <= 0.01 && !isRadial;
    const anchor = isUpright ? 'middle' : isLeft ? 'end' : 'start';
    const degrees = (angle * 180) / Math.PI + (isLeft ? 180 : 0);
    const dy = isUpright ? (Math.sin(angle) < 0 ? ' dy="-4"' : ' dy="4"') : '';
    const place = isRadial ? `transform="translate(${x} ${y}) rotate(${tenth(degrees)})"` : `x="${x}" y="${y}"${dy}`;
    return `<text ${place} text-anchor="${anchor}">${escapeText(name)}</text>`;
  });
  return [
    `<svg role="img" aria-label="${escapeText(label)}" viewBox="0 0 ${width} ${height}">`,
    `<g class="edges">${edgePaths(edges, at, isNarrow)}</g>`,
    `<g class="nodes">${marks.join('')}</g>`,
    fontSize === 0 ? '' : `<g style="font-size:${fontSize}px">${texts.join('')}</g>`,
    '</svg>',
  ].join('');
}

function edgePaths(edges: readonly MixingEdge[], at: ReadonlyMap<string, string>, isNarrow: boolean): string {
  const most = Math.max(1, ...edges.map(total));
  const widthOf = (edge: MixingEdge): string =>
    tenth((0.75 + 3.5 * (total(edge) / most)) * (edges.length > 100 ? 0.5 : 1));
  const line = ({ a, b }: MixingEdge): string => `M${at.get(a)}L${at.get(b)}`;
  const style = (edge: MixingEdge): string =>
    `stroke-width="${widthOf(edge)}"${edge.aToB === 0 || edge.bToA === 0 ? ' stroke-dasharray="5 4"' : ''}`;
  if (!isNarrow && edges.length <= tooltipEdgesMax) {
    return edges
      .map((edge) => `<path ${style(edge)} d="${line(edge)}"><title>${escapeText(edgeTitle(edge))}</title></path>`)
      .join('');
  }
  const byStyle = new Map<string, string>();
  for (const edge of edges) byStyle.set(style(edge), (byStyle.get(style(edge)) ?? '') + line(edge));
  return [...byStyle].map(([attributes, d]) => `<path ${attributes} d="${d}"/>`).join('');
}

/** On a small circle with many nodes, only what tells the names apart. */
function labelsOf(nodes: readonly string[], isNarrow: boolean, isRadial: boolean): string[] {
  const names = nodes.map(printable);
  const prefix = isNarrow && isRadial ? sharedPrefix(names) : 0;
  return names.map((name) => shortened(name.slice(prefix), isNarrow ? 11 : 18));
}

function sharedPrefix(names: readonly string[]): number {
  const [first = ''] = names;
  let length = 0;
  while (length < first.length && names.every((name) => name[length] === first[length])) length++;
  return names.some((name) => name.length === length) ? 0 : length;
}

function edgeTitle({ a, b, aToB, bToA }: MixingEdge): string {
  return `${a} and ${b}\n${counted(aToB, 'update')} of ${a} mixed by ${b}\n${counted(bToA, 'update')} of ${b} mixed by ${a}`;
}

function nodeTitle(node: string, edges: readonly MixingEdge[]): string {
  const own = edges.filter(({ a, b }) => a === node || b === node);
  const mixed = own.reduce((sum, { a, aToB, bToA }) => sum + (a === node ? bToA : aToB), 0);
  return `${node}: mixed ${counted(mixed, 'update')}; ${counted(own.length, 'neighbour')}`;
}

function total({ aToB, bToA }: MixingEdge): number {
  return aToB + bToA;
}

function tenth(value: number): string {
  return String(Number(value.toFixed(1)));
}
