export * from './dtypes.js';
export { exportPyTorchState, type Floats, importPyTorchState } from './import/index.js';
export { nchwToNhwc, nhwcToNchw, ohwiToOihw, oihwToOhwi } from './layout.js';
export type { Contract, Preparation } from './packed/contract.js';
export { decodePackedModel, encodePackedModel, type PackedModel, type Provenance } from './packed/model.js';
export * from './pytorch/index.js';
export * from './safetensors.js';
