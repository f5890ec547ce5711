/**
 * The two micro-kernels under every float convolution, and the panels that they read. Nothing is lowered to columns: the
 * operands stay where they are, and small tables of byte offsets say which of their elements meet.
 *
 * `multiplyTile` makes 4 points x 8 columns of  target[point, column] = bias[column] + sum over k of source[point, k] * weight[k, column].
 *
 * - The k axis is cut into runs: `runBytes` bytes of consecutive floats each, one run for each entry of the table `runs`
 *   (int32 byte offsets from a point's own source). A 3x3 convolution over a padded image has three runs of 3 * channels.
 * - The tile's entry in the table of points (`POINTS_BYTES` bytes) has four int32 byte offsets into `source`, then four into
 *   `target`. Fewer than four points: repeat the last one, the same values are then stored to the same place again.
 * - A panel holds 8 columns: 8 biases, then [k][8] weights (`panelBytes`), zeros where there are no columns.
 *
 * `accumulateOuter` makes 4 rows x 8 columns of  tile[row, column] (+)= sum over points of left[point, row] * right[point, column]:
 * a weight gradient, whose k axis is the points. They come in lines: `length` points `leftStep` and `rightStep` bytes apart.
 *
 * Sizes: 8 accumulators, 2 column loads and a broadcast fit the 16 vector registers, and one k a loop is short enough for
 * every engine's register allocation. The order of sums is that of k, in chains, whatever the tables.
 */

export const TILE_POINTS: i32 = 4;
export const TILE_COLUMNS: i32 = 8;
/** Bytes of one tile's entry in a table of points. */
export const POINTS_BYTES: usize = 32;
/** Bytes of one result of `accumulateOuter`. */
export const OUTER_BYTES: usize = 128;

/** c + a * b */
@inline
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (RELAXED) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

/** Bytes of a panel over `depth` weights a column. */
@inline
export function panelBytes(depth: i32): usize {
  return (<usize>depth + 1) << 5;
}

/**
 * Longest chain of products that is added up one after another. The rounding error of such a chain grows with the root of its
 * length, so a long k axis is summed in parts: at 48 the sums of a 3x3 convolution over 128 channels come out about four times
 * nearer than in one chain.
 */
const CHAIN_BYTES: usize = 48 << 2;

// Sums of the tile's finished chains. Globals belong to one thread, and stay out of the inner loop's registers.
let s00: v128 = f32x4.splat(0);
let s01: v128 = f32x4.splat(0);
let s10: v128 = f32x4.splat(0);
let s11: v128 = f32x4.splat(0);
let s20: v128 = f32x4.splat(0);
let s21: v128 = f32x4.splat(0);
let s30: v128 = f32x4.splat(0);
let s31: v128 = f32x4.splat(0);

/**
 * One tile (see above).
 *
 * @param points the tile's entry in the table of points
 * @param runsEnd end of the table `runs`
 * @param columns columns to store, 1 to 8
 */
