import { int, ptr } from './arguments';
import { fetch, isFar } from './fetch';
import { highDoubles, item, loadSome, lowDoubles, storeSome } from './simd';

/**
 * Sums down columns: one pass over rows, each block of rows to partial sums of its own.
 *
 * Sixteen columns at a time (a cache line) go down a chunk of rows in float32 accumulators, which are then emptied into
 * doubles: so rounding grows with the chunk, not with the rows. What is added up is `first` and `second` of `term`.
 *
 * Arguments: 0 units, 1 units of a task, 2 blocks of rows, 3 blocks of columns, 4 rows of a block, 5 columns of a block,
 * 6 rows (a last one cut short included), 7 whole rows, 8 columns of the row cut short, 9 width, 10 stride of the partial
 * sums, 11 partial sums [groups, blocks of rows, sums, stride], 12 and on: operands as `term` says.
 */

/** x. Operands: x. */
export const SUM = 0;
/** x y. Operands: x, y. */
export const PRODUCT = 1;
/** x - p, (x - p)². Operands: x, p of the column. */
export const MOMENTS = 2;
/** y, y (x - p). Operands: x, y, p of the column. */
export const CENTRED_PRODUCT = 3;
/** x y where x >= 0, x y elsewhere; and out = y * (p or q). Operands: x, y, p and q of the column, out. */
export const FPRELU = 4;
/** The same, but x = 0 counts as negative. */
export const PRELU = 5;
/** z, z (x - p) for z = y where (x - p) s + b > 0 and 0 elsewhere. Operands: x, y, p of the column, s and b each a row after it. */
export const GATED_CENTRED_PRODUCT = 6;
/** z, z (x - p) for z = y where m > 0 and 0 elsewhere; and out = z. Operands: x, y, p of the column, m, out. */
export const MASKED_CENTRED_PRODUCT = 7;

/** Rows of a chunk. Wide rows lie far apart in memory: few at a time keep what was fetched beside them in the cache. */
@inline
function chunkRows(width: i32): i32 {
  return width < 64 ? 64 : 16;
}

@inline
export function sumColumns(kind: i32, args: usize, task: i32): void {
  const last = min((task + 1) * int(args, 1), int(args, 0));
  for (let unit = task * int(args, 1); unit < last; unit++) sumBlock(kind, args, unit);
}

@inline
function sumBlock(kind: i32, args: usize, unit: i32): void {
  const blocks = int(args, 2);
  const columnBlocks = int(args, 3);
  const rows = int(args, 6);
  const wholeRows = int(args, 7);
  const width = int(args, 9);
  const stride = int(args, 10);
  const rowBlock = unit / columnBlocks;
  const firstColumn = (unit % columnBlocks) * int(args, 5);
  const lastColumn = min(firstColumn + int(args, 5), width);
  const partial = ptr(args, 11) + <usize>rowBlock * <usize>stride * (isDouble(kind) ? 16 : 8);
  const secondPartial = isDouble(kind) ? partial + (<usize>stride << 3) : 0;
  clear(partial, firstColumn, lastColumn);
  if (isDouble(kind)) clear(secondPartial, firstColumn, lastColumn);

  const group = item(0, (rowBlock / blocks) * rows * width);
  const x = ptr(args, 12) + group;
  const y = hasSecond(kind) ? ptr(args, 13) + group : x;
  const p = hasColumnOperand(kind) ? ptr(args, kind == MOMENTS ? 13 : 14) : 0;
  // The slopes below zero, which belong to the columns, or what masks y.
  const q = hasOut(kind) ? ptr(args, 15) + (kind == MASKED_CENTRED_PRODUCT ? group : 0) : 0;
  const out = hasOut(kind) ? ptr(args, 16) + group : 0;

  let row = (rowBlock % blocks) * int(args, 4);
  const end = min(row + int(args, 4), rows);
  while (row < end) {
    const cutShort = row == wholeRows;
    const count = cutShort ? 1 : min(chunkRows(width), min(end, wholeRows) - row);
    const limit = cutShort ? min(lastColumn, int(args, 8)) : lastColumn;
    let column = firstColumn;
    if (isFar(width, count)) {
      for (let ahead = row; ahead < row + count; ahead++) {
        const at = item(0, ahead * width + firstColumn);
        fetch(x + at, limit - firstColumn);
        if (hasSecond(kind)) fetch(y + at, limit - firstColumn);
        if (kind == MASKED_CENTRED_PRODUCT) fetch(q + at, limit - firstColumn);
      }
    }
    for (; !isPartial(kind) && column + 16 <= limit; column += 16) {
      const at = item(0, row * width + column);
      const sums = <usize>column << 3;
      const own = item(0, column);
      sumSixteen(kind, x + at, y + at, p + own, q + own, out + at, width, count, partial + sums, secondPartial + sums);
    }
    for (; isPartial(kind) && column + 8 <= limit; column += 8) {
      const at = item(0, row * width + column);
      const sums = <usize>column << 3;
      sumEight(kind, x + at, y + at, p + item(0, column), q + at, out + at, width, count, partial + sums, secondPartial + sums);
    }
    for (; column + 4 <= limit; column += 4) {
      const at = item(0, row * width + column);
      const sums = <usize>column << 3;
      const own = item(0, column);
      const beside = kind == MASKED_CENTRED_PRODUCT ? at : own;
      sumFour(kind, true, 4, x + at, y + at, p + own, q + beside, out + at, width, count, partial + sums, secondPartial + sums);
    }
    if (column < limit) {
      const at = item(0, row * width + column);
      const sums = <usize>column << 3;
      const own = item(0, column);
      const beside = kind == MASKED_CENTRED_PRODUCT ? at : own;
      const rest = limit - column;
      sumFour(kind, false, rest, x + at, y + at, p + own, q + beside, out + at, width, count, partial + sums, secondPartial + sums);
    }
    row += count;
  }
}

