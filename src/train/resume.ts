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
  const before = flatten(checkpoint.recipe, '');
  const now = flatten(current.recipe, '');
  for (const key of [...before.keys(), ...now.keys()]) {
    if (free.some((prefix) => key === prefix || key.startsWith(`${prefix}.`))) continue;
    expectSame(checkpoint, key, before.get(key) ?? 'nothing', now.get(key) ?? 'nothing');
  }
  expectSame(checkpoint, 'classes', checkpoint.classes.join(', '), current.classes.join(', '));
  expectSame(checkpoint, 'input', checkpoint.input.join('x'), current.input.join('x'));
  for (const part of ['train', 'validation'] as const) {
    expectSame(checkpoint, `images.${part}`, String(checkpoint.images[part]), String(current.images[part]));
  }
}

function expectSame({ path }: Checkpoint, key: string, before: string, now: string): void {
  if (before === now) return;
  throw new ConfigError(
    key,
    `is ${now}, but the run of ${path} began with ${before}. Go on with that, or start another run in a folder of its own.`,
  );
}

/** The recipe that a run began with: its last checkpoint's, or while there is none its config.json's; null for neither. */
export async function recipeOfRun(run: RunFolder): Promise<Recipe | null> {
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
