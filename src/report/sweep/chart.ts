import type { LineSeriesOption, ScatterSeriesOption } from 'echarts/charts';
import { niceAxis } from '../axis.js';
import { draw, palette, quiet, text } from '../chart.js';
import { axisColors, pageColors, percentLabel } from '../drawing.js';
import { formatSpread } from '../format.js';
import { shorten, wrap } from '../terminal.js';
import type { ChartEntry, SweepChart } from './chart-data.js';

const width = 960;
const fontSize = 12;
const [color] = palette;
const page = pageColors.page[0];

/** Columns and lines of a label beside a row. */
const LABEL_COLUMNS = 56;
const LABEL_LINES = 3;
/** System fonts differ: wide enough for the widest of them. */
const CHARACTER = 0.58 * fontSize;

/** From so many times the least value on a parameter is drawn on a logarithmic scale. */
const LOGARITHMIC_FROM = 20;

/** The chart of a sweep as an SVG document, 960 wide; light or dark as the viewer prefers. */
export function renderSweep(chart: SweepChart): string {
  return chart.parameter ? renderParameter(chart, chart.parameter) : renderRows(chart);
}

/** A row an entry: its name on the left, its mean and deviation on the right. */
function renderRows({ title, measure, legend, entries }: SweepChart): string {
  const labels = entries.map(({ label }) => labelLines(label));
  const rowHeight = 12 + 15 * Math.max(...labels.map(({ length }) => length));
  const left = 28 + CHARACTER * Math.max(...labels.flatMap((lines) => lines.map(({ length }) => length)));
  const [top, bottom, right] = [64, 52, 128];
  const height = top + bottom + rowHeight * entries.length;
  const rows = { type: 'category', inverse: true, ...axisColors, axisTick: { show: false }, splitLine: { show: false } };
  return draw(
    { width, height, title, legend: [] },
    {
      title: titles(title, legend),
      grid: { left, right, top, bottom },
      xAxis: shareAxis(entries, measure, 30),
      yAxis: [
        { ...rows, data: labels.map((lines) => lines.join('\n')), axisLabel: { color: text, lineHeight: 15, interval: 0 } },
        {
          ...rows,
          axisLine: { show: false },
          data: entries.map((entry) => formatSpread(entry)),
          axisLabel: { color: text, interval: 0 },
        },
      ],
      series: marks(entries, (_, row) => row, 'across'),
    },
  );
}

/** The result against the number that the sweep varies; the means joined by a line. */
function renderParameter(
  { title, measure, legend, entries }: SweepChart,
  { name, values }: NonNullable<SweepChart['parameter']>,
): string {
  const order = [...values.keys()].sort((a, b) => values[a]! - values[b]!);
  const sorted = order.map((i) => ({ ...entries[i]!, at: values[i]! }));
  const [least, most] = [sorted[0]!.at, sorted.at(-1)!.at];
  const isLogarithmic = least > 0 && most / least >= LOGARITHMIC_FROM;
  const placeOf = (value: number) => (isLogarithmic ? Math.log10(value) : value);
  const places = sorted.map(({ at }) => placeOf(at));
  const margin = 0.06 * (placeOf(most) - placeOf(least)) || 1;
  const written = new Map(sorted.map(({ at }) => [placeOf(at), String(Number(at.toPrecision(5)))]));
  return draw(
    { width, height: 400, title, legend: [] },
    {
      title: titles(title, legend),
      grid: { left: 84, right: 36, top: 64, bottom: 58 },
      xAxis: {
        type: 'value',
        min: places[0]! - margin,
        max: places.at(-1)! + margin,
        name: isLogarithmic ? `${name} (logarithmic)` : name,
        nameLocation: 'middle',
        nameGap: 32,
        ...axisColors,
        axisLine,
        splitLine: { show: false },
        axisTick: { ...axisColors.axisTick, customValues: places },
        axisLabel: {
          color: quiet,
          hideOverlap: true,
          customValues: places,
          formatter: (place: number) => written.get(place) ?? '',
        },
      },
      yAxis: shareAxis(entries, measure, 58),
      series: [joined(sorted.map(({ mean }, i) => [places[i]!, mean])), ...marks(sorted, (_, i) => places[i]!, 'up')],
    },
  );
}

const axisLine = { ...axisColors.axisLine, onZero: false };

/** The axis of the measure, which holds all marks. */
function shareAxis(entries: readonly ChartEntry[], name: string, nameGap: number) {
  const ends = entries.flatMap(({ mean, deviation, values }) => [mean - (deviation ?? 0), mean + (deviation ?? 0), ...values]);
  const { min, max, step } = niceAxis(
    ends.map((end) => Math.max(0, end)),
    0.05,
    5,
    true,
  );
  const axisLabel = { ...axisColors.axisLabel, formatter: percentLabel };
  return { type: 'value', min, max, interval: step, name, nameLocation: 'middle', nameGap, ...axisColors, axisLine, axisLabel };
}

function titles(title: string, legend: string) {
  return [
    { text: shorten(title, 90), left: 12, top: 8, textStyle: { fontSize: 16, color: text } },
    { text: legend, left: 12, top: 34, textStyle: { fontSize, fontWeight: 'normal', color: quiet } },
  ];
}

/** A label in lines that fit beside a row; what is too long for that ends in `…`. */
function labelLines(label: string): string[] {
  const lines = wrap(label, LABEL_COLUMNS).split('\n');
  const shown = lines.slice(0, LABEL_LINES).map((line) => shorten(line, LABEL_COLUMNS));
  if (lines.length > LABEL_LINES) shown[LABEL_LINES - 1] = `${shorten(shown[LABEL_LINES - 1]!, LABEL_COLUMNS - 2)} …`;
  return shown;
}

type Point = readonly [x: number, y: number];

/** Of each entry a bar of its deviation, small points for its values, a large one for the mean; `up` or `across` is the way of the measure. */
function marks(
  entries: readonly ChartEntry[],
  placeOf: (entry: ChartEntry, index: number) => number,
  way: 'up' | 'across',
): (LineSeriesOption | ScatterSeriesOption)[] {
  const point = (place: number, value: number): Point => (way === 'up' ? [place, value] : [value, place]);
  const bars = entries.flatMap((entry, i): LineSeriesOption[] => {
    const { mean, deviation } = entry;
    if (deviation === null) return [];
    const ends = [mean - deviation, mean + deviation].map((value) => [...point(placeOf(entry, i), value)]);
    return [{ type: 'line', showSymbol: false, silent: true, lineStyle: { color, width: 2 }, data: ends }];
  });
  const means = entries.map((entry, i) => [...point(placeOf(entry, i), entry.mean)]);
  const values = entries.flatMap((entry, i) =>
    entry.values.length > 1 ? entry.values.map((value) => [...point(placeOf(entry, i), value)]) : [],
  );
  return [
    ...bars,
    { type: 'scatter', symbolSize: 10, itemStyle: { color, opacity: 1 }, data: means },
    {
      type: 'scatter',
      symbolSize: 5,
      itemStyle: { color: page, borderColor: color, borderWidth: 1.5, opacity: 1 },
      data: values,
    },
  ];
}

function joined(points: readonly Point[]): LineSeriesOption {
  return {
    type: 'line',
    showSymbol: false,
    lineStyle: { color, width: 1.5, opacity: 0.5 },
    data: points.map(([x, y]) => [x, y]),
  };
}
