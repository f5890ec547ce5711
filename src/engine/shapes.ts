import { UnsupportedError } from '../errors.js';
import type { Engine } from './engine.js';
import type { Kernels } from './kernels.js';

/**
 * An engine that keeps shapes only: a model on it costs no memory and no time, and tells sizes and costs. Reading numbers from it
 * is an error.
 */
export function createShapeEngine(): Engine {
  const noNumbers = (): never => {
    throw new UnsupportedError('reading numbers', 'the shape engine keeps shapes only; make the model on createEngine().');
  };
  const memory = { bytesInUse: 0, bytesPeak: 0, bytesLimit: 0, allocations: 0 };
  return {
    kernels: new Proxy({} as Kernels, { get: noNumbers }),
    shapesOnly: true,
    allocate: () => 1,
    free: () => {},
    floats: noNumbers,
    ints: noNumbers,
    facts: () => ({ backend: 'shape', build: null, threads: 1, processors: 1, features: [], memory, host: 'none' }),
    memory: () => memory,
    dispose: () => {},
  };
}
