import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.js';
import { type Cell, genotypeText } from '../../src/models/index.js';
import type { SearchEvent } from '../../src/search/context.js';
import { networkText } from '../../src/search/draw.js';
import { evolve, nextCells } from '../../src/search/evolution.js';
import { randomSearch } from '../../src/search/random.js';
import { genotypeOf, randomCells } from '../../src/search/space.js';
import type { Tried } from '../../src/search/try-networks.js';
import { Rng } from '../../src/tensor/rng.js';
import { listOf, searchContext, snapshot, stripesSearch, timeless } from './helpers.js';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.dispose());

const evolution = { candidates: 7, population: 3, sample: 2 };
const recipe = stripesSearch({ evolution, cost: { limit: 5 }, trial: { epochs: 1 } });
const { space } = recipe;

/** Things that differ: operations, sources and outputs. */
function differences(a: readonly Cell[], b: readonly Cell[]): number {
  const parts = (cells: readonly Cell[]) =>
    cells.flatMap(({ nodes, output }) => [...nodes.flatMap((node) => [node.from, node.operation]), output[0]]);
  const others = parts(b);
  return parts(a).filter((part, i) => part !== others[i]).length;
}

describe('evolution', () => {
  it('changes the living in one thing, to networks that are new and within the limit, and takes the best of all', async () => {
    const killed: string[] = [];
    const isMoment = (event: SearchEvent) =>
      (event.kind === 'trial' && event.number === 5) || (event.kind === 'candidate' && event.number === 2);
    const context = searchContext(engine, recipe, {
      emit: (event) => {
        if (isMoment(event)) killed.push(snapshot(context.folder));
      },
    });
    const { candidates, genotype } = await evolve(context);
    const texts = candidates.map((one) => genotypeText(one.genotype));
    expect(new Set(texts).size).toBe(7);
    expect(candidates.every(({ cost, stopped, epochs }) => cost.macs <= 5 && !stopped && epochs === 1)).toBe(true);
    const best = Math.max(...candidates.map(({ score }) => score));
    expect(candidates[texts.indexOf(genotypeText(genotype))]!.score).toBe(best);

    const cells = listOf(context.folder).trials.map((trial) => trial.cells);
    for (const [i, child] of cells.entries()) {
      if (i < 3) continue;
      expect(cells.slice(i - 3, i).map((parent) => differences(parent, child))).toContain(1);
    }

    const first = { ...recipe, random: { ...recipe.random, candidates: 3 } };
    expect((await randomSearch(searchContext(engine, first))).candidates).toEqual(candidates.slice(0, 3));

    expect(killed).toHaveLength(2);
    for (const folder of killed) {
      expect((await evolve(searchContext(engine, recipe, { folder }))).candidates).toEqual(candidates);
      expect(timeless(folder)).toEqual(timeless(context.folder));
    }
  });

  it('ends when the space has no more networks, and says so', async () => {
    const tiny = stripesSearch({
      evolution: { ...evolution, candidates: 9 },
      trial: { epochs: 1 },
      space: { ...space, nodes: 1, operations: ['skip', 'conv'] },
    });
    const context = searchContext(engine, tiny);
    // All eight: those that no single change of the living gives, too.
    expect((await evolve(context)).candidates).toHaveLength(8);
    expect(context.events.at(-1)).toMatchObject({ kind: 'warning', code: 'few-networks' });
  });
});

describe('nextCells', () => {
  const scores = [0.9, 0.3, 0.8, 0.5, 0.8];
  const tried = scores.map((score, i): Tried => {
    const cells = randomCells(space, new Rng(i));
    const cost = { macs: 1, operations: 1, milliseconds: null };
    // Of the two with 0.8 the later has the lower loss.
    return {
      cells,
      scores: [score],
      candidate: { genotype: genotypeOf(space, cells), cost, score, loss: 5 - i, epochs: 1, stopped: false },
    };
  });

  function parentsOf(options: { population: number; sample: number }, draw = 0): Set<number> {
    const parents = new Set<number>();
    for (let seed = 0; seed < 60; seed++) {
      const child = nextCells(space, { candidates: 9, ...options }, { tried, rng: new Rng(seed), draw });
      parents.add(tried.findIndex(({ cells }) => differences(cells, child) === 1));
    }
    return parents;
  }

  it('lets the best die of age, and takes the best of a sample of the others', () => {
    expect(parentsOf({ population: 5, sample: 5 })).toEqual(new Set([0]));
    expect(parentsOf({ population: 4, sample: 4 })).toEqual(new Set([4]));
    // Of any two of the youngest three, 0.5 is never the best.
    expect(parentsOf({ population: 3, sample: 2 })).toEqual(new Set([2, 4]));
    expect(parentsOf({ population: 3, sample: 1 })).toEqual(new Set([2, 3, 4]));
  });

  it('draws by chance while the population is not complete', () => {
    const options = { candidates: 9, population: 6, sample: 1 };
    const cells = nextCells(space, options, { tried, rng: new Rng(8), draw: 0 });
    expect(networkText(space, cells)).toBe(networkText(space, randomCells(space, new Rng(8))));
  });

  it('changes more at a time when one change has led to nothing for long', () => {
    const distances = (draw: number) =>
      Array.from({ length: 40 }, (_, seed) => {
        const options = { candidates: 9, population: 4, sample: 4 };
        return differences(tried[4]!.cells, nextCells(space, options, { tried, rng: new Rng(seed), draw }));
      });
    expect(Math.max(...distances(99))).toBe(1);
    expect(Math.max(...distances(100))).toBe(2);
  });
});
