import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { ConfigError, FormatError } from '../errors.js';
import { readFileChecked, writeFileAtomic } from '../formats/file.js';
import { genotypeSchema } from '../models/genotype.js';
import type { SearchContext } from './context.js';
import type { Drawn } from './draw.js';
import { strategies } from './result.js';
import { keptOperations } from './space.js';

/*
 * candidates.json in the folder of a search: the networks that it drew, in their order, and what came of each. Written when one is drawn and again when
 * it is trained, so that a search that was killed goes on with the very network that it was at, even where costs are measured and vary.
 */

const format = 'gossamer-candidates';
const seconds = z.number().min(0);

const resultSchema = z.discriminatedUnion('end', [
  z.strictObject({
    /** `stopped`: given up before its time. */
    end: z.enum(['finished', 'stopped']),
    /** One an epoch. */
    scores: z.array(z.number()).min(1),
    /** On the half that is held out, after the last of these epochs. */
    loss: z.number(),
    seconds,
  }),
  /** In that step something became NaN or infinite, first in that layer. */
  z.strictObject({ end: z.literal('diverged'), step: z.int().min(0), layer: z.string(), seconds }),
]);

const trialSchema = z.strictObject({
  /** Nothing pruned: what a mutation changes. */
  cells: genotypeSchema.shape.cells,
  cost: z.strictObject({ macs: z.number(), operations: z.number(), milliseconds: z.number().nullable() }),
  /** Spent on drawing it. */
  seconds,
  /** Null: not done yet. */
  result: resultSchema.nullable(),
});

const listSchema = z.strictObject({
  format: z.literal(format),
  version: z.literal(1),
  strategy: z.enum(strategies),
  seed: z.int(),
  trials: z.array(trialSchema),
});

export type TrialResult = z.output<typeof resultSchema>;
export interface Trial extends Drawn {
  /** Null: not done yet. */
  readonly result: TrialResult | null;
}
export type TriedStrategy = 'random' | 'evolution';

export function trialListFile({ folder }: SearchContext): string {
  return path.join(folder, 'candidates.json');
}

/**
 * The networks that the search in the folder drew so far; none where there is no list yet.
 * @throws FormatError with reason `bad-candidates` for a list that was damaged; ConfigError for that of another search
 */
export async function readTrials(context: SearchContext, strategy: TriedStrategy): Promise<Trial[]> {
  const file = trialListFile(context);
  if (!fs.existsSync(file)) return [];
  const list = listSchema.safeParse(parseJson(file, await readFileChecked(file)));
  if (!list.success) {
    const { path: place, message } = list.error.issues[0]!;
    throw damaged(file, `"${place.join('.')}" is wrong (${message})`, list.error);
  }
  const { trials, ...head } = list.data;
  const now = { strategy, seed: context.recipe.seed };
  for (const key of ['strategy', 'seed'] as const) {
    if (head[key] === now[key]) continue;
    const detail = `is ${now[key]}, but the search of ${file} began with ${head[key]}. Go on with that, or search in another folder.`;
    throw new ConfigError(key, detail);
  }
  for (const [i, trial] of trials.entries()) {
    const problem = problemOf(trial, i === trials.length - 1, context);
    if (problem !== null) throw damaged(file, `"trials.${i}" ${problem}`);
  }
  return trials;
}

/** Replaces the list as a whole. @throws FormatError with reason `not-writable` */
export async function writeTrials(context: SearchContext, strategy: TriedStrategy, trials: readonly Trial[]): Promise<void> {
  const list = { format, version: 1, strategy, seed: context.recipe.seed, trials };
  await writeFileAtomic(trialListFile(context), Buffer.from(`${JSON.stringify(list, null, 1)}\n`));
}

function parseJson(file: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw damaged(file, `it is not JSON (${(cause as Error).message})`, cause);
  }
}

/** What a trial of this search cannot be; null for nothing. */
function problemOf({ cells, result }: Trial, isLast: boolean, { recipe }: SearchContext): string | null {
  const { space, trial } = recipe;
  const names = new Set(keptOperations(space).map(({ name }) => name));
  const isOfSpace = cells.every(
    ({ nodes, output }) =>
      nodes.length === space.nodes && output.length === 1 && nodes.every(({ operation }) => names.has(operation)),
  );
  if (!isOfSpace) return 'has cells that are not of the space';
  if (result === null) return isLast ? null : 'has no result, but others come after it';
  if (result.end === 'diverged') return null;
  const isOfLength = result.end === 'finished' ? result.scores.length === trial.epochs : result.scores.length < trial.epochs;
  return isOfLength ? null : `is ${result.end} after ${result.scores.length} epochs, where a trial has ${trial.epochs}`;
}

function damaged(file: string, detail: string, cause?: unknown): FormatError {
  const advice = 'Nothing was changed: put back a copy of the file, or search in another folder.';
  return new FormatError(file, 'bad-candidates', `is not the list of a search's networks: ${detail}. ${advice}`, { cause });
}
