import { ConfigError } from '../errors.js';
import type { Cell } from '../models/index.js';
import type { Rng } from '../tensor/rng.js';
import type { SearchContext, StrategyOutcome } from './context.js';
import { drawNew, mostDraws, networkText } from './draw.js';
import type { SearchRecipe } from './recipe.js';
import type { Candidate } from './result.js';
import { genotypeOf, type SearchSpace } from './space.js';
import { removeCheckpoints, trainTrial } from './trial.js';
import { readTrials, type Trial, type TriedStrategy, writeTrials } from './trial-list.js';

/** A network that was trained, for what decides about others. */
export interface Tried {
  /** Nothing pruned: what a mutation changes. */
  readonly cells: readonly Cell[];
  readonly candidate: Candidate;
  /** One an epoch. */
  readonly scores: readonly number[];
}

export interface TryOptions {
  readonly strategy: TriedStrategy;
  /** Networks to try. */
  readonly count: number;
  /** Epochs of all trainings together: no network is begun that might go beyond; null: no bound. */
  readonly epochs?: number | null;
  /** The next network, by chance; asked again, with `draw` one higher, while it gives none that is new and within the limit. */
  readonly propose: (tried: readonly Tried[], rng: Rng, draw: number) => readonly Cell[];
  /** Whether a network of these scores is given up after the epoch of the last of them. */
  readonly isHopeless: (scores: readonly number[], tried: readonly Tried[]) => boolean;
}

/**
 * Draws networks and trains them, one after the other, and keeps what came of each in the folder: there a search that was interrupted or killed goes on,
 * and comes to what it would have come to. The best is that of the highest score among those that were trained to the end; of equals, that of the lower
 * loss, then the earlier. A network that diverges counts as one of `count`, but is no candidate.
 * @throws ConfigError when no network is within the limit, or all diverge; FormatError when the folder's list is damaged or cannot be written; as
 *   `train`; the reason of the context's signal when that is aborted
 */
export async function tryNetworks(context: SearchContext, options: TryOptions): Promise<StrategyOutcome> {
  const { strategy, count, epochs = null, propose, isHopeless } = options;
  const { recipe, signal, emit } = context;
  const { space } = recipe;
  const trials = await readTrials(context, strategy);
  const seen = new Set(trials.map(({ cells }) => networkText(space, cells)));
  for (let number = 1; number <= count; number++) {
    signal?.throwIfAborted();
    const tried = triedAmong(space, trials.slice(0, number - 1));
    if (epochs !== null && number > 1 && spentEpochs(recipe, trials.slice(0, number - 1)) + recipe.trial.epochs > epochs) break;
    let trial = trials[number - 1];
    if (!trial) {
      const drawn = drawNew(context, number, seen, (rng, draw) => propose(tried, rng, draw));
      if (!drawn) {
        emit({ kind: 'warning', code: 'few-networks', text: fewNetworks(number - 1, count) });
        break;
      }
      seen.add(networkText(space, drawn.cells));
      trial = await note(context, strategy, trials, number, { ...drawn, result: null });
    }
    if (!trial.result) {
      const genotype = genotypeOf(space, trial.cells);
      const hopeless = (scores: readonly number[]) => isHopeless(scores, tried);
      const result = await trainTrial(context, { number, of: count, genotype, isHopeless: hopeless });
      trial = await note(context, strategy, trials, number, { ...trial, result });
      tell(context, trial, number, count);
    }
    removeCheckpoints(context, number);
  }
  return outcomeOf(space, trials.slice(0, count));
}

/** Of several the best. @throws ConfigError when there is none */
export function bestOf<T extends { readonly candidate: Candidate }>(tried: readonly T[]): T {
  const [first, ...others] = tried;
  if (!first) throw new ConfigError('training.optimizer', 'every network diverged: lower the learning rate, or clip gradients.');
  return others.reduce((best, other) => (isBetter(other.candidate, best.candidate) ? other : best), first);
}

function isBetter(candidate: Candidate, best: Candidate): boolean {
  return candidate.score === best.score ? candidate.loss < best.loss : candidate.score > best.score;
}

/** One that diverged counts as trained to the end. */
function spentEpochs({ trial }: SearchRecipe, trials: readonly Trial[]): number {
  return trials.reduce((sum, { result }) => sum + (result && result.end !== 'diverged' ? result.scores.length : trial.epochs), 0);
}

function triedAmong(space: SearchSpace, trials: readonly Trial[]): Tried[] {
  return trials.flatMap(({ cells, cost, result }) => {
    if (!result || result.end === 'diverged') return [];
    const { scores, loss, end } = result;
    const genotype = genotypeOf(space, cells);
    const candidate = { genotype, cost, score: scores.at(-1)!, loss, epochs: scores.length, stopped: end === 'stopped' };
    return [{ cells, candidate, scores }];
  });
}

/** Puts a trial at its place in the list, in the folder too. */
async function note(
  context: SearchContext,
  strategy: TriedStrategy,
  trials: Trial[],
  number: number,
  trial: Trial,
): Promise<Trial> {
  trials[number - 1] = trial;
  await writeTrials(context, strategy, trials);
  return trial;
}

function tell({ recipe, emit }: SearchContext, trial: Trial, number: number, of: number): void {
  const [tried] = triedAmong(recipe.space, [trial]);
  if (tried) emit({ kind: 'candidate', number, of, candidate: tried.candidate });
  else if (trial.result?.end === 'diverged') {
    const { step, layer } = trial.result;
    const text = `Network ${number} diverged in step ${step} (${layer}): it counts as tried, and cannot be chosen.`;
    emit({ kind: 'warning', code: 'diverged', text });
  }
}

function fewNetworks(found: number, count: number): string {
  return (
    `${mostDraws} draws gave no other network within the limit: the search ends with ${found} in place of ${count}. ` +
    'Raise the limit, or give the space more operations or nodes.'
  );
}

function outcomeOf(space: SearchSpace, trials: readonly Trial[]): StrategyOutcome {
  const tried = triedAmong(space, trials);
  // One that was given up was judged at another age.
  const { candidate } = bestOf(tried.filter(({ candidate: { stopped } }) => !stopped));
  const seconds = trials.reduce((sum, { seconds, result }) => sum + seconds + (result?.seconds ?? 0), 0);
  return { genotype: candidate.genotype, seconds, candidates: tried.map((one) => one.candidate), course: [] };
}
