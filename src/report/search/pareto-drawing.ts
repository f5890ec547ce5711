import type { ScatterSeriesOption } from 'echarts/charts';
import { spreadOf } from '../../metrics/spread.js';
import type { CostUnit, Strategy } from '../../search/result.js';
import { logAxis, niceAxis } from '../axis.js';
import { draw, quiet, text } from '../chart.js';
import { axisColors, markColors, percentLabel } from '../drawing.js';
import type { Box } from '../label-places.js';
import { pointLabels } from '../point-labels.js';
import { paretoFront } from './front.js';
import { costLabel, unitTitles } from './words.js';

export type ParetoKind = Strategy | 'made by hand';

export interface ParetoPoint {
  readonly kind: ParetoKind;
  /** Null for one of many, which stays without a label. */
  readonly label: string | null;
  /** In the chart's unit, above 0. */
  readonly cost: number;
  /** One a seed, at least one. */
  readonly scores: readonly number[];
  /** Given up before its time: drawn pale, and never of the front. */
  readonly stopped?: boolean;
  /** The one that was chosen: with a ring. */
  readonly chosen?: boolean;
}

export interface ParetoChart {
  readonly title: string;
  readonly unit: CostUnit;
  /** What scores are: `accuracy on the test images`. */
  readonly scoreTitle: string;
  readonly limit: number | null;
  /** At least one. */
  readonly points: readonly ParetoPoint[];
}

const looks = {
  differentiable: { symbol: 'circle', color: markColors.blue[0] },
  random: { symbol: 'rect', color: markColors.green[0] },
  evolution: { symbol: 'triangle', color: markColors.purple[0] },
  'made by hand': { symbol: 'diamond', color: markColors.orange[0] },
} as const satisfies Record<ParetoKind, { symbol: string; color: string }>;

const width = 960;
const height = 460;
const plot = { left: 76, top: 98, right: width - 24, bottom: height - 58 };
/** Above this ratio of the costs their axis is logarithmic. */
const widestLinear = 10;

/** How costs and scores become pixels. */
interface Scales {
  readonly xAxis: object;
  readonly yAxis: object;
  /** A cost in the coordinates of its axis. */
  readonly place: (cost: number) => number;
  readonly x: (cost: number) => number;
  readonly y: (score: number) => number;
}

/**
 * Score against cost as an SVG document, 960 x 460; light or dark as the viewer prefers. A mark a kind at the mean score, a bar from the lowest seed to the highest, and a
 * line along those that no other beats. Null where there are no points.
 */
export function paretoDrawing(chart: ParetoChart): string | null {
  const { title, points, unit, limit } = chart;
  if (points.length === 0) return null;
  const weighed = points.map((point) => ({ ...point, score: spreadOf(point.scores)!.mean }));
  const scales = scalesOf(chart);
  const kinds = (Object.keys(looks) as ParetoKind[]).filter((kind) => points.some((point) => point.kind === kind));
  const hasLabels = points.some(({ label }) => label !== null);
  const front = paretoFront(weighed.filter(({ stopped }) => !stopped));
  return draw(
    { width, height, title: `${title}: ${chart.scoreTitle} by ${unitTitles[unit]}`, legend: [] },
    {
      title: [
        { text: title, left: 12, top: 8, textStyle: { fontSize: 16, color: text } },
        {
          text: legendOfMarks(chart),
          ...{ left: plot.left - 6, top: 54 },
          textStyle: { fontSize: 12, fontWeight: 'normal', color: quiet },
        },
      ],
      legend: {
        data: [...kinds, ...(front.length > 1 ? [{ name: 'front', icon: 'path://M0 0h14v2h-14z' }] : [])],
        ...{ left: plot.left - 6, top: 34, itemGap: 26, itemWidth: 14, itemHeight: 11 },
        textStyle: { fontSize: 12, color: text },
        selectedMode: false,
      },
      grid: { left: plot.left, width: plot.right - plot.left, top: plot.top, height: plot.bottom - plot.top },
      xAxis: { ...scales.xAxis, name: unitTitles[unit], nameLocation: 'middle', nameGap: 32 },
      yAxis: { ...scales.yAxis, name: chart.scoreTitle, nameLocation: 'middle', nameGap: 54 },
      series: [
        {
          ...{ name: 'front', type: 'line', step: 'end', showSymbol: false, z: 1 },
          lineStyle: { color: quiet, width: 1.5 },
          itemStyle: { color: quiet },
          data: front.map(({ cost, score }) => [scales.place(cost), score]),
          markLine: limit === null ? undefined : limitLine(scales.place(limit), `limit ${costLabel(limit, unit)}`),
        },
        ...kinds.map((kind) => marks(kind, weighed, hasLabels, scales)),
        ...weighed.flatMap((point) => bars(point, scales)),
        chosenRing(weighed, scales),
      ],
      graphic: labels(weighed, [...frontLines(front, scales), ...limitBoxes(limit, scales)], scales),
    },
  );
}

/** Points of a search, a comparison: what of their marks needs words. */
function legendOfMarks({ points }: ParetoChart): string {
  return [
    points.some(({ kind, label }) => kind !== 'made by hand' && /\d$/.test(label ?? '')) ? 'number: seed of the search' : '',
    points.some(({ scores }) => scores.length > 1) ? 'mark: mean of the seeds; bar: lowest to highest' : '',
    points.some(({ stopped }) => stopped) ? 'pale: given up early' : '',
    points.some(({ chosen }) => chosen) ? 'ring: chosen' : '',
  ]
    .filter(Boolean)
    .join('; ');
}

