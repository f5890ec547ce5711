import type { LineSeriesOption } from 'echarts/charts';
import { draw, lineIn, quiet, text } from '../chart.js';
import { axisColors, markColors, percentLabel } from '../drawing.js';

export interface SetScores {
  readonly name: string;
  readonly bonafide: readonly number[];
  readonly attacks: readonly number[];
}

const width = 960;
const panelHeight = 150;
const rowHeight = panelHeight + 70;
const left = 76;
const bins = 60;

/**
 * How the scores of bona fide presentations and of attacks are spread, a panel a set, all on one axis, with the threshold; as an SVG document,
 * 960 wide; light or dark as the viewer prefers. Scores that are infinite or no number are left out.
 */
export function renderHistograms(sets: readonly SetScores[], threshold: number): string {
  const drawn = sets.flatMap(({ bonafide, attacks }) => [...bonafide, ...attacks]).filter(isDrawn);
  const [low, high] = rangeOf(drawn);
  const height = 44 + sets.length * rowHeight;
  const title = `Scores of ${sets.map(({ name }) => name).join(', ')}`;
  return draw(
    { width, height, title, legend: ['bona fide', 'attacks'] },
    {
      title: sets.map(({ name }, i) => ({
        text: name,
        left: left + 8,
        top: 44 + i * rowHeight,
        textStyle: { fontSize: 13, color: text },
      })),
      grid: sets.map((_, i) => ({ left, top: 50 + i * rowHeight, width: width - left - 30, height: panelHeight })),
      xAxis: sets.map((_, gridIndex) => ({
        type: 'value',
        gridIndex,
        min: low,
        max: high,
        name: gridIndex === sets.length - 1 ? 'score' : '',
        nameLocation: 'middle',
        nameGap: 30,
        ...axisColors,
        axisLine: { ...axisColors.axisLine, onZero: false },
        axisLabel: {
          color: quiet,
          showMinLabel: false,
          showMaxLabel: false,
          formatter: (value: number) => String(Number(value.toPrecision(6))),
        },
        splitLine: { show: false },
      })),
      yAxis: sets.map((_, gridIndex) => ({
        type: 'value',
        gridIndex,
        min: 0,
        splitNumber: 3,
        ...axisColors,
        axisLine: { ...axisColors.axisLine, onZero: false },
        axisLabel: { color: quiet, formatter: percentLabel },
      })),
      series: sets.flatMap(({ bonafide, attacks }, at) => [
        lineIn(at, 'attacks', markColors.orange[0], histogram(attacks, low, high), filled(markColors.orange[0])),
        {
          ...lineIn(at, 'bona fide', markColors.blue[0], histogram(bonafide, low, high), filled(markColors.blue[0])),
          markLine: thresholdLine(threshold, low, high),
        },
      ]),
    },
  );
}

/** Axes have no room for larger numbers. */
function isDrawn(score: number): boolean {
  return Math.abs(score) < 1e100;
}

/** With some room; any range where all scores are one. */
function rangeOf(values: readonly number[]): [low: number, high: number] {
  const low = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (low > high) return [0, 1];
  const room = high > low ? (high - low) / bins : Math.abs(low) || 1;
  return [low - room, high + room];
}

/** Corners of the outline of the bars: the share of the class in each bin. */
function histogram(values: readonly number[], low: number, high: number): (readonly [number, number])[] {
  const drawn = values.filter(isDrawn);
  const counts = new Array<number>(bins).fill(0);
  const size = (high - low) / bins;
  for (const value of drawn) counts[Math.min(bins - 1, Math.max(0, Math.floor((value - low) / size)))]!++;
  const corners = counts.flatMap((count, bin) => {
    const share = count / Math.max(1, drawn.length);
    return [[low + bin * size, share] as const, [low + (bin + 1) * size, share] as const];
  });
  return [[low, 0], ...corners, [high, 0]];
}

function filled(color: string): Pick<LineSeriesOption, 'lineStyle' | 'areaStyle'> {
  return { lineStyle: { width: 1.5 }, areaStyle: { color, opacity: 0.25 } };
}

function thresholdLine(threshold: number, low: number, high: number): LineSeriesOption['markLine'] {
  if (!(threshold >= low && threshold <= high)) return undefined;
  return {
    symbol: 'none',
    silent: true,
    data: [{ xAxis: threshold }],
    lineStyle: { color: text, type: 'dashed', width: 1.5 },
    label: { formatter: 'threshold', color: text, position: 'end' },
  };
}
