import { LineChart, type LineSeriesOption } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkLineComponent, TitleComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { EpochEvent } from '../train/events.js';
import { axisColors, markColors, pageColors, percentLabel, withDarkForm } from './drawing.js';
import { formatShare } from './format.js';

echarts.use([LineChart, GridComponent, LegendComponent, MarkLineComponent, TitleComponent, SVGRenderer]);

export interface CurvesOptions {
  /** Stands above the panels. */
  readonly title: string;
  /** Epochs of the whole run: the axes do not move while it goes on. */
  readonly epochs: number;
}

const [page, text, quiet, grid] = [pageColors.page[0], pageColors.text[0], pageColors.quiet[0], pageColors.grid[0]];
const colors = { training: markColors.blue[0], validation: markColors.orange[0], rate: markColors.green[0] };

const width = 960;
const height = 322;
const panelWidth = 244;
const lefts = [58, 376, 694];

/**
 * Loss, accuracy (of depth networks the equal error rate) and learning rate by epoch as an SVG document, 960 x 322; light or dark as the viewer prefers.
 */
export function renderCurves(history: readonly EpochEvent[], { title, epochs }: CurvesOptions): string {
  const measure = measureOf(history);
  const best = history.findLast((event) => event.best && measure.validation(event) !== null);
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: page,
      textStyle: { fontFamily: 'system-ui, sans-serif', color: text },
      title: [
        { text: title, left: 12, top: 8, textStyle: { fontSize: 16, color: text } },
        ...['Loss', titleOf(measure, best), 'Learning rate'].map((name, i) => ({
          text: name,
          left: lefts[i]! + panelWidth / 2,
          top: 42,
          textAlign: 'center',
          textStyle: { fontSize: 13, color: text },
        })),
      ],
      legend: {
        data: ['training', 'validation'],
        right: 12,
        top: 10,
        itemGap: 18,
        borderColor: grid,
        textStyle: { fontSize: 12, color: text },
        selectedMode: false,
      },
      grid: lefts.map((left) => ({ left, top: 72, width: panelWidth, height: 206 })),
      xAxis: lefts.map((_, gridIndex) => ({
        type: 'value',
        gridIndex,
        name: 'epoch',
        nameLocation: 'middle',
        nameGap: 26,
        min: 0,
        max: Math.max(2, epochs),
        minInterval: 1,
        splitNumber: 5,
        ...axisColors,
        splitLine: { show: false },
      })),
      yAxis: [
        { gridIndex: 0, type: 'value', min: 0, splitNumber: 4, ...axisColors },
        {
          gridIndex: 1,
          type: 'value',
          scale: true,
          splitNumber: 4,
          ...axisColors,
          axisLabel: { color: quiet, formatter: percentLabel },
        },
        { gridIndex: 2, type: 'value', min: 0, splitNumber: 4, ...axisColors },
      ],
      series: [
        line('training', 0, colors.training, history, (event) => event.trainLoss),
        line('validation', 0, colors.validation, history, (event) => event.validationLoss),
        line('training', 1, colors.training, history, measure.training),
        {
          ...line('validation', 1, colors.validation, history, measure.validation),
          markLine: best && markEpoch(best.epoch),
        },
        line('learning rate', 2, colors.rate, history, (event) => event.learningRate),
      ],
    });
    return withDarkForm(chart.renderToSVGString(), `${title}: loss, ${measure.name.toLowerCase()} and learning rate by epoch`);
  } finally {
    chart.dispose();
  }
}

function line(
  name: string,
  panel: number,
  color: string,
  history: readonly EpochEvent[],
  value: (event: EpochEvent) => number | null,
): LineSeriesOption {
  const points = history.map((event) => [event.epoch, finite(value(event))]);
  return {
    name,
    type: 'line',
    xAxisIndex: panel,
    yAxisIndex: panel,
    data: points,
    // Points stand for themselves while they are few: one epoch makes no line.
    showSymbol: points.length <= 30,
    symbol: 'circle',
    symbolSize: points.length === 1 ? 8 : 5,
    lineStyle: { width: 2, color },
    itemStyle: { color },
  };
}

/** What epochs are compared by. */
interface Measure {
  readonly name: string;
  training(event: EpochEvent): number | null;
  validation(event: EpochEvent): number | null;
}

const accuracy: Measure = {
  name: 'Accuracy',
  training: (event) => event.trainAccuracy,
  validation: (event) => event.validationAccuracy,
};

/** Of depth networks, on the validation images only. */
const equalErrorRate: Measure = {
  name: 'Equal error rate',
  training: () => null,
  validation: (event) => event.detection?.eer ?? null,
};

function measureOf([first]: readonly EpochEvent[]): Measure {
  return first && first.trainAccuracy === null ? equalErrorRate : accuracy;
}

function titleOf({ name, validation }: Measure, best: EpochEvent | undefined): string {
  return best ? `${name} (best ${formatShare(validation(best))}, epoch ${best.epoch})` : name;
}

function markEpoch(epoch: number): LineSeriesOption['markLine'] {
  return {
    symbol: 'none',
    silent: true,
    data: [{ xAxis: epoch }],
    lineStyle: { color: quiet, type: 'dashed', width: 1 },
    label: { show: false },
  };
}

/** A gap in the line, where a number cannot be drawn. */
function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}
