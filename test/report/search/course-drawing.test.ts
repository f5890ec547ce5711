import { describe, expect, it } from 'vitest';
import { courseDrawing } from '../../../src/report/search/course-drawing.js';
import { levelStrips, operationLooks, thinned } from '../../../src/report/search/course-strips.js';
import { expectXml } from '../xml.js';
import { madeUpCourse, madeUpSearch, manyOperations } from './made-up.js';

const { differentiable, evolution } = madeUpSearch();
const texts = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text!);

describe('the strips of a level', () => {
  const strips = levelStrips(differentiable.course, 1, differentiable);

  it('are its edges, then its nodes', () => {
    expect(strips.map(({ label }) => label)).toEqual([
      ...['0→1', '0→2', '1→2', '0→3', '1→3', '2→3'],
      ...['1→out', '2→out', '3→out'],
    ]);
  });

  it('are filled by the shares, from 0 to 1', () => {
    for (const { bands } of strips.slice(0, 6)) {
      expect(bands).toHaveLength(differentiable.operations.length);
      expect(bands[0]!.low.every((low) => low === 0)).toBe(true);
      for (const top of bands.at(-1)!.high) expect(top).toBeCloseTo(1, 9);
    }
  });

  it('end with the strongest operation other than none, and one edge a node leads', () => {
    const last = differentiable.course.at(-1)!;
    expect(differentiable.operations[0]).toBe('none');
    const strengths = strips.slice(0, 6).map(({ outcome }, edge) => {
      const shares = last.operations[1]![edge]!.with(0, 0);
      const best = shares.indexOf(Math.max(...shares));
      expect(outcome).toBe(`${differentiable.operations[best]} ${Math.round(100 * shares[best]!)} %`);
      return shares[best]! * last.edges[1]![edge]!;
    });
    const [, second, third, ...rest] = strengths;
    expect(strips.slice(1, 3).map(({ leads }) => leads)).toEqual([second! > third!, third! > second!]);
    expect(strips.slice(3, 6).map(({ leads }) => leads)).toEqual(rest.map((strength) => strength === Math.max(...rest)));
    const leaders = strips.filter(({ leads }) => leads).map(({ label }) => label.split('→')[1]);
    expect(leaders).toEqual(['1', '2', '3', 'out']);
    // An edge that is alone has no share to speak of.
    expect(strips.map(({ line }) => line !== null)).toEqual([false, true, true, true, true, true, false, false, false]);
  });
});

describe('operationLooks', () => {
  it('tells each operation from the others, and keeps families together', () => {
    const looks = operationLooks(manyOperations);
    expect(looks.map(({ name }) => name).toSorted()).toEqual(manyOperations.toSorted());
    expect(looks.map(({ place }) => manyOperations[place])).toEqual(looks.map(({ name }) => name));
    expect(new Set(looks.map(({ color, opacity }) => `${color[0]} ${opacity}`)).size).toBe(manyOperations.length);
    expect(Math.min(...looks.map(({ opacity }) => opacity))).toBeGreaterThan(0.2);
  });
});

describe('thinned', () => {
  it('keeps the ends', () => {
    const numbers = Array.from({ length: 101 }, (_, i) => i);
    expect(thinned(numbers, 5)).toEqual([0, 25, 50, 75, 100]);
    expect(thinned([1, 2], 5)).toEqual([1, 2]);
  });
});

describe('the course of a search as a picture', () => {
  it('names levels, edges, winners, losses, the expected cost and its limit', () => {
    const svg = courseDrawing(differentiable)!;
    expectXml(svg);
    const words = texts(svg);
    for (const level of [0, 1, 2]) {
      for (const { label, outcome } of levelStrips(differentiable.course, level, differentiable)) {
        expect(words).toContain(label);
        expect(words).toContain(outcome);
      }
    }
    expect(words).toEqual(
      expect.arrayContaining([
        ...['low cell', 'mid cell', 'high cell', 'half of the weights', 'half of the architecture'],
        ...['Cost that the shares expect: MACs of one image', 'limit 15 M', ...differentiable.operations],
      ]),
    );
    // A polygon an operation and edge, and one a node, of each level.
    expect(svg.match(/<polygon /g)).toHaveLength(3 * (6 * 6 + 3));
    // A line an edge that has rivals.
    expect(svg.match(/<polyline /g)).toHaveLength(3 * 5);
    expect(svg).not.toMatch(/NaN|undefined/);
  });

  it.each([
    ['one node, two operations, one point', { nodes: 1, operations: ['skip', 'conv'], limit: null }, 1],
    ['six nodes, 16 operations', { nodes: 6, operations: manyOperations, limit: 1e9 }, 3],
  ])('draws %s', (_name, wanted, points) => {
    const search = madeUpSearch(wanted).differentiable;
    const svg = courseDrawing({ ...search, course: madeUpCourse(points, wanted) })!;
    expectXml(svg);
    expect(texts(svg).filter((text) => text === '0→1')).toHaveLength(3);
    expect(texts(svg).some((text) => text.startsWith('limit'))).toBe(wanted.limit !== null);
    expect(svg).not.toMatch(/NaN|undefined/);
  });

  it('leaves out what is not finite, and draws nothing of a search that has no course', () => {
    const course = differentiable.course.map((point, i) => (i === 3 ? { ...point, trainLoss: Number.NaN } : point));
    expect(courseDrawing({ ...differentiable, course })).not.toMatch(/NaN/);
    expect(courseDrawing(evolution)).toBeNull();
  });

  it('takes names for text', () => {
    const svg = courseDrawing({ ...differentiable, recipe: '<&">' })!;
    expectXml(svg);
    expect(svg).toContain('&lt;&amp;&quot;&gt;, seed 1');
  });
});
