/**
 * The transforms of Winograd's convolution F(4x4, 3x3) (Lavin and Gray, 2015, arXiv:1509.09308; Toom and Cook before them): 16 output
 * pixels of a 3x3 convolution of stride 1 by 36 products a channel pair instead of 144. F(3x3, 4x4), of as many points, differs in T and G alone.
 *
 * A product of polynomials of degree 2 and 3 has degree 5 and is known by its values at six points: here 0, a, -a, b, -b and infinity.
 * By transposition (g the filter, d six neighbouring inputs, y four outputs)
 *
 *     y = T' [(G g) * (B d)],  in two dimensions  Y = T' [(G g G') * (B d B')] T,
 *
 *     row of point p:  T' [1, p, p², p³];   G [1, p, p²] / N(p);   B: the coefficients of m(x) / (x - p),
 *     row of infinity: T' [0, 0, 0, 1];     G [0, 0, 1];           B: those of m(x),
 *     m(x) = x (x² - a²) (x² - b²),  N(p) = the derivative of m at p.
 *
 * The derivative towards the filter follows from the same identity: dg = G' [sum over tiles of (B d B') * (T dY T')] G.
 *
 * Points decide the rounding. a = 5/8 and b = 3/2 keep all coefficients within 2.7 of 1 and exact in float32; over 64 channels the error
 * is half of that of the usual 1 and 2, and 2.3 times that of adding up the 576 products one after another (docs/numerics.md).
 *
 * All work on vectors of four channels. One-dimensional passes go down the columns into `scratch`, then along its rows.
 */
import { multiplyAdd } from './gemm';
import { loadPart, storePart } from './simd';

/** Output rows and columns of a tile. */
export const TILE_SIDE: i32 = 4;
/** Input rows and columns that a tile sees: as many as there are points. */
export const WINDOW_SIDE: i32 = 6;
/** Products of a tile and channel pair. */
export const FREQUENCIES: i32 = 36;
/** Bytes of the scratch that every transform here needs: 36 vectors to gather or pass on, 36 between two passes. */
export const SCRATCH_BYTES: usize = 36 * 16 * 2;
const BETWEEN: usize = 36 * 16;

const A: f32 = 0.625;
const B: f32 = 1.5;
const AA: f32 = A * A;
const BB: f32 = B * B;
/** 1 / N(0), and 1, p and p² times 1 / N(p) for p = a and b. */
const G0: f32 = 1 / (AA * BB);
const GA: f32 = 1 / (2 * AA * (AA - BB));
const GB: f32 = 1 / (2 * BB * (BB - AA));

// Read from memory once a call: constants that the compiler knows would be made anew, at several instructions each, at every use.
const INPUT_FACTORS = memory.data<f32>([-BB, A, -A * BB, -AA, B, -AA * B, -(AA + BB), AA * BB], 16);
const OUTPUT_FACTORS = memory.data<f32>([A, B, AA, BB, AA * A, BB * B], 16);
const FILTER_FACTORS = memory.data<f32>([G0, GA, AA * GA, A * GA, GB, BB * GB, B * GB], 16);
const POINTS = memory.data<f32>([A, AA, B, BB], 16);

/** 1 / (N(p) N(q)) of each frequency: floats by which what was made of `evaluateFilter` is to be multiplied, or its tiles beforehand. */
export const NORMS = memory.data<f32>([
  G0 * G0, G0 * GA, G0 * GA, G0 * GB, G0 * GB, G0,
  GA * G0, GA * GA, GA * GA, GA * GB, GA * GB, GA,
  GA * G0, GA * GA, GA * GA, GA * GB, GA * GB, GA,
  GB * G0, GB * GA, GB * GA, GB * GB, GB * GB, GB,
  GB * G0, GB * GA, GB * GA, GB * GB, GB * GB, GB,
  G0, GA, GA, GB, GB, 1,
], 16);

/**
 * V = B d B' of 6x6 pixels, `pitch` bytes from row to row and `step` from pixel to pixel. Frequency (i, j) goes to
 * `to` + (6 i + j) * `stride`.
 */