@inline
function sumSixteen(
  kind: i32, x: usize, y: usize, p: usize, q: usize, out: usize, width: i32, rows: i32, partial: usize, secondPartial: usize,
): void {
  const zero = f32x4.splat(0);
  const p0 = hasColumnOperand(kind) ? v128.load(p) : zero;
  const p1 = hasColumnOperand(kind) ? v128.load(p, 16) : zero;
  const p2 = hasColumnOperand(kind) ? v128.load(p, 32) : zero;
  const p3 = hasColumnOperand(kind) ? v128.load(p, 48) : zero;
  let a0 = zero, a1 = zero, a2 = zero, a3 = zero;
  let b0 = zero, b1 = zero, b2 = zero, b3 = zero;
  const step = item(0, width);
  for (let row = 0; row < rows; row++) {
    const x0 = v128.load(x), x1 = v128.load(x, 16), x2 = v128.load(x, 32), x3 = v128.load(x, 48);
    const y0 = hasSecond(kind) ? v128.load(y) : zero;
    const y1 = hasSecond(kind) ? v128.load(y, 16) : zero;
    const y2 = hasSecond(kind) ? v128.load(y, 32) : zero;
    const y3 = hasSecond(kind) ? v128.load(y, 48) : zero;
    a0 = f32x4.add(a0, first(kind, x0, y0, p0));
    a1 = f32x4.add(a1, first(kind, x1, y1, p1));
    a2 = f32x4.add(a2, first(kind, x2, y2, p2));
    a3 = f32x4.add(a3, first(kind, x3, y3, p3));
    if (isDouble(kind)) {
      b0 = f32x4.add(b0, second(kind, x0, y0, p0));
      b1 = f32x4.add(b1, second(kind, x1, y1, p1));
      b2 = f32x4.add(b2, second(kind, x2, y2, p2));
      b3 = f32x4.add(b3, second(kind, x3, y3, p3));
    }
    if (isPrelu(kind)) {
      // q is read again for each row: beside eight sums there is no register for it.
      v128.store(out, slope(kind, x0, y0, p0, v128.load(q)));
      v128.store(out, slope(kind, x1, y1, p1, v128.load(q, 16)), 16);
      v128.store(out, slope(kind, x2, y2, p2, v128.load(q, 32)), 32);
      v128.store(out, slope(kind, x3, y3, p3, v128.load(q, 48)), 48);
      out += step;
    }
    x += step;
    if (hasSecond(kind)) y += step;
  }
  empty(partial, a0);
  empty(partial + 32, a1);
  empty(partial + 64, a2);
  empty(partial + 96, a3);
  if (isDouble(kind)) {
    empty(secondPartial, b0);
    empty(secondPartial + 32, b1);
    empty(secondPartial + 64, b2);
    empty(secondPartial + 96, b3);
  }
}

