/**
 * Everything: `gossamer`, and what needs Node's file system and threads: data sets, training, checkpoints.
 *
 * @module gossamer/node
 */
export * from './data/index.js';
export { readFileChecked, writeFileAtomic } from './formats/file.js';
export * from './freeze/index.js';
export * from './index.js';
export {
  type EvaluationInput,
  evaluateProtocol,
  evaluateScores,
  evaluationDocument,
  type Fold,
  type JudgingOptions,
  leaveOneSpeciesOut,
  type ProtocolEvaluation,
  protocolDocument,
  readFolds,
  type ScoreEvaluation,
  type SetEvaluation,
  type ThresholdRule,
} from './pad/evaluation/index.js';
export { type DetectorScore, readScores, type ScoreFile, writeScores } from './pad/scores/index.js';
export { formatSummary } from './report/summary.js';
export * from './train/index.js';
