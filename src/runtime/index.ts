/**
 * What runs a packed model, and nothing else.
 *
 * @module gossamer/runtime
 */
export type { Contract, Preparation } from '../formats/packed/contract.js';
export type { Floats, Images, Pixels } from './images.js';
export { type Answer, type LoadOptions, load, type ProfiledStep, type RuntimeFacts, type RuntimeModel } from './model.js';
