import { LineChart, ScatterChart, type ScatterSeriesOption } from 'echarts/charts';
import { GraphicComponent, GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { type Axis, niceAxis, shortLabel } from './axis.js';
import { axisColors, markColors, pageColors, percentLabel, withDarkForm } from './drawing.js';
import { pointLabels } from './point-labels.js';

echarts.use([LineChart, ScatterChart, GraphicComponent, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

/** What stands for one row of a table. */
export interface EvidencePoint {
  readonly label: string;
  /** Points of a series have one colour. */
  readonly series: string;
  readonly x: number;
  /** Accuracy of each seed. */
  readonly values: readonly number[];
}

export interface EvidenceChart {
  readonly title: string;
  readonly xTitle: string;
  /** How numbers on the x axis are written. */
  readonly xFormat: 'count' | 'share' | 'plain';
  /** `points`: one panel, every point with its label; `lines`: a panel a series, its points joined, for an x that is the row's meaning. */
  readonly form: 'points' | 'lines';
  readonly points: readonly EvidencePoint[];
}

const [page, text, quiet] = [pageColors.page[0], pageColors.text[0], pageColors.quiet[0]];
const palette = [markColors.blue[0], markColors.orange[0], markColors.green[0], markColors.purple[0]];

const width = 960;
const height = 460;
const top = 84;
const bottom = 58;
const left = 76;
const right = 24;
/** Between the panels of lines. */
const gutter = 84;
const fontSize = 12;

interface Panel {
  readonly title: string | null;
  readonly points: readonly EvidencePoint[];
  readonly left: number;
  readonly width: number;
}

/** Accuracy of a table's rows as an SVG document, 960 x 460; light or dark as the viewer prefers. The small points are single seeds. */
export function renderEvidence(chart: EvidenceChart): string {
  const series = [...new Set(chart.points.map((point) => point.series))];
  const colorOf = (name: string) => palette[series.indexOf(name) % palette.length]!;
  const panels = chart.form === 'points' ? [onePanel(chart)] : panelsOfLines(chart, series);
  const axes = panels.map(({ points }) => ({
    x: niceAxis(
      points.map(({ x }) => x),
      chart.form === 'points' ? 0.16 : 0,
      6,
      chart.xFormat === 'share',
    ),
    y: niceAxis(
      points.flatMap(({ values }) => values),
      0.1,
      6,
      true,
    ),
  }));
  const drawing = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    drawing.setOption({
      animation: false,
      backgroundColor: page,
      textStyle: { fontFamily: 'system-ui, sans-serif', color: text },
      title: [
        { text: chart.title, left: 12, top: 8, textStyle: { fontSize: 16, color: text } },
        {
          text: legendOfMarks(chart),
          left: width - right,
          textAlign: 'right',
          top: 11,
          textStyle: { fontSize, fontWeight: 'normal', color: quiet },
        },
        ...panels.map(({ title, left: start, width: wide }) => ({
          text: title ?? '',
          left: start + wide / 2,
          top: 56,
          textAlign: 'center',
          textStyle: { fontSize: 13, color: text },
        })),
      ],
      legend: {
        show: chart.form === 'points' && series.length > 1,
        data: series,
        left: left - 6,
        top: 40,
        itemGap: 28,
        textStyle: { fontSize, color: text },
        selectedMode: false,
      },
      grid: panels.map((panel) => ({ left: panel.left, width: panel.width, top, height: height - top - bottom })),
      xAxis: axes.map(({ x }, gridIndex) => ({
        type: 'value',
        gridIndex,
        min: x.min,
        max: x.max,
        interval: x.step,
        name: chart.xTitle,
        nameLocation: 'middle',
        nameGap: 32,
        ...axisColors,
        axisLine: { ...axisColors.axisLine, onZero: false },
        splitLine: { show: false },
        axisLabel: { color: quiet, formatter: xLabels[chart.xFormat] },
      })),
      yAxis: axes.map(({ y }, gridIndex) => ({
        type: 'value',
        gridIndex,
        min: y.min,
        max: y.max,
        interval: y.step,
        name: gridIndex === 0 ? 'accuracy on the test images' : '',
        nameLocation: 'middle',
        nameGap: 54,
        ...axisColors,
        axisLine: { ...axisColors.axisLine, onZero: false },
        axisLabel: { color: quiet, formatter: percentLabel },
      })),
      series: panels.flatMap((panel, index) => marks(panel, index, chart.form, colorOf)),
      graphic: chart.form === 'points' ? labels(panels[0]!, axes[0]!) : [],
    });
    return withDarkForm(drawing.renderToSVGString(), `${chart.title}: accuracy by ${chart.xTitle}`);
  } finally {
    drawing.dispose();
  }
}

/** What the marks mean, where there is more than one a row. */
function legendOfMarks({ points }: EvidenceChart): string {
  return points.some(({ values }) => values.length > 1) ? 'large points: mean of the seeds; small points: each seed' : '';
}

const xLabels = { count: shortLabel, share: percentLabel, plain: (value: number) => String(Number(value.toFixed(2))) };

function onePanel({ points }: EvidenceChart): Panel {
  return { title: null, points, left, width: width - left - right };
}

function panelsOfLines({ points }: EvidenceChart, series: readonly string[]): Panel[] {
  const wide = (width - left - right - gutter * (series.length - 1)) / Math.max(1, series.length);
  return series.map((name, i) => ({
    title: name,
    points: points.filter((point) => point.series === name),
    left: left + i * (wide + gutter),
    width: wide,
  }));
}

/** A bar from the lowest to the highest seed, a small point for each, a large one for their mean; for lines, what joins the means. */
function marks({ points }: Panel, index: number, form: EvidenceChart['form'], colorOf: (series: string) => string) {
  const axes = { xAxisIndex: index, yAxisIndex: index };
  const series = [...new Set(points.map((point) => point.series))];
  const means: ScatterSeriesOption[] = series.map((name) => ({
    name,
    type: 'scatter',
    ...axes,
    symbolSize: 11,
    itemStyle: { color: colorOf(name), opacity: 1 },
    data: points.filter((point) => point.series === name).map(({ x, values }) => [x, mean(values)]),
  }));
  const seeds: ScatterSeriesOption[] = points.map(({ series: name, x, values }) => ({
    type: 'scatter',
    ...axes,
    symbolSize: 5,
    itemStyle: { color: page, borderColor: colorOf(name), borderWidth: 1.5, opacity: 1 },
    data: values.length > 1 ? values.map((value) => [x, value]) : [],
  }));
  const bars = points.map(({ series: name, x, values }) => ({
    type: 'line',
    ...axes,
    showSymbol: false,
    lineStyle: { color: colorOf(name), width: 1.5 },
    data: [
      [x, Math.min(...values)],
      [x, Math.max(...values)],
    ],
  }));
  const joined =
    form === 'lines'
      ? series.map((name) => ({
          type: 'line',
          ...axes,
          showSymbol: false,
          lineStyle: { color: colorOf(name), width: 2 },
          data: points.filter((point) => point.series === name).map(({ x, values }) => [x, mean(values)]),
        }))
      : [];
  return [...joined, ...bars, ...means, ...seeds];
}

function labels({ points, left: start, width: wide }: Panel, { x, y }: { readonly x: Axis; readonly y: Axis }) {
  const tall = height - top - bottom;
  const xOf = (value: number) => start + ((value - x.min) / (x.max - x.min)) * wide;
  const yOf = (value: number) => top + (1 - (value - y.min) / (y.max - y.min)) * tall;
  const bounds = { left: start + 4, right: start + wide, top: top + 2, bottom: top + tall - 2 };
  const drawn = points.map(({ label, x: at, values }) => ({
    label,
    x: xOf(at),
    y: yOf(mean(values)),
    mark: {
      left: xOf(at) - 7,
      right: xOf(at) + 7,
      top: Math.min(yOf(Math.max(...values)), yOf(mean(values)) - 6) - 2,
      bottom: Math.max(yOf(Math.min(...values)), yOf(mean(values)) + 6) + 2,
    },
  }));
  return pointLabels(drawn, bounds);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
