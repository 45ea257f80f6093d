// Curves over rounds: the loss of each method, and the consensus distance. Draws; computes nothing.
import type { CustomSeriesOption, LineSeriesOption, ScatterSeriesOption } from 'echarts';
import type { MethodName } from '../scenario/results.ts';
import { axisText, type Chart, type Frame, hitFill, valueAxisLook } from './chart.ts';
import { magnitude } from './format.ts';
import { methodStyles } from './methods.ts';
import type { DistancePoint, LossPoint } from './series.ts';

/** Median as a line, quartiles as a band. A log axis where the medians span more than a factor of 5. */
export function lossChart(curves: ReadonlyMap<MethodName, LossPoint[]>, frame: Frame): Chart {
  // Gossip is drawn last, on top.
  const methods = [...curves.keys()].reverse();
  const points = [...curves.values()].flat();
  const medians = points.map(({ median }) => median);
  const isLog = Math.min(...points.map(({ low }) => low)) > 0 && Math.max(...medians) / Math.min(...medians) > 5;
  const rounds = [...new Set(points.map(({ round }) => round))].sort((a, b) => a - b);
  const at = new Map(
    [...curves].map(([method, curve]) => [method, new Map(curve.map((point) => [point.round, point]))] as const),
  );
  const bands = methods.map((method) => bandSeries(curves.get(method) ?? [], methodStyles[method].colour));
  const lines = methods.map(
    (method): LineSeriesOption => ({
      type: 'line',
      silent: true,
      showSymbol: false,
      lineStyle: { color: methodStyles[method].colour, width: method === 'gossip' ? 2.5 : 1.75 },
      data: (curves.get(method) ?? []).map(({ round, median }) => [round, median]),
    }),
  );
  // A few shapes on each line tell lines apart without colour; each line has them at other rounds.
  const shapes = methods.map(
    (method, i): ScatterSeriesOption => ({
      type: 'scatter',
      silent: true,
      symbol: `path://${methodStyles[method].shape}`,
      symbolSize: 8,
      itemStyle: { color: methodStyles[method].colour, opacity: 1 },
      data: (curves.get(method) ?? [])
        .filter((_, index, { length }) => hasShape(index, length, i, methods.length))
        .map(({ round, median }) => [round, median]),
    }),
  );
  const tooltips = rounds.map((round) =>
    [
      `Round ${round}, median (quartiles)`,
      ...[...curves.keys()].flatMap((method) => {
        const point = at.get(method)?.get(round);
        return point === undefined
          ? []
          : [
              `${methodStyles[method].label}: ${magnitude(point.median)} (${magnitude(point.low)} to ${magnitude(point.high)})`,
            ];
      }),
    ].join('\n'),
  );
  return {
    height: frame.isNarrow ? 250 : 300,
    tooltips: [...[...bands, ...lines, ...shapes].map(() => undefined), tooltips],
    option: {
      ...roundsAndValues(
        rounds,
        points.flatMap(({ low, high }) => [low, high]),
        isLog,
      ),
      series: [...bands, ...lines, ...shapes, hitSeries(frame.isNarrow ? [] : rounds)],
    },
  };
}

/** Mean over seeds as a line on a log axis, each seed as a thin one. Distances of 0, which a log axis has no place for, are left out. */
export function consensusChart(
  mean: readonly DistancePoint[],
  seeds: ReadonlyMap<number, DistancePoint[]>,
  frame: Frame,
): Chart {
  const isShown = ({ distance }: DistancePoint): boolean => distance > 0;
  const points = [...mean, ...[...seeds.values()].flat()].filter(isShown);
  const rounds = [...new Set(points.map(({ round }) => round))].sort((a, b) => a - b);
  const line = (curve: readonly DistancePoint[], width: number, opacity: number): LineSeriesOption => ({
    type: 'line',
    silent: true,
    showSymbol: false,
    lineStyle: { color: methodStyles.gossip.colour, width, opacity },
    data: curve.filter(isShown).map(({ round, distance }) => [round, distance]),
  });
  const thin = [...seeds.values()].map((curve) => line(curve, 1, 0.4));
  const thick = mean.length === 0 ? [] : [line(mean, 2.5, 1)];
  const means = new Map(mean.map(({ round, distance }) => [round, distance]));
  const tooltips = rounds.map((round) => {
    const found = means.get(round);
    return found === undefined ? `Round ${round}` : `Round ${round}: ${magnitude(found)}, mean over seeds`;
  });
  return {
    height: frame.isNarrow ? 250 : 300,
    tooltips: [...[...thin, ...thick].map(() => undefined), tooltips],
    option: {
      ...roundsAndValues(
        rounds,
        points.map(({ distance }) => distance),
        true,
      ),
      series: [...thin, ...thick, hitSeries(frame.isNarrow ? [] : rounds)],
    },
  };
}

