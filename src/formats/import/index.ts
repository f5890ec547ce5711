export { exportPyTorchState, type Floats, importPyTorchState } from './state.js';
