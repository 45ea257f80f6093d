// Horizontal charts that are neither scores nor curves: bytes by node, and the gap by baseline. Draws; computes nothing.
import type { MethodName } from '../scenario/results.ts';
import { axisText, type Chart, type Frame, rowAxis, textWidth, valueAxisLook } from './chart.ts';
import { bytes, counted, interval, shortened, signed } from './format.ts';
import { printable } from './html.ts';
import { methodStyles } from './methods.ts';
import type { NodeTraffic } from './series.ts';

/** Shape for bytes received, in the box of the methods' shapes. */
export const receivedShape = 'M3.5 0L6.5 0L6.5 10L3.5 10Z';

/** The kinds of bytes sent, in the order of the bar, each with the opacity of its part. */
export const sentKinds = [
  { kind: 'payload', label: 'models', opacity: 0.8 },
  { kind: 'duplicates', label: 'duplicates', opacity: 0.5 },
  { kind: 'control', label: 'control', opacity: 0.25 },
] as const;

/** Bytes sent as a bar with a part for each kind, bytes received as a mark, one row a node. */
export function trafficChart(traffic: readonly NodeTraffic[], { isNarrow }: Frame): Chart {
  const isDense = traffic.length > 16;
  const rowHeight = isDense ? 16 : 26;
  const names = traffic.map(({ node }) => shortened(printable(node), isNarrow ? 14 : 20));
  const [top, bottom] = [isDense ? 24 : 6, 42];
  const axis = {
    ...valueAxisLook,
    type: 'value' as const,
    min: 0,
    max: niceAbove(Math.max(1, ...traffic.flatMap(({ bytesSent, bytesReceived }) => [bytesSent, bytesReceived]))),
    splitNumber: isNarrow ? 3 : 4,
    axisLabel: { ...axisText, formatter: axisBytes },
  };
  const parts = sentKinds.map(({ kind, label }) =>
    traffic.map(({ node, split }) => `${node}: ${label} ${bytes(split[kind])}`),
  );
  const both = traffic.map(
    ({ node, bytesSent, bytesReceived }) => `${node}: ${bytes(bytesSent)} sent, ${bytes(bytesReceived)} received`,
  );
  return {
    height: top + traffic.length * rowHeight + bottom,
    tooltips: [...parts, both],
    option: {
      grid: { left: Math.max(...names.map(textWidth)) + 12, right: 30, top, bottom },
      xAxis: [
        { ...axis, name: 'bytes, mean over seeds', nameLocation: 'middle', nameGap: 26 },
        { ...axis, position: 'top', splitLine: { show: false }, axisLabel: { ...axis.axisLabel, show: isDense } },
      ],
      yAxis: rowAxis(names),
      series: [
        ...sentKinds.map(({ kind, opacity }) => ({
          type: 'bar' as const,
          stack: 'sent',
          barWidth: isDense ? 9 : 13,
          itemStyle: { color: methodStyles.gossip.colour, opacity },
          data: traffic.map(({ split }) => split[kind]),
        })),
        {
          type: 'scatter',
          symbol: `path://${receivedShape}`,
          symbolSize: [4, isDense ? 13 : 19],
          itemStyle: { color: 'var(--ink)', opacity: 1 },
          data: traffic.map(({ bytesReceived }, row) => [bytesReceived, row]),
        },
      ],
    },
  };
}

/** A baseline's gap to gossip in one metric. */
export interface Gap {
  method: MethodName;
  mean: number;
  ci95: readonly [number, number] | null;
  perSeed: readonly number[];
}

