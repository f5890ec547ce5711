export { type FrozenFile, freezeCheckpoint } from './checkpoint.js';
export { type ExportedOnnx, exportOnnx, type OnnxExportOptions } from './export-onnx.js';
export { type FreezeOptions, type FrozenModel, freeze } from './freeze.js';
export { type FrozenLayer, frozenLayers } from './layers.js';
export type { OnnxCheck } from './onnx/check.js';
export { encodeOnnx, type OnnxOptions } from './onnx/encode.js';
export type { StepVerification } from './verify.js';
