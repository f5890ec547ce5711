import type { Address, DynamicGeometry, DynamicKernels } from '../kernels.js';
import { forEachProduct } from './convolution.js';
import { inferenceKernels } from './inference.js';
import type { ReferenceMemory } from './memory.js';

/** Visits every product of a kept input element, its gate and a weight, by the indices of input, weight, output and gate. */
export function forEachKeptProduct(
  g: DynamicGeometry,
  index: Int32Array,
  visit: (x: number, w: number, y: number, gate: number) => void,
): void {
  const headOut = g.outChannels / g.heads;
  const kept = new Uint8Array(g.batch * g.heads * g.inChannels);
  for (let i = 0; i < g.batch * g.heads * g.kept; i++) {
    if (index[i]! >= 0) kept[Math.floor(i / g.kept) * g.inChannels + index[i]!] = 1;
  }
  forEachProduct(g, (x, w, y) => {
    const image = Math.floor(x / (g.height * g.width * g.inChannels));
    const head = Math.floor((y % g.outChannels) / headOut);
    const gate = (image * g.heads + head) * g.inChannels + (x % g.inChannels);
    if (kept[gate] === 1) visit(x, w, y, gate);
  });
}

export function dynamicKernels(memory: ReferenceMemory): DynamicKernels {
  const dynamicConv2d: DynamicKernels['dynamicConv2d'] = (g, x, w, gates, index, y) => {
    const [input, weights, factors, output] = [memory.floats(x), memory.floats(w), memory.floats(gates), memory.floats(y)];
    output.fill(0, 0, g.batch * g.outHeight * g.outWidth * g.outChannels);
    forEachKeptProduct(g, memory.ints(index), (i, j, k, gate) => {
      output[k]! += input[i]! * factors[gate]! * weights[j]!;
    });
  };
  return {
    selectChannels(rows: number, channels: number, kept: number, dropTies: boolean, saliency: Address, index: Address) {
      const [saliencies, indices] = [memory.floats(saliency), memory.ints(index)];
      for (let row = 0; row < rows; row++) {
        // NaN compares with nothing: it counts as the smallest saliency of all.
        const values = Array.from(saliencies.subarray(row * channels, (row + 1) * channels), (value) =>
          Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value,
        );
        const order = values
          .map((_, c) => c)
          .sort((a, b) => (values[a] === values[b] ? a - b : values[a]! > values[b]! ? -1 : 1));
        let selected = order.slice(0, kept);
        if (dropTies && kept < channels) selected = selected.filter((c) => values[c]! > values[order[kept]!]!);
        selected.sort((a, b) => a - b);
        for (let k = 0; k < kept; k++) indices[row * kept + k] = selected[k] ?? -1;
      }
    },

    dynamicConv2d,
    packedDynamicWeightFloats: weightCount,
    packDynamicWeights(g, w, packed) {
      memory.floats(packed).set(memory.floats(w).subarray(0, weightCount(g)));
    },
    packedDynamicConv2d(g, x, packed, gates, index, finish, y) {
      dynamicConv2d(g, x, packed, gates, index, y);
      if (finish) inferenceKernels(memory).finish(g.batch * g.outHeight * g.outWidth, g.outChannels, finish, y, y);
    },

    dynamicConv2dGradient(g, x, w, gates, index, dy, dx, dw, dgates) {
      const [input, weights, factors] = [memory.floats(x), memory.floats(w), memory.floats(gates)];
      const outputGradient = memory.floats(dy);
      const inputGradient = dx === 0 ? null : memory.floats(dx);
      const [weightGradient, gateGradient] = [memory.floats(dw), memory.floats(dgates)];
      inputGradient?.fill(0, 0, g.batch * g.height * g.width * g.inChannels);
      weightGradient.fill(0, 0, g.outChannels * g.kernelHeight * g.kernelWidth * g.inChannels);
      gateGradient.fill(0, 0, g.batch * g.heads * g.inChannels);
      forEachKeptProduct(g, memory.ints(index), (i, j, k, gate) => {
        const slope = outputGradient[k]!;
        if (inputGradient) inputGradient[i]! += slope * factors[gate]! * weights[j]!;
        weightGradient[j]! += slope * factors[gate]! * input[i]!;
        gateGradient[gate]! += slope * weights[j]! * input[i]!;
      });
    },
  };
}

function weightCount(g: DynamicGeometry): number {
  return g.outChannels * g.kernelHeight * g.kernelWidth * g.inChannels;
}
