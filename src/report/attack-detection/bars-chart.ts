import type { CustomSeriesOption } from 'echarts/charts';
import type { Interval } from '../../metrics/attack-detection/index.js';
import { draw, palette, quiet, text } from '../chart.js';
import { axisColors, percentLabel } from '../drawing.js';

/** A bar for each set; null where the set has no such rate. */
export interface BarRow {
  readonly label: string;
  readonly values: readonly { readonly rate: number | null; readonly interval: Interval }[];
}

export interface Bars {
  readonly title: string;
  readonly axis: string;
  readonly sets: readonly string[];
  readonly rows: readonly BarRow[];
}

const width = 960;
const [top, bottom, left] = [44, 52, 170];
const barHeight = 16;

/** Rates as bars with their intervals, as an SVG document, 960 wide; light or dark as the viewer prefers. */
export function renderBars({ title, axis, sets, rows }: Bars): string {
  const height = top + bottom + rows.length * (sets.length * (barHeight + 2) + 14);
  const highest = Math.max(
    0.01,
    ...rows.flatMap(({ values }) => values.map(({ rate, interval }) => Math.max(rate ?? 0, interval?.[1] ?? 0))),
  );
  return draw(
    { width, height, title, legend: sets },
    {
      grid: { left, right: 40, top, bottom },
      xAxis: {
        type: 'value',
        min: 0,
        max: Math.min(1, Math.ceil(highest * 20 + 0.2) / 20),
        name: axis,
        nameLocation: 'middle',
        nameGap: 30,
        ...axisColors,
        axisLabel: { color: quiet, formatter: percentLabel },
      },
      yAxis: {
        type: 'category',
        inverse: true,
        data: rows.map(({ label }) => label),
        ...axisColors,
        axisTick: { show: false },
        axisLabel: { color: text, width: left - 24, overflow: 'truncate' },
      },
      series: sets.flatMap((name, set) => {
        const color = palette[set % palette.length]!;
        return [
          {
            name,
            type: 'bar' as const,
            barWidth: barHeight,
            barGap: '12%',
            data: rows.map(({ values }) => values[set]!.rate),
            itemStyle: { color, opacity: 0.75 },
          },
          whiskers(rows, set, sets.length),
        ];
      }),
    },
  );
}

/** An interval as a line with ends, across the bar that it belongs to. */
function whiskers(rows: readonly BarRow[], set: number, sets: number): CustomSeriesOption {
  const data = rows.flatMap(({ values }, row) => {
    const interval = values[set]!.interval;
    return interval ? [[row, interval[0], interval[1]]] : [];
  });
  return {
    type: 'custom',
    data,
    silent: true,
    encode: { x: [1, 2], y: 0 },
    renderItem: (_, api) => {
      const [low, middle] = api.coord([api.value(1), api.value(0)]) as [number, number];
      const [high] = api.coord([api.value(2), api.value(0)]) as [number, number];
      const y = middle + (set - (sets - 1) / 2) * barHeight * 1.12;
      const stroke = (x1: number, y1: number, x2: number, y2: number) => ({
        type: 'line' as const,
        shape: { x1, y1, x2, y2 },
        style: { stroke: text, lineWidth: 1.5 },
      });
      return {
        type: 'group',
        children: [stroke(low, y, high, y), stroke(low, y - 4, low, y + 4), stroke(high, y - 4, high, y + 4)],
      };
    },
    z: 3,
  };
}
