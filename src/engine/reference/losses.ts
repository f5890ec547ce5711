import type { CrossEntropyGeometry, LossKernels } from '../kernels.js';
import type { ReferenceMemory } from './memory.js';
import { firstLargest } from './spatial.js';

export function lossKernels(memory: ReferenceMemory): LossKernels {
  return {
    crossEntropy(g, logits, labels, probabilities, loss) {
      const values = memory.floats(logits);
      const wanted = memory.ints(labels);
      const out = memory.floats(probabilities);
      let total = 0;
      for (let row = 0; row < g.rows; row++) {
        const start = row * g.classes;
        const scores = values.subarray(start, start + g.classes);
        const largest = scores.reduce((a, b) => Math.max(a, b));
        const sum = scores.reduce((partial, score) => partial + Math.exp(score - largest), 0);
        for (let j = 0; j < g.classes; j++) {
          out[start + j] = Math.exp(scores[j]! - largest) / sum;
          const share = target(g, j, wanted[row]!);
          if (share !== 0) total += share * (largest + Math.log(sum) - scores[j]!);
        }
      }
      memory.floats(loss)[0] = total / g.rows;
    },

    crossEntropyGradient(g, probabilities, labels, dloss, dlogits) {
      const values = memory.floats(probabilities);
      const wanted = memory.ints(labels);
      const factor = memory.floats(dloss)[0]! / g.rows;
      const out = memory.floats(dlogits);
      for (let i = 0; i < g.rows * g.classes; i++) {
        out[i] = (values[i]! - target(g, i % g.classes, wanted[Math.floor(i / g.classes)]!)) * factor;
      }
    },

    meanSquaredError(n, a, b, loss) {
      const left = memory.floats(a);
      const right = memory.floats(b);
      let total = 0;
      for (let i = 0; i < n; i++) total += (left[i]! - right[i]!) ** 2;
      memory.floats(loss)[0] = total / n;
    },

    meanSquaredErrorGradient(n, a, b, dloss, da, db) {
      const left = memory.floats(a);
      const right = memory.floats(b);
      const factor = (2 / n) * memory.floats(dloss)[0]!;
      const out = memory.floats(da);
      const opposite = db === 0 ? null : memory.floats(db);
      for (let i = 0; i < n; i++) {
        const gradient = (left[i]! - right[i]!) * factor;
        out[i] = gradient;
        if (opposite) opposite[i] = -gradient;
      }
    },

    depthContrast(batch, height, width, x, y) {
      const values = memory.floats(x);
      const out = memory.floats(y);
      forEachContrast(batch, height, width, (output, neighbour, centre) => {
        out[output] = values[neighbour]! - values[centre]!;
      });
    },

    depthContrastGradient(batch, height, width, dy, dx) {
      const gradient = memory.floats(dy);
      const out = memory.floats(dx).fill(0, 0, batch * height * width);
      forEachContrast(batch, height, width, (output, neighbour, centre) => {
        out[neighbour] = out[neighbour]! + gradient[output]!;
        out[centre] = out[centre]! - gradient[output]!;
      });
    },

    sum(n, x, out) {
      const values = memory.floats(x);
      let total = 0;
      for (let i = 0; i < n; i++) total += values[i]!;
      memory.floats(out)[0] = total;
    },

    sumSquares(n, x, out) {
      const values = memory.floats(x);
      let total = 0;
      for (let i = 0; i < n; i++) total += values[i]! ** 2;
      memory.floats(out)[0] = total;
    },

    columnSums(rows, channels, x, out) {
      const values = memory.floats(x);
      const sums = memory.floats(out);
      for (let c = 0; c < channels; c++) {
        let total = 0;
        for (let row = 0; row < rows; row++) total += values[row * channels + c]!;
        sums[c] = total;
      }
    },

    rowMeanAbsolute(rows, columns, x, out) {
      const values = memory.floats(x);
      const means = memory.floats(out);
      for (let row = 0; row < rows; row++) {
        let total = 0;
        for (let c = 0; c < columns; c++) total += Math.abs(values[row * columns + c]!);
        means[row] = total / columns;
      }
    },

    scaleRows(rows, columns, byRow, x, factor, y) {
      const values = memory.floats(x);
      const factors = memory.floats(factor);
      const out = memory.floats(y);
      for (let i = 0; i < rows * columns; i++) {
        out[i] = values[i]! * factors[byRow ? Math.floor(i / columns) : i % columns]!;
      }
    },

    countNonFinite(n, x) {
      const values = memory.floats(x);
      let count = 0;
      for (let i = 0; i < n; i++) if (!Number.isFinite(values[i]!)) count++;
      return count;
    },

    argmaxRows(rows, columns, x, out) {
      const values = memory.floats(x);
      const places = memory.ints(out);
      for (let row = 0; row < rows; row++) places[row] = firstLargest(values.subarray(row * columns, (row + 1) * columns));
    },
  };
}

/** Share of the target that falls to a class. */
function target(g: CrossEntropyGeometry, index: number, label: number): number {
  return g.smoothing / g.classes + (index === label ? 1 - g.smoothing : 0);
}

/** Visits each output of the contrast with the neighbour and the centre that it subtracts. */
function forEachContrast(
  batch: number,
  height: number,
  width: number,
  visit: (output: number, neighbour: number, centre: number) => void,
): void {
  const rows = height - 2;
  const columns = width - 2;
  for (let image = 0; image < batch; image++) {
    for (let direction = 0; direction < 8; direction++) {
      const tap = direction < 4 ? direction : direction + 1;
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          const output = ((image * 8 + direction) * rows + row) * columns + column;
          const neighbour = (image * height + row + Math.floor(tap / 3)) * width + column + (tap % 3);
          visit(output, neighbour, (image * height + row + 1) * width + column + 1);
        }
      }
    }
  }
}
