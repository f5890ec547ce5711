import { describe, expect, it } from 'vitest';
import { paretoFront } from '../../../src/report/search/front.js';
import { paretoDrawing } from '../../../src/report/search/pareto-drawing.js';
import { candidatesChart, comparisonChart } from '../../../src/report/search/pareto-points.js';
import { Rng } from '../../../src/tensor/rng.js';
import { expectXml } from '../xml.js';
import { madeUpComparison, madeUpSearch } from './made-up.js';

const { evolution, differentiable } = madeUpSearch();
const comparison = madeUpComparison();
const texts = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text!);

describe('paretoFront', () => {
  it('is what no other beats', () => {
    const rng = new Rng(1);
    const networks = Array.from({ length: 60 }, () => ({ cost: 1 + rng.integer(20), score: rng.integer(20) }));
    const beats = (a: (typeof networks)[number], b: (typeof networks)[number]) =>
      (a.cost <= b.cost && a.score > b.score) || (a.cost < b.cost && a.score >= b.score);
    const front = paretoFront(networks);
    const unbeaten = networks.filter((network) => !networks.some((other) => beats(other, network)));
    expect(new Set(front.map(({ cost, score }) => `${cost} ${score}`))).toEqual(
      new Set(unbeaten.map(({ cost, score }) => `${cost} ${score}`)),
    );
    expect(front.map(({ cost }) => cost)).toEqual(front.map(({ cost }) => cost).toSorted((a, b) => a - b));
  });

  it('has one of equals', () => {
    expect(
      paretoFront([
        { cost: 1, score: 1 },
        { cost: 1, score: 1 },
      ]),
    ).toHaveLength(1);
    expect(paretoFront([])).toEqual([]);
  });
});

describe('score against cost', () => {
  it('marks the chosen one of what a search tried, and no other', () => {
    const chart = candidatesChart(evolution);
    expect(chart.points).toHaveLength(evolution.candidates.length);
    const [chosen, ...others] = chart.points.filter((point) => point.chosen);
    expect(others).toEqual([]);
    expect(chosen).toMatchObject({ label: 'chosen', cost: evolution.cost.macs });
    const svg = paretoDrawing(chart)!;
    expectXml(svg);
    expect(texts(svg)).toEqual(
      expect.arrayContaining(['40 networks tried', 'chosen', 'evolution', 'front', 'limit 15 M', 'MACs of one image']),
    );
    // Costs from 2 M to 60 M are spread by their powers of ten.
    expect(texts(svg)).toEqual(expect.arrayContaining(['2 M', '5 M', '10 M', '20 M', '50 M']));
    expect(texts(svg)).toContain('pale: given up early; ring: chosen');
  });

  it('labels every network of a comparison, each kind with a mark', () => {
    const svg = paretoDrawing(comparisonChart(comparison))!;
    expectXml(svg);
    expect(texts(svg)).toEqual(
      expect.arrayContaining([
        ...['differentiable 1', 'differentiable 2', 'differentiable 3', 'random 1', 'evolution 2', 'plain', 'resnet20'],
        ...['differentiable', 'random', 'evolution', 'made by hand', 'accuracy on the test images'],
        'number: seed of the search; mark: mean of the seeds; bar: lowest to highest',
      ]),
    );
    expect(svg).not.toMatch(/NaN|undefined/);
  });

  it('leaves out what was not measured in the unit, and draws nothing of nothing', () => {
    const unmeasured = { ...madeUpComparison({ milliseconds: false }), unit: 'milliseconds' as const };
    expect(comparisonChart(unmeasured).points).toEqual([]);
    expect(paretoDrawing(comparisonChart(unmeasured))).toBeNull();
    expect(paretoDrawing(candidatesChart(differentiable))).toBeNull();
    const untrained = { ...comparison, networks: comparison.networks.map((network) => ({ ...network, scores: [] })) };
    expect(paretoDrawing(comparisonChart(untrained))).toBeNull();
  });

  it('draws one network, and several of the same cost and score', () => {
    const [first] = comparison.networks;
    const one = { ...comparison, limit: null, networks: [{ ...first!, scores: [0.5] }] };
    const svg = paretoDrawing(comparisonChart(one))!;
    expectXml(svg);
    expect(texts(svg)).not.toContain('front');
    expect(texts(svg).some((text) => text.startsWith('limit'))).toBe(false);
    const same = {
      ...comparison,
      networks: comparison.networks.map((network) => ({ ...network, cost: first!.cost, scores: [0.9, 0.9] })),
    };
    const all = paretoDrawing(comparisonChart(same))!;
    expectXml(all);
    expect(all).not.toMatch(/NaN|Infinity/);
    for (const name of ['random 3', 'evolution 3', 'plain']) expect(texts(all)).toContain(name);
  });

  it('puts the limit where it is, not where two decimals would', () => {
    const lineAt = (limit: number) => {
      const networks = comparison.networks.map((network, i) => ({
        ...network,
        cost: { ...network.cost, milliseconds: 0.1 + 0.01 * i },
      }));
      const svg = paretoDrawing(comparisonChart({ ...comparison, unit: 'milliseconds', limit, networks }))!;
      return /<path d="M([\d.]+) [^>]*stroke-dasharray/.exec(svg)![1];
    };
    expect(Number(lineAt(0.17))).toBeGreaterThan(Number(lineAt(0.166)));
  });

  it('takes names for text', () => {
    const named = { ...comparison, networks: comparison.networks.map((network) => ({ ...network, name: '<i>&"' })) };
    const svg = paretoDrawing(comparisonChart(named))!;
    expectXml(svg);
    expect(svg).toContain('&lt;i&gt;&amp;&quot;');
  });
});
