import fs from 'node:fs';
import { ConfigError, FormatError } from '../errors.js';
import { type Checkpoint, type CheckpointMetadata, readCheckpoint } from './checkpoint.js';
import { parseRecipe, type Recipe } from './recipe.js';
import type { RunFolder } from './run-folder.js';

/** What may change between two parts of a run: nothing that decides a number. */
const free = ['name', 'description', 'checkpoint', 'data.source'];

/**
 * Resuming gives what the run would have given had it never stopped, so recipe, network and images must be the same.
 * @throws ConfigError that names the first difference
 */
export function expectSameRun(
  checkpoint: Checkpoint,
  current: Pick<CheckpointMetadata, 'recipe' | 'classes' | 'images' | 'input'>,
): void {
  const difference = recipeDifference(checkpoint.recipe, current.recipe);
  if (difference) expectSame(checkpoint, difference.key, difference.before, difference.now);
  expectSame(checkpoint, 'classes', checkpoint.classes.join(', '), current.classes.join(', '));
  expectSame(checkpoint, 'input', checkpoint.input.join('x'), current.input.join('x'));
  for (const part of ['train', 'validation'] as const) {
    expectSame(checkpoint, `images.${part}`, String(checkpoint.images[part]), String(current.images[part]));
  }
}

/** The first value that decides a number and is not the same in both, as JSON; null when the recipes train alike. */
export function recipeDifference(
  beforeRecipe: Recipe,
  nowRecipe: Recipe,
): { readonly key: string; readonly before: string; readonly now: string } | null {
  const before = flatten(beforeRecipe, '');
  const now = flatten(nowRecipe, '');
  for (const key of [...before.keys(), ...now.keys()]) {
    if (free.some((prefix) => key === prefix || key.startsWith(`${prefix}.`))) continue;
    const values = { before: before.get(key) ?? 'nothing', now: now.get(key) ?? 'nothing' };
    if (values.before !== values.now) return { key, ...values };
  }
  return null;
}

function expectSame({ path }: Checkpoint, key: string, before: string, now: string): void {
  if (before === now) return;
  throw new ConfigError(
    key,
    `is ${now}, but the run of ${path} began with ${before}. Go on with that, or start another run in a folder of its own.`,
  );
}

/** The recipe that a run began with: its last checkpoint's, or while there is none its config.json's; null for neither. */
export async function recipeOfRun(run: Pick<RunFolder, 'hasCheckpoint' | 'last' | 'config'>): Promise<Recipe | null> {
  if (run.hasCheckpoint) return (await readCheckpoint(run.last)).recipe;
  if (!fs.existsSync(run.config)) return null;
  try {
    const { recipe } = JSON.parse(fs.readFileSync(run.config, 'utf8')) as { readonly recipe?: unknown };
    return parseRecipe(recipe);
  } catch (cause) {
    const detail = `does not say what the run began with (${(cause as Error).message}). Start another run (--out).`;
    throw new FormatError(run.config, 'bad-config', detail, { cause });
  }
}

/** Leaves of plain data, as JSON, by dotted path. */
function flatten(value: unknown, path: string): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[path, JSON.stringify(value)]]);
  return new Map(Object.entries(value).flatMap(([key, inner]) => [...flatten(inner, path ? `${path}.${key}` : key)]));
}
