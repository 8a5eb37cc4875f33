// Plots as SVG text, drawn by ECharts without a browser. Colours are the page's own variables, so that a plot follows it into
// the dark; each series also has a symbol of its own, so that no plot is read by colour alone.

import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, TitleComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

echarts.use([BarChart, LineChart, GridComponent, TitleComponent, SVGRenderer]);

/** How what is plotted is shown, in every plot alike. */
export interface Ink {
  /** A variable of the page, such as '--tcp'. */
  readonly colour: string;
  readonly symbol: 'circle' | 'rect' | 'triangle' | 'diamond' | 'emptyCircle' | 'emptyRect';
  readonly dashed?: boolean;
}

/** Of values, from below to above. */
export interface Axis {
  readonly name: string;
  readonly log?: boolean;
}

/** Of things that have names, from left to right; points give their numbers. */
export interface NamedAxis {
  readonly name: string;
  readonly names: readonly string[];
}

export interface Curve {
  readonly name: string;
  readonly ink: Ink;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Panel {
  readonly title: string;
  readonly curves: readonly Curve[];
}

const WIDTH = 1120;
const TOP = 34;
const BOTTOM = 58;
const LEFT = 64;
const GAP = 26;
const FONT = 12;
const SMALL = 10;
const BIGGEST_PART = 0.55;

const ink = (name: string): string => `var(${name})`;
const quiet = { color: ink('--faint'), fontSize: FONT };

/** Draws, and takes out what only a page that moves has a use for. */
function draw(option: echarts.EChartsCoreOption, height: number, title: string): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: 'transparent',
      textStyle: { fontFamily: 'inherit', color: ink('--ink') },
      ...option,
    });
    const svg = chart.renderToSVGString();
    return svg
      .replace(/<style[\s\S]*?<\/style>/g, '')
      .replaceAll(/ (class="zr[^"]*"|ecmeta_\w+="[^"]*"|pointer-events="visible")/g, '')
      .replaceAll(/ clip-path="url\(#zr\d+-c\d+\)"/g, '')
      .replaceAll(/<defs\s*>[\s\S]*?<\/defs>/g, '')
      .replace(/<rect width="\d+" height="\d+" x="0" y="0"[^>]*><\/rect>/, '')
      .replace(
        /<svg [^>]*>/,
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">`,
      );
  } finally {
    chart.dispose(); // its timer would keep the process alive
  }
}

export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** Places of so many panels beside each other. */
function grids(count: number, height: number) {
  const width = (WIDTH - LEFT - GAP * (count - 1) - 8) / count;
  return Array.from({ length: count }, (_, i) => ({
    left: LEFT + i * (width + GAP),
    top: TOP,
    width,
    height: height - TOP - BOTTOM,
  }));
}

const titles = (panels: readonly { readonly title: string }[], height: number) =>
  grids(panels.length, height).map(({ left, width }, i) => ({
    text: panels[i]!.title,
    left: left + width / 2,
    top: 6,
    textAlign: 'center',
    textStyle: { fontSize: 13, fontWeight: 600, color: ink('--ink') },
  }));

function valueAxis({ name, log }: Axis, isFirst: boolean, bounds: object) {
  return {
    type: log ? 'log' : 'value',
    name: isFirst ? name : '',
    nameLocation: 'middle',
    nameGap: 46,
    nameTextStyle: quiet,
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: ink('--rule'), width: 1 } },
    axisLabel: { ...quiet, show: isFirst },
    ...bounds,
  };
}

function namedAxis({ name, names }: NamedAxis, panels: number) {
  return {
    type: 'category',
    data: names,
    name,
    nameLocation: 'middle',
    nameGap: 38,
    nameTextStyle: quiet,
    axisLine: { lineStyle: { color: ink('--rule') } },
    axisTick: { show: false },
    axisLabel: { ...quiet, interval: 0, fontSize: panels > 3 ? SMALL : FONT, lineHeight: 12 },
  };
}

