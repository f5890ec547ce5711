/**
 * Tables of popcounts: for each byte x of a row of bytes and each value a that another byte can have
 *
 *     T[a] = popcount(a ^ x), so T[a + 2^j] = T[a] + (1 - 2 x_j) for a < 2^j: eight doublings, 255 additions.
 */

/** 1 - 2 * (that bit), for 16 bytes. */
@inline
function changeOf(bytes: v128, bit: i32): v128 {
  const set = v128.and(i8x16.shr_u(bytes, bit), i8x16.splat(1));
  return i8x16.sub(i8x16.sub(i8x16.splat(1), set), set);
}

/** Bytes [256][lanes] from `lanes` bytes, a multiple of 16, which may lie in the last row: it is written last. */
export function fillTable(table: usize, bytes: usize, lanes: usize): void {
  let lane: usize = 0;
  for (; lane + 64 <= lanes; lane += 64) fill64(table + lane, bytes + lane, lanes);
  for (; lane < lanes; lane += 16) fill16(table + lane, bytes + lane, lanes);
}

function fill16(table: usize, bytes: usize, lanes: usize): void {
  const x = v128.load(bytes);
  v128.store(table, i8x16.popcnt(x));
  for (let bit = 0; bit < 8; bit++) {
    const change = changeOf(x, bit);
    const half = lanes << bit;
    const end = table + half;
    for (let row = table; row < end; row += lanes) v128.store(row + half, i8x16.add(v128.load(row), change));
  }
}

function fill64(table: usize, bytes: usize, lanes: usize): void {
  const x0 = v128.load(bytes);
  const x1 = v128.load(bytes, 16);
  const x2 = v128.load(bytes, 32);
  const x3 = v128.load(bytes, 48);
  v128.store(table, i8x16.popcnt(x0));
  v128.store(table, i8x16.popcnt(x1), 16);
  v128.store(table, i8x16.popcnt(x2), 32);
  v128.store(table, i8x16.popcnt(x3), 48);
  for (let bit = 0; bit < 8; bit++) {
    const c0 = changeOf(x0, bit);
    const c1 = changeOf(x1, bit);
    const c2 = changeOf(x2, bit);
    const c3 = changeOf(x3, bit);
    const end = table + (lanes << bit);
    let to = end;
    for (let row = table; row < end; row += lanes) {
      v128.store(to, i8x16.add(v128.load(row), c0));
      v128.store(to, i8x16.add(v128.load(row, 16), c1), 16);
      v128.store(to, i8x16.add(v128.load(row, 32), c2), 32);
      v128.store(to, i8x16.add(v128.load(row, 48), c3), 48);
      to += lanes;
    }
  }
}
