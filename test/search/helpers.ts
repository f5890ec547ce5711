import fs from 'node:fs';
import path from 'node:path';
import type { Engine } from '../../src/engine/index.js';
import type { Cell } from '../../src/models/index.js';
import type { SearchContext, SearchEvent } from '../../src/search/context.js';
import type { CostTable } from '../../src/search/cost/table.js';
import { parseSearchRecipe, type SearchRecipe, type SearchRecipeInput } from '../../src/search/recipe.js';
import type { SearchSpace } from '../../src/search/space.js';
import { runPath, stripes } from '../train/helpers.js';

/** A search among small networks for stripes (`test/train/helpers.ts`). */
export function stripesSearch(changes: Partial<SearchRecipeInput> = {}): SearchRecipe {
  const normalize = { name: 'normalize', mean: [0.5], std: [0.25] } as const;
  return parseSearchRecipe({
    name: 'stripes',
    training: {
      transforms: { train: [{ name: 'crop', padding: 1 }, normalize], evaluate: [normalize] },
      optimizer: { name: 'adam', learningRate: 0.01 },
      epochs: 4,
      batchSize: 10,
    },
    space: {
      frame: { task: 'classification', stem: [4], widths: [4, 4, 8] },
      nodes: 2,
      operations: ['none', 'skip', 'conv', 'cdc'],
    },
    trial: { epochs: 2 },
    seed: 3,
    ...changes,
  });
}

/** An engine's work on {@link stripesSearch} in a folder that exists; what a network costs is its convolutions. */
export function searchContext(
  engine: Engine,
  recipe: SearchRecipe,
  changes: Partial<SearchContext> = {},
): SearchContext & { readonly events: SearchEvent[] } {
  const folder = changes.folder ?? runPath();
  fs.mkdirSync(folder, { recursive: true });
  const events: SearchEvent[] = [];
  return {
    recipe,
    engine,
    data: { train: stripes(120) },
    input: [8, 8, 1],
    costs: convolutionCosts(recipe.space),
    workers: 0,
    signal: null,
    ...changes,
    folder,
    events,
    emit: (event) => {
      events.push(event);
      changes.emit?.(event);
    },
  };
}

/** A table by which a network costs as much as it has convolutions, and `frame` for all else. */
export function convolutionCosts({ frame: { widths }, operations }: SearchSpace, frame = 0): CostTable {
  const of = (cost: number) => ({ macs: cost, operations: cost, milliseconds: null });
  return {
    input: [8, 8, 1],
    answers: { classes: 2 },
    frame: of(frame),
    levels: widths.map((width, level) => ({
      shape: [8 >> level, 8 >> level, width],
      operations: Object.fromEntries(operations.map((name) => [name, of(['none', 'skip'].includes(name) ? 0 : 1)])),
    })),
  };
}

export function convolutions(cells: readonly Cell[]): number {
  return cells.flatMap(({ nodes }) => nodes).filter(({ operation }) => operation !== 'skip').length;
}

/** A folder as a kill at this moment would leave it. */
export function snapshot(folder: string): string {
  const copy = runPath();
  fs.cpSync(folder, copy, { recursive: true, filter: (file) => path.basename(file) !== 'lock' });
  return copy;
}

interface ListedTrial {
  cells: readonly Cell[];
  seconds: number;
  result: null | { end: string; scores?: number[]; loss?: number; seconds: number };
}

/** candidates.json as it is. */
export function listOf(folder: string): { trials: ListedTrial[] } {
  return JSON.parse(fs.readFileSync(path.join(folder, 'candidates.json'), 'utf8'));
}

/** All that is not a time. */
export function timeless(folder: string): unknown {
  const { trials, ...head } = listOf(folder);
  const without = <T extends { seconds: number }>({ seconds: _, ...rest }: T) => rest;
  return { ...head, trials: trials.map((trial) => ({ ...without(trial), result: trial.result && without(trial.result) })) };
}
