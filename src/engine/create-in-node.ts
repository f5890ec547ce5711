import { createEngineOn, type EngineOptions } from './create.js';
import type { Engine } from './engine.js';
import { allKernels } from './wasm/index.js';

/**
 * The WebAssembly engine: probes the host, loads the best build of the kernels and starts the threads.
 * @throws UnsupportedError without WebAssembly SIMD
 * @throws ConfigError for impossible options
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const { createNodeHost } = await import('./node-host.js');
  return createEngineOn(createNodeHost(), options, allKernels);
}
