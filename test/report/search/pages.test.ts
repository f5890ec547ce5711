import { describe, expect, it } from 'vitest';
import { parseCsv } from '../../../src/data/csv.js';
import { genotypeText, parseGenotypeText } from '../../../src/models/index.js';
import { comparisonCsv } from '../../../src/report/search/comparison-csv.js';
import { comparisonPage } from '../../../src/report/search/comparison-page.js';
import { searchPage } from '../../../src/report/search/search-page.js';
import { formatComparison, formatSearch } from '../../../src/report/search/text.js';
import { visibleWidth } from '../../../src/report/terminal.js';
import type { SearchResult } from '../../../src/search/result.js';
import { expectXml } from '../xml.js';
import { madeUpComparison, madeUpCourse, madeUpSearch, manyOperations } from './made-up.js';

const { differentiable, evolution } = madeUpSearch();
const comparison = madeUpComparison();
const hostile = '</style><script>alert(1)</script>\u001b[31m"&';
const plain = { width: 80, color: false };

/** A page that loads nothing, runs nothing, and has no number that is none. */
function expectStandsAlone(page: string): void {
  expectXml(page, { html: true });
  expect(page).toMatch(/^<!doctype html>/);
  expect(page).toContain("default-src 'none'");
  expect(page).not.toMatch(/<script|<link|<iframe|@import|\ssrc=|\shref=|\son\w+=/i);
  expect(page).not.toMatch(/NaN|undefined/);
}

function expectFits(text: string, width: number): void {
  for (const line of text.split('\n')) expect(visibleWidth(line), line).toBeLessThanOrEqual(width);
}

const searches: readonly (readonly [string, SearchResult])[] = [
  ['differentiable', differentiable],
  ['evolution', evolution],
  ['random', { ...evolution, strategy: 'random', limit: null, cost: { ...evolution.cost, milliseconds: null } }],
  ['six nodes', madeUpSearch({ nodes: 6, operations: manyOperations, task: 'depth-map' }).evolution],
  ['one candidate', { ...evolution, candidates: evolution.candidates.slice(0, 1) }],
  ['one point', { ...differentiable, course: madeUpCourse(1) }],
];

describe.each(searches)('a search: %s', (_name, result) => {
  it('has a page that stands alone', () => {
    const page = searchPage(result);
    expectStandsAlone(page);
    expect(page.includes('How it came about')).toBe(result.course.length > 0);
    expect(page.includes('What was tried')).toBe(result.candidates.length > 0);
  });

  it('fits a terminal', () => {
    for (const width of [80, 100]) expectFits(formatSearch(result, { width, color: true }), width);
  });
});

describe('searchPage', () => {
  it('says first what came of it', () => {
    const page = searchPage(differentiable);
    expect(page).toContain(
      '<p class="verdict">In 12:34, the differentiable search found a network of 12.3 M MACs for one image, within the limit of 15.0 M.</p>',
    );
    expect(page.indexOf('class="verdict"')).toBeLessThan(page.indexOf('<svg'));
    const wanted = ['<b>12.4 M</b>', '<b>3.21</b>', 'limit 15.0 M', '800 steps, 120 MiB'];
    expect(wanted.filter((text) => !page.includes(text))).toEqual([]);
  });

  it('has the genotype in a form that can be read again', () => {
    const json = /<pre>([^<]*)<\/pre>/.exec(searchPage(evolution))![1]!.replaceAll('&#34;', '"');
    expect(genotypeText(parseGenotypeText(json))).toBe(genotypeText(evolution.genotype));
  });

  it('lists the best that were trained to the end, and marks the chosen one', () => {
    const page = searchPage(evolution);
    const rows = [...page.matchAll(/<tr>(<td>.*?)<\/tr>/gs)].map(([, row]) => row!);
    expect(rows).toHaveLength(20);
    expect(rows[0]).toContain('chosen');
    const finished = evolution.candidates.filter(({ stopped }) => !stopped).length;
    expect(rows.map((row) => row.includes('given up'))).toEqual(rows.map((_, i) => i >= finished));
  });
});

