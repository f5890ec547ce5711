export {
  type Checkpoint,
  type CheckpointMetadata,
  normalization,
  readCheckpoint,
  type StoredState,
} from './checkpoint.js';
export {
  cifar10,
  cifar100,
  type DataSet,
  describeSkipped,
  fashionMnist,
  openSplit,
  type Selection,
  sampleName,
  type TrainingData,
} from './dataset.js';
export { type EvaluateOptions, type Evaluation, evaluate } from './evaluate.js';
export { type DepthEvaluation, type EvaluateDepthOptions, evaluateDepth } from './evaluate-depth.js';
export type {
  CheckpointEvent,
  CheckpointReason,
  DetectionRates,
  EndEvent,
  EpochEvent,
  StartEvent,
  StepEvent,
  TrainEvent,
  WarningEvent,
} from './events.js';
export { type ExportedWeights, type ExportOptions, type ExportPrecision, exportWeights } from './export.js';
export { clipGradients, globalNorm } from './gradients.js';
export { type ImportedWeights, type ImportOptions, importWeights } from './import.js';
export { type LogLine, readLog } from './log.js';
export { loadModel } from './model.js';
export { chooseModel, readGenotype } from './model-choice.js';
export { createOptimizer, Optimizer } from './optimizer.js';
export { applyOverrides } from './overrides.js';
export { type PredictOptions, predict } from './predict.js';
export { isPretrained, type PretrainedName, pretrained, pretrainedModels } from './pretrained.js';
export type { Ranks } from './ranks.js';
export { type OptimizerOptions, parseRecipe, type Recipe, type RecipeInput, type ScheduleOptions } from './recipe.js';
export { isPaperRecipe, loadRecipe, type RecipeName, recipes } from './recipes/index.js';
export { recipeOfRun } from './resume.js';
export { holdsRun, RunFolder } from './run-folder.js';
export { scheduleFactor } from './schedule.js';
export { type DepthTest, type TestResult, testOn } from './tested.js';
export { type TrainOptions, type TrainResult, train } from './train.js';
export { type Verification, verifyAnswers } from './verify.js';