export function multiplyTile(
  source: usize, target: usize, points: usize, runs: usize, runsEnd: usize, runBytes: usize, panel: usize, columns: i32,
): void {
  let c00 = v128.load(panel), c01 = v128.load(panel, 16);
  let c10 = c00, c11 = c01, c20 = c00, c21 = c01, c30 = c00, c31 = c01;
  let weights = panel + 32;
  let chain: usize = 0;
  let chains = false;
  for (; runs < runsEnd; runs += 4) {
    const run = source + load<u32>(runs);
    let a0 = run + load<u32>(points);
    let a1 = run + load<u32>(points, 4);
    let a2 = run + load<u32>(points, 8);
    let a3 = run + load<u32>(points, 12);
    const end = a0 + runBytes;
    do {
      const part = min(<usize>(end - a0), CHAIN_BYTES);
      chain += part;
      if (chain > CHAIN_BYTES) {
        if (chains) {
          c00 = f32x4.add(s00, c00); c01 = f32x4.add(s01, c01);
          c10 = f32x4.add(s10, c10); c11 = f32x4.add(s11, c11);
          c20 = f32x4.add(s20, c20); c21 = f32x4.add(s21, c21);
          c30 = f32x4.add(s30, c30); c31 = f32x4.add(s31, c31);
        }
        s00 = c00; s01 = c01; s10 = c10; s11 = c11;
        s20 = c20; s21 = c21; s30 = c30; s31 = c31;
        c00 = c01 = c10 = c11 = c20 = c21 = c30 = c31 = f32x4.splat(0);
        chains = true;
        chain = part;
      }
      const stop = a0 + part;
      do {
        const b0 = v128.load(weights);
        const b1 = v128.load(weights, 16);
        let a = v128.load32_splat(a0);
        c00 = multiplyAdd(a, b0, c00); c01 = multiplyAdd(a, b1, c01);
        a = v128.load32_splat(a1);
        c10 = multiplyAdd(a, b0, c10); c11 = multiplyAdd(a, b1, c11);
        a = v128.load32_splat(a2);
        c20 = multiplyAdd(a, b0, c20); c21 = multiplyAdd(a, b1, c21);
        a = v128.load32_splat(a3);
        c30 = multiplyAdd(a, b0, c30); c31 = multiplyAdd(a, b1, c31);
        a0 += 4; a1 += 4; a2 += 4; a3 += 4;
        weights += 32;
      } while (a0 < stop);
    } while (a0 < end);
  }
  if (chains) {
    c00 = f32x4.add(s00, c00); c01 = f32x4.add(s01, c01);
    c10 = f32x4.add(s10, c10); c11 = f32x4.add(s11, c11);
    c20 = f32x4.add(s20, c20); c21 = f32x4.add(s21, c21);
    c30 = f32x4.add(s30, c30); c31 = f32x4.add(s31, c31);
  }
  storeColumns(target + load<u32>(points, 16), c00, c01, columns);
  storeColumns(target + load<u32>(points, 20), c10, c11, columns);
  storeColumns(target + load<u32>(points, 24), c20, c21, columns);
  storeColumns(target + load<u32>(points, 28), c30, c31, columns);
}

/**
 * One outer tile (see above), [4][8] floats at `tile`. Reads 4 floats at each left and 8 at each right point: where fewer belong to
 * the operand, the others must be readable and give results that nobody uses.
 *
 * @param lines table of two int32 byte offsets a line: its first point in `left` and in `right`
 */
export function accumulateOuter(
  left: usize, right: usize, lines: usize, linesEnd: usize, length: i32,
  leftStep: usize, rightStep: usize, tile: usize, accumulate: i32,
): void {
  let c00: v128, c01: v128, c10: v128, c11: v128, c20: v128, c21: v128, c30: v128, c31: v128;
  if (accumulate) {
    c00 = v128.load(tile); c01 = v128.load(tile, 16);
    c10 = v128.load(tile, 32); c11 = v128.load(tile, 48);
    c20 = v128.load(tile, 64); c21 = v128.load(tile, 80);
    c30 = v128.load(tile, 96); c31 = v128.load(tile, 112);
  } else {
    c00 = c01 = c10 = c11 = c20 = c21 = c30 = c31 = f32x4.splat(0);
  }
  const lineBytes = <usize>length * leftStep;
  for (; lines < linesEnd; lines += 8) {
    let p = left + load<u32>(lines);
    let q = right + load<u32>(lines, 4);
    const end = p + lineBytes;
    do {
      const b0 = v128.load(q);
      const b1 = v128.load(q, 16);
      let a = v128.load32_splat(p);
      c00 = multiplyAdd(a, b0, c00); c01 = multiplyAdd(a, b1, c01);
      a = v128.load32_splat(p, 4);
      c10 = multiplyAdd(a, b0, c10); c11 = multiplyAdd(a, b1, c11);
      a = v128.load32_splat(p, 8);
      c20 = multiplyAdd(a, b0, c20); c21 = multiplyAdd(a, b1, c21);
      a = v128.load32_splat(p, 12);
      c30 = multiplyAdd(a, b0, c30); c31 = multiplyAdd(a, b1, c31);
      p += leftStep;
      q += rightStep;
    } while (p < end);
  }
  v128.store(tile, c00); v128.store(tile, c01, 16);
  v128.store(tile, c10, 32); v128.store(tile, c11, 48);
  v128.store(tile, c20, 64); v128.store(tile, c21, 80);
  v128.store(tile, c30, 96); v128.store(tile, c31, 112);
}

/** `storeColumns` for other files; inlined, since the compiler warns of vectors among the parameters of what is exported. */
@inline
export function storeRow(address: usize, low: v128, high: v128, columns: i32): void {
  storeColumns(address, low, high, columns);
}

/** Stores the first `columns` (1 to 8) floats of low and high. */
@inline
export function storeColumns(address: usize, low: v128, high: v128, columns: i32): void {
  if (columns >= 8) {
    v128.store(address, low);
    v128.store(address, high, 16);
  } else {
    storeSome(address, low, high, columns);
  }
}

