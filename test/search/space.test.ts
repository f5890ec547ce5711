import { describe, expect, it } from 'vitest';
import type { Cell } from '../../src/models/index.js';
import { edgesOf, genotypeOf, keptOperations, mutatedCells, parseSpace, randomCells } from '../../src/search/space.js';
import { Rng } from '../../src/tensor/rng.js';

const space = parseSpace({
  frame: { task: 'classification', stem: [4], widths: [4, 4, 8] },
  nodes: 3,
  operations: ['none', 'skip', 'conv', 'binary'],
});

const lowOf = (cell: Cell) => genotypeOf(space, [cell, cell, cell]).cells[0];

describe('genotypeOf', () => {
  it('leaves out what the output does not depend on, and what hands on another node as it is', () => {
    const conv = { nodes: [{ from: 0, operation: 'conv' }], output: [1] };
    const node = (from: number, operation: string) => ({ from, operation });
    expect(lowOf({ nodes: [node(0, 'binary'), node(0, 'conv')], output: [2] })).toEqual(conv);
    expect(lowOf({ nodes: [node(0, 'skip'), node(1, 'conv'), node(2, 'skip')], output: [3] })).toEqual(conv);
    expect(lowOf({ nodes: [node(0, 'skip'), node(1, 'skip')], output: [2] })).toEqual({ nodes: [node(0, 'skip')], output: [1] });
    const twice = { nodes: [node(0, 'conv'), node(1, 'binary')], output: [2] };
    expect(lowOf({ nodes: [node(0, 'conv'), node(1, 'skip'), node(2, 'binary')], output: [3] })).toEqual(twice);
    // A sum of a node and what hands it on is twice that node.
    expect(lowOf({ nodes: [node(0, 'conv'), node(1, 'skip')], output: [1, 2] })).toMatchObject({ output: [1, 2] });
  });
});

describe('networks by chance', () => {
  it('are of the space, and hold all that it offers', () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      for (const { nodes, output } of randomCells(space, new Rng(seed))) {
        expect(nodes).toHaveLength(3);
        for (const [i, { from, operation }] of nodes.entries()) {
          expect(from).toBeLessThanOrEqual(i);
          seen.add(operation).add(`${from} to ${i + 1}`);
        }
        seen.add(`output ${output[0]}`);
      }
    }
    expect(seen.size).toBe(keptOperations(space).length + edgesOf(3).length + 3);
    expect(seen.has('none')).toBe(false);
  });

  it('change in one thing', () => {
    const cells = randomCells(space, new Rng(1));
    for (let seed = 0; seed < 100; seed++) {
      const changed = mutatedCells(space, cells, new Rng(seed));
      const things = (all: readonly Cell[]) =>
        all.flatMap(({ nodes, output }) => [...nodes.flatMap((node) => [node.from, node.operation]), output[0]]);
      const before = things(cells);
      expect(things(changed).filter((thing, i) => thing !== before[i])).toHaveLength(1);
    }
  });
});
