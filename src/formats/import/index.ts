export type { Floats } from './match.js';
export { exportPyTorchState, importPyTorchState } from './state.js';