function storeSome(address: usize, low: v128, high: v128, columns: i32): void {
  if (columns & 4) {
    v128.store(address, low);
    address += 16;
    low = high;
  }
  if (columns & 2) {
    v128.store64_lane(address, low, 0);
    address += 8;
    low = i64x2.shuffle(low, low, 1, 1);
  }
  if (columns & 1) v128.store32_lane(address, low, 0);
}

/** Adds `count` rows of tiles of `accumulateOuter`, `stride` bytes apart, in their order, and stores the first `columns` sums. */
export function sumTileRows(from: usize, count: i32, stride: usize, columns: i32, to: usize): void {
  let low = v128.load(from);
  let high = v128.load(from, 16);
  for (let i = 1; i < count; i++) {
    from += stride;
    low = f32x4.add(low, v128.load(from));
    high = f32x4.add(high, v128.load(from, 16));
  }
  storeColumns(to, low, high, columns);
}

/**
 * Packs the part of a panel that belongs to `depth` consecutive k: columns are rows of weights, `columnStride` bytes apart, k is
 * contiguous in each. For forward convolutions over OHWI weights.
 *
 * @param to where the first k's 8 weights go
 */
export function packColumns(from: usize, columnStride: usize, columns: i32, depth: i32, to: usize): void {
  let column = 0;
  for (; column + 4 <= columns; column += 4) {
    packFourColumns(from, columnStride, depth, to);
    from += columnStride << 2;
    to += 16;
  }
  for (; column < TILE_COLUMNS; column++) {
    for (let k = 0; k < depth; k++) {
      store<f32>(to + (<usize>k << 5), column < columns ? load<f32>(from + (<usize>k << 2)) : 0);
    }
    from += columnStride;
    to += 4;
  }
}

/** Transposes 4 x 4 blocks. */
function packFourColumns(r0: usize, columnStride: usize, depth: i32, to: usize): void {
  const r1 = r0 + columnStride;
  const r2 = r1 + columnStride;
  const r3 = r2 + columnStride;
  const bytes = <usize>depth << 2;
  let k: usize = 0;
  for (; k + 16 <= bytes; k += 16) {
    const v0 = v128.load(r0 + k);
    const v1 = v128.load(r1 + k);
    const v2 = v128.load(r2 + k);
    const v3 = v128.load(r3 + k);
    const low01 = i32x4.shuffle(v0, v1, 0, 4, 1, 5);
    const high01 = i32x4.shuffle(v0, v1, 2, 6, 3, 7);
    const low23 = i32x4.shuffle(v2, v3, 0, 4, 1, 5);
    const high23 = i32x4.shuffle(v2, v3, 2, 6, 3, 7);
    v128.store(to, i64x2.shuffle(low01, low23, 0, 2));
    v128.store(to, i64x2.shuffle(low01, low23, 1, 3), 32);
    v128.store(to, i64x2.shuffle(high01, high23, 0, 2), 64);
    v128.store(to, i64x2.shuffle(high01, high23, 1, 3), 96);
    to += 128;
  }
  for (; k < bytes; k += 4) {
    store<f32>(to, load<f32>(r0 + k));
    store<f32>(to, load<f32>(r1 + k), 4);
    store<f32>(to, load<f32>(r2 + k), 8);
    store<f32>(to, load<f32>(r3 + k), 12);
    to += 32;
  }
}

/**
 * Packs the part of a panel that belongs to `depth` consecutive k, from weights whose columns are contiguous, k `depthStride` bytes
 * apart. For input gradients over OHWI weights, whose columns are the input channels.
 */
export function packRows(from: usize, depthStride: usize, columns: i32, depth: i32, to: usize): void {
  for (let k = 0; k < depth; k++) {
    if (columns >= TILE_COLUMNS) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
    } else {
      for (let column = 0; column < TILE_COLUMNS; column++) {
        store<f32>(to + (<usize>column << 2), column < columns ? load<f32>(from + (<usize>column << 2)) : 0);
      }
    }
    from += depthStride;
    to += 32;
  }
}

/** The 8 biases in front of a panel; zeros where `bias` is 0 or a column is missing. */
export function packBias(bias: usize, columns: i32, panel: usize): void {
  for (let column = 0; column < TILE_COLUMNS; column++) {
    store<f32>(panel + (<usize>column << 2), bias && column < columns ? load<f32>(bias + (<usize>column << 2)) : 0);
  }
}
