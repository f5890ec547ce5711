/**
 * The 1-bit micro-kernels alone, over operands that never leave the nearest cache. Two ways to count the bits that differ; which is
 * faster depends on the processor and on relaxed SIMD.
 */

/**
 * By population counts: tiles of 3 rows x 2 columns, their words lying as they are read.
 *
 * @param left [depth][3] words of 64 bits
 * @param right [depth][2] words
 * @param target 3 x 2 int64 counts, written anew each time
 */
export function popcountTiles(left: usize, right: usize, depth: i32, times: i32, target: usize): void {
  const end = right + (<usize>depth << 4);
  for (let time = 0; time < times; time++) {
    let c00: i64 = 0, c01: i64 = 0, c10: i64 = 0, c11: i64 = 0, c20: i64 = 0, c21: i64 = 0;
    let a = left;
    let b = right;
    do {
      const b0 = load<i64>(b);
      const b1 = load<i64>(b, 8);
      let word = load<i64>(a);
      c00 += popcnt<i64>(word ^ b0); c01 += popcnt<i64>(word ^ b1);
      word = load<i64>(a, 8);
      c10 += popcnt<i64>(word ^ b0); c11 += popcnt<i64>(word ^ b1);
      word = load<i64>(a, 16);
      c20 += popcnt<i64>(word ^ b0); c21 += popcnt<i64>(word ^ b1);
      a += 24;
      b += 16;
    } while (b < end);
    store<i64>(target, c00); store<i64>(target, c01, 8);
    store<i64>(target, c10, 16); store<i64>(target, c11, 24);
    store<i64>(target, c20, 32); store<i64>(target, c21, 40);
  }
}

@inline
function lookUp(table: v128, places: v128): v128 {
  if (RELAXED) return i8x16.relaxed_swizzle(table, places);
  return i8x16.swizzle(table, places);
}

/**
 * By tables: 4 bits of a row choose a table of 16 bytes, in which 4 bits of each of 16 columns choose the count of their differences.
 * Tiles of 2 rows x 64 columns; a byte holds the counts of 63 nibbles, so `depth` is at most that.
 *
 * @param left [depth][2] bytes, 16 times a nibble each
 * @param right [depth][64] bytes, a nibble each
 * @param tables [16][16] bytes: how many bits differ between the two places
 * @param target 2 x 64 bytes, written anew each time
 */
export function nibbleTiles(left: usize, right: usize, tables: usize, depth: i32, times: i32, target: usize): void {
  const end = left + (<usize>depth << 1);
  for (let time = 0; time < times; time++) {
    let c00 = i8x16.splat(0), c01 = c00, c02 = c00, c03 = c00, c10 = c00, c11 = c00, c12 = c00, c13 = c00;
    let a = left;
    let b = right;
    do {
      const first = v128.load(tables + <usize>load<u8>(a));
      const second = v128.load(tables + <usize>load<u8>(a, 1));
      let columns = v128.load(b);
      c00 = i8x16.add(c00, lookUp(first, columns)); c10 = i8x16.add(c10, lookUp(second, columns));
      columns = v128.load(b, 16);
      c01 = i8x16.add(c01, lookUp(first, columns)); c11 = i8x16.add(c11, lookUp(second, columns));
      columns = v128.load(b, 32);
      c02 = i8x16.add(c02, lookUp(first, columns)); c12 = i8x16.add(c12, lookUp(second, columns));
      columns = v128.load(b, 48);
      c03 = i8x16.add(c03, lookUp(first, columns)); c13 = i8x16.add(c13, lookUp(second, columns));
      a += 2;
      b += 64;
    } while (a < end);
    v128.store(target, c00); v128.store(target, c01, 16); v128.store(target, c02, 32); v128.store(target, c03, 48);
    v128.store(target, c10, 64); v128.store(target, c11, 80); v128.store(target, c12, 96); v128.store(target, c13, 112);
  }
}
