import type { CustomSeriesOption } from 'echarts/charts';
import { levelNames } from '../../models/index.js';
import type { CoursePoint, SearchResult } from '../../search/result.js';
import { niceAxis } from '../axis.js';
import { draw, lineIn, quiet, text } from '../chart.js';
import { axisColors, markColors } from '../drawing.js';
import { printable } from '../terminal.js';
import { levelStrips, type OperationLook, operationLooks, type Strip, thinned } from './course-strips.js';
import { costLabel, unitTitles } from './words.js';

/*
 * The course of a differentiable search as a picture. Above, which operation wins where and when: for each level a strip an edge. Below, what that did to losses
 * and cost.
 */

const width = 960;
const fontSize = 11;
const stripWidth = 130;
const column = { left: 12, pitch: 314, labels: 44 };
const legend = { top: 64, rowHeight: 18, swatch: 14 };
/** Of a letter, by a generous estimate: system fonts differ. */
const letterWidth = 6.8;
/** A strip has no more columns of pixels to show more. */
const mostMoments = 40;
const panel = { lefts: [70, 550], width: 380, height: 150 };

/** The course of a differentiable search as an SVG document, 960 wide; light or dark as the viewer prefers. Null for a search that has none. */
export function courseDrawing(result: SearchResult): string | null {
  if (result.course.length === 0) return null;
  const moments = thinned(result.course, mostMoments);
  const levels = levelNames.map((_, level) => levelStrips(moments, level, result));
  const rows = levels[0]!.length;
  const pitch = rows > 14 ? 20 : rows > 5 ? 26 : 34;
  const { graphics, height: legendHeight } = legendOf(operationLooks(result.operations));
  const top = legend.top + legendHeight + 36;
  const bottom = top + rows * pitch;
  const panelTop = bottom + 84;
  const height = panelTop + panel.height + 48;
  const ends = endsOf(result.course);
  const steps = moments.map(({ step }) => step);
  const costs = result.course.map(({ expectedCost }) => expectedCost).filter(Number.isFinite);
  const costAxis = niceAxis([0, result.limit ?? 0, ...costs], 0.05, 5, false);
  const title = `${printable(result.recipe)}, seed ${result.seed}: the course of the search`;
  const panels = [
    { name: 'Loss', series: lossLines(result) },
    { name: `Cost that the shares expect: ${unitTitles[result.unit]}`, series: [costLine(result)] },
  ];
  return draw(
    { width, height, title, legend: [] },
    {
      title: [
        { text: title, left: 12, top: 8, textStyle: { fontSize: 16, color: text } },
        {
          text: 'Strips: shares of the operations on each edge, from the first step to the last. Line: share of the edge among those into its node.',
          ...{ left: 12, top: 34 },
          textStyle: { fontSize: 12, fontWeight: 'normal', color: quiet },
        },
        ...levelNames.map((name, level) => ({
          text: `${name} cell`,
          ...{ left: stripLeft(level) - 5, top: top - 22 },
          textStyle: { fontSize: 13, color: text },
        })),
        ...panels.map(({ name }, i) => ({
          text: name,
          ...{ left: panel.lefts[i]! - 5, top: panelTop - 30 },
          textStyle: { fontSize: 13, color: text },
        })),
      ],
      legend: {
        data: panels[0]!.series.map(({ name }) => name),
        ...{ left: panel.lefts[0]! + 50, top: panelTop - 29, itemGap: 28, itemWidth: 18, itemHeight: 3, icon: 'rect' },
        textStyle: { fontSize, color: text },
        selectedMode: false,
      },
      graphic: graphics,
      grid: [
        ...levels.map((_, level) => ({ left: stripLeft(level), width: stripWidth, top, height: rows * pitch })),
        ...panel.lefts.map((left) => ({ left, width: panel.width, top: panelTop, height: panel.height })),
      ],
      xAxis: [0, 1, 2, 3, 4].map((gridIndex) => ({
        ...{ type: 'value', gridIndex, min: ends[0], max: ends[1], splitNumber: gridIndex < 3 ? 2 : 6 },
        ...{ name: 'step', nameLocation: 'middle', nameGap: 24 },
        ...axisColors,
        splitLine: { show: false },
      })),
      yAxis: [
        ...levels.map((strips, gridIndex) => labelAxis(strips, gridIndex, 'left')),
        { gridIndex: 3, type: 'value', scale: true, splitNumber: 4, ...axisColors },
        {
          ...{ gridIndex: 4, type: 'value', min: 0, max: costAxis.max, interval: costAxis.step },
          ...axisColors,
          axisLabel: { color: quiet, formatter: (value: number) => costLabel(value, result.unit) },
        },
        ...levels.map((strips, gridIndex) => labelAxis(strips, gridIndex, 'right')),
      ],
      series: [
        ...levels.map((strips, level) => stripSeries(strips, level, steps, ends)),
        ...panels.flatMap(({ series }) => series),
      ],
    },
  );
}

function stripLeft(level: number): number {
  return column.left + column.labels + level * column.pitch;
}

