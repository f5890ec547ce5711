import { ConfigError } from '../../errors.js';
import {
  bonafideClass,
  type Confidence,
  type CurvePoint,
  confidenceOf,
  countClasses,
  curvePoints,
  type IntervalOptions,
  named,
  type Presentation,
  type Ranking,
  type Rates,
  rank,
  ratesAt,
} from '../../metrics/attack-detection/index.js';
import { didYouMean } from '../../nearest.js';
import type { DetectorScore, ScoreFile } from '../scores/index.js';

/** How many presentations there are, answered or not. */
export interface Counts {
  readonly presentations: number;
  readonly bonafide: number;
  readonly attacks: number;
  /** Attacks by species. */
  readonly species: Readonly<Record<string, number>>;
  /** Presentations without an answer: failures to acquire. */
  readonly unanswered: { readonly bonafide: number; readonly attacks: number };
  /** Null where they are not known. */
  readonly subjects: number | null;
}

export interface Judgement {
  readonly counts: Counts;
  readonly rates: Rates;
  readonly confidence: Confidence;
}

/** The scores of one file, judged at one threshold. */
export interface SetEvaluation extends Judgement {
  readonly file: string;
  readonly sha256: string;
  /** The same of each group, by the value of its column; null when no column was asked for. */
  readonly groups: { readonly column: string; readonly values: Readonly<Record<string, Judgement>> } | null;
  readonly scores: readonly DetectorScore[];
}

export interface JudgingOptions extends IntervalOptions {
  /** Column whose values tell groups apart. */
  readonly by?: string;
}

/** @throws ConfigError of key `threshold` for NaN, and `by` for a column that is not in the file */
export function judgeScores(
  { file, sha256, scores, extraColumns }: ScoreFile,
  threshold: number,
  options: JudgingOptions,
): SetEvaluation {
  const { by } = options;
  if (by !== undefined && !extraColumns.includes(by)) {
    const there = extraColumns.length > 0 ? `further columns are ${extraColumns.join(', ')}` : 'it has no further columns';
    throw new ConfigError('by', `${file} has no column "${by}": ${there}.${didYouMean(by, extraColumns)}`);
  }
  return {
    file,
    sha256,
    ...judge(scores, threshold, options),
    groups: by === undefined ? null : { column: by, values: judgeGroups(scores, by, threshold, options) },
    scores,
  };
}

/** Groups in the order of their names; without a value is a group too. */
function judgeGroups(
  scores: readonly DetectorScore[],
  by: string,
  threshold: number,
  options: IntervalOptions,
): Record<string, Judgement> {
  const groups = new Map<string, DetectorScore[]>();
  for (const score of scores) {
    const group = groups.get(score.extra[by]!);
    if (group) group.push(score);
    else groups.set(score.extra[by]!, [score]);
  }
  const names = [...groups.keys()].sort();
  return Object.fromEntries(names.map((name) => [name, judge(groups.get(name)!, threshold, options)]));
}

function judge(scores: readonly DetectorScore[], threshold: number, options: IntervalOptions): Judgement {
  const ranking = rankScores(scores);
  return { counts: countsOf(ranking), rates: ratesAt(ranking, threshold), confidence: confidenceOf(ranking, threshold, options) };
}

export function rankScores(scores: readonly DetectorScore[]): Ranking {
  return rank(scores.map((line): Presentation => ({ species: line.attackType, score: line.score, subject: subjectOf(line) })));
}

/**
 * The subject of a presentation is what its column `subject` says, or else `claimed_id`, which in such files names the person. Null where
 * that is empty.
 */
export function subjectOf({ extra, claimedId }: DetectorScore): string | null {
  return (extra['subject'] ?? claimedId) || null;
}

/** Every operating point of a set, for its curves. */
export function curveOf({ scores }: Pick<SetEvaluation, 'scores'>): CurvePoint[] {
  return curvePoints(rankScores(scores));
}

function countsOf(ranking: Ranking): Counts {
  const { species, subjects } = ranking;
  const { presented, answered } = countClasses(ranking);
  const presentations = ranking.classes.length;
  const bonafide = presented[bonafideClass]!;
  const silent = bonafide - answered[bonafideClass]!;
  return {
    presentations,
    bonafide,
    attacks: presentations - bonafide,
    species: named(species, presented.slice(1)),
    unanswered: { bonafide: silent, attacks: presentations - ranking.answered - silent },
    subjects: subjects?.length ?? null,
  };
}
