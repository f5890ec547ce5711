import type { Activation, BroadcastGeometry, ElementKernels } from '../kernels.js';
import type { ReferenceMemory } from './memory.js';

export function elementKernels(memory: ReferenceMemory): ElementKernels {
  return {
    copy(n, x, y) {
      const from = memory.floats(x);
      const to = memory.floats(y);
      for (let i = 0; i < n; i++) to[i] = from[i]!;
    },

    fill(n, value, y) {
      memory.floats(y).fill(value, 0, n);
    },

    affine(n, factor, offset, x, y) {
      const from = memory.floats(x);
      const to = memory.floats(y);
      for (let i = 0; i < n; i++) to[i] = factor * from[i]! + offset;
    },

    accumulate(n, factor, x, y) {
      const from = memory.floats(x);
      const to = memory.floats(y);
      for (let i = 0; i < n; i++) to[i] = to[i]! + factor * from[i]!;
    },

    activation(kind, n, x, y) {
      const from = memory.floats(x);
      const to = memory.floats(y);
      for (let i = 0; i < n; i++) to[i] = activate(kind, from[i]!);
    },

    activationGradient(kind, n, y, dy, dx) {
      const value = memory.floats(y);
      const gradient = memory.floats(dy);
      const out = memory.floats(dx);
      for (let i = 0; i < n; i++) out[i] = gradient[i]! * activationSlope(kind, value[i]!);
    },

    sign(n, x, y) {
      const from = memory.floats(x);
      const to = memory.floats(y);
      for (let i = 0; i < n; i++) to[i] = from[i]! >= 0 ? 1 : -1;
    },

    signGradient(surrogate, n, x, dy, dx) {
      const value = memory.floats(x);
      const gradient = memory.floats(dy);
      const out = memory.floats(dx);
      for (let i = 0; i < n; i++) {
        const distance = Math.abs(value[i]!);
        const slope = surrogate === 'clip' ? (distance <= 1 ? 1 : 0) : distance < 1 ? 2 - 2 * distance : 0;
        out[i] = gradient[i]! * slope;
      }
    },

    fprelu(rows, channels, x, positive, negative, y) {
      const from = memory.floats(x);
      const above = positive === 0 ? null : memory.floats(positive);
      const below = memory.floats(negative);
      const to = memory.floats(y);
      for (let i = 0; i < rows * channels; i++) {
        const channel = i % channels;
        to[i] = from[i]! * (from[i]! >= 0 ? (above?.[channel] ?? 1) : below[channel]!);
      }
    },

    fpreluGradient(rows, channels, x, positive, negative, dy, dx, dpositive, dnegative) {
      const value = memory.floats(x);
      const above = positive === 0 ? null : memory.floats(positive);
      const below = memory.floats(negative);
      const gradient = memory.floats(dy);
      const out = memory.floats(dx);
      const dabove = new Float64Array(channels);
      const dbelow = new Float64Array(channels);
      for (let i = 0; i < rows * channels; i++) {
        const channel = i % channels;
        const isAbove = above ? value[i]! >= 0 : value[i]! > 0;
        const sums = isAbove ? dabove : dbelow;
        sums[channel] = sums[channel]! + gradient[i]! * value[i]!;
        out[i] = gradient[i]! * (isAbove ? (above?.[channel] ?? 1) : below[channel]!);
      }
      if (positive !== 0) memory.floats(dpositive).set(dabove);
      memory.floats(dnegative).set(dbelow);
    },

    broadcast(operation, g, a, b, y) {
      const left = memory.floats(a);
      const right = memory.floats(b);
      const out = memory.floats(y);
      forEachElement(g, (i, repeated) => {
        out[i] = operation === 'add' ? left[i]! + right[repeated]! : left[i]! * right[repeated]!;
      });
    },

    broadcastReduce(g, dy, a, db) {
      const gradient = memory.floats(dy);
      const factor = a === 0 ? null : memory.floats(a);
      const size = (g.overBatch ? 1 : g.batch) * (g.overPixels ? 1 : g.pixels) * (g.overChannels ? 1 : g.channels);
      const sums = new Float64Array(size);
      forEachElement(g, (i, repeated) => {
        sums[repeated] = sums[repeated]! + gradient[i]! * (factor ? factor[i]! : 1);
      });
      memory.floats(db).set(sums);
    },

    copyColumns(rows, count, fromWidth, fromStart, toWidth, toStart, x, y) {
      const from = memory.floats(x);
      const to = memory.floats(y);
      for (let row = 0; row < rows; row++) {
        for (let i = 0; i < count; i++) to[row * toWidth + toStart + i] = from[row * fromWidth + fromStart + i]!;
      }
    },

    shuffleChannels(rows, channels, groups, x, y) {
      const from = memory.floats(x);
      const to = memory.floats(y);
      const width = channels / groups;
      for (let row = 0; row < rows; row++) {
        for (let group = 0; group < groups; group++) {
          for (let i = 0; i < width; i++) to[row * channels + i * groups + group] = from[row * channels + group * width + i]!;
        }
      }
    },

    pad(g, top, left, x, y) {
      const from = memory.floats(x);
      const to = memory.floats(y);
      for (let image = 0; image < g.batch; image++) {
        for (let row = 0; row < g.outHeight; row++) {
          for (let column = 0; column < g.outWidth; column++) {
            const fromRow = row - top;
            const fromColumn = column - left;
            const inside = fromRow >= 0 && fromRow < g.height && fromColumn >= 0 && fromColumn < g.width;
            const source = ((image * g.height + fromRow) * g.width + fromColumn) * g.channels;
            const target = ((image * g.outHeight + row) * g.outWidth + column) * g.channels;
            for (let c = 0; c < g.channels; c++) to[target + c] = inside ? from[source + c]! : 0;
          }
        }
      }
    },
  };
}

function activate(kind: Activation, x: number): number {
  switch (kind) {
    case 'relu':
      return Math.max(x, 0);
    case 'sigmoid':
      return 1 / (1 + Math.exp(-x));
    case 'hardTanh':
      return Math.min(Math.max(x, -1), 1);
  }
}

function activationSlope(kind: Activation, y: number): number {
  switch (kind) {
    case 'relu':
      return y > 0 ? 1 : 0;
    case 'sigmoid':
      return y * (1 - y);
    case 'hardTanh':
      return y > -1 && y < 1 ? 1 : 0;
  }
}

/** Visits each element with its own index and that of the operand's element that repeats there. */
function forEachElement(g: BroadcastGeometry, visit: (index: number, repeated: number) => void): void {
  const pixels = g.overPixels ? 1 : g.pixels;
  const channels = g.overChannels ? 1 : g.channels;
  let index = 0;
  for (let image = 0; image < g.batch; image++) {
    for (let pixel = 0; pixel < g.pixels; pixel++) {
      for (let channel = 0; channel < g.channels; channel++) {
        const row = (g.overBatch ? 0 : image) * pixels + (g.overPixels ? 0 : pixel);
        visit(index++, row * channels + (g.overChannels ? 0 : channel));
      }
    }
  }
}