/** First and last step; a single point stands for all the way to it. */
function endsOf(course: readonly CoursePoint[]): readonly [number, number] {
  return course.length === 1 ? [0, course[0]!.step] : [course[0]!.step, course.at(-1)!.step];
}

/** The operations by family, in as many rows as they need. */
function legendOf(looks: readonly OperationLook[]) {
  let [x, y] = [column.left, legend.top];
  const graphics = looks.flatMap(({ name, color, opacity }) => {
    const wide = legend.swatch + 6 + name.length * letterWidth + 12;
    if (x + wide > width - column.left) [x, y] = [column.left, y + legend.rowHeight];
    const swatch = {
      ...{ type: 'rect', silent: true },
      shape: { x, y: y + 1, width: legend.swatch, height: 10 },
      style: { fill: color[0], opacity },
    };
    const words = {
      ...{ type: 'text', silent: true, x: x + legend.swatch + 6, y: y + 6 },
      style: { text: name, fill: text, font: `${fontSize}px system-ui, sans-serif`, verticalAlign: 'middle' },
    };
    x += wide;
    return [swatch, words];
  });
  return { graphics, height: y - legend.top + legend.rowHeight };
}

/** The strips' names to the left, what they came to, to the right; those that lead stand out. */
function labelAxis(strips: readonly Strip[], gridIndex: number, position: 'left' | 'right') {
  return {
    ...{ type: 'category', gridIndex, position, inverse: true },
    data: strips.map(({ label, outcome, outcomeColor, leads }) => ({
      value: position === 'left' ? label : outcome,
      textStyle: {
        color: !leads ? quiet : position === 'left' ? text : outcomeColor[0],
        fontWeight: leads ? 'bold' : 'normal',
      },
    })),
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { fontSize, interval: 0, margin: 6 },
  };
}

/** @param steps of the moments that the strips have */
function stripSeries(
  strips: readonly Strip[],
  level: number,
  steps: readonly number[],
  [first, last]: readonly [number, number],
): CustomSeriesOption {
  const shapes = strips.flatMap(({ bands, line }, row) => [
    ...bands.map((band) => ({ row, band, line: null })),
    ...(line ? [{ row, band: null, line }] : []),
  ]);
  return {
    type: 'custom',
    xAxisIndex: level,
    yAxisIndex: level,
    silent: true,
    data: shapes.map((_, i) => [first, shapes[i]!.row]),
    encode: { x: 0, y: 1 },
    renderItem: ({ dataIndex }, api) => {
      const { row, band, line } = shapes[dataIndex]!;
      const [left, middle] = api.coord([first, row]) as [number, number];
      const [right] = api.coord([last, row]) as [number, number];
      const tall = (api.size!([0, 1]) as [number, number])[1] - 4;
      const point = (step: number, share: number) => [
        round(left + ((right - left) * (step - first)) / (last - first)),
        round(middle + tall / 2 - share * tall),
      ];
      const points = (shares: readonly number[]) =>
        // A single moment stands for all the way.
        shares.length === 1
          ? [point(first, shares[0]!), point(last, shares[0]!)]
          : shares.map((share, i) => point(steps[i]!, share));
      if (line) {
        const style = { stroke: text, lineWidth: 1.5, fill: 'none' };
        return { type: 'polyline', shape: { points: points(line) }, style };
      }
      return {
        type: 'polygon',
        shape: { points: [...points(band!.high), ...points(band!.low).reverse()] },
        style: { fill: band!.color[0], opacity: band!.opacity },
      };
    },
  };
}

function lossLines({ course }: SearchResult) {
  return [
    courseLine(3, 'half of the weights', markColors.blue[0], course, ({ trainLoss }) => trainLoss),
    courseLine(3, 'half of the architecture', markColors.orange[0], course, ({ validationLoss }) => validationLoss),
  ];
}

function costLine({ course, limit, unit }: SearchResult) {
  const line = courseLine(4, 'expected cost', markColors.green[0], course, ({ expectedCost }) => expectedCost);
  if (limit === null) return line;
  return {
    ...line,
    markLine: {
      // The chart would round its place to two decimals.
      ...{ symbol: 'none', silent: true, precision: 12, data: [{ yAxis: limit }] },
      lineStyle: { color: quiet, type: 'dashed' as const, width: 1.5 },
      label: { formatter: `limit ${costLabel(limit, unit)}`, position: 'insideEndTop' as const, color: text, fontSize },
    },
  };
}

/** What is not finite, or not there yet, cannot be drawn; one point makes no line, and stands for itself. */
function courseLine(
  grid: number,
  name: string,
  color: string,
  course: readonly CoursePoint[],
  value: (point: CoursePoint) => number | null,
) {
  const points = course.flatMap((point) => {
    const y = value(point);
    return y !== null && Number.isFinite(y) ? [[point.step, y] as const] : [];
  });
  const line = lineIn(grid, name, color, points);
  return points.length === 1 ? { ...line, symbol: 'circle', symbolSize: 8 } : line;
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
