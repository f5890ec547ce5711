import type { ForwardKernels } from '../forward-kernels.js';
import { forwardBinaryKernels } from './binary.js';
import type { WasmContext } from './context.js';
import { forwardConvolutionKernels } from './convolution.js';
import { forwardDynamicKernels } from './dynamic.js';
import { dynamicBinaryKernels } from './dynamic-binary.js';
import { forwardElementKernels } from './elements.js';
import { inferenceKernels } from './inference.js';
import type { KernelChoices, KernelSet } from './kernel-set.js';
import { forwardSpatialKernels } from './spatial.js';

/** The kernels of packed models, from a small build of their own: the same bits as those of `allKernels`. */
export const forwardKernels: KernelSet<ForwardKernels> = { build: 'gossamer-runtime', make };

function make(wasm: WasmContext, choices: KernelChoices): ForwardKernels {
  return {
    ...forwardConvolutionKernels(wasm, choices),
    ...forwardBinaryKernels(wasm, choices.chooseBinaryMethod),
    ...forwardDynamicKernels(wasm, choices),
    ...dynamicBinaryKernels(wasm),
    ...forwardElementKernels(wasm),
    ...inferenceKernels(wasm),
    ...forwardSpatialKernels(wasm),
  };
}