@inline
export function transformWindow(from: usize, pitch: usize, step: usize, scratch: usize, to: usize, stride: usize): void {
  const f0 = v128.load32_splat(INPUT_FACTORS), f1 = v128.load32_splat(INPUT_FACTORS, 4);
  const f2 = v128.load32_splat(INPUT_FACTORS, 8), f3 = v128.load32_splat(INPUT_FACTORS, 12);
  const f4 = v128.load32_splat(INPUT_FACTORS, 16), f5 = v128.load32_splat(INPUT_FACTORS, 20);
  const f6 = v128.load32_splat(INPUT_FACTORS, 24), f7 = v128.load32_splat(INPUT_FACTORS, 28);
  const between = scratch + BETWEEN;
  let at = between;
  for (let column = 0; column < WINDOW_SIDE; column++) {
    let row = from;
    const d0 = v128.load(row); row += pitch;
    const d1 = v128.load(row); row += pitch;
    const d2 = v128.load(row); row += pitch;
    const d3 = v128.load(row); row += pitch;
    const d4 = v128.load(row); row += pitch;
    const d5 = v128.load(row);
    let even = multiplyAdd(d2, f0, d4);
    let odd = multiplyAdd(d1, f2, f32x4.mul(d3, f1));
    v128.store(at, f32x4.add(even, odd), 96);
    v128.store(at, f32x4.sub(even, odd), 192);
    even = multiplyAdd(d2, f3, d4);
    odd = multiplyAdd(d1, f5, f32x4.mul(d3, f4));
    v128.store(at, f32x4.add(even, odd), 288);
    v128.store(at, f32x4.sub(even, odd), 384);
    v128.store(at, multiplyAdd(d0, f7, multiplyAdd(d2, f6, d4)));
    v128.store(at, multiplyAdd(d1, f7, multiplyAdd(d3, f6, d5)), 480);
    from += step;
    at += 16;
  }
  at = between;
  for (let row = 0; row < WINDOW_SIDE; row++) {
    const d0 = v128.load(at), d1 = v128.load(at, 16), d2 = v128.load(at, 32);
    const d3 = v128.load(at, 48), d4 = v128.load(at, 64), d5 = v128.load(at, 80);
    v128.store(to, multiplyAdd(d0, f7, multiplyAdd(d2, f6, d4))); to += stride;
    let even = multiplyAdd(d2, f0, d4);
    let odd = multiplyAdd(d1, f2, f32x4.mul(d3, f1));
    v128.store(to, f32x4.add(even, odd)); to += stride;
    v128.store(to, f32x4.sub(even, odd)); to += stride;
    even = multiplyAdd(d2, f3, d4);
    odd = multiplyAdd(d1, f5, f32x4.mul(d3, f4));
    v128.store(to, f32x4.add(even, odd)); to += stride;
    v128.store(to, f32x4.sub(even, odd)); to += stride;
    v128.store(to, multiplyAdd(d1, f7, multiplyAdd(d3, f6, d5))); to += stride;
    at += 96;
  }
}

/**
 * Y = T' M T of one tile of `side` (4, or 3 where kernels are 4x4), plus `bias`: frequency (i, j) comes from `from` + (6 i + j) * `stride`. Stores the
 * first `rows` x `columns` pixels and of each the first `count` (1 to 4) channels. The side is known when compiled.
 */