/**
 * Eight columns, for the kinds that leave out some of y: sixteen would want more registers than there are. Two vectors side by side share the
 * loop's own work, and what belongs to their columns stays in registers.
 */
@inline
function sumEight(
  kind: i32, x: usize, y: usize, p: usize, mask: usize, out: usize, width: i32, rows: i32, partial: usize, secondPartial: usize,
): void {
  const zero = f32x4.splat(0);
  const step = item(0, width);
  const gated = kind == GATED_CENTRED_PRODUCT;
  const p0 = v128.load(p), p1 = v128.load(p, 16);
  const s0 = gated ? v128.load(p + step) : zero, s1 = gated ? v128.load(p + step, 16) : zero;
  const t0 = gated ? v128.load(p + 2 * step) : zero, t1 = gated ? v128.load(p + 2 * step, 16) : zero;
  let a0 = zero, a1 = zero, b0 = zero, b1 = zero;
  for (let row = 0; row < rows; row++) {
    const c0 = f32x4.sub(v128.load(x), p0);
    const m0 = gated ? f32x4.add(f32x4.mul(c0, s0), t0) : v128.load(mask);
    const y0 = v128.and(v128.load(y), f32x4.gt(m0, zero));
    a0 = f32x4.add(a0, y0);
    b0 = f32x4.add(b0, f32x4.mul(y0, c0));
    const c1 = f32x4.sub(v128.load(x, 16), p1);
    const m1 = gated ? f32x4.add(f32x4.mul(c1, s1), t1) : v128.load(mask, 16);
    const y1 = v128.and(v128.load(y, 16), f32x4.gt(m1, zero));
    a1 = f32x4.add(a1, y1);
    b1 = f32x4.add(b1, f32x4.mul(y1, c1));
    if (kind == MASKED_CENTRED_PRODUCT) {
      v128.store(out, y0);
      v128.store(out, y1, 16);
      mask += step;
      out += step;
    }
    x += step;
    y += step;
  }
  empty(partial, a0);
  empty(partial + 32, a1);
  empty(secondPartial, b0);
  empty(secondPartial + 32, b1);
}

/** Four columns, or the last `columns` of a row. */
@inline
function sumFour(
  kind: i32, whole: bool, columns: i32,
  x: usize, y: usize, p: usize, q: usize, out: usize, width: i32, rows: i32, partial: usize, secondPartial: usize,
): void {
  const zero = f32x4.splat(0);
  const p0 = hasColumnOperand(kind) ? loadSome(whole, p, columns) : zero;
  let a = zero;
  let b = zero;
  const step = item(0, width);
  for (let row = 0; row < rows; row++) {
    const x0 = loadSome(whole, x, columns);
    const y0 = hasSecond(kind) ? gate(kind, whole, columns, loadSome(whole, y, columns), x0, p0, p, q, step) : zero;
    a = f32x4.add(a, first(kind, x0, y0, p0));
    if (isDouble(kind)) b = f32x4.add(b, second(kind, x0, y0, p0));
    if (isPrelu(kind)) storeSome(whole, out, slope(kind, x0, y0, p0, loadSome(whole, q, columns)), columns);
    if (kind == MASKED_CENTRED_PRODUCT) {
      storeSome(whole, out, y0, columns);
      q += step;
    }
    x += step;
    if (hasSecond(kind)) y += step;
    if (hasOut(kind)) out += step;
  }
  empty(partial, a);
  if (isDouble(kind)) empty(secondPartial, b);
}

/** What of y counts, for the kinds that leave some out. */
@inline
function gate(
  kind: i32, whole: bool, columns: i32, y: v128, x: v128, p: v128, pAt: usize, mask: usize, step: usize,
): v128 {
  if (kind == GATED_CENTRED_PRODUCT) {
    const scaled = f32x4.mul(f32x4.sub(x, p), loadSome(whole, pAt + step, columns));
    return v128.and(y, f32x4.gt(f32x4.add(scaled, loadSome(whole, pAt + step + step, columns)), f32x4.splat(0)));
  }
  if (kind == MASKED_CENTRED_PRODUCT) return v128.and(y, f32x4.gt(loadSome(whole, mask, columns), f32x4.splat(0)));
  return y;
}

