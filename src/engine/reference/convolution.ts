import type { Conv2dGeometry, ConvolutionKernels } from '../kernels.js';
import { inferenceKernels } from './inference.js';
import type { ReferenceMemory } from './memory.js';

/** Visits every pair of an input element and a weight that meet in an output element, by their indices. */
export function forEachProduct(g: Conv2dGeometry, visit: (x: number, w: number, y: number) => void): void {
  const groupIn = g.inChannels / g.groups;
  const groupOut = g.outChannels / g.groups;
  for (let n = 0; n < g.batch; n++) {
    for (let outRow = 0; outRow < g.outHeight; outRow++) {
      for (let outColumn = 0; outColumn < g.outWidth; outColumn++) {
        for (let o = 0; o < g.outChannels; o++) {
          const y = ((n * g.outHeight + outRow) * g.outWidth + outColumn) * g.outChannels + o;
          const firstChannel = Math.floor(o / groupOut) * groupIn;
          for (let tapRow = 0; tapRow < g.kernelHeight; tapRow++) {
            const row = outRow * g.stride - g.padding + tapRow * g.dilation;
            if (row < 0 || row >= g.height) continue;
            for (let tapColumn = 0; tapColumn < g.kernelWidth; tapColumn++) {
              const column = outColumn * g.stride - g.padding + tapColumn * g.dilation;
              if (column < 0 || column >= g.width) continue;
              const x = ((n * g.height + row) * g.width + column) * g.inChannels + firstChannel;
              const w = ((o * g.kernelHeight + tapRow) * g.kernelWidth + tapColumn) * groupIn;
              for (let c = 0; c < groupIn; c++) visit(x + c, w + c, y);
            }
          }
        }
      }
    }
  }
}

export function convolutionKernels(memory: ReferenceMemory): ConvolutionKernels {
  const kernels: ConvolutionKernels = {
    conv2d(g, x, w, bias, y) {
      const [input, weights, output] = [memory.floats(x), memory.floats(w), memory.floats(y)];
      const start = bias === 0 ? null : memory.floats(bias);
      for (let i = 0; i < g.batch * g.outHeight * g.outWidth * g.outChannels; i++)
        output[i] = start ? start[i % g.outChannels]! : 0;
      forEachProduct(g, (i, j, k) => {
        output[k]! += input[i]! * weights[j]!;
      });
    },

    packedFilterFloats: () => 0,
    packFilters: () => {},
    packedConv2d(g, x, { w, bias }, finish, y) {
      kernels.conv2d(g, x, w, bias, y);
      if (finish) inferenceKernels(memory).finish(g.batch * g.outHeight * g.outWidth, g.outChannels, finish, y, y);
    },

    conv2dInputGradient(g, dy, w, dx) {
      const [outputGradient, weights, inputGradient] = [memory.floats(dy), memory.floats(w), memory.floats(dx)];
      inputGradient.fill(0, 0, g.batch * g.height * g.width * g.inChannels);
      forEachProduct(g, (i, j, k) => {
        inputGradient[i]! += outputGradient[k]! * weights[j]!;
      });
    },

    conv2dWeightGradient(g, x, dy, dw) {
      const [input, outputGradient, weightGradient] = [memory.floats(x), memory.floats(dy), memory.floats(dw)];
      weightGradient.fill(0, 0, (g.outChannels * g.kernelHeight * g.kernelWidth * g.inChannels) / g.groups);
      forEachProduct(g, (i, j, k) => {
        weightGradient[j]! += input[i]! * outputGradient[k]!;
      });
    },
  };
  return kernels;
}
