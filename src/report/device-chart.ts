// AUROC by device as a dot plot: one row a device, one shape and colour a method. Draws; computes nothing.
import { fleetNodesMax } from '../scenario/fleet-sample.ts';
import type { MethodName } from '../scenario/results.ts';
import { axisText, type Chart, type Frame, rowAxis, textWidth, valueAxisLook } from './chart.ts';
import type { DeviceScores, DeviceTable } from './devices.ts';
import { fixed, shortened } from './format.ts';
import { printable } from './html.ts';
import { methodStyles } from './methods.ts';

/** More rows than this are a list that nobody reads: the page then shows the devices on which gossip does worst. */
export const deviceRowsMax = 96;

/** Rows of a chart of a fleet of so many nodes: of one too large to be reported whole, only the ends. */
export function rowsMaxOf(nodes: number): number {
  return nodes > fleetNodesMax ? 24 : deviceRowsMax;
}

/** The devices to show: all of them, or the `rowsMax` with the lowest gossip AUROC, by name. */
export function shownDevices(devices: readonly DeviceScores[], rowsMax = deviceRowsMax): readonly DeviceScores[] {
  if (devices.length <= rowsMax) return devices;
  const lowest = (device: DeviceScores): number => device.auroc.get('gossip') ?? Math.min(...device.auroc.values());
  const kept = new Set([...devices].sort((a, b) => lowest(a) - lowest(b)).slice(0, rowsMax));
  return devices.filter((device) => kept.has(device));
}

/** Each method has its own lane inside a row, so that equal values do not hide each other. */
export function deviceChart(
  devices: readonly DeviceScores[],
  methods: DeviceTable['methods'],
  { width, isNarrow }: Frame,
): Chart {
  const isDense = devices.length > 12;
  const rowHeight = Math.max(isDense ? 20 : 30, (isDense ? 3 : 7) * methods.length + 8);
  const symbolSize = isDense ? 7 : 9;
  const lane = (rowHeight - symbolSize - (isDense ? 4 : 8)) / Math.max(1, methods.length - 1);
  const names = devices.map(({ device }) => shortened(printable(device), isNarrow ? 14 : 26));
  const left = Math.max(...names.map(textWidth)) + 22;
  const [low, step] = axisFrom(Math.min(...devices.flatMap(({ auroc }) => [...auroc.values()])));
  const [top, bottom] = [isDense ? 24 : 8, 42];

  const axis = {
    ...valueAxisLook,
    type: 'value' as const,
    min: low,
    max: 1,
    interval: isNarrow && (1 - low) / step > 6 ? 2 * step : step,
    axisLabel: { ...axisText, formatter: (value: number) => fixed(value, 2), showMaxLabel: true },
  };
  const height = top + devices.length * rowHeight + bottom;
  return {
    height,
    tooltips: [undefined, ...methods.map((method) => devices.map((device) => tooltip(device, method)))],
    option: {
      grid: { left, right: 22, top, bottom },
      xAxis: [
        { ...axis, name: 'AUROC, mean over seeds', nameLocation: 'middle', nameGap: 26 },
        // A tall chart has its scale at both ends.
        { ...axis, position: 'top', splitLine: { show: false }, axisLabel: { ...axis.axisLabel, show: isDense } },
      ],
      yAxis: { ...rowAxis(names), splitLine: { show: false } },
      series: [
        {
          type: 'custom',
          silent: true,
          data: devices.map((_, row) => row),
          // Every other row is shaded, to lead the eye from a name to its marks.
          renderItem: ({ dataIndex }) => ({
            type: 'rect',
            shape: { x: 0, y: top + dataIndex * rowHeight, width, height: dataIndex % 2 === 0 ? rowHeight : 0 },
            style: { fill: 'var(--stripe)' },
          }),
          z: -1,
        },
        ...methods.map((method, i) => ({
          type: 'scatter' as const,
          symbol: `path://${methodStyles[method].shape}`,
          symbolSize,
          symbolOffset: [0, (i - (methods.length - 1) / 2) * lane] as [number, number],
          itemStyle: { color: methodStyles[method].colour, opacity: 1 },
          data: devices.map(({ auroc }, row): [number, number] => [auroc.get(method) ?? Number.NaN, row]),
          z: 3,
        })),
      ],
    },
  };
}

function tooltip({ device, auroc }: DeviceScores, method: MethodName): string {
  return `${device}: ${methodStyles[method].label} ${fixed(auroc.get(method) ?? null)}`;
}

/** Where the axis begins, below `lowest`, and the step of its grid: fine where all devices are near 1. */
function axisFrom(lowest: number): [low: number, step: number] {
  for (const step of [0.01, 0.02, 0.05, 0.1, 0.2]) {
    const low = Math.max(0, Math.floor((lowest - step / 4) / step) * step);
    if ((1 - low) / step <= 8) return [Number(low.toFixed(2)), step];
  }
  return [0, 0.2];
}
