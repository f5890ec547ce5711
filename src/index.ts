/**
 * What runs anywhere: engine, tensors, operators, layers, networks, measures, file formats as bytes. `gossamer/node` has all of it, and
 * what needs a file system: data sets, training, charts.
 *
 * @module gossamer
 */
export * from './engine/index.js';
export * from './errors.js';
export * from './formats/index.js';
export { countCorrect, predictions } from './metrics/accuracy.js';
export * as attackDetection from './metrics/attack-detection/index.js';
export { classScores, confusionMatrix, worstConfusions } from './metrics/confusion.js';
export { type NamedClass, softmax, topClasses } from './metrics/ranking.js';
export { type Summary, summarize } from './metrics/summary.js';
export * from './models/index.js';
export * from './nn/index.js';
export * as ops from './ops/index.js';
export * from './tensor/index.js';