/** Curves in panels beside each other, all on the same scales. */
export function curves(
  title: string,
  panels: readonly Panel[],
  x: NamedAxis,
  y: Axis,
  height = 330,
): string {
  const all = panels.flatMap((panel) => panel.curves.flatMap(({ points }) => points));
  const ys = all.map(([, value]) => value).filter((value) => value > 0);
  const bounds = y.log
    ? {
        min: 10 ** Math.floor(Math.log10(Math.min(...ys))),
        max: 10 ** Math.ceil(Math.log10(Math.max(...ys))),
      }
    : { min: 0, max: niceMost(Math.max(...ys)) };
  return draw(
    {
      title: titles(panels, height),
      grid: grids(panels.length, height),
      xAxis: panels.map((_, i) => ({ gridIndex: i, ...namedAxis(x, panels.length) })),
      yAxis: panels.map((_, i) => ({
        gridIndex: i,
        ...valueAxis(y, i === 0, bounds),
      })),
      series: panels.flatMap((panel, i) =>
        panel.curves.map(({ name, ink: style, points }) => ({
          type: 'line',
          name,
          xAxisIndex: i,
          yAxisIndex: i,
          data: points,
          symbol: style.symbol,
          symbolSize: 7,
          color: ink(style.colour),
          lineStyle: {
            width: 2,
            color: ink(style.colour),
            type: style.dashed ? 'dashed' : 'solid',
          },
        })),
      ),
    },
    height,
    title,
  );
}

/** A bar in parts, one above the other. */
export interface Bar {
  readonly name: string;
  readonly parts: readonly { readonly part: string; readonly value: number }[];
}

export interface BarPanel {
  readonly title: string;
  readonly bars: readonly Bar[];
}

/** Bars in panels beside each other; the same parts have the same colour everywhere. */
export function bars(
  title: string,
  panels: readonly BarPanel[],
  y: Axis,
  colourOf: (bar: string, part: string) => string,
  shown: (value: number) => string,
  height = 300,
): string {
  const sums = panels.flatMap(({ bars: own }) =>
    own.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0)),
  );
  const max = niceMost(Math.max(...sums, 0));
  const parts = [
    ...new Set(
      panels.flatMap((panel) => panel.bars.flatMap((bar) => bar.parts.map((p) => p.part))),
    ),
  ];
  const last = parts.at(-1);
  return draw(
    {
      title: titles(panels, height),
      grid: grids(panels.length, height),
      xAxis: panels.map((panel, i) => ({
        gridIndex: i,
        ...namedAxis({ name: '', names: panel.bars.map(({ name }) => name) }, panels.length),
      })),
      yAxis: panels.map((_, i) => ({
        gridIndex: i,
        ...valueAxis(y, i === 0, { min: 0, max }),
      })),
      series: panels.flatMap((panel, i) =>
        parts.map((part) => ({
          type: 'bar',
          stack: `${i}`,
          xAxisIndex: i,
          yAxisIndex: i,
          barWidth: `${BIGGEST_PART * 100}%`,
          data: panel.bars.map((bar) => ({
            value: bar.parts.find((one) => one.part === part)?.value ?? 0,
            itemStyle: { color: ink(colourOf(bar.name, part)) },
          })),
          ...(part === last && {
            label: {
              show: true,
              position: 'top',
              fontSize: 11,
              color: ink('--ink'),
              formatter: ({ dataIndex }: { dataIndex: number }) =>
                shown(panel.bars[dataIndex]!.parts.reduce((sum, { value }) => sum + value, 0)),
            },
          }),
        })),
      ),
    },
    height,
    title,
  );
}

/** The next number of 1, 1.5, 2, 3, 4, 5, 6, 8 by a power of ten, with room for a label. */
function niceMost(value: number): number {
  if (!(value > 0)) return 1;
  const room = value * 1.08;
  const unit = 10 ** Math.floor(Math.log10(room));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((n) => n * unit).find((most) => most >= room)!;
}
