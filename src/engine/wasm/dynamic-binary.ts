import type { Address, DynamicBinaryKernels, DynamicGeometry } from '../kernels.js';
import type { WasmContext } from './context.js';
import { partition } from './partition.js';

const WORD_BITS = 64;
const TILE_CHANNELS = 4;
/** Masked pixels of a band: the nearest cache holds them beside the weights. */
const BAND_BYTES = 16384;
/** Points of a band at least: a head's weights are masked anew for each. */
const BAND_POINTS = 64;
/** 64-bit words of products that take as long as a plain element. */
const WORDS_OF_ELEMENT = 2;

export function dynamicBinaryKernels(wasm: WasmContext): DynamicBinaryKernels {
  return {
    levelGates(rows, channels, kept, gates, index, levels) {
      const { tasks, size } = partition(rows, channels);
      wasm.run('levelGates', tasks, [rows, size, channels, kept, gates, index, levels]);
    },

    dynamicBinaryConv2d(g, x, w, levels, index, y) {
      withPackedSigns(wasm, g.batch * g.height * g.width, g.inChannels, x, (pixelBits) => {
        withPackedSigns(wasm, g.outChannels * g.kernelHeight * g.kernelWidth, g.inChannels, w, (weightBits) => {
          convolve(wasm, g, pixelBits, weightBits, levels, index, y);
        });
      });
    },
  };
}

/** Calls `use` with the signs of [rows, channels], each row in words of its own. */
function withPackedSigns(wasm: WasmContext, rows: number, channels: number, from: Address, use: (bits: Address) => void): void {
  wasm.scratch(rows * Math.ceil(channels / WORD_BITS) * 8, (bits) => {
    const { tasks, size } = partition(rows, channels);
    wasm.run('packSignWords', tasks, [rows, size, channels, from, bits]);
    use(bits);
  });
}

function convolve(
  wasm: WasmContext,
  g: DynamicGeometry,
  pixelBits: Address,
  weightBits: Address,
  levels: Address,
  index: Address,
  y: Address,
): void {
  const words = Math.ceil(g.inChannels / WORD_BITS);
  const taps = g.kernelHeight * g.kernelWidth;
  const rowBytes = g.width * words * 8;
  const fitting = Math.max(Math.ceil(BAND_POINTS / g.outWidth), Math.floor(BAND_BYTES / (g.stride * rowBytes)));
  const rowsOfBand = Math.min(g.outHeight, fitting);
  const bands = Math.ceil(g.outHeight / rowsOfBand);
  const units = g.batch * bands;
  const { tasks, size } = partition(units, (rowsOfBand * g.outWidth * g.outChannels * taps * words) / WORDS_OF_ELEMENT);
  const inRows = (rowsOfBand - 1) * g.stride + (g.kernelHeight - 1) * g.dilation + 1;
  const filterBytes = Math.ceil(g.outChannels / g.heads / TILE_CHANNELS) * TILE_CHANNELS * taps * words * 8;
  const workspace = Math.ceil((words * 8 + filterBytes + Math.min(inRows, g.height) * rowBytes) / 64) * 64;
  wasm.scratch(tasks * workspace, (work) => {
    const image = [g.batch, g.height, g.width, g.inChannels, g.outHeight, g.outWidth, g.outChannels];
    const window = [g.heads, g.kept, g.kernelHeight, g.kernelWidth, g.stride, g.padding, g.dilation];
    const cuts = [units, size, rowsOfBand, bands];
    const operands = [pixelBits, weightBits, levels, index, y, work, workspace];
    wasm.run('dynamicBinaryConvolution', tasks, [...image, ...window, ...cuts, ...operands]);
  });
}
