import type { Address, BinaryKernels, Conv2dGeometry } from '../kernels.js';
import { signRowBytes } from '../packed-signs.js';
import { forEachProduct } from './convolution.js';
import { inferenceKernels } from './inference.js';
import type { ReferenceMemory } from './memory.js';

/** The float convolution of the signs. Taps outside the image are no products at all, which is zero padding after the sign. */
export function binaryKernels(memory: ReferenceMemory): BinaryKernels {
  const bytesOf = (address: Address) => {
    const integers = memory.ints(address);
    return new Uint8Array(integers.buffer, integers.byteOffset, integers.byteLength);
  };
  /** Calls `visit` with each element's place among [rows, channels], the byte of its bit, and the bit's weight there. */
  const forEachBit = (rows: number, channels: number, visit: (i: number, byte: number, weight: number) => void) => {
    for (let row = 0; row < rows; row++) {
      for (let c = 0; c < channels; c++) visit(row * channels + c, row * signRowBytes(channels) + (c >> 3), 1 << (c & 7));
    }
  };
  const unpack = (rows: number, channels: number, signs: Address, to: Float64Array) => {
    const bits = bytesOf(signs);
    forEachBit(rows, channels, (i, byte, weight) => {
      to[i] = bits[byte]! & weight ? 1 : -1;
    });
  };
  const convolve = (g: Conv2dGeometry, signs: Address, weights: ArrayLike<number>): Float64Array => {
    const rows = g.batch * g.height * g.width * g.groups;
    const input = new Float64Array((rows * g.inChannels) / g.groups);
    unpack(rows, g.inChannels / g.groups, signs, input);
    const output = new Float64Array(g.batch * g.outHeight * g.outWidth * g.outChannels);
    forEachProduct(g, (i, j, k) => {
      output[k]! += input[i]! * (weights[j]! >= 0 ? 1 : -1);
    });
    return output;
  };
  return {
    packSigns(rows, channels, x, signs, surrogate, kept) {
      const values = memory.floats(x);
      const bits = bytesOf(signs);
      bits.fill(0, 0, rows * signRowBytes(channels));
      forEachBit(rows, channels, (i, byte, weight) => {
        if (values[i]! >= 0) bits[byte]! |= weight;
      });
      if (surrogate === 'clip') {
        const inside = bytesOf(kept);
        inside.fill(0, 0, rows * signRowBytes(channels));
        forEachBit(rows, channels, (i, byte, weight) => {
          if (Math.abs(values[i]!) <= 1) inside[byte]! |= weight;
        });
      } else if (surrogate === 'quadratic') {
        const derivatives = bytesOf(kept);
        for (let i = 0; i < rows * channels; i++) derivatives[i] = Math.floor(Math.max(0, 255.5 - 255 * Math.abs(values[i]!)));
      }
    },
    unpackSigns(rows, channels, signs, x) {
      unpack(rows, channels, signs, memory.floats(x));
    },
    multiplyByKept(surrogate, rows, channels, kept, dx) {
      const gradient = memory.floats(dx);
      const derivatives = bytesOf(kept);
      if (surrogate === 'quadratic') {
        for (let i = 0; i < rows * channels; i++) gradient[i]! *= derivatives[i]! / 127.5;
        return;
      }
      forEachBit(rows, channels, (i, byte, weight) => {
        if (!(derivatives[byte]! & weight)) gradient[i] = 0;
      });
    },
    binaryConv2d(g, signs, w, scale, y) {
      const sums = convolve(g, signs, memory.floats(w));
      const factors = scale === 0 ? null : memory.floats(scale);
      memory.floats(y).set(factors ? sums.map((sum, i) => sum * factors[i % g.outChannels]!) : sums);
    },
    packedWeightInts: weightCount,
    packSignBits(g, bits, packed) {
      const [from, signs] = [bytesOf(bits), memory.ints(packed)];
      const rows = g.outChannels * g.kernelHeight * g.kernelWidth;
      forEachBit(rows, g.inChannels / g.groups, (i, byte, weight) => {
        signs[i] = from[byte]! & weight ? 1 : -1;
      });
    },
    packedBinaryConv2d(g, signs, packed, finish, y) {
      memory.floats(y).set(convolve(g, signs, memory.ints(packed)));
      if (finish) inferenceKernels(memory).finish(g.batch * g.outHeight * g.outWidth, g.outChannels, finish, y, y);
    },
    binarySumFloats: () => 0,
    packedBinarySigns(g, signs, packed, thresholds, groups, y) {
      const sums = convolve(g, signs, memory.ints(packed));
      const least = memory.floats(thresholds);
      const [rows, channels] = [sums.length / (g.outChannels / groups), g.outChannels / groups];
      const bits = bytesOf(y);
      bits.fill(0, 0, rows * signRowBytes(channels));
      forEachBit(rows, channels, (i, byte, weight) => {
        if (sums[i]! >= least[i % g.outChannels]!) bits[byte]! |= weight;
      });
    },
  };
}

function weightCount(g: Conv2dGeometry): number {
  return (g.outChannels * g.kernelHeight * g.kernelWidth * g.inChannels) / g.groups;
}
