/**
 * The float micro-kernel alone: as many times as wanted a tile of 4 rows x 8 columns over operands that never leave the nearest cache,
 * packed in the order in which they are read. No engine's matrix product, whose operands come from farther away, is faster.
 */

@inline
function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (RELAXED) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

/**
 * @param left [depth][4] floats
 * @param right [depth][8] floats
 * @param target 4 x 8 sums, written anew each time
 */
export function floatTiles(left: usize, right: usize, depth: i32, times: i32, target: usize): void {
  const end = left + (<usize>depth << 4);
  for (let time = 0; time < times; time++) {
    let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
    let a = left;
    let b = right;
    do {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      let row = v128.load32_splat(a);
      c00 = multiplyAdd(row, b0, c00); c01 = multiplyAdd(row, b1, c01);
      row = v128.load32_splat(a, 4);
      c10 = multiplyAdd(row, b0, c10); c11 = multiplyAdd(row, b1, c11);
      row = v128.load32_splat(a, 8);
      c20 = multiplyAdd(row, b0, c20); c21 = multiplyAdd(row, b1, c21);
      row = v128.load32_splat(a, 12);
      c30 = multiplyAdd(row, b0, c30); c31 = multiplyAdd(row, b1, c31);
      a += 16;
      b += 32;
    } while (a < end);
    v128.store(target, c00); v128.store(target, c01, 16);
    v128.store(target, c10, 32); v128.store(target, c11, 48);
    v128.store(target, c20, 64); v128.store(target, c21, 80);
    v128.store(target, c30, 96); v128.store(target, c31, 112);
  }
}
