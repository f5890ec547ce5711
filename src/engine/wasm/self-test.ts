import type { Conv2dGeometry } from '../kernels.js';
import { WasmBackend } from './backend.js';
import { forwardConvolutionKernels } from './convolution.js';

/** 3x3, 13 to 11 channels, 7x6 pixels: odd enough to reach the tails of the tiles. */
const GEOMETRY: Conv2dGeometry = {
  batch: 2,
  height: 7,
  width: 6,
  inChannels: 13,
  outHeight: 7,
  outWidth: 6,
  outChannels: 11,
  kernelHeight: 3,
  kernelWidth: 3,
  stride: 1,
  padding: 1,
  dilation: 1,
  groups: 1,
};

/** Large enough for Winograd's algorithm. */
const TILED: Conv2dGeometry = {
  ...GEOMETRY,
  batch: 1,
  height: 48,
  width: 46,
  inChannels: 8,
  outHeight: 48,
  outWidth: 46,
  outChannels: 8,
};

/** Whether the relaxed build convolves like the plain one, up to rounding: run before a flag-gated feature is trusted. */
export function agreesWithPlainBuild(plain: WebAssembly.Module, relaxed: WebAssembly.Module): boolean {
  try {
    return [GEOMETRY, TILED].every((geometry) => {
      const expected = convolve(plain, false, geometry);
      const got = convolve(relaxed, true, geometry);
      return expected.every((value, i) => Math.abs(got[i]! - value) <= 1e-5);
    });
  } catch {
    return false;
  }
}

function convolve(module: WebAssembly.Module, relaxed: boolean, geometry: Conv2dGeometry): Float32Array {
  const backend = new WasmBackend(module, relaxed, false, 1, 2 ** 24, null);
  const put = (elements: number, value: (i: number) => number) => {
    const address = backend.allocator.allocate(elements * 4, 'self-test', [elements]);
    backend.floats(address, elements).set(Float32Array.from({ length: elements }, (_, i) => value(i)));
    return address;
  };
  const { batch, height, width, inChannels, outChannels } = geometry;
  const x = put(batch * height * width * inChannels, (i) => Math.sin(i));
  const w = put(outChannels * 9 * inChannels, (i) => Math.cos(i) / 10);
  const size = batch * height * width * outChannels;
  const y = put(size, () => 0);
  forwardConvolutionKernels(backend, { winograd: true }).conv2d(geometry, x, w, 0, y);
  return backend.floats(y, size).slice();
}