@inline
export function transformProducts(
  side: i32, from: usize, stride: usize, bias: v128, scratch: usize, to: usize, pitch: usize, step: usize, rows: i32, columns: i32, count: i32,
): void {
  const a = v128.load32_splat(OUTPUT_FACTORS), b = v128.load32_splat(OUTPUT_FACTORS, 4);
  const aa = v128.load32_splat(OUTPUT_FACTORS, 8), bb = v128.load32_splat(OUTPUT_FACTORS, 12);
  const aaa = v128.load32_splat(OUTPUT_FACTORS, 16), bbb = v128.load32_splat(OUTPUT_FACTORS, 20);
  const between = scratch + BETWEEN;
  const down = stride * 6;
  let at = between;
  for (let column = 0; column < WINDOW_SIDE; column++) {
    let row = from;
    const m0 = v128.load(row); row += down;
    const m1 = v128.load(row); row += down;
    const m2 = v128.load(row); row += down;
    const m3 = v128.load(row); row += down;
    const m4 = v128.load(row); row += down;
    const m5 = v128.load(row);
    const sumA = f32x4.add(m1, m2), differenceA = f32x4.sub(m1, m2);
    const sumB = f32x4.add(m3, m4), differenceB = f32x4.sub(m3, m4);
    v128.store(at, f32x4.add(m0, f32x4.add(sumA, sumB)));
    v128.store(at, multiplyAdd(differenceA, a, f32x4.mul(differenceB, b)), 96);
    if (side === TILE_SIDE) {
      v128.store(at, multiplyAdd(sumA, aa, f32x4.mul(sumB, bb)), 192);
      v128.store(at, multiplyAdd(differenceA, aaa, multiplyAdd(differenceB, bbb, m5)), 288);
    } else {
      v128.store(at, multiplyAdd(sumA, aa, multiplyAdd(sumB, bb, m5)), 192);
    }
    from += stride;
    at += 16;
  }
  at = between;
  for (let row = 0; row < rows; row++) {
    const m0 = v128.load(at), m1 = v128.load(at, 16), m2 = v128.load(at, 32);
    const m3 = v128.load(at, 48), m4 = v128.load(at, 64), m5 = v128.load(at, 80);
    const sumA = f32x4.add(m1, m2), differenceA = f32x4.sub(m1, m2);
    const sumB = f32x4.add(m3, m4), differenceB = f32x4.sub(m3, m4);
    const y0 = f32x4.add(f32x4.add(m0, bias), f32x4.add(sumA, sumB));
    const y1 = f32x4.add(multiplyAdd(differenceA, a, f32x4.mul(differenceB, b)), bias);
    const partB = side === TILE_SIDE ? f32x4.mul(sumB, bb) : multiplyAdd(sumB, bb, m5);
    const y2 = f32x4.add(multiplyAdd(sumA, aa, partB), bias);
    storeLanes(to, y0, count);
    if (columns > 1) storeLanes(to + step, y1, count);
    if (columns > 2) storeLanes(to + (step << 1), y2, count);
    if (side === TILE_SIDE && columns > 3) {
      const y3 = f32x4.add(multiplyAdd(differenceA, aaa, multiplyAdd(differenceB, bbb, m5)), bias);
      storeLanes(to + step * 3, y3, count);
    }
    to += pitch;
    at += 96;
  }
}

