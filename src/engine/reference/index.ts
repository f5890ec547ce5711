import type { Engine } from '../engine.js';
import type { Kernels } from '../kernels.js';
import { binaryKernels } from './binary.js';
import { centralDifferenceKernels } from './central-difference.js';
import { convolutionKernels } from './convolution.js';
import { dynamicKernels } from './dynamic.js';
import { dynamicBinaryKernels } from './dynamic-binary.js';
import { elementKernels } from './elements.js';
import { inferenceKernels } from './inference.js';
import { lossKernels } from './losses.js';
import { ReferenceMemory } from './memory.js';
import { normKernels } from './norm.js';
import { optimizerKernels } from './optimizers.js';
import { spatialKernels } from './spatial.js';

/** The oracle: the same interface in plain loops over doubles, never optimised. What fast kernels and gradients are held against. */
export function createReferenceEngine(): Engine {
  const memory = new ReferenceMemory();
  const kernels: Kernels = {
    ...convolutionKernels(memory),
    ...binaryKernels(memory),
    ...dynamicKernels(memory),
    ...dynamicBinaryKernels(memory),
    ...centralDifferenceKernels(memory),
    ...elementKernels(memory),
    ...inferenceKernels(memory),
    ...normKernels(memory),
    ...spatialKernels(memory),
    ...lossKernels(memory),
    ...optimizerKernels(memory),
  };
  return {
    kernels,
    shapesOnly: false,
    allocate: (elements, dtype) => memory.add(dtype === 'int32' ? new Int32Array(elements) : new Float64Array(elements)),
    free: (address) => memory.remove(address),
    floats: (address, elements) => memory.floats(address).subarray(0, elements),
    ints: (address, elements) => memory.ints(address).subarray(0, elements),
    facts: () => ({
      backend: 'reference',
      build: null,
      threads: 1,
      processors: 1,
      features: [],
      memory: memory.facts(),
      host: 'plain TypeScript',
    }),
    memory: () => memory.facts(),
    dispose: () => memory.dispose(),
  };
}
