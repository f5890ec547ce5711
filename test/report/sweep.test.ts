import { describe, expect, it } from 'vitest';
import { type CollectedRun, ranked, summarize, summaryCsv } from '../../src/jobs/index.js';
import { renderSweep } from '../../src/report/sweep/chart.js';
import { sweepChart } from '../../src/report/sweep/chart-data.js';
import { sweepPage } from '../../src/report/sweep/page.js';
import { formatSweep } from '../../src/report/sweep/text.js';
import { expectXml } from './xml.js';

type Settings = Readonly<Record<string, number | string>>;

/** A run with these measures; unfinished without. */
function run(settings: Settings, seed: number, measures: Readonly<Record<string, number>> | null, fold: string | null = null) {
  const order = { task: { seed, fold } };
  return {
    run: { id: '', name: '', order, settings },
    result: measures && { measures },
    failure: null,
  } as unknown as CollectedRun;
}

const summariesOf = (runs: readonly CollectedRun[]) => ranked(summarize(runs));

const accuracy = (validation: number, test: number) => ({ top1_validation: validation, top1_test: test });

/** Two seeds of each rate. */
const rates = [0.1, 0.001, 0.01].flatMap((learningRate, i) =>
  [0, 1].map((seed) => run({ 'optimizer.learningRate': learningRate }, seed, accuracy(0.7 + i / 20, 0.8 - i / 20 + seed / 50))),
);

const folds = ['4.1', '4.2', '4.3'].flatMap((fold, i) =>
  [0, 1].map((seed) =>
    run({}, seed, { eer_validation: 0.05, acer_test: 0.1 + i / 50 + seed / 100, apcer_test: 0.1, bpcer_test: 0.2 }, fold),
  ),
);

/** Texts of a chart and where they stand. */
const texts = (svg: string) =>
  [...svg.matchAll(/<text([^>]*)translate\(([\d.]+) ([\d.]+)\)[^>]*>([^<]*)<\/text>/g)].map(([, before, x, y, text]) => ({
    x: Number(x),
    y: Number(y) + Number(/ y="([-\d.]+)"/.exec(before!)?.[1] ?? 0),
    text: text!,
  }));

/** ECharts writes its rules as CDATA. */
const withoutStyle = (svg: string) => svg.replaceAll(/<style[\s\S]*?<\/style>/g, '');

describe('the summary of a sweep', () => {
  it('has mean and deviation over seeds, the best by the validation images first', () => {
    const [best, ...others] = summariesOf(rates);
    expect(best).toMatchObject({ name: 'learningRate=0.01', runs: 2, finished: 2, folds: [] });
    expect(best!.spreads['top1_test']!.mean).toBeCloseTo(0.71);
    expect(best!.spreads['top1_test']!.deviation).toBeCloseTo(Math.SQRT1_2 / 50);
    expect(others.map(({ name }) => name)).toEqual(['learningRate=0.001', 'learningRate=0.1']);
  });

  it('counts a fold as the mean of its seeds', () => {
    const [only] = summariesOf(folds);
    expect(only!.folds.map(({ name, runs, means }) => [name, runs, Number(means['acer_test']!.toFixed(6))])).toEqual([
      ['4.1', 2, 0.105],
      ['4.2', 2, 0.125],
      ['4.3', 2, 0.145],
    ]);
    expect(only!.spreads['acer_test']).toMatchObject({ mean: expect.closeTo(0.125), deviation: expect.closeTo(0.02) });
    expect(only!.spreads['acer_test']!.deviation).toBeCloseTo(0.02);
  });

  it('ranks by test images where nothing else is there, and what has no result last', () => {
    const runs = [run({ a: 1 }, 0, null), run({ a: 2 }, 0, { top1_test: 0.5 }), run({ a: 3 }, 0, { top1_test: 0.6 })];
    expect(summariesOf(runs).map(({ name }) => name)).toEqual(['a=3', 'a=2', 'a=1']);
    expect(summaryCsv(summariesOf(runs))).toBe(
      'a,runs,finished,folds,top1_test,top1_test_deviation\n3,1,1,0,0.6,\n2,1,1,0,0.5,\n1,1,0,0,,\n',
    );
  });

  it('is a table that fits', () => {
    const style = { width: 66, color: false };
    expect(formatSweep(summariesOf(rates), style)).toContain('learningRate=0.01    2/2  80.00 ± 0.00 %  71.00 ± 1.41 %');
    const table = formatSweep(summariesOf(folds), style);
    expect(table).toMatch(/4\.2 .* 12\.50 %/);
    expect(table).toMatch(/mean ± deviation .* 12\.50 ± 2\.00 %/);
    for (const line of table.split('\n')) expect(line.length).toBeLessThanOrEqual(66);
  });
});

