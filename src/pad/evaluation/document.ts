import type { Confidence, Rates } from '../../metrics/attack-detection/index.js';
import type { ScoreEvaluation, ThresholdRule } from './evaluate.js';
import type { ProtocolEvaluation, RateSpreads } from './protocol.js';
import type { Counts, Judgement, SetEvaluation } from './score-set.js';

/*
 * Evaluations as JSON documents; docs/pad-evaluation.md says what each key means. Names are written as in score files.
 */

/** `eval` is an object for one set, and a list in the order of the files for several. */
export function evaluationDocument(evaluation: ScoreEvaluation) {
  const { evals, warnings, rule } = evaluation;
  const judged = evals.map(setDocument);
  return {
    threshold: numeral(evaluation.threshold),
    threshold_from: ruleDocument(rule),
    warnings,
    dev: evaluation.dev && setDocument(evaluation.dev),
    eval: judged.length === 1 ? judged[0]! : judged,
  };
}

export function protocolDocument({ protocol, folds, summary }: ProtocolEvaluation) {
  return {
    protocol,
    summary: { dev: summary.dev && spreadsDocument(summary.dev), eval: spreadsDocument(summary.eval) },
    folds: folds.map((fold) => ({ fold: fold.name, ...evaluationDocument(fold) })),
  };
}

/** JSON has no infinities: they are written as words, as in score files. */
function numeral(value: number): number | string {
  return Number.isFinite(value) ? value : value > 0 ? 'inf' : '-inf';
}

function ruleDocument(rule: ThresholdRule) {
  return rule.kind === 'given' ? { kind: rule.kind } : { kind: rule.kind, criterion: rule.text };
}

function setDocument(set: SetEvaluation) {
  const { file, sha256, groups } = set;
  const by = groups && {
    column: groups.column,
    groups: Object.fromEntries(Object.entries(groups.values).map(([name, judgement]) => [name, judgementDocument(judgement)])),
  };
  return { file, sha256, ...judgementDocument(set), ...(by ? { by } : {}) };
}

function judgementDocument({ counts, rates, confidence }: Judgement) {
  return { ...ratesDocument(rates), counts: countsDocument(counts), confidence: confidenceDocument(confidence) };
}

function ratesDocument(rates: Rates) {
  return {
    apcer: rates.apcer,
    apcer_ap: rates.apcerAp,
    worst_species: rates.worstSpecies,
    apcer_pooled: rates.apcerPooled,
    bpcer: rates.bpcer,
    acer: rates.acer,
    hter: rates.hter,
    far: rates.far,
    frr: rates.frr,
    eer: rates.eer,
    auc: rates.auc,
    fta: rates.fta,
    apnrr: rates.apnrr,
    bpnrr: rates.bpnrr,
    bpcer_at_apcer: rates.bpcerAtApcer,
  };
}

function countsDocument({ presentations, bonafide, attacks, species, unanswered, subjects }: Counts) {
  return {
    presentations,
    bona_fide: bonafide,
    attacks,
    species,
    unanswered: { bona_fide: unanswered.bonafide, attacks: unanswered.attacks },
    subjects,
  };
}

function confidenceDocument({ level, method, subjects, resamples, seed, intervals }: Confidence) {
  const { apcer, apcerAp, apcerPooled, bpcer, acer, hter, eer, auc, fta, bpcerAtApcer } = intervals;
  return {
    level,
    method,
    subjects,
    resamples,
    seed,
    intervals: {
      apcer,
      apcer_ap: apcerAp,
      apcer_pooled: apcerPooled,
      bpcer,
      acer,
      hter,
      eer,
      auc,
      fta,
      bpcer_at_apcer: bpcerAtApcer,
    },
  };
}

function spreadsDocument({ apcerAp, apcerPooled, ...others }: RateSpreads) {
  return { apcer_ap: apcerAp, apcer_pooled: apcerPooled, ...others };
}
