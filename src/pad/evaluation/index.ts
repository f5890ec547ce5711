export { evaluationDocument, protocolDocument } from './document.js';
export { type EvaluationInput, evaluateScores, type ScoreEvaluation, type ThresholdRule } from './evaluate.js';
export {
  evaluateProtocol,
  type Fold,
  type FoldEvaluation,
  leaveOneSpeciesOut,
  type ProtocolEvaluation,
  type RateSpreads,
  readFolds,
  type Spread,
} from './protocol.js';
export { type Counts, curveOf, type Judgement, type JudgingOptions, type SetEvaluation } from './score-set.js';
export type { EvaluationWarning } from './warnings.js';
export { type WorstErrors, worstErrors } from './worst-errors.js';