describe('the chart of a sweep', () => {
  it('sets the result against the only number that varies', () => {
    const chart = sweepChart('rates', summariesOf(rates))!;
    expect(chart.parameter).toEqual({ name: 'optimizer.learningRate', values: [0.01, 0.001, 0.1] });
    const svg = renderSweep(chart);
    expectXml(withoutStyle(svg));
    const ticks = texts(svg).filter(({ text }) => ['0.001', '0.01', '0.1'].includes(text));
    expect(ticks.map(({ text }) => text)).toEqual(['0.001', '0.01', '0.1']);
    expect(ticks[1]!.x - ticks[0]!.x).toBeCloseTo(ticks[2]!.x - ticks[1]!.x);
  });

  it('has a row a fold, and one of their mean', () => {
    const chart = sweepChart('folds', summariesOf(folds))!;
    expect(chart).toMatchObject({ parameter: null, measure: 'ACER on the test side (lower is better)' });
    expect(chart.entries.map(({ label }) => label)).toEqual(['4.1', '4.2', '4.3', 'mean of the folds']);
    expect(chart.entries[3]!.values).toHaveLength(3);
    expect(texts(renderSweep(chart)).map(({ text }) => text)).toContain('12.50 ± 2.00 %');
  });

  it('names what varies alone, and keeps long names apart and within their column', () => {
    const long = Array.from({ length: 30 }, (_, i) =>
      run(
        { batchSize: 16, 'schedule.name': `<${'word&'.repeat(40)}`, 'loss.smoothing': i / 100, epochs: i },
        0,
        accuracy(0.5, i / 60),
      ),
    );
    const svg = renderSweep(sweepChart('long', summariesOf([...long, run({ 'schedule.name': 'x' }, 0, accuracy(0.1, 0.2))]))!);
    expectXml(withoutStyle(svg));
    const labels = texts(svg).filter(({ text }) => /word|smoothing/.test(text));
    expect(labels).toHaveLength(60);
    const rows = labels.map(({ y }) => y).sort((a, b) => a - b);
    for (let i = 1; i < rows.length; i++) expect(rows[i]! - rows[i - 1]!).toBeGreaterThanOrEqual(13);
    for (const { text } of labels) expect(text.replaceAll(/&\w+;/g, '&').length).toBeLessThanOrEqual(56);
    expect(renderSweep(sweepChart('rates', summariesOf(rates))!)).not.toContain('batchSize');
  });

  it('says how many rows it leaves out, and is none of nothing', () => {
    const many = Array.from({ length: 70 }, (_, i) => run({ batchSize: i, 'loss.smoothing': i }, 0, accuracy(i / 100, 0.5)));
    const chart = sweepChart('many', summariesOf(many))!;
    expect(chart.entries).toHaveLength(60);
    expect(chart.entries[0]!.label).toContain('batchSize=69');
    expect(chart.legend).toMatch(/^the first 60 of 70; /);
    expect(sweepChart('nothing', summariesOf([run({}, 0, null)]))).toBeNull();
  });

  it('stands on a page with the table and what failed', () => {
    const summaries = summariesOf(folds);
    const failures = [{ name: 'seed 7', message: 'batchSize: <got> 1000' }];
    const chart = renderSweep(sweepChart('folds', summaries)!);
    const page = sweepPage({ title: 'folds & more', summaries, chart, failures, counts: { runs: 7, done: 6 } });
    expectXml(page.replace(/<svg[\s\S]*<\/svg>/, ''), { html: true });
    for (const part of ['6 of 7 runs', '12.50 ± 2.00 %', 'seed 7', '&#60;got&#62; 1000']) expect(page).toContain(part);
  });
});
