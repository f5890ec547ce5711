export { evaluationDocument, protocolDocument } from './document.js';
export { type EvaluationInput, evaluateScores, type ScoreEvaluation, type ThresholdRule } from './evaluate.js';
export {
  evaluateProtocol,
  type Fold,
  type FoldEvaluation,
  leaveOneSpeciesOut,
  type ProtocolEvaluation,
  readFolds,
} from './protocol.js';
export { curveOf, type Judgement, type JudgingOptions, rankScores, type SetEvaluation } from './score-set.js';
export type { EvaluationWarning } from './warnings.js';
export { worstErrors } from './worst-errors.js';
