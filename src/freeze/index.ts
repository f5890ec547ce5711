export {
  type Dropped,
  type FreezeFileOptions,
  type FrozenFile,
  type FrozenMemory,
  freezeCheckpoint,
} from './checkpoint.js';
export { type ExportedOnnx, exportOnnx, type OnnxExportOptions } from './export-onnx.js';
export { type FreezeOptions, type FrozenModel, freeze } from './freeze.js';
export { type FrozenLayer, frozenLayers, type ReportedLayer, reportedLayers } from './layers.js';
export type { OnnxCheck } from './onnx/check.js';
export { encodeOnnx, type OnnxOptions } from './onnx/encode.js';
export type { FrozenPart } from './parts.js';
export type { FreezeTiming, TwinTiming } from './timing.js';
export type { AnsweredImage, FreezeVerification } from './verify.js';
export type { WholeVerification } from './whole.js';
