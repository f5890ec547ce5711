/**
 * What runs a packed model, and nothing else. A page gets the same from `browser/index.ts`.
 *
 * @module gossamer/runtime
 */
export type { Contract, Preparation } from '../formats/packed/contract.js';
export type { NamedClass } from '../metrics/ranking.js';
export type { Drawable } from './drawables.js';
export * from './errors.js';
export type { Floats, Images } from './images.js';
export { load } from './load.js';
export type {
  Answer,
  ClassifyOptions,
  LoadOptions,
  ProfiledStep,
  RunOptions,
  RuntimeFacts,
  RuntimeModel,
  Transfer,
} from './model.js';
export type { Image, Pixels } from './rasters.js';
export type { ModelSource } from './source.js';
