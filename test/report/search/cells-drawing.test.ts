import { describe, expect, it } from 'vitest';
import { type Cell, cdcnppGenotype, type Genotype, plainGenotype, usedNodes } from '../../../src/models/index.js';
import { layOutCell } from '../../../src/report/search/cell-layout.js';
import { cellsDrawing } from '../../../src/report/search/cells-drawing.js';
import { familyOf } from '../../../src/report/search/family.js';
import { Rng } from '../../../src/tensor/rng.js';
import { expectXml } from '../xml.js';
import { madeUpGenotype, madeUpSpace, manyOperations } from './made-up.js';

function randomCell(rng: Rng): Cell {
  const count = 1 + rng.integer(16);
  const nodes = Array.from({ length: count }, (_, i) => ({ from: rng.integer(i + 1), operation: 'cdc' }));
  return { nodes, output: [1 + rng.integer(count)] };
}

const chain = (operation: string, length: number): Cell => ({
  nodes: Array.from({ length }, (_, from) => ({ from, operation })),
  output: [length],
});

const texts = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text!);

describe('the layout of a cell', () => {
  it('puts every node a column behind the one that it reads, and nothing onto a line or onto another node', () => {
    const rng = new Rng(1);
    for (let round = 0; round < 200; round++) {
      const cell = randomCell(rng);
      const places = layOutCell(cell);
      expect(places).toHaveLength(cell.nodes.length + 1);
      expect(new Set(places.map(({ column, row }) => `${column} ${row}`)).size).toBe(places.length);
      for (const [i, { from }] of cell.nodes.entries()) {
        const [start, end] = [places[from]!, places[i + 1]!];
        expect(end.column).toBe(start.column + 1);
        expect(end.row).toBeGreaterThanOrEqual(start.row);
        // The line goes down in the column of its start, and then right.
        const crossed = places.filter(({ column, row }) => column === start.column && row > start.row && row <= end.row);
        expect(crossed).toEqual([]);
      }
    }
  });

  it('keeps what the output depends on in the first row where it is one chain', () => {
    const cell: Cell = {
      nodes: [
        { from: 0, operation: 'conv' },
        { from: 0, operation: 'cdc' },
        { from: 2, operation: 'skip' },
      ],
      output: [3],
    };
    expect(layOutCell(cell).map(({ row }) => row)).toEqual([0, 1, 0, 0]);
  });
});

describe('the picture of cells', () => {
  it('shows nodes, operations, outputs and the frame of CDCN++', () => {
    const svg = cellsDrawing(cdcnppGenotype, 'CDCN++');
    expectXml(svg);
    expect(texts(svg)).toEqual(
      expect.arrayContaining([
        ...['CDCN++', 'low cell, 128 channels', 'mid cell, 128 channels', 'high cell, 128 channels'],
        ...['cdc', 'cdc_2_1.2', 'cdc_2_1.4', 'cdc_2_1.6', 'output: node 1', 'output: node 2'],
        'stem: 3x3 convolutions to 64, 128 channels',
        'max pool 3x3, stride 2, and to the head through 7x7 spatial attention',
        'max pool 3x3, stride 2, and to the head through 5x5 spatial attention',
        'max pool 3x3, stride 2, to the head through 3x3 spatial attention',
        'head: the three levels at the size of the map, side by side (384 channels)',
      ]),
    );
    expect(svg).toContain('<title>node 2: cdc_2_1.4 of node 1</title>');
    // Of the legend, only what is there.
    expect(texts(svg)).toContain('central difference');
    expect(texts(svg)).not.toContain('plain');
    expect(svg).toContain('prefers-color-scheme:dark');
  });

  it('says where a network that classifies changes its width, and how it ends', () => {
    const words = texts(cellsDrawing(plainGenotype));
    expect(words).toContain('stem: a 3x3 convolution to 16 channels');
    expect(words.filter((text) => text === 'max pool 3x3, stride 2')).toHaveLength(2);
    expect(words.filter((text) => text.startsWith('entry: '))).toEqual([
      'entry: a 3x3 convolution to 32 channels',
      'entry: a 3x3 convolution to 64 channels',
    ]);
    expect(words).toContain('head: mean over the image, linear layer to the classes');
  });

  it.each([1, 6])('draws cells of %i nodes with all kinds of operations', (nodes) => {
    for (let seed = 0; seed < 5; seed++) {
      const genotype = madeUpGenotype(madeUpSpace(nodes, manyOperations, 'depth-map'), seed);
      const svg = cellsDrawing(genotype);
      expectXml(svg);
      const edges = [...svg.matchAll(/<title>node (\d+): (\S+) of node (\d+)(, not used)?<\/title>/g)];
      const wanted = genotype.cells.flatMap((cell) =>
        cell.nodes.map(({ from, operation }, i) => [`${i + 1}`, operation, `${from}`, !usedNodes(cell).includes(i + 1)]),
      );
      expect(edges.map(([, node, operation, from, unused]) => [node, operation, from, unused !== undefined])).toEqual(wanted);
    }
  });

  it('is wide enough for six long names in a row, and as wide as that needs', () => {
    const genotype: Genotype = { ...cdcnppGenotype, cells: [chain('cdc_2_1.6@0.3', 6), chain('cdc', 1), chain('skip', 1)] };
    const width = Number(/ width="(\d+)"/.exec(cellsDrawing(genotype))![1]);
    expect(width).toBeGreaterThan(6 * 13 * 7);
    expect(width).toBeLessThan(1000);
  });

  it('tells the sum of several outputs, and takes a title for text', () => {
    const genotype: Genotype = {
      ...cdcnppGenotype,
      cells: [{ ...chain('cdc', 3), output: [3, 1] }, chain('cdc', 1), chain('cdc', 1)],
    };
    const svg = cellsDrawing(genotype, '<b>"&"</b>');
    expectXml(svg);
    expect(texts(svg)).toContain('output: the sum of nodes 1, 3');
    expect(svg).toContain('&lt;b&gt;&quot;&amp;&quot;&lt;/b&gt;');
  });
});

describe('familyOf', () => {
  it.each([
    ['conv', 'plain'],
    ['conv@0.3', 'central difference'],
    ['cdc_2_1.6', 'central difference'],
    ['cdc@0', 'plain'],
    ['binary@0.7', '1-bit'],
    ['dynamic', 'dynamic'],
    ['skip', 'skip'],
    ['none', 'none'],
  ])('%s is of the family %s', (name, family) => expect(familyOf(name)).toBe(family));
});
