// Learning curves: AUROC over rounds, and over the bytes that a node has sent. Draws; computes nothing.
import type { EChartsOption, LineSeriesOption, ScatterSeriesOption } from 'echarts';
import type { CurvePoint, MethodName } from '../scenario/results.ts';
import { axisBytes } from './bar-charts.ts';
import { axisText, type Chart, type Frame, valueAxisLook } from './chart.ts';
import { curveAxisLook, curveGrid, logAxis, roundAxis } from './curve-charts.ts';
import { bytes, fixed } from './format.ts';
import { methodStyles } from './methods.ts';

/** Curves in the order of methods; points without AUROC are left out. */
export type Curves = ReadonlyMap<MethodName, readonly CurvePoint[]>;

/** AUROC by round, a line and a shape a method, with the target as a thin line where there is one. */
export function aurocOverRounds(curves: Curves, target: number | undefined, frame: Frame): Chart {
  const rounds = [...new Set([...curves.values()].flat().map(({ round }) => round))].sort((a, b) => a - b);
  const ends: [number, number] = [Math.min(rounds[0] ?? 0, (rounds.at(-1) ?? 1) - 1), rounds.at(-1) ?? 1];
  const drawn = [...curves].map(([method, points]) => ({ method, points, isLevel: false }));
  // Labels at points that are evenly spaced, the last among them.
  const every = Math.ceil(rounds.length / 7);
  const customValues = rounds.filter((_, i) => (rounds.length - 1 - i) % every === 0);
  const axis = roundAxis(rounds);
  const xAxis = {
    ...axis,
    axisTick: { ...axis.axisTick, customValues },
    axisLabel: { ...axis.axisLabel, customValues },
  };
  return chartOf(drawn, ({ round }) => round, xAxis, ends, target, frame);
}

/**
 * AUROC by bytes sent, on a log axis. Methods that send nothing have no place on it: a dashed line is at their last AUROC.
 * At least one method sends.
 */
export function aurocOverBytes(curves: Curves, target: number | undefined, frame: Frame): Chart {
  const sent = [...curves.values()]
    .flat()
    .flatMap(({ bytesSentPerNode }) => (bytesSentPerNode > 0 ? bytesSentPerNode : []));
  const axis = logAxis(sent);
  const drawn = [...curves].map(([method, points]) => {
    const isLevel = points.every(({ bytesSentPerNode }) => bytesSentPerNode === 0);
    return {
      method,
      isLevel,
      points: isLevel ? points.slice(-1) : points.filter((point) => point.bytesSentPerNode > 0),
    };
  });
  const axisLabel = { ...axis.axisLabel, formatter: axisBytes, hideOverlap: true };
  const xAxis = { ...axis, ...curveAxisLook, axisTick: axis.axisTick, axisLabel, name: 'bytes sent a node' };
  return chartOf(drawn, (point) => point.bytesSentPerNode, xAxis, [axis.min, axis.max], target, frame);
}

interface Drawn {
  method: MethodName;
  points: readonly CurvePoint[];
  /** Drawn from end to end at the AUROC of its one point. */
  isLevel: boolean;
}

function chartOf(
  drawn: readonly Drawn[],
  xOf: (point: CurvePoint) => number,
  xAxis: NonNullable<EChartsOption['xAxis']>,
  ends: [number, number],
  target: number | undefined,
  { isNarrow }: Frame,
): Chart {
  const lines = drawn.map(({ method, points, isLevel }): LineSeriesOption => {
    const level = points[0]?.auroc;
    return {
      type: 'line',
      silent: true,
      showSymbol: false,
      lineStyle: {
        color: methodStyles[method].colour,
        width: method === 'gossip' ? 2.5 : 1.75,
        type: isLevel ? 'dashed' : 'solid',
      },
      data: isLevel ? ends.map((x) => [x, level]) : points.map((point) => [xOf(point), point.auroc]),
    };
  });
  const shapes = drawn.map(({ method, points, isLevel }): ScatterSeriesOption => {
    return {
      type: 'scatter',
      symbol: `path://${methodStyles[method].shape}`,
      symbolSize: points.length > 40 ? 5 : 8,
      itemStyle: { color: methodStyles[method].colour, opacity: 1 },
      data: points.map((point) => [isLevel ? ends[0] : xOf(point), point.auroc]),
    };
  });
  const targets: LineSeriesOption[] =
    target === undefined
      ? []
      : [
          {
            type: 'line',
            silent: true,
            showSymbol: false,
            lineStyle: { color: 'var(--muted)', width: 1, type: 'dotted' },
            data: ends.map((x) => [x, target]),
          },
        ];
  const values = [
    ...drawn.flatMap(({ points }) => points.flatMap(({ auroc }) => auroc ?? [])),
    ...(target === undefined ? [] : [target]),
  ];
  return {
    height: isNarrow ? 250 : 300,
    tooltips: [
      ...[...targets, ...lines].map(() => undefined),
      ...drawn.map(({ method, points }) => points.map((point) => tooltip(method, point))),
    ],
    option: {
      grid: { ...curveGrid, right: 24 },
      xAxis,
      yAxis: { ...valueAxisLook, type: 'value', ...scoreRange(Math.min(...values), Math.max(...values)) },
      series: [...targets, ...lines, ...shapes],
    },
  };
}

function tooltip(method: MethodName, { round, auroc, worst, bytesSentPerNode }: CurvePoint): string {
  return `${methodStyles[method].label}, round ${round}: ${fixed(auroc)}, worst ${fixed(worst)}, ${bytes(bytesSentPerNode)} sent`;
}

/** A range on multiples of a round step, within [0, 1], that holds both ends, with at most seven steps. */
function scoreRange(low: number, high: number) {
  const step = [0.005, 0.01, 0.02, 0.05, 0.1].find((each) => (high - low) / each <= 5) ?? 0.2;
  const min = Math.max(0, Number((Math.floor(low / step) * step).toFixed(3)));
  const max = Math.min(1, Number((Math.ceil(high / step) * step).toFixed(3)));
  const range = max > min ? { min, max } : { min: Math.max(0, min - step), max: Math.min(1, max + step) };
  return {
    ...range,
    interval: step,
    axisLabel: { ...axisText, formatter: (value: number) => fixed(value, step < 0.01 ? 3 : 2) },
  };
}
