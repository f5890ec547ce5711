import fs from 'node:fs';
import nodePath from 'node:path';
import { z } from 'zod';
import { ConfigError, FormatError } from '../errors.js';
import { writeFileAtomic } from '../formats/file.js';
import { genotypeSchema } from '../models/genotype.js';
import { type Lock, takeLock } from '../train/lock.js';
import type { Recipe } from '../train/recipe.js';
import type { CostTable } from './cost/table.js';
import { parseSearchRecipe, type SearchRecipe } from './recipe.js';
import { type SearchResult, type Strategy, strategies } from './result.js';

const side = z.int().min(1);

const networkCost = z.strictObject({ macs: z.number(), operations: z.number(), milliseconds: z.number().nullable() });

const costTable = z.strictObject({
  input: z.tuple([side, side, side]),
  answers: z.union([z.strictObject({ classes: side }), z.strictObject({ mapSize: side })]),
  frame: networkCost,
  levels: z.array(z.strictObject({ shape: z.array(side), operations: z.record(z.string(), networkCost) })),
});

const configSchema = z.object({
  strategy: z.enum(strategies),
  recipe: z.unknown(),
  /** What networks are made of costs: measured times too, which another machine or another day would not repeat. */
  costs: costTable,
});

/** What a comparison takes from a result. */
const resultSchema = z.looseObject({
  strategy: z.enum(strategies),
  seed: z.int(),
  seconds: z.number(),
  genotype: genotypeSchema,
});

/** What a search began with: all that decides its numbers. */
export interface SearchConfig {
  readonly strategy: Strategy;
  readonly recipe: SearchRecipe;
  readonly costs: CostTable;
}

/**
 * The folder of a search: what it began with (config.json), where it stands (search.safetensors, or trials.json and trials/), what came out
 * (genotype.json, recipe.json, result.json). Files appear as a whole. One process at a time.
 */
export class SearchFolder {
  readonly config: string;
  readonly genotype: string;
  readonly training: string;
  readonly result: string;

  private constructor(
    readonly path: string,
    private readonly lock: Lock,
  ) {
    this.config = nodePath.join(path, 'config.json');
    this.genotype = nodePath.join(path, 'genotype.json');
    this.training = nodePath.join(path, 'recipe.json');
    this.result = nodePath.join(path, 'result.json');
  }

  /**
   * Makes the folder, or opens that of a search to go on with (`resume`), and locks it until `close`.
   * @throws ConfigError when it holds something already and `resume` is not set, when there is no search to resume, or when another process works there
   */
  static open(folder: string, { resume = false }: { readonly resume?: boolean } = {}): SearchFolder {
    expectSearch(folder, resume);
    try {
      fs.mkdirSync(folder, { recursive: true });
    } catch (cause) {
      throw new ConfigError('out', `the folder ${folder} cannot be made (${(cause as Error).message}).`, { cause });
    }
    const lock = takeLock(folder);
    try {
      // Another process may have begun a search since we looked.
      expectSearch(folder, resume);
    } catch (error) {
      lock.release();
      throw error;
    }
    return new SearchFolder(folder, lock);
  }

  writeConfig(config: SearchConfig): Promise<void> {
    return writeJson(this.config, config);
  }

  /** @param training the recipe that trains the network from scratch */
  async writeResult(result: SearchResult, training: Recipe): Promise<void> {
    await writeJson(this.genotype, result.genotype);
    await writeJson(this.training, training);
    await writeJson(this.result, result);
  }

  /** Ends the lock. */
  close(): void {
    this.lock.release();
  }
}

/** Whether a search, or a training, was ever started in `folder`. */
function expectSearch(folder: string, resume: boolean): void {
  const present = fs.existsSync(nodePath.join(folder, 'config.json'));
  if (resume && !present)
    throw new ConfigError('out', `there is no search in ${folder} to go on with. Leave out --resume to start one.`);
  if (!resume && present) {
    throw new ConfigError('out', `${folder} holds a run already. Go on with it (--resume), or write to another folder (--out).`);
  }
}

/** What the search in a folder began with. @throws FormatError with reason `bad-config` */
export function readSearchConfig(folder: string): SearchConfig {
  const file = nodePath.join(folder, 'config.json');
  try {
    const { recipe, ...config } = configSchema.parse(JSON.parse(fs.readFileSync(file, 'utf8')));
    return { ...config, recipe: parseSearchRecipe(recipe) };
  } catch (cause) {
    const detail = `does not say what the search began with (${(cause as Error).message}). Start another search (--out).`;
    throw new FormatError(file, 'bad-config', detail, { cause });
  }
}

/** The result of a search that is finished; null of one that is not. @throws FormatError with reason `bad-result` */
export function readSearchResult(folder: string): SearchResult | null {
  const file = nodePath.join(folder, 'result.json');
  if (!fs.existsSync(file)) return null;
  try {
    const result: unknown = JSON.parse(fs.readFileSync(file, 'utf8'));
    resultSchema.parse(result);
    return result as SearchResult;
  } catch (cause) {
    throw new FormatError(
      file,
      'bad-result',
      `holds no result (${(cause as Error).message}): remove it, and the search ends anew.`,
      { cause },
    );
  }
}

function writeJson(file: string, value: object): Promise<void> {
  return writeFileAtomic(file, Buffer.from(`${JSON.stringify(value, null, 2)}\n`));
}
