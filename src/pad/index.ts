export { loadDetector } from './boxes/detector.js';
export type { DetectedFace, FaceDetector } from './boxes/surest-face.js';
export { type CalibratedModel, type CalibrateOptions, calibrateModel } from './calibrate.js';
export type { SplitCount, SubjectCount } from './counts.js';
export type { CropOptions } from './crop.js';
export { datasetReaders } from './datasets/index.js';
export type { DatasetReader } from './datasets/reader.js';
export { type DepthKind, depthKinds } from './depth.js';
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
} from './evaluation/index.js';
export { type Inspection, inspectDataset } from './inspect.js';
export type { PrepareOptions, PrepareProgress } from './options.js';
export { type PrepareResult, prepareDataset } from './prepare.js';
export type { PreparedFrame, PreparedManifest, PreparedPresentation, PreparedSettings } from './prepared/format.js';
export { openPrepared, type Prepared } from './prepared/open.js';
export {
  type Box,
  type Doubt,
  type Label,
  type Presentation,
  type Protocol,
  type Split as PadSplit,
  splits as padSplits,
} from './presentation.js';
export { type DetectorScore, readScores, type ScoreFile, writeScores } from './scores/index.js';
export { type PreparedScores, type ScoreOptions, scorePrepared } from './scoring/score.js';
export { type FailedFrame, type PadSelection, PadSource } from './source.js';
export { drawFace } from './synthesize/drawn-face.js';
export { type SynthesizeOptions, type SynthesizeResult, synthesize, syntheticWarning } from './synthesize/synthesize.js';
export { looksPrepared, preparedData, trainingData } from './training-data.js';
