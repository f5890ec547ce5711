import type { Interval } from '../../metrics/attack-detection/index.js';
import type { Judgement, ScoreEvaluation, SetEvaluation } from '../../pad/evaluation/index.js';
import { formatCount, formatShare } from '../format.js';

/*
 * What the page and the terminal both say, in the same words.
 */

/** A set of an evaluation and the short name that it goes by: `dev`, `eval`, or `eval 1` and so on. */
export interface NamedSet {
  readonly name: string;
  readonly set: SetEvaluation;
}

export function namedSets({ dev, evals }: Pick<ScoreEvaluation, 'dev' | 'evals'>): NamedSet[] {
  const judged = evals.map((set, i) => ({ name: evals.length === 1 ? 'eval' : `eval ${i + 1}`, set }));
  return dev ? [{ name: 'dev', set: dev }, ...judged] : judged;
}

export function thresholdSentence({ threshold, rule, dev, evals }: ScoreEvaluation): string {
  const by = rule.kind === 'given' ? 'was given' : `was chosen by ${rule.text}`;
  const on = {
    given: '',
    'development-set': ` on the development set ${dev?.file}`,
    'test-data': ` on the test data ${evals[0]!.file}, by which it is judged`,
  }[rule.kind];
  return `The threshold ${threshold} ${by}${on}. Scores from the threshold up are accepted as bona fide.`;
}

export function countsSentence({ counts }: Judgement): string {
  const { bonafide, attacks, species, subjects } = counts;
  const silent = counts.unanswered.bonafide + counts.unanswered.attacks;
  const kinds = Object.keys(species).length;
  return [
    `${formatCount(bonafide)} bona fide`,
    `${formatCount(attacks)} attacks of ${kinds} species`,
    ...(subjects === null ? [] : [`${formatCount(subjects)} subjects`]),
    ...(silent > 0 ? [`${formatCount(silent)} without an answer`] : []),
  ].join(', ');
}

/** How the intervals of the sets came about; by set where they differ in that. */
export function intervalsSentence(sets: readonly NamedSet[]): string {
  const ways = sets.map(({ name, set }) => ({ name, way: wayOf(set) }));
  if (ways.every(({ way }) => way === ways[0]!.way)) return ways[0]!.way;
  return ways.map(({ name, way }) => `${name}: ${way}`).join('. ');
}

function wayOf({ confidence: { level, method, resamples, seed } }: Judgement): string {
  const intervals = `${formatShare(level, 0)} intervals`;
  return method === 'clopper-pearson'
    ? `${intervals} of Clopper and Pearson, over presentations; none of EER, AUC and BPCER at an APCER`
    : `${intervals} by bootstrap over subjects (${formatCount(resamples!)} resamples, seed ${seed}), not narrower than those of Clopper and Pearson; theirs, over subjects, where no error was seen`;
}

/** How a rate is written: most are shares; an area has no unit. */
export type RateForm = 'share' | 'area';

export function formatRate(rate: number | null, form: RateForm = 'share'): string {
  if (rate === null) return '–';
  return form === 'share' ? formatShare(rate, 2) : rate.toFixed(4);
}

/** `2.1 to 5.9 %`; nothing where there is no interval. */
export function formatInterval(interval: Interval, form: RateForm = 'share'): string {
  if (interval === null) return '';
  const end = (value: number) => (form === 'share' ? (value * 100).toFixed(1) : value.toFixed(3));
  return `${end(interval[0])} to ${end(interval[1])}${form === 'share' ? ' %' : ''}`;
}

export interface RateLine {
  readonly name: string;
  readonly form: RateForm;
  readonly rate: (judgement: Judgement) => number | null;
  readonly interval: (judgement: Judgement) => Interval;
  /** What stands behind the rate. */
  readonly note?: (judgement: Judgement) => string;
}

type Plain = 'apcerAp' | 'bpcer' | 'acer' | 'apcerPooled' | 'hter' | 'eer' | 'auc' | 'fta';

/** Short names of the rates that are one number a set, for columns. */
export const rateNames: Readonly<Record<Plain, string>> = {
  apcerAp: 'APCER',
  bpcer: 'BPCER',
  acer: 'ACER',
  apcerPooled: 'pooled',
  hter: 'HTER',
  eer: 'EER',
  auc: 'AUC',
  fta: 'FTA',
};

export const rateLines: readonly RateLine[] = [
  { ...plain('apcerAp', 'APCER, worst species'), note: ({ rates }) => worstSpecies(rates) },
  plain('bpcer', 'BPCER'),
  plain('acer', 'ACER'),
  plain('apcerPooled', 'APCER, pooled (FAR)'),
  plain('hter', 'HTER'),
  plain('eer', 'EER'),
  plain('auc', 'AUC', 'area'),
  atApcer('10%'),
  atApcer('5%'),
  atApcer('1%'),
  atApcer('0.1%'),
  plain('fta', 'Failure to acquire'),
];

function plain(key: Plain, name: string, form: RateForm = 'share'): RateLine {
  return { name, form, rate: ({ rates }) => rates[key], interval: ({ confidence }) => confidence.intervals[key] };
}

function atApcer(limit: '10%' | '5%' | '1%' | '0.1%'): RateLine {
  return {
    name: `BPCER at APCER ${limit.replace('%', ' %')}`,
    form: 'share',
    rate: ({ rates }) => rates.bpcerAtApcer[limit],
    interval: ({ confidence }) => confidence.intervals.bpcerAtApcer[limit],
  };
}

/** Which species is accepted most often; nothing where none is. */
export function worstSpecies({ apcerAp, worstSpecies }: Judgement['rates']): string {
  return apcerAp ? worstSpecies! : '';
}

/** Of all sets, sorted. */
export function speciesOf(sets: readonly NamedSet[]): string[] {
  return [...new Set(sets.flatMap(({ set }) => Object.keys(set.counts.species)))].sort();
}
