import type { DetectorScore } from '../scores/index.js';
import type { ScoreEvaluation, ThresholdRule } from './evaluate.js';
import { type SetEvaluation, subjectOf } from './score-set.js';

/** What a reader of the rates must know of them; `code` is stable. */
export interface EvaluationWarning {
  readonly code:
    | 'threshold-from-test-data'
    | 'shared-presentations'
    | 'shared-subjects'
    | 'no-bona-fide'
    | 'no-attacks'
    | 'unanswered-species'
    | 'few-subjects'
    | 'subjects-unknown'
    | 'infinite-threshold';
  readonly message: string;
}

/** Fewer make a bootstrap narrower than it claims to be. */
const enoughSubjects = 10;

export function warningsOf({ threshold, rule, dev, evals }: Omit<ScoreEvaluation, 'warnings'>): EvaluationWarning[] {
  return [
    ...(rule.kind === 'test-data' ? [optimistic(rule)] : []),
    ...(Number.isFinite(threshold) ? [] : [infinite(threshold)]),
    ...(dev ? evals.flatMap((set) => sharedWith(dev, set)) : []),
    ...(dev ? [dev, ...evals] : evals).flatMap(ofSet),
  ];
}

function optimistic({ text }: Extract<ThresholdRule, { kind: 'test-data' }>): EvaluationWarning {
  const message = `The threshold was chosen (${text}) on the test data that it is judged by. The rates at it are optimistic: they are no estimate of what the detector does elsewhere, and not comparable with rates at a threshold from a development set.`;
  return { code: 'threshold-from-test-data', message };
}

function infinite(threshold: number): EvaluationWarning {
  const what = threshold > 0 ? 'nothing but infinite scores' : 'everything';
  return { code: 'infinite-threshold', message: `The threshold is ${threshold}: it accepts ${what}.` };
}

function sharedWith(dev: SetEvaluation, set: SetEvaluation): EvaluationWarning[] {
  const presentations = shared(dev, set, ({ claimedId, testLabel, sampleN }) =>
    testLabel === '' ? null : JSON.stringify([claimedId, testLabel, sampleN]),
  );
  if (presentations > 0) {
    const message = `${presentations} of the presentations in ${set.file} are in ${dev.file} too: a threshold that is chosen on some of what it is judged by flatters the detector.`;
    return [{ code: 'shared-presentations', message }];
  }
  const subjects = shared(dev, set, subjectOf);
  if (subjects === 0) return [];
  const message = `${subjects} subjects of ${set.file} are named in ${dev.file} too. If they are the same people, the sets are not independent.`;
  return [{ code: 'shared-subjects', message }];
}

/** Different names that both sets know. */
function shared(dev: SetEvaluation, set: SetEvaluation, nameOf: (score: DetectorScore) => string | null): number {
  const known = new Set(dev.scores.map(nameOf));
  return new Set(set.scores.map(nameOf).filter((name) => name !== null && known.has(name))).size;
}

function ofSet({ file, counts, rates }: SetEvaluation): EvaluationWarning[] {
  const warnings: EvaluationWarning[] = [];
  const warn = (code: EvaluationWarning['code'], message: string) => warnings.push({ code, message });
  const { subjects } = counts;
  if (counts.bonafide === counts.unanswered.bonafide) {
    warn(
      'no-bona-fide',
      `${file} has no bona fide presentation with a score: there is no BPCER, and nothing that is made of it.`,
    );
  }
  if (counts.attacks === counts.unanswered.attacks) {
    warn('no-attacks', `${file} has no attack with a score: there is no APCER, and nothing that is made of it.`);
  }
  const silent = Object.keys(counts.species).filter((name) => rates.apcer[name] === null);
  if (silent.length > 0) {
    warn(
      'unanswered-species',
      `${file}: no attack of ${silent.join(', ')} got a score; the worst species is sought among the others.`,
    );
  }
  if (subjects === null) {
    warn(
      'subjects-unknown',
      `${file} does not name a subject in each line: its intervals hold if all presentations are independent, and are too narrow if not.`,
    );
  } else if (subjects < enoughSubjects && subjects < counts.presentations) {
    warn(
      'few-subjects',
      `${file} has presentations of ${subjects} ${subjects === 1 ? 'subject' : 'subjects'}: intervals from so few are too narrow.`,
    );
  }
  return warnings;
}