@inline
function first(kind: i32, x: v128, y: v128, p: v128): v128 {
  if (kind == PRODUCT) return f32x4.mul(x, y);
  if (kind == MOMENTS) return f32x4.sub(x, p);
  if (isCentredProduct(kind)) return y;
  if (isPrelu(kind)) return v128.and(f32x4.mul(x, y), isPositive(kind, x));
  return x;
}

@inline
function second(kind: i32, x: v128, y: v128, p: v128): v128 {
  const centred = f32x4.sub(x, p);
  if (kind == MOMENTS) return f32x4.mul(centred, centred);
  if (isCentredProduct(kind)) return f32x4.mul(y, centred);
  return v128.andnot(f32x4.mul(x, y), isPositive(kind, x));
}

@inline
function slope(kind: i32, x: v128, y: v128, p: v128, q: v128): v128 {
  return f32x4.mul(y, v128.bitselect(p, q, isPositive(kind, x)));
}

@inline
function isPositive(kind: i32, x: v128): v128 {
  return kind == PRELU ? f32x4.gt(x, f32x4.splat(0)) : f32x4.ge(x, f32x4.splat(0));
}

@inline
function isPrelu(kind: i32): bool {
  return kind == FPRELU || kind == PRELU;
}

@inline
function isCentredProduct(kind: i32): bool {
  return kind == CENTRED_PRODUCT || kind >= GATED_CENTRED_PRODUCT;
}

/** The kinds that leave out some of y. */
@inline
function isPartial(kind: i32): bool {
  return kind >= GATED_CENTRED_PRODUCT;
}

/** The kinds that also write an element for each that they read. */
@inline
function hasOut(kind: i32): bool {
  return isPrelu(kind) || kind == MASKED_CENTRED_PRODUCT;
}

/** Two sums a column. */
@inline
function isDouble(kind: i32): bool {
  return kind >= MOMENTS;
}

@inline
function hasSecond(kind: i32): bool {
  return kind == PRODUCT || kind >= CENTRED_PRODUCT;
}

@inline
function hasColumnOperand(kind: i32): bool {
  return kind >= MOMENTS;
}

/** Columns in whole vectors: the partial sums are padded to them. */
@inline
function clear(partial: usize, firstColumn: i32, lastColumn: i32): void {
  for (let column = firstColumn; column < lastColumn; column += 4) {
    const at = partial + (<usize>column << 3);
    v128.store(at, f64x2.splat(0));
    v128.store(at, f64x2.splat(0), 16);
  }
}

@inline
function empty(partial: usize, sum: v128): void {
  v128.store(partial, f64x2.add(v128.load(partial), lowDoubles(sum)));
  v128.store(partial, f64x2.add(v128.load(partial, 16), highDoubles(sum)), 16);
}

/**
 * Sum `index` of channel `output % channels` of group `output / channels`, from the partial sums in order. Arguments: 0
 * partial sums, 1 blocks, 2 stride, 3 sums, 4 channels, 5 times that each channel occurs in a row.
 */
export function columnTotal(args: usize, output: i32, index: i32): f64 {
  const blocks = int(args, 1);
  const stride = int(args, 2);
  const sums = int(args, 3);
  const channels = int(args, 4);
  const factor = int(args, 5);
  const group = output / channels;
  const step = <usize>(sums * stride) << 3;
  let start = ptr(args, 0) + (<usize>((group * blocks * sums + index) * stride + (output % channels)) << 3);
  let total: f64 = 0;
  for (let repetition = 0; repetition < factor; repetition++) {
    // Four sums side by side: one addition need not wait for the one before.
    let a: f64 = 0, b: f64 = 0, c: f64 = 0, d: f64 = 0;
    let at = start;
    let block = 0;
    for (; block + 4 <= blocks; block += 4) {
      a += load<f64>(at);
      b += load<f64>(at + step);
      c += load<f64>(at + 2 * step);
      d += load<f64>(at + 3 * step);
      at += 4 * step;
    }
    for (; block < blocks; block++) {
      a += load<f64>(at);
      at += step;
    }
    total += a + b + (c + d);
    start += <usize>channels << 3;
  }
  return total;
}
