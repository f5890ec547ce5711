import { int, ptr } from './arguments';
import { columnTotal, FPRELU, PRELU, PRODUCT, SUM, sumColumns } from './columns';
import { highDoubles, item, loadPart, lowDoubles, sumDoubles } from './simd';

/** Sums down columns (`columns.ts`) to partial sums, and from those to float32. */
export function columnSums(args: usize, task: i32): void { sumColumns(SUM, args, task); }
export function columnProductSums(args: usize, task: i32): void { sumColumns(PRODUCT, args, task); }
export function fpreluGradient(args: usize, task: i32): void { sumColumns(FPRELU, args, task); }
export function preluGradient(args: usize, task: i32): void { sumColumns(PRELU, args, task); }

/** After the arguments of `columnTotal`: 6 outputs, 7 outputs of a task, 8 which sum, 9 divisor, 10 out. */
export function finishColumnSums(args: usize, task: i32): void {
  const end = min((task + 1) * int(args, 7), int(args, 6));
  for (let output = task * int(args, 7); output < end; output++) {
    store<f32>(item(ptr(args, 10), output), <f32>(columnTotal(args, output, int(args, 8)) / <f64>int(args, 9)));
  }
}

/** [channels, factor, source or 0, target]: the channels' values (or ones) `factor` times, one after the other. */
export function repeatChannels(args: usize, task: i32): void {
  const channels = int(args, 0);
  const source = ptr(args, 2);
  let target = ptr(args, 3);
  for (let repetition = 0; repetition < int(args, 1); repetition++) {
    for (let channel = 0; channel < channels; channel++) {
      store<f32>(target, source == 0 ? 1 : load<f32>(item(source, channel)));
      target += 4;
    }
  }
}

/**
 * Sums along rows, in doubles. A row is cut into blocks, each a unit with a partial sum of its own.
 * [units, units of a task, blocks of a row, columns of a block, width, partial sums, x, y]
 */
export function rowSums(args: usize, task: i32): void { sumRows(ROW_SUM, args, task); }
export function rowProductSums(args: usize, task: i32): void { sumRows(ROW_PRODUCT, args, task); }
export function rowSquareSums(args: usize, task: i32): void { sumRows(ROW_SQUARE, args, task); }
export function rowDifferenceSquareSums(args: usize, task: i32): void { sumRows(ROW_DIFFERENCE_SQUARE, args, task); }
export function rowAbsoluteSums(args: usize, task: i32): void { sumRows(ROW_ABSOLUTE, args, task); }

const ROW_SUM = 0;
const ROW_PRODUCT = 1;
const ROW_SQUARE = 2;
const ROW_DIFFERENCE_SQUARE = 3;
const ROW_ABSOLUTE = 4;

@inline
function sumRows(kind: i32, args: usize, task: i32): void {
  const end = min((task + 1) * int(args, 1), int(args, 0));
  const blocks = int(args, 2);
  const width = int(args, 4);
  let unit = task * int(args, 1);
  let row = unit / blocks;
  let block = unit % blocks;
  for (; unit < end; unit++) {
    const column = block * int(args, 3);
    const count = min(int(args, 3), width - column);
    const start = row * width + column;
    if (++block == blocks) {
      block = 0;
      row++;
    }
    const x = item(ptr(args, 6), start);
    const y = isOfTwo(kind) ? item(ptr(args, 7), start) : x;
    let a = f64x2.splat(0), b = f64x2.splat(0), c = f64x2.splat(0), d = f64x2.splat(0);
    let i = 0;
    for (; i + 8 <= count; i += 8) {
      const left = rowTerm(kind, v128.load(item(x, i)), v128.load(item(y, i)));
      const right = rowTerm(kind, v128.load(item(x, i), 16), v128.load(item(y, i), 16));
      a = f64x2.add(a, lowDoubles(left));
      b = f64x2.add(b, highDoubles(left));
      c = f64x2.add(c, lowDoubles(right));
      d = f64x2.add(d, highDoubles(right));
    }
    if (i + 4 <= count) {
      const term = rowTerm(kind, v128.load(item(x, i)), v128.load(item(y, i)));
      a = f64x2.add(a, lowDoubles(term));
      b = f64x2.add(b, highDoubles(term));
      i += 4;
    }
    if (i < count) {
      // The zeros behind the last element add nothing to any of the sums.
      const term = rowTerm(kind, loadPart(item(x, i), count - i), loadPart(item(y, i), count - i));
      a = f64x2.add(a, lowDoubles(term));
      b = f64x2.add(b, highDoubles(term));
    }
    store<f64>(ptr(args, 5) + (<usize>unit << 3), sumDoubles(f64x2.add(f64x2.add(a, b), f64x2.add(c, d))));
  }
}

@inline
function isOfTwo(kind: i32): bool {
  return kind == ROW_PRODUCT || kind == ROW_DIFFERENCE_SQUARE;
}

@inline
function rowTerm(kind: i32, x: v128, y: v128): v128 {
  if (kind == ROW_PRODUCT) return f32x4.mul(x, y);
  if (kind == ROW_SQUARE) return f32x4.mul(x, x);
  if (kind == ROW_ABSOLUTE) return f32x4.abs(x);
  if (kind == ROW_DIFFERENCE_SQUARE) {
    const difference = f32x4.sub(x, y);
    return f32x4.mul(difference, difference);
  }
  return x;
}

/**
 * out[r] = sum over g and b of partials[g, r, b] / divisor. [outs, outs of a task, groups, blocks, divisor, partial sums,
 * out]
 */
export function finishRowSums(args: usize, task: i32): void {
  const outs = int(args, 0);
  const groups = int(args, 2);
  const blocks = int(args, 3);
  const end = min((task + 1) * int(args, 1), outs);
  for (let out = task * int(args, 1); out < end; out++) {
    let total: f64 = 0;
    for (let group = 0; group < groups; group++) {
      const at = ptr(args, 5) + (<usize>((group * outs + out) * blocks) << 3);
      for (let block = 0; block < blocks; block++) total += load<f64>(at + (<usize>block << 3));
    }
    store<f32>(item(ptr(args, 6), out), <f32>(total / <f64>int(args, 4)));
  }
}
