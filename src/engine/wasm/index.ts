import type { Kernels } from '../kernels.js';
import { binaryKernels } from './binary.js';
import { centralDifferenceKernels } from './central-difference.js';
import type { WasmContext } from './context.js';
import { convolutionKernels } from './convolution.js';
import { dynamicKernels } from './dynamic.js';
import { dynamicBinaryKernels } from './dynamic-binary.js';
import { elementKernels } from './elements.js';
import { inferenceKernels } from './inference.js';
import type { KernelChoices, KernelSet } from './kernel-set.js';
import { lossKernels } from './losses.js';
import { normKernels } from './norm.js';
import { optimizerKernels } from './optimizers.js';
import { spatialKernels } from './spatial.js';

/** All kernels. */
export const allKernels: KernelSet<Kernels> = { build: 'gossamer', make };

function make(wasm: WasmContext, choices: KernelChoices): Kernels {
  return {
    ...convolutionKernels(wasm, choices),
    ...binaryKernels(wasm, choices.chooseBinaryMethod),
    ...dynamicKernels(wasm, choices),
    ...dynamicBinaryKernels(wasm),
    ...centralDifferenceKernels(wasm),
    ...elementKernels(wasm),
    ...inferenceKernels(wasm),
    ...normKernels(wasm),
    ...spatialKernels(wasm),
    ...lossKernels(wasm),
    ...optimizerKernels(wasm),
  };
}