/** Where curves are drawn in their chart. */
export const curveGrid = { left: 52, right: 16, top: 12, bottom: 42 };

/** A horizontal axis below curves. */
export const curveAxisLook = {
  ...valueAxisLook,
  splitLine: { show: false },
  axisLine: { show: true, lineStyle: { color: 'var(--rule)' } },
  axisTick: { show: true, lineStyle: { color: 'var(--rule)' } },
  nameLocation: 'middle',
  nameGap: 26,
} as const;

/** The axis of `rounds`, which ascend. */
export function roundAxis(rounds: readonly number[]) {
  const last = rounds.at(-1) ?? 1;
  const min = Math.min(rounds[0] ?? 0, last - 1);
  return { ...curveAxisLook, type: 'value' as const, min, max: last, minInterval: 1, name: 'round' };
}

function roundsAndValues(rounds: readonly number[], values: readonly number[], isLog: boolean) {
  return {
    grid: curveGrid,
    xAxis: roundAxis(rounds),
    yAxis: isLog ? logAxis(values) : { ...valueAxisLook, type: 'value' as const, min: 0, axisLabel: valueText },
  };
}

const valueText = { ...axisText, formatter: magnitude };

/** Where a log axis may have labels in a decade, from few to many. */
const labelFactors = [
  [1],
  [1, 2, 5],
  [1, 1.5, 2, 3, 5, 7],
  [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9],
] as const;

/** A log axis as wide as `values`, all above 0, with about four labels or more. */
export function logAxis(values: readonly number[]) {
  const low = Math.min(...values) / 1.15;
  const high = Math.max(...values) * 1.15;
  const options = labelFactors.map((factors) => logTicks(low, high, factors));
  const customValues = options.find((ticks) => ticks.length >= 4) ?? options.at(-1) ?? [];
  return {
    ...valueAxisLook,
    type: 'log' as const,
    min: low,
    max: high,
    axisTick: { show: false, customValues },
    axisLabel: { ...valueText, customValues },
  };
}

/** Multiples of powers of ten in [low, high]; over many decades, of every second or third power. */
function logTicks(low: number, high: number, factors: readonly number[]): number[] {
  const every = Math.ceil(Math.log10(high / low) / 8);
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    if (power % every !== 0) continue;
    for (const factor of factors) ticks.push(Number(`${factor}e${power}`));
  }
  return ticks.filter((tick) => tick >= low && tick <= high);
}

function bandSeries(curve: readonly LossPoint[], colour: string): CustomSeriesOption {
  return {
    type: 'custom',
    silent: true,
    clip: true,
    data: curve.length > 1 ? [[curve[0]?.round ?? 0, curve[0]?.median ?? 0]] : [],
    renderItem: (_, api) => ({
      type: 'polygon',
      shape: {
        points: [
          ...curve.map(({ round, high }) => api.coord([round, high])),
          ...curve.toReversed().map(({ round, low }) => api.coord([round, low])),
        ],
      },
      style: { fill: colour, opacity: 0.14 },
    }),
  };
}

/** One column a round, to point at. */
function hitSeries(rounds: readonly number[]): CustomSeriesOption {
  return {
    type: 'custom',
    data: rounds.map((round) => [round]),
    encode: { x: 0, y: -1 },
    renderItem: ({ coordSys, dataIndex }, api) => {
      const { y, height } = coordSys as unknown as { y: number; height: number };
      const x = (i: number): number => (api.coord([rounds[i], 1]) as number[])[0] as number;
      const here = x(dataIndex);
      const from = dataIndex === 0 ? here : (x(dataIndex - 1) + here) / 2;
      const to = dataIndex === rounds.length - 1 ? here : (here + x(dataIndex + 1)) / 2;
      return {
        type: 'rect',
        shape: { x: from, y, width: Math.max(1, to - from), height },
        style: { fill: hitFill },
      };
    },
  };
}

function hasShape(index: number, length: number, line: number, lines: number): boolean {
  const every = Math.max(lines, Math.floor(length / 5));
  return length <= 3 || index % every === Math.floor(((line + 0.5) * every) / lines);
}
