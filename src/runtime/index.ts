/**
 * What runs a packed model, and nothing else.
 *
 * @module gossamer/runtime
 */
export type { Contract, Preparation } from '../formats/packed/contract.js';
export type { NamedClass } from '../metrics/ranking.js';
export type { Drawable } from './drawables.js';
export type { Floats, Image, Images, Pixels } from './images.js';
export {
  type Answer,
  type ClassifyOptions,
  type LoadOptions,
  load,
  type ProfiledStep,
  type RuntimeFacts,
  type RuntimeModel,
} from './model.js';
