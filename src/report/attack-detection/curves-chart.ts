import type { LineSeriesOption, ScatterSeriesOption } from 'echarts/charts';
import type { CurvePoint } from '../../metrics/attack-detection/index.js';
import { draw, lineIn, palette, quiet, text } from '../chart.js';
import { axisColors, percentLabel } from '../drawing.js';
import { probit } from './probit.js';

/** A set's curves, and where the threshold puts it on them. */
export interface SetCurves {
  readonly name: string;
  readonly points: readonly CurvePoint[];
  /** Null where it has no such rates. */
  readonly chosen: { readonly apcerWorst: number; readonly apcerPooled: number; readonly bpcer: number } | null;
}

const [width, height] = [960, 500];
const [top, panel] = [84, 356];
const lefts = [86, 560];

/** Shares at which the axes of the DET curve have ticks; what is smaller or larger than all is drawn at the edge. */
const ticks = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95];

/**
 * The DET curves (APCER against BPCER on normal deviate axes, worst species and pooled) and the ROC curves of sets, as an SVG document,
 * 960 x 500; light or dark as the viewer prefers.
 */
export function renderCurves(sets: readonly SetCurves[]): string {
  const heading = (name: string, left: number) => ({
    text: name,
    left: left + panel / 2,
    top: 48,
    textAlign: 'center',
    textStyle: { fontSize: 13, color: text },
  });
  const drawing = {
    width,
    height,
    title: `DET and ROC curves of ${sets.map(({ name }) => name).join(', ')}`,
    legend: sets.flatMap(({ name }) => [worstName(name), pooledName(name)]),
  };
  return draw(drawing, {
    title: [heading('DET: lower left is better', lefts[0]!), heading('ROC: upper left is better', lefts[1]!)],
    grid: lefts.map((left) => ({ left, top, width: panel, height: panel })),
    xAxis: [
      { gridIndex: 0, ...normalAxis('APCER', 32) },
      { gridIndex: 1, ...shareAxis('APCER, pooled', 32) },
    ],
    yAxis: [
      { gridIndex: 0, ...normalAxis('BPCER', 50) },
      { gridIndex: 1, ...shareAxis('1 − BPCER', 50) },
    ],
    series: sets.flatMap((set, i) => seriesOf(set, palette[i % palette.length]!)),
  });
}

const worstName = (name: string) => `${name}, worst species`;
const pooledName = (name: string) => `${name}, pooled`;

function normalAxis(name: string, nameGap: number) {
  const places = ticks.map(probit);
  return {
    type: 'value' as const,
    name,
    nameLocation: 'middle' as const,
    nameGap,
    min: places[0]!,
    max: places.at(-1)!,
    ...axisColors,
    axisLine: { ...axisColors.axisLine, onZero: false },
    axisTick: { ...axisColors.axisTick, customValues: places },
    axisLabel: {
      color: quiet,
      hideOverlap: true,
      customValues: places,
      formatter: (value: number) => percentLabel(shareAt(value)),
    },
  };
}

/** The share whose tick stands at a place. */
function shareAt(place: number): number {
  return ticks.reduce((a, b) => (Math.abs(probit(b) - place) < Math.abs(probit(a) - place) ? b : a));
}

function shareAxis(name: string, nameGap: number) {
  return {
    type: 'value' as const,
    name,
    nameLocation: 'middle' as const,
    nameGap,
    min: 0,
    max: 1,
    ...axisColors,
    axisLabel: { color: quiet, formatter: percentLabel },
  };
}

const dashed = { lineStyle: { type: 'dashed' as const } };

function seriesOf({ name, points, chosen }: SetCurves, color: string): (LineSeriesOption | ScatterSeriesOption)[] {
  const worst = points.map((point) => [deviate(point.apcerWorst), deviate(point.bpcer)] as const);
  const pooled = points.map((point) => [deviate(point.apcerPooled), deviate(point.bpcer)] as const);
  const roc = points.map((point) => [point.apcerPooled, 1 - point.bpcer] as const);
  const marks = chosen
    ? [
        mark(0, [deviate(chosen.apcerWorst), deviate(chosen.bpcer)], color),
        mark(0, [deviate(chosen.apcerPooled), deviate(chosen.bpcer)], color),
        mark(1, [chosen.apcerPooled, 1 - chosen.bpcer], color),
      ]
    : [];
  return [
    lineIn(0, worstName(name), color, thinned(worst)),
    lineIn(0, pooledName(name), color, thinned(pooled), dashed),
    lineIn(1, pooledName(name), color, thinned([[0, 0], ...roc]), dashed),
    ...marks,
  ];
}

/** Where a share stands on the axes of the DET curve, kept inside them. */
function deviate(share: number): number {
  return probit(Math.min(ticks.at(-1)!, Math.max(ticks[0]!, share)));
}

/** Where the threshold is. */
function mark(at: number, [x, y]: readonly [number, number], color: string): ScatterSeriesOption {
  return { type: 'scatter', xAxisIndex: at, yAxisIndex: at, data: [[x, y]], symbolSize: 10, itemStyle: { color }, silent: true };
}

/** Corners of the curve that are told apart at the size of the drawing: a file of a million scores draws as one of a thousand. */
function thinned(points: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const kept: (readonly [number, number])[] = [];
  const step = 1 / 400;
  for (const [i, point] of points.entries()) {
    const last = kept.at(-1);
    const isFar = !last || Math.abs(point[0] - last[0]) > step || Math.abs(point[1] - last[1]) > step;
    if (isFar || i === points.length - 1) kept.push(point);
  }
  return kept;
}