function scalesOf({ points, unit, limit }: ParetoChart): Scales {
  const costs = [...points.map(({ cost }) => cost), ...(limit === null ? [] : [limit])];
  const isLog = Math.max(...costs) > widestLinear * Math.min(...costs);
  const place = isLog ? Math.log10 : (cost: number) => cost;
  const xBounds = isLog ? logAxis(costs, 0.1) : niceAxis(costs, 0.16, 6, false);
  const yBounds = niceAxis(
    points.flatMap(({ scores }) => scores),
    0.1,
    6,
    true,
  );
  const ticks = 'ticks' in xBounds ? { customValues: xBounds.ticks.map(place) } : { interval: 0, customValues: ticksOf(xBounds) };
  const shared = { ...axisColors, axisLine: { ...axisColors.axisLine, onZero: false } };
  return {
    place,
    x: (cost) => plot.left + ((place(cost) - xBounds.min) / (xBounds.max - xBounds.min)) * (plot.right - plot.left),
    y: (score) => plot.bottom - ((score - yBounds.min) / (yBounds.max - yBounds.min)) * (plot.bottom - plot.top),
    xAxis: {
      ...{ type: 'value', min: xBounds.min, max: xBounds.max },
      ...shared,
      splitLine: { show: false },
      axisTick: { ...axisColors.axisTick, ...ticks },
      axisLabel: {
        ...axisColors.axisLabel,
        ...ticks,
        formatter: (value: number) => costLabel(isLog ? Number((10 ** value).toPrecision(6)) : value, unit),
      },
    },
    yAxis: {
      ...{ type: 'value', min: yBounds.min, max: yBounds.max, interval: yBounds.step },
      ...shared,
      axisLabel: { ...axisColors.axisLabel, formatter: percentLabel },
    },
  };
}

function ticksOf({ min, max, step }: { readonly min: number; readonly max: number; readonly step: number }): number[] {
  return Array.from({ length: Math.round((max - min) / step) + 1 }, (_, i) => Number((min + i * step).toPrecision(12)));
}

type Weighed = ParetoPoint & { readonly score: number };

function marks(kind: ParetoKind, points: readonly Weighed[], hasLabels: boolean, { place }: Scales): ScatterSeriesOption {
  const { symbol, color } = looks[kind];
  return {
    name: kind,
    type: 'scatter',
    symbol,
    symbolSize: hasLabels ? 11 : 8,
    itemStyle: { color, opacity: 1 },
    z: 3,
    data: points
      .filter((point) => point.kind === kind)
      .map(({ cost, score, stopped }) => ({ value: [place(cost), score], itemStyle: { opacity: stopped ? 0.3 : 1 } })),
  };
}

function bars({ kind, cost, scores }: Weighed, { place }: Scales) {
  if (scores.length < 2) return [];
  const ends = [Math.min(...scores), Math.max(...scores)];
  return [
    {
      ...{ type: 'line', showSymbol: true, symbol: 'rect', symbolSize: [9, 1.5], z: 2, silent: true, clip: false },
      lineStyle: { color: looks[kind].color, width: 1.5 },
      itemStyle: { color: looks[kind].color },
      data: ends.map((score) => [place(cost), score]),
    },
  ];
}

function chosenRing(points: readonly Weighed[], { place }: Scales): ScatterSeriesOption {
  return {
    type: 'scatter',
    symbol: 'circle',
    symbolSize: 20,
    z: 4,
    silent: true,
    itemStyle: { color: 'none', borderColor: text, borderWidth: 2, opacity: 1 },
    data: points.filter(({ chosen }) => chosen).map(({ cost, score }) => [place(cost), score]),
  };
}

function limitLine(at: number, words: string) {
  return {
    // The chart would round its place to two decimals.
    ...{ symbol: 'none', silent: true, precision: 12, data: [{ xAxis: at }] },
    lineStyle: { color: quiet, type: 'dashed', width: 1.5 },
    label: { formatter: words, position: 'end', distance: 4, color: quiet, fontSize: 12 },
  };
}

/** What the line of the front covers. */
function frontLines(front: readonly Weighed[], { x, y }: Scales): Box[] {
  return front.slice(1).flatMap(({ cost, score }, i) => {
    const before = front[i]!;
    return [
      { left: x(before.cost), right: x(cost), top: y(before.score) - 1, bottom: y(before.score) + 1 },
      { left: x(cost) - 1, right: x(cost) + 1, top: y(score), bottom: y(before.score) },
    ];
  });
}

function limitBoxes(limit: number | null, { x }: Scales): Box[] {
  return limit === null ? [] : [{ left: x(limit) - 2, right: x(limit) + 2, top: plot.top, bottom: plot.bottom }];
}

/** @param lines that labels must not cover */
function labels(points: readonly Weighed[], lines: readonly Box[], { x, y }: Scales) {
  const bounds: Box = { left: plot.left + 4, right: plot.right, top: plot.top + 2, bottom: plot.bottom - 2 };
  const markOf = ({ cost, score, scores, chosen }: Weighed): Box => {
    const reach = chosen ? 12 : 8;
    return {
      left: x(cost) - reach,
      right: x(cost) + reach,
      top: Math.min(y(Math.max(...scores)) - 2, y(score) - reach),
      bottom: Math.max(y(Math.min(...scores)) + 2, y(score) + reach),
    };
  };
  const labelled = points.flatMap((point) => (point.label === null ? [] : [{ ...point, label: point.label }]));
  const drawn = labelled.map((point) => ({ label: point.label, x: x(point.cost), y: y(point.score), mark: markOf(point) }));
  return pointLabels(drawn, bounds, [...points.filter(({ label }) => label === null).map(markOf), ...lines]);
}