/** T dY T' of 4x4 pixels at `from`; frequency (i, j) goes to `to` + (6 i + j) * `stride`. */
@inline
export function transformTileGradient(from: usize, pitch: usize, step: usize, scratch: usize, to: usize, stride: usize): void {
  const a = v128.load32_splat(OUTPUT_FACTORS), b = v128.load32_splat(OUTPUT_FACTORS, 4);
  const aa = v128.load32_splat(OUTPUT_FACTORS, 8), bb = v128.load32_splat(OUTPUT_FACTORS, 12);
  const aaa = v128.load32_splat(OUTPUT_FACTORS, 16), bbb = v128.load32_splat(OUTPUT_FACTORS, 20);
  const between = scratch + BETWEEN;
  let at = between;
  for (let column = 0; column < TILE_SIDE; column++) {
    let row = from;
    const y0 = v128.load(row); row += pitch;
    const y1 = v128.load(row); row += pitch;
    const y2 = v128.load(row); row += pitch;
    const y3 = v128.load(row);
    let even = multiplyAdd(y2, aa, y0);
    let odd = multiplyAdd(y3, aaa, f32x4.mul(y1, a));
    v128.store(at, y0);
    v128.store(at, f32x4.add(even, odd), 64);
    v128.store(at, f32x4.sub(even, odd), 128);
    even = multiplyAdd(y2, bb, y0);
    odd = multiplyAdd(y3, bbb, f32x4.mul(y1, b));
    v128.store(at, f32x4.add(even, odd), 192);
    v128.store(at, f32x4.sub(even, odd), 256);
    v128.store(at, y3, 320);
    from += step;
    at += 16;
  }
  at = between;
  for (let row = 0; row < WINDOW_SIDE; row++) {
    const y0 = v128.load(at), y1 = v128.load(at, 16), y2 = v128.load(at, 32), y3 = v128.load(at, 48);
    v128.store(to, y0); to += stride;
    let even = multiplyAdd(y2, aa, y0);
    let odd = multiplyAdd(y3, aaa, f32x4.mul(y1, a));
    v128.store(to, f32x4.add(even, odd)); to += stride;
    v128.store(to, f32x4.sub(even, odd)); to += stride;
    even = multiplyAdd(y2, bb, y0);
    odd = multiplyAdd(y3, bbb, f32x4.mul(y1, b));
    v128.store(to, f32x4.add(even, odd)); to += stride;
    v128.store(to, f32x4.sub(even, odd)); to += stride;
    v128.store(to, y3); to += stride;
    at += 64;
  }
}

/** U = G g G' of the nine taps at `from`; frequency (i, j) goes to `to` + (6 i + j) * `stride`. */
export function transformFilter(from: usize, scratch: usize, to: usize, stride: usize): void {
  const f0 = v128.load32_splat(FILTER_FACTORS), f1 = v128.load32_splat(FILTER_FACTORS, 4);
  const f2 = v128.load32_splat(FILTER_FACTORS, 8), f3 = v128.load32_splat(FILTER_FACTORS, 12);
  const f4 = v128.load32_splat(FILTER_FACTORS, 16), f5 = v128.load32_splat(FILTER_FACTORS, 20);
  const f6 = v128.load32_splat(FILTER_FACTORS, 24);
  const between = scratch + BETWEEN;
  let at = between;
  for (let column = 0; column < 3; column++) {
    const g0 = v128.load(from), g1 = v128.load(from, 48), g2 = v128.load(from, 96);
    v128.store(at, f32x4.mul(g0, f0));
    let even = multiplyAdd(g2, f2, f32x4.mul(g0, f1));
    let odd = f32x4.mul(g1, f3);
    v128.store(at, f32x4.add(even, odd), 48);
    v128.store(at, f32x4.sub(even, odd), 96);
    even = multiplyAdd(g2, f5, f32x4.mul(g0, f4));
    odd = f32x4.mul(g1, f6);
    v128.store(at, f32x4.add(even, odd), 144);
    v128.store(at, f32x4.sub(even, odd), 192);
    v128.store(at, g2, 240);
    from += 16;
    at += 16;
  }
  at = between;
  for (let row = 0; row < WINDOW_SIDE; row++) {
    const g0 = v128.load(at), g1 = v128.load(at, 16), g2 = v128.load(at, 32);
    v128.store(to, f32x4.mul(g0, f0)); to += stride;
    let even = multiplyAdd(g2, f2, f32x4.mul(g0, f1));
    let odd = f32x4.mul(g1, f3);
    v128.store(to, f32x4.add(even, odd)); to += stride;
    v128.store(to, f32x4.sub(even, odd)); to += stride;
    even = multiplyAdd(g2, f5, f32x4.mul(g0, f4));
    odd = f32x4.mul(g1, f6);
    v128.store(to, f32x4.add(even, odd)); to += stride;
    v128.store(to, f32x4.sub(even, odd)); to += stride;
    v128.store(to, g2); to += stride;
    at += 48;
  }
}

/**
 * U = G g G' of the 4x4 taps at `from`, for tiles of 3x3: G's rows have a fourth element, p³ / N(p), and that of infinity is [0, 0, 0, 1]. Frequency (i, j)
 * goes to `to` + (6 i + j) * `stride`; `between` is room for 24 vectors.
 */