/** Mean and interval for each baseline around zero, with a small dot for each seed. */
export function gapChart(gaps: readonly Gap[], { isNarrow }: Frame): Chart {
  const names = gaps.map(({ method }) => methodStyles[method].label);
  const values = [0, ...gaps.flatMap(({ mean, ci95, perSeed }) => [mean, ...(ci95 ?? []), ...perSeed])];
  const [low, high, step] = roundedRange(Math.min(...values), Math.max(...values), isNarrow ? 4 : 7);
  const [rowHeight, top, bottom] = [40, 30, 42];
  const left = Math.max(...names.map(textWidth)) + 12;
  return {
    height: top + gaps.length * rowHeight + bottom,
    tooltips: [undefined, undefined, gaps.flatMap(seedTooltips), gaps.map(meanTooltip)],
    option: {
      grid: { left, right: 24, top, bottom },
      xAxis: {
        ...valueAxisLook,
        type: 'value',
        min: low,
        max: high,
        interval: step,
        axisLabel: { ...axisText, formatter: (value: number) => signed(value, step < 0.01 ? 3 : 2) },
        name: 'AUROC minus gossip’s',
        nameLocation: 'middle',
        nameGap: 26,
      },
      yAxis: rowAxis(names),
      series: [
        {
          // The line at zero, with what each side means above it.
          type: 'custom',
          silent: true,
          data: [[0, 0]],
          renderItem: (_, api) => {
            const x = (api.coord([0, 0]) as number[])[0] as number;
            const text = { y: 9, fill: 'var(--muted)', fontSize: 12, fontFamily: 'inherit' };
            return {
              type: 'group',
              children: [
                {
                  type: 'line',
                  shape: { x1: x, x2: x, y1: top - 6, y2: top + gaps.length * rowHeight },
                  style: { stroke: 'var(--ink)', lineWidth: 1 },
                },
                ...(low < 0
                  ? [
                      {
                        type: 'text' as const,
                        style: { ...text, text: '← gossip higher', x: x - 6, align: 'right' as const },
                      },
                    ]
                  : []),
                ...(high > 0
                  ? [
                      {
                        type: 'text' as const,
                        style: { ...text, text: 'gossip lower →', x: x + 6, align: 'left' as const },
                      },
                    ]
                  : []),
              ],
            };
          },
        },
        {
          type: 'custom',
          silent: true,
          data: gaps.map(({ ci95 }, row) => [...(ci95 ?? [Number.NaN, Number.NaN]), row]),
          encode: { x: [0, 1], y: 2 },
          renderItem: ({ dataIndex }, api) => {
            const { method, ci95 } = gaps[dataIndex] as Gap;
            if (ci95 === null) return;
            const [x1, y] = api.coord([ci95[0], dataIndex]) as [number, number];
            const [x2] = api.coord([ci95[1], dataIndex]) as [number, number];
            const stroke = { stroke: methodStyles[method].colour, lineWidth: 2 };
            return {
              type: 'group',
              children: [
                { type: 'line', shape: { x1, x2, y1: y, y2: y }, style: stroke },
                ...[x1, x2].map((x) => ({
                  type: 'line' as const,
                  shape: { x1: x, x2: x, y1: y - 5, y2: y + 5 },
                  style: stroke,
                })),
              ],
            };
          },
        },
        {
          type: 'scatter',
          symbolSize: 5,
          symbolOffset: [0, 12],
          itemStyle: { color: 'var(--muted)', opacity: 0.8 },
          data: gaps.flatMap(({ perSeed }, row) => perSeed.map((value) => [value, row])),
        },
        {
          type: 'scatter',
          data: gaps.map(({ method, mean }, row) => ({
            value: [mean, row],
            symbol: `path://${methodStyles[method].shape}`,
            itemStyle: { color: methodStyles[method].colour, opacity: 1 },
          })),
          symbolSize: 11,
        },
      ],
    },
  };
}

function meanTooltip({ method, mean, ci95, perSeed }: Gap): string {
  const range = ci95 === null ? 'no interval' : `95 % interval ${interval(ci95)}`;
  return `${methodStyles[method].label}: ${signed(mean)} (${range}, ${counted(perSeed.length, 'seed')})`;
}

function seedTooltips({ method, perSeed }: Gap): string[] {
  return perSeed.map((value) => `${methodStyles[method].label}, one seed: ${signed(value)}`);
}

/** A round step with about `steps` of them from `low` to `high`, and the range on its multiples. */
function roundedRange(low: number, high: number, steps: number): [low: number, high: number, step: number] {
  const rough = Math.max(high - low, 0.004) / steps;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(0.001, ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power);
  const snap = (value: number): number => Number(value.toFixed(4));
  const [from, to] = [Math.floor(low / step) * step, Math.ceil(high / step) * step];
  return from === to ? [snap(from - step), snap(to + step), step] : [snap(from), snap(to), step];
}

/** The next of 1, 2, 3, 4, 5, 6, 8, 10 times a power of ten. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= value) ?? 10) * power;
}

/** Bytes as the label of an axis: '2.5 MB', '10 kB', '0'. */
export function axisBytes(value: number): string {
  return value === 0
    ? '0'
    : bytes(value)
        .replace(/\.0+ /, ' ')
        .replace(/(\.\d)0 /, '$1 ');
}