describe('formatSearch', () => {
  it('says cells, costs, course', () => {
    const text = formatSearch(differentiable, plain);
    expect(text).toContain('In 12:34, the differentiable search found');
    expect(text).toMatch(/^low {3}\S+\(0\), .*; output 3$/m);
    expect(text).toContain('MACs 12.3 M   OPs 12.4 M   ms 3.21');
    expect(text).toMatch(/^expected cost +26\.0 M → 12\.0 M$/m);
  });

  it('says when the cost is above the limit, and when it was not measured', () => {
    expect(formatSearch(evolution, plain)).toContain('above the limit of 15.0 M');
    const unmeasured = { ...differentiable, unit: 'milliseconds' as const, cost: { ...differentiable.cost, milliseconds: null } };
    expect(formatSearch(unmeasured, { ...plain, width: 200 })).toContain('a network of a cost that was not measured');
  });

  it('lists ten candidates and says how many there are besides', () => {
    expect(formatSearch(evolution, plain)).toMatch(/… and 30 networks tried besides$/);
  });
});

describe('a comparison', () => {
  it('has a page with verdict, picture, ways, networks and their cells', () => {
    const page = comparisonPage(comparison);
    expectStandsAlone(page);
    expect(page.indexOf(comparison.verdict)).toBeLessThan(page.indexOf('<svg'));
    for (const heading of ['By way of searching', 'Every network', 'The networks']) expect(page).toContain(`<h2>${heading}</h2>`);
    expect(page.match(/<summary>/g)).toHaveLength(comparison.networks.length);
  });

  it('has mean and deviation of every network and of every way of searching', () => {
    const same = comparison.networks.map((network) => ({ ...network, scores: [0.9, 0.92] }));
    const text = formatComparison({ ...comparison, networks: same }, plain);
    expect(text).toMatch(/^differentiable 1 +91\.00 ± 1\.41 %/m);
    expect(text).toMatch(/^differentiable +3 +91\.00 ± 0\.00 %/m);
    expect(text).toMatch(/^plain +1 +91\.00 %/m);
    expectFits(text, 80);
  });

  it('leaves out the ways where each has one network', () => {
    const few = { ...comparison, networks: comparison.networks.filter(({ searchSeed }) => searchSeed === null) };
    expect(comparisonPage(few)).not.toContain('By way of searching');
    expect(formatComparison(few, plain)).not.toContain('found by');
  });

  it('keeps the column of its unit where there is no room for all', () => {
    const text = formatComparison({ ...comparison, unit: 'operations' }, { width: 50, color: false });
    expect(text).toContain('OPs');
    expect(text).not.toContain('parameters');
  });

  it('has a line of CSV a training, that reads back', () => {
    const rows = parseCsv('comparison.csv', comparisonCsv(comparison));
    expect(rows).toHaveLength(comparison.networks.flatMap(({ scores }) => scores).length + 1);
    const header = rows[0]!.cells;
    const last = comparison.networks.at(-1)!;
    const cell = (name: string) => rows.at(-1)!.cells[header.indexOf(name)];
    expect([cell('network'), cell('search_seed'), cell('run')]).toEqual(['resnet20', '', '3']);
    expect(Number(cell('score'))).toBe(last.scores[2]);
    expect(Number(cell('milliseconds'))).toBe(last.cost.milliseconds);
    expect(cell('genotype')).toBe(genotypeText(last.genotype));
  });

  it('leaves empty in CSV what was not measured', () => {
    const [header, first] = parseCsv('x.csv', comparisonCsv(madeUpComparison({ milliseconds: false, limit: null as never })));
    for (const name of ['limit', 'milliseconds']) expect(first!.cells[header!.cells.indexOf(name)]).toBe('');
  });
});

it('takes names for what they are: text', () => {
  const named = {
    ...comparison,
    verdict: hostile,
    recipe: hostile,
    networks: comparison.networks.map((network) => ({ ...network, name: hostile })),
  };
  for (const page of [comparisonPage(named), searchPage({ ...differentiable, recipe: hostile })]) {
    expectStandsAlone(page);
    expect(page).toContain('&#60;script&#62;');
  }
  expect(formatComparison(named, plain)).not.toContain('\u001b');
  expect(formatSearch({ ...differentiable, recipe: hostile }, plain)).not.toContain('\u001b');
});