export function transformFourTaps(from: usize, between: usize, to: usize, stride: usize): void {
  for (let column: usize = 0; column < 64; column += 16) evaluateFour(from + column, 64, between + column, 64);
  for (let row = 0; row < WINDOW_SIDE; row++) {
    evaluateFour(between, 16, to, stride);
    between += 64;
    to += 6 * stride;
  }
}

@inline
function evaluateFour(from: usize, step: usize, to: usize, stride: usize): void {
  const g0 = v128.load(from), g1 = v128.load(from + step), g2 = v128.load(from + 2 * step), g3 = v128.load(from + 3 * step);
  v128.store(to, f32x4.mul(g0, f32x4.splat(G0)));
  to += stride;
  let even = f32x4.add(f32x4.mul(g0, f32x4.splat(GA)), f32x4.mul(g2, f32x4.splat(AA * GA)));
  let odd = f32x4.add(f32x4.mul(g1, f32x4.splat(A * GA)), f32x4.mul(g3, f32x4.splat(A * AA * GA)));
  v128.store(to, f32x4.add(even, odd));
  to += stride;
  v128.store(to, f32x4.sub(even, odd));
  to += stride;
  even = f32x4.add(f32x4.mul(g0, f32x4.splat(GB)), f32x4.mul(g2, f32x4.splat(BB * GB)));
  odd = f32x4.add(f32x4.mul(g1, f32x4.splat(B * GB)), f32x4.mul(g3, f32x4.splat(B * BB * GB)));
  v128.store(to, f32x4.add(even, odd));
  to += stride;
  v128.store(to, f32x4.sub(even, odd));
  to += stride;
  v128.store(to, g3);
}

/**
 * U = G g G' without the factors 1 / N, which `NORMS` has: half as much to do, for filters that are transformed where they are used. Frequency (i, j)
 * goes to `to` + (6 i + j) * 512.
 */
export function evaluateFilter(from: usize, scratch: usize, to: usize): void {
  const a = v128.load32_splat(POINTS), aa = v128.load32_splat(POINTS, 4);
  const b = v128.load32_splat(POINTS, 8), bb = v128.load32_splat(POINTS, 12);
  for (let column: usize = 0; column < 48; column += 16) {
    const at = scratch + column;
    const g0 = v128.load(from + column), g1 = v128.load(from + column, 48), g2 = v128.load(from + column, 96);
    let even = multiplyAdd(g2, aa, g0);
    let odd = f32x4.mul(g1, a);
    v128.store(at, f32x4.add(even, odd));
    v128.store(at, f32x4.sub(even, odd), 48);
    even = multiplyAdd(g2, bb, g0);
    odd = f32x4.mul(g1, b);
    v128.store(at, f32x4.add(even, odd), 96);
    v128.store(at, f32x4.sub(even, odd), 144);
  }
  evaluateRow(from, a, aa, b, bb, to);
  evaluateRow(scratch, a, aa, b, bb, to + 3072);
  evaluateRow(scratch + 48, a, aa, b, bb, to + 6144);
  evaluateRow(scratch + 96, a, aa, b, bb, to + 9216);
  evaluateRow(scratch + 144, a, aa, b, bb, to + 12288);
  evaluateRow(from + 96, a, aa, b, bb, to + 15360);
}

@inline
function evaluateRow(from: usize, a: v128, aa: v128, b: v128, bb: v128, to: usize): void {
  const g0 = v128.load(from), g1 = v128.load(from, 16), g2 = v128.load(from, 32);
  v128.store(to, g0);
  let even = multiplyAdd(g2, aa, g0);
  let odd = f32x4.mul(g1, a);
  v128.store(to, f32x4.add(even, odd), 512);
  v128.store(to, f32x4.sub(even, odd), 1024);
  even = multiplyAdd(g2, bb, g0);
  odd = f32x4.mul(g1, b);
  v128.store(to, f32x4.add(even, odd), 1536);
  v128.store(to, f32x4.sub(even, odd), 2048);
  v128.store(to, g2, 2560);
}

