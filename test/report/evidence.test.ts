import { describe, expect, it } from 'vitest';
import { evidenceChart } from '../../src/report/evidence.js';
import { renderEvidence } from '../../src/report/evidence-chart.js';
import { evidencePage } from '../../src/report/evidence-page.js';
import { type CellResult, type EvidenceTable, type RowResults, tableByName } from '../../src/train/tables/index.js';

const texts = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]);

/** All rows finished with two seeds; accuracy and cost rise from row to row. */
function finished(table: EvidenceTable, change: (row: number) => Partial<CellResult> = () => ({})): RowResults[] {
  return table.rows.map((row, i) => ({
    row,
    results: [0, 1].map((seed) => ({
      table: table.name,
      row: row.id,
      recipe: row.recipe.name,
      seed,
      epochs: 5,
      images: 27_000,
      bestEpoch: 5,
      parameters: 1000 + i,
      macs: 1e6 + 1e5 * i,
      bops: 0,
      ops: 1e6 + 1e5 * i,
      top1Validation: 0.5,
      top1Test: 0.5 + 0.01 * i + 0.004 * seed,
      seconds: 60,
      imagesPerSecond: 500,
      commit: 'abc1234',
      linearity: [],
      ...change(i),
    })),
  }));
}

describe('evidenceChart', () => {
  it('sets accuracy against what the table asks for', () => {
    const dynamic = tableByName('dynamic');
    const chart = evidenceChart(dynamic, finished(dynamic))!;
    expect(chart.points.map(({ label }) => label)).toEqual(dynamic.rows.map(({ label }) => label));
    expect(chart.points[1]).toMatchObject({ x: 1.1e6, values: [0.51, 0.514] });
    const theta = tableByName('theta');
    expect(evidenceChart(theta, finished(theta))!.points.map(({ x }) => x)).toEqual([0, 0.3, 0.5, 0.7, 1, 0, 0.3, 0.5, 0.7, 1]);
    const linearity = tableByName('nonlinearity');
    const blocks = [0.2, 0.4].map((output) => ({ block: 'b', branch: 0.1, output }));
    expect(
      evidenceChart(
        linearity,
        finished(linearity, () => ({ linearity: blocks })),
      )!.points[0]!.x,
    ).toBeCloseTo(0.3);
  });

  it('draws nothing of what is not finished', () => {
    const table = tableByName('beyond');
    const rows = finished(table).map((row, i) => (i === 2 ? row : { ...row, results: [] }));
    expect(evidenceChart(table, rows)!.points.map(({ label }) => label)).toEqual(['2 groups']);
    expect(
      evidenceChart(
        table,
        rows.map((row) => ({ ...row, results: [] })),
      ),
    ).toBeNull();
  });
});

describe('renderEvidence', () => {
  it.each(['baseline', 'beyond', 'dynamic', 'composed'])('labels every row of %s, its series and its axes', (name) => {
    const table = tableByName(name);
    const svg = renderEvidence(evidenceChart(table, finished(table))!);
    expect(texts(svg)).toEqual(
      expect.arrayContaining([table.title, 'accuracy on the test images', ...table.rows.map(({ label }) => label)]),
    );
    const series = [...new Set(table.rows.map((row) => row.series))];
    if (series.length > 1) expect(texts(svg)).toEqual(expect.arrayContaining(series));
    expect(svg).not.toMatch(/NaN|Infinity/);
  });

  it('ends its axes of shares at 100 %', () => {
    const table = tableByName('nonlinearity');
    const rows = finished(table, (row) => ({
      top1Test: 0.2 + 0.097 * row,
      linearity: [{ block: 'b', branch: 0.9, output: 0.85 + 0.0175 * row }],
    }));
    const percents = texts(renderEvidence(evidenceChart(table, rows)!)).filter((text) => /^\d+ %$/.test(text!));
    expect(percents.filter((text) => text === '100 %')).toHaveLength(2);
    expect(percents.filter((text) => Number.parseInt(text!, 10) > 100)).toEqual([]);
  });

  it('draws a panel a series where points are joined', () => {
    const table = tableByName('theta');
    const shown = texts(renderEvidence(evidenceChart(table, finished(table))!));
    expect(shown).toEqual(expect.arrayContaining(['recaptured or not', 'CIFAR-10']));
    expect(shown.filter((text) => text === 'theta, the share of the central difference')).toHaveLength(2);
    expect(shown).not.toContain('CIFAR-10, theta 0.3');
  });

  it('copes with one point, and with rows that are all alike', () => {
    const table = tableByName('baseline');
    const alike = () => ({ top1Test: 0.9, ops: 5, macs: 5 });
    for (const name of ['baseline', 'dynamic']) {
      const svg = renderEvidence(evidenceChart(tableByName(name), finished(tableByName(name), alike))!);
      expect(svg).not.toMatch(/NaN|Infinity/);
    }
    expect(renderEvidence(evidenceChart(table, finished(table, alike))!)).toContain('</svg>');
  });

  it('has a form for dark pages that repaints every colour of the light one', () => {
    const table = tableByName('dynamic');
    const svg = renderEvidence(evidenceChart(table, finished(table))!);
    const style = svg.slice(svg.indexOf('<style>@media'), svg.indexOf('</style>'));
    const drawn = svg
      .slice(svg.indexOf('</style>'))
      .replaceAll(/stroke="#\w+" stroke-width="0"/g, '')
      .replaceAll('fill="#000"', '');
    const used = new Set([...drawn.matchAll(/(?:fill|stroke)="(#[0-9a-f]{3,6})"/gi)].map((match) => match[1]!));
    expect(used.size).toBeGreaterThan(5);
    for (const color of used) expect(style, color).toContain(color);
  });
});

describe('evidencePage', () => {
  it('says what was asked, what came out, with which budget, and what to mind', () => {
    const table = tableByName('dynamic');
    const page = evidencePage(table, finished(table), { hasChart: true });
    expect(page).toMatch(/^# Dynamic group convolution\n\n.*\?\n\n!\[.*\]\(dynamic\.svg\)/);
    expect(page).toContain('| 4 fixed groups | 1,001 | 1.10 M | 50.0 % | 51.2 % | 51.0 % to 51.4 % | 2 |');
    expect(page).toContain('5 epochs, batches of 64, sgd at 0.1, cosine schedule, 27,000 training images');
    expect(page).toContain('18 of 18 runs are finished; they trained for 18:00 in all, with abc1234.');
    for (const caveat of table.caveats) expect(page).toContain(`- ${caveat}`);
    expect(page).not.toContain('linear share');
  });

  it('shows operations and linearity where there are such', () => {
    const table = tableByName('nonlinearity');
    const blocks = [{ block: 'b', branch: 0.25, output: 0.75 }];
    const page = evidencePage(
      table,
      finished(table, () => ({ bops: 64e6, linearity: blocks })),
      { hasChart: true },
    );
    expect(page).toContain('| 1-bit MACs | OPs | linear share, branches | linear share, outputs |');
    expect(page).toContain('| 64.0 M | 1.00 M | 25.0 % | 75.0 % |');
  });

  it('says that nothing is finished yet', () => {
    const table = tableByName('beyond');
    const page = evidencePage(
      table,
      table.rows.map((row) => ({ row, results: [] })),
      { hasChart: false },
    );
    expect(page).toContain('No run is finished yet.');
    expect(page).not.toContain('![');
    expect(page).toContain('| compact | – | – | – | – | – | 0 |');
  });
});
