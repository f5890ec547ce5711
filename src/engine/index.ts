export type { EngineOptions } from './create.js';
export { createEngine } from './create-in-node.js';
export type { DType, Engine, EngineFacts, FeatureFact, MemoryFacts } from './engine.js';
export type { Activation, Kernels, Surrogate } from './kernels.js';
export { createReferenceEngine } from './reference/index.js';
export { createShapeEngine } from './shapes.js';