/**
 * dg = G' P G of the 36 vectors at the start of `scratch`. Tap (r, s) goes to `to` + (3 r + s) * `stride`, of each the first `count` (1 to 4)
 * channels.
 */
export function transformFilterGradient(scratch: usize, to: usize, stride: usize, count: i32): void {
  const f0 = v128.load32_splat(FILTER_FACTORS), f1 = v128.load32_splat(FILTER_FACTORS, 4);
  const f2 = v128.load32_splat(FILTER_FACTORS, 8), f3 = v128.load32_splat(FILTER_FACTORS, 12);
  const f4 = v128.load32_splat(FILTER_FACTORS, 16), f5 = v128.load32_splat(FILTER_FACTORS, 20);
  const f6 = v128.load32_splat(FILTER_FACTORS, 24);
  const between = scratch + BETWEEN;
  let at = between;
  for (let column = 0; column < WINDOW_SIDE; column++) {
    const p0 = v128.load(scratch), p1 = v128.load(scratch, 96), p2 = v128.load(scratch, 192);
    const p3 = v128.load(scratch, 288), p4 = v128.load(scratch, 384), p5 = v128.load(scratch, 480);
    const sumA = f32x4.add(p1, p2), sumB = f32x4.add(p3, p4);
    v128.store(at, multiplyAdd(p0, f0, multiplyAdd(sumA, f1, f32x4.mul(sumB, f4))));
    v128.store(at, multiplyAdd(f32x4.sub(p1, p2), f3, f32x4.mul(f32x4.sub(p3, p4), f6)), 96);
    v128.store(at, multiplyAdd(sumA, f2, multiplyAdd(sumB, f5, p5)), 192);
    scratch += 16;
    at += 16;
  }
  at = between;
  for (let row = 0; row < 3; row++) {
    const p0 = v128.load(at), p1 = v128.load(at, 16), p2 = v128.load(at, 32);
    const p3 = v128.load(at, 48), p4 = v128.load(at, 64), p5 = v128.load(at, 80);
    const sumA = f32x4.add(p1, p2), sumB = f32x4.add(p3, p4);
    storeLanes(to, multiplyAdd(p0, f0, multiplyAdd(sumA, f1, f32x4.mul(sumB, f4))), count);
    to += stride;
    storeLanes(to, multiplyAdd(f32x4.sub(p1, p2), f3, f32x4.mul(f32x4.sub(p3, p4), f6)), count);
    to += stride;
    storeLanes(to, multiplyAdd(sumA, f2, multiplyAdd(sumB, f5, p5)), count);
    to += stride;
    at += 96;
  }
}

/**
 * Gathers `side` x `side` pixels from (row, column) on, four channels each, to the start of `scratch`: zeros outside the image and for channels
 * beyond `count`.
 *
 * @param image address of the first of the four channels in the image's first pixel
 */
export function gatherPixels(
  image: usize, height: i32, width: i32, pixelBytes: usize, row: i32, column: i32, side: i32, count: i32, scratch: usize,
): void {
  const zero = f32x4.splat(0);
  for (let i = row; i < row + side; i++) {
    const inRow = u32(i) < u32(height);
    let from = image + <usize>(i * width + column) * pixelBytes;
    for (let j = column; j < column + side; j++) {
      let pixel = zero;
      if (inRow && u32(j) < u32(width)) pixel = loadLanes(from, count);
      v128.store(scratch, pixel);
      scratch += 16;
      from += pixelBytes;
    }
  }
}

/** The first `count` (1 to 4) floats. */
@inline
export function loadLanes(from: usize, count: i32): v128 {
  return count >= 4 ? v128.load(from) : loadPart(from, count);
}

@inline
export function storeLanes(to: usize, vector: v128, count: i32): void {
  if (count >= 4) v128.store(to, vector);
  else storePart(to, vector, count);
}
