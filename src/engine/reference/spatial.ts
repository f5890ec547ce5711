import type { PoolGeometry, SpatialKernels } from '../kernels.js';
import type { ReferenceMemory } from './memory.js';

export function spatialKernels(memory: ReferenceMemory): SpatialKernels {
  return {
    maxPool(g, x, y, argmax) {
      const values = memory.floats(x);
      const out = memory.floats(y);
      const places = memory.ints(argmax);
      const best = new Map<number, number>();
      forEachTap(g, (output, input, place) => {
        const previous = best.get(output);
        if (previous === undefined || beats(values[input]!, values[previous]!)) {
          best.set(output, input);
          out[output] = values[input]!;
          places[output] = place;
        }
      });
    },

    maxPoolGradient(g, dy, argmax, dx) {
      const gradient = memory.floats(dy);
      const places = memory.ints(argmax);
      const out = memory.floats(dx).fill(0, 0, g.batch * g.height * g.width * g.channels);
      forEachTap(g, (output, input, place) => {
        if (places[output] === place) out[input] = out[input]! + gradient[output]!;
      });
    },

    averagePool(g, x, y) {
      const values = memory.floats(x);
      const out = memory.floats(y).fill(0, 0, g.batch * g.outHeight * g.outWidth * g.channels);
      forEachTap(g, (output, input) => {
        out[output] = out[output]! + values[input]! / g.kernel ** 2;
      });
    },

    averagePoolGradient(g, dy, dx) {
      const gradient = memory.floats(dy);
      const out = memory.floats(dx).fill(0, 0, g.batch * g.height * g.width * g.channels);
      forEachTap(g, (output, input) => {
        out[input] = out[input]! + gradient[output]! / g.kernel ** 2;
      });
    },

    globalAveragePool(batch, pixels, channels, x, y) {
      const values = memory.floats(x);
      const out = memory.floats(y);
      for (let image = 0; image < batch; image++) {
        for (let c = 0; c < channels; c++) {
          let sum = 0;
          for (let pixel = 0; pixel < pixels; pixel++) sum += values[(image * pixels + pixel) * channels + c]!;
          out[image * channels + c] = sum / pixels;
        }
      }
    },

    globalAveragePoolGradient(batch, pixels, channels, adds, dy, dx) {
      const gradient = memory.floats(dy);
      const out = memory.floats(dx);
      for (let i = 0; i < batch * pixels * channels; i++) {
        const image = Math.floor(i / (pixels * channels));
        out[i] = (adds ? out[i]! : 0) + gradient[image * channels + (i % channels)]! / pixels;
      }
    },

    resizeBilinear(g, x, y) {
      const values = memory.floats(x);
      const out = memory.floats(y).fill(0, 0, g.batch * g.outHeight * g.outWidth * g.channels);
      forEachBilinearTap(g, (output, input, weight) => {
        out[output] = out[output]! + weight * values[input]!;
      });
    },

    resizeBilinearGradient(g, dy, dx) {
      const gradient = memory.floats(dy);
      const out = memory.floats(dx).fill(0, 0, g.batch * g.height * g.width * g.channels);
      forEachBilinearTap(g, (output, input, weight) => {
        out[input] = out[input]! + weight * gradient[output]!;
      });
    },

    channelMean(rows, channels, x, y) {
      const values = memory.floats(x);
      const out = memory.floats(y);
      for (let row = 0; row < rows; row++) {
        let sum = 0;
        for (let c = 0; c < channels; c++) sum += values[row * channels + c]!;
        out[row] = sum / channels;
      }
    },

    channelMeanGradient(rows, channels, dy, dx) {
      const gradient = memory.floats(dy);
      const out = memory.floats(dx);
      for (let i = 0; i < rows * channels; i++) out[i] = gradient[Math.floor(i / channels)]! / channels;
    },

    channelMax(rows, channels, x, y, argmax) {
      const values = memory.floats(x);
      const out = memory.floats(y);
      const places = memory.ints(argmax);
      for (let row = 0; row < rows; row++) {
        const place = firstLargest(values.subarray(row * channels, (row + 1) * channels));
        out[row] = values[row * channels + place]!;
        places[row] = place;
      }
    },

    channelMaxGradient(rows, channels, dy, argmax, dx) {
      const gradient = memory.floats(dy);
      const places = memory.ints(argmax);
      const out = memory.floats(dx).fill(0, 0, rows * channels);
      for (let row = 0; row < rows; row++) out[row * channels + places[row]!] = gradient[row]!;
    },
  };
}

/** Index of the largest value, the first on a tie; NaN counts as larger than any number. */
export function firstLargest(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (beats(values[i]!, values[best]!)) best = i;
  return best;
}

/** NaN beats every number, so that a diverged network shows. */
function beats(value: number, best: number): boolean {
  return value > best || (Number.isNaN(value) && !Number.isNaN(best));
}

/** Visits every pair of an output element and an input element in its window, taps in row order; `place` is y * width + x of the input. */
function forEachTap(g: PoolGeometry, visit: (output: number, input: number, place: number) => void): void {
  for (let image = 0; image < g.batch; image++) {
    for (let row = 0; row < g.outHeight; row++) {
      for (let column = 0; column < g.outWidth; column++) {
        const output = ((image * g.outHeight + row) * g.outWidth + column) * g.channels;
        for (let tap = 0; tap < g.kernel ** 2; tap++) {
          const fromRow = row * g.stride - g.padding + Math.floor(tap / g.kernel);
          const fromColumn = column * g.stride - g.padding + (tap % g.kernel);
          if (fromRow < 0 || fromRow >= g.height || fromColumn < 0 || fromColumn >= g.width) continue;
          const place = fromRow * g.width + fromColumn;
          const input = (image * g.height * g.width + place) * g.channels;
          for (let c = 0; c < g.channels; c++) visit(output + c, input + c, place);
        }
      }
    }
  }
}

interface BilinearSizes {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

/** Visits every pair of an output element and an input element that it mixes in, with the weight. */
function forEachBilinearTap(g: BilinearSizes, visit: (output: number, input: number, weight: number) => void): void {
  for (let image = 0; image < g.batch; image++) {
    for (let row = 0; row < g.outHeight; row++) {
      for (let column = 0; column < g.outWidth; column++) {
        const output = ((image * g.outHeight + row) * g.outWidth + column) * g.channels;
        for (const [fromRow, rowWeight] of linearTaps(row, g.height, g.outHeight)) {
          for (const [fromColumn, columnWeight] of linearTaps(column, g.width, g.outWidth)) {
            const input = ((image * g.height + fromRow) * g.width + fromColumn) * g.channels;
            for (let c = 0; c < g.channels; c++) visit(output + c, input + c, rowWeight * columnWeight);
          }
        }
      }
    }
  }
}

/** The two neighbours of an output's centre along one axis, and their weights. */
function linearTaps(output: number, size: number, outSize: number): [number, number][] {
  const centre = Math.max(0, ((output + 0.5) * size) / outSize - 0.5);
  const low = Math.min(Math.floor(centre), size - 1);
  const high = Math.min(low + 1, size - 1);
  return [
    [low, 1 - (centre - low)],
    [high, centre - low],
  ];
}
