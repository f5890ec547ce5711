import { BarChart, CustomChart, LineChart, type LineSeriesOption, ScatterChart } from 'echarts/charts';
import { GraphicComponent, GridComponent, LegendComponent, MarkLineComponent, TitleComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { markColors, pageColors, withDarkForm } from './drawing.js';

echarts.use([
  BarChart,
  CustomChart,
  LineChart,
  ScatterChart,
  GraphicComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TitleComponent,
  SVGRenderer,
]);

export const [text, quiet] = [pageColors.text[0], pageColors.quiet[0]];

/** Colours of sets, in their order. */
export const palette = [markColors.blue[0], markColors.orange[0], markColors.green[0], markColors.purple[0]];

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  /** Names of the series that the legend explains. */
  readonly legend: readonly string[];
}

/** What ECharts draws of the options, as an SVG document that is light or dark as the viewer prefers. */
export function draw({ width, height, title, legend }: Drawing, options: echarts.EChartsCoreOption): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: pageColors.page[0],
      textStyle: { fontFamily: 'system-ui, sans-serif', color: text },
      legend: {
        data: [...legend],
        left: 12,
        top: 8,
        itemGap: 22,
        itemWidth: 34,
        textStyle: { fontSize: 12, color: text },
        selectedMode: false,
      },
      ...options,
    });
    return withDarkForm(chart.renderToSVGString(), title);
  } finally {
    chart.dispose();
  }
}

/** A line through points, in one of several panels. */
export function lineIn(
  panel: number,
  name: string,
  color: string,
  points: readonly (readonly [number, number])[],
  style: Pick<LineSeriesOption, 'lineStyle' | 'areaStyle'> = {},
): LineSeriesOption {
  return {
    name,
    type: 'line',
    xAxisIndex: panel,
    yAxisIndex: panel,
    data: points.map(([x, y]) => [x, y]),
    symbol: 'none',
    itemStyle: { color },
    ...style,
    lineStyle: { width: 2, color, ...style.lineStyle },
  };
}
