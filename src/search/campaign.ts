import fs from 'node:fs';
import nodePath from 'node:path';
import { createEngine } from '../engine/index.js';
import { writeFileAtomic } from '../formats/file.js';
import type { TrainEvent } from '../train/events.js';
import { compare } from './compare.js';
import type { CostTable } from './cost/table.js';
import { parseSearchRecipe, type SearchRecipe } from './recipe.js';
import { type Comparison, type SearchResult, type Strategy, strategies } from './result.js';
import { placeOf, type SearchOptions, search } from './search.js';
import { readSearchConfig, readSearchResult } from './search-folder.js';

export interface CampaignOptions extends Omit<SearchOptions, 'strategy' | 'costs'> {
  /** Of the searches; of each strategy one with each seed. The recipe's and the next unless given. */
  readonly seeds?: readonly number[];
  /** Of the trainings from scratch; the recipe's unless given. */
  readonly trainingSeeds?: readonly number[];
  /** Told when a search, or a training, begins. */
  readonly onPart?: (part: CampaignPart) => void;
  readonly onTraining?: (event: TrainEvent) => void;
}

/** A part of a campaign: they are done in turn. */
export interface CampaignPart {
  readonly kind: 'search' | 'training';
  readonly name: string;
  readonly number: number;
  readonly of: number;
}

/** What all searches of a campaign came to. */
export interface CampaignOutcome {
  readonly comparison: Comparison;
  readonly results: readonly SearchResult[];
}

/**
 * Searches by every strategy with every seed, each with the same budget and the same costs, then trains what they found and the networks made by hand
 * from scratch, by one recipe, and says which is best. Searches lie in `FOLDER/STRATEGY-SEED`, trainings in `FOLDER/trained`; a campaign that was stopped
 * goes on with `resume`.
 * @throws as `search` and `compare`
 */
export async function searchAndCompare(options: CampaignOptions): Promise<CampaignOutcome> {
  const { folder, signal = null, resume = false } = options;
  const recipe = parseSearchRecipe(options.recipe);
  const { seeds = [recipe.seed, recipe.seed + 1], trainingSeeds = [recipe.seed] } = options;
  const searches = strategies.flatMap((strategy) => seeds.map((seed) => ({ strategy, seed })));
  const results: SearchResult[] = [];
  let costs: CostTable | undefined;
  for (const [i, { strategy, seed }] of searches.entries()) {
    const place = nodePath.join(folder, `${strategy}-${seed}`);
    options.onPart?.({ kind: 'search', name: `${strategy}, seed ${seed}`, number: i + 1, of: searches.length });
    results.push(await searchOnce({ ...options, costs }, { ...recipe, seed }, strategy, place, resume));
    costs ??= readSearchConfig(place).costs;
  }
  const engine = await createEngine({ ...options.engine, memoryLimit: recipe.memoryLimit * 2 ** 20 });
  try {
    const { data, input } = await placeOf(recipe, options.data);
    const comparison = await compare({
      ...{ recipe, engine, data, input, costs: costs!, results, seeds: trainingSeeds, signal },
      folder: nodePath.join(folder, 'trained'),
      onTraining: (training) => options.onPart?.({ kind: 'training', ...training }),
      onEvent: options.onTraining,
    });
    await writeFileAtomic(nodePath.join(folder, 'comparison.json'), Buffer.from(`${JSON.stringify(comparison, null, 2)}\n`));
    return { comparison, results };
  } finally {
    engine.dispose();
  }
}

/** Whether a campaign was ever started in `folder`. */
export function holdsCampaign(folder: string): boolean {
  const names = fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  return names.some((name) => strategies.some((strategy) => name.startsWith(`${strategy}-`)));
}

/** A search that is done is not done again. */
async function searchOnce(
  options: SearchOptions,
  recipe: SearchRecipe,
  strategy: Strategy,
  folder: string,
  resume: boolean,
): Promise<SearchResult> {
  const done = resume ? readSearchResult(folder) : null;
  if (done) return done;
  return search({ ...options, recipe, strategy, folder, resume: resume && fs.existsSync(nodePath.join(folder, 'config.json')) });
}
