export { type ExportedOnnx, exportOnnx, type OnnxExportOptions } from './export-onnx.js';
export type { OnnxCheck } from './onnx/check.js';
export { encodeOnnx, type OnnxOptions } from './onnx/encode.js';
