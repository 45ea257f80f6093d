// From an ECharts option to SVG that stands inside the page: styled by the page's CSS, with a tooltip for each mark and no
// script. Owns the renderer and the look that all charts share; knows nothing of methods or results.

import type { EChartsOption } from 'echarts';
import { BarChart, CustomChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { escapeText, type Html, html, trusted } from './html.ts';

use([BarChart, CustomChart, LineChart, ScatterChart, GridComponent, SVGRenderer]);

/** A chart at one width. */
export interface Chart {
  height: number;
  option: EChartsOption;
  /** Tooltips: tooltips[series][item]; none where undefined, nor on a phone, where nothing can hover. */
  tooltips: readonly (readonly string[] | undefined)[];
}

/** Where a chart is drawn: its natural width in CSS pixels, and whether it is for a phone. */
export interface Frame {
  width: number;
  isNarrow: boolean;
}

/** Fill of a mark that is only there to be pointed at: the page shows it when it is. */
export const hitFill = '#hit';

/** Natural width of the variant for a phone, in CSS pixels; text is legible from about 320. */
const narrowWidth = 340;

/**
 * Two drawings of one chart, for a desktop and for a phone; the page's CSS shows the one that fits.
 * @param id unique in the page; @param label what a screen reader says in its place.
 */
export function drawChart(id: string, label: string, width: number, chartAt: (frame: Frame) => Chart): Html {
  const draw = (frame: Frame, variant: string): Html =>
    html`<div class="chart ${variant}">${svgOf(`${id}-${variant}`, label, frame, chartAt(frame))}</div>`;
  return html`${draw({ width, isNarrow: false }, 'wide')}
${draw({ width: narrowWidth, isNarrow: true }, 'narrow')}`;
}

function svgOf(id: string, label: string, { width, isNarrow }: Frame, { height, option, tooltips }: Chart): Html {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({ animation: false, ...option });
    return trusted(
      adapted(chart.renderToSVGString(), { id, label, width, height, tooltips: isNarrow ? [] : tooltips }),
    );
  } finally {
    chart.dispose();
  }
}

interface Drawing {
  id: string;
  label: string;
  width: number;
  height: number;
  tooltips: Chart['tooltips'];
}

/** Rewrites what the renderer wrote, which has its own numbered ids and a style sheet for hovering. */
function adapted(svg: string, { id, label, width, height, tooltips }: Drawing): string {
  return (
    svg
      .replace(
        /^<svg [^>]*>\s*<rect [^>]*><\/rect>/,
        `<svg role="img" aria-label="${escapeText(label)}" viewBox="0 0 ${width} ${height}">`,
      )
      .replace(/<style >[\s\S]*?<\/style>/g, '')
      .replace(
        / class="zr\d+-cls-\d+"| pointer-events="visible"| xml:space="preserve"| dominant-baseline="central"/g,
        '',
      )
      .replace(/ style="font-size:12px;font-family:[^"]*;"/g, '')
      // Ids are numbered over the life of the process; the page needs its own, the same each time.
      .replace(/(id="|url\(#)zr\d+-/g, `$1${id}-`)
      .replaceAll(`fill="${hitFill}"`, 'class="hit"')
      .replace(
        / ecmeta_series_index="(\d+)"(?: ecmeta_data_index="(\d+)")?[^>]*>/g,
        (_, series: string, item: string | undefined) => {
          const text = item === undefined ? undefined : tooltips[Number(series)]?.[Number(item)];
          return text === undefined ? '>' : `><title>${escapeText(text)}</title>`;
        },
      )
      // A tenth of a pixel is enough, and halves the page.
      .replace(/ (?:d|transform|points)="[^"]*"/g, (attribute) =>
        attribute.replace(/-?\d+\.\d{2,}/g, (number) =>
          String(Number(Number(number).toFixed(attribute.startsWith(' t') ? 3 : 1))),
        ),
      )
      .replace(/"><\/(?:path|polygon|rect|line)>/g, '"/>')
      .replace(/\n+/g, '\n')
  );
}

/** Text of axes. */
export const axisText = { color: 'var(--muted)', fontSize: 12, fontFamily: 'inherit' };

/** A value axis with faint grid lines and no line of its own. */
export const valueAxisLook = {
  axisLine: { show: false },
  axisTick: { show: false },
  axisLabel: axisText,
  splitLine: { lineStyle: { color: 'var(--grid)' } },
  nameTextStyle: axisText,
} as const;

/** A named row for each of `names`, the first on top. */
export function rowAxis(names: string[]) {
  return {
    type: 'category' as const,
    data: names,
    inverse: true,
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { ...axisText, color: 'var(--ink)', interval: 0 },
  };
}

/** About how wide `text` is at 12 px, in pixels; the renderer has no fonts to measure with. */
export function textWidth(text: string): number {
  return 7 * [...text].length;
}
