/** to[column][row] = from[row][column]; steps are the bytes between rows of each. */
export function transpose(from: usize, fromStep: usize, rows: i32, columns: i32, to: usize, toStep: usize): void {
  let row = 0;
  for (; row + 4 <= rows; row += 4) {
    let column = 0;
    let source = from;
    let target = to;
    for (; column + 4 <= columns; column += 4) {
      const next = source + fromStep;
      const third = next + fromStep;
      const v0 = v128.load(source);
      const v1 = v128.load(next);
      const v2 = v128.load(third);
      const v3 = v128.load(third + fromStep);
      const low01 = i32x4.shuffle(v0, v1, 0, 4, 1, 5);
      const high01 = i32x4.shuffle(v0, v1, 2, 6, 3, 7);
      const low23 = i32x4.shuffle(v2, v3, 0, 4, 1, 5);
      const high23 = i32x4.shuffle(v2, v3, 2, 6, 3, 7);
      v128.store(target, i64x2.shuffle(low01, low23, 0, 2));
      target += toStep;
      v128.store(target, i64x2.shuffle(low01, low23, 1, 3));
      target += toStep;
      v128.store(target, i64x2.shuffle(high01, high23, 0, 2));
      target += toStep;
      v128.store(target, i64x2.shuffle(high01, high23, 1, 3));
      target += toStep;
      source += 16;
    }
    for (; column < columns; column++) {
      const next = source + fromStep;
      const third = next + fromStep;
      store<f32>(target, load<f32>(source));
      store<f32>(target, load<f32>(next), 4);
      store<f32>(target, load<f32>(third), 8);
      store<f32>(target, load<f32>(third + fromStep), 12);
      target += toStep;
      source += 4;
    }
    from += fromStep << 2;
    to += 16;
  }
  for (; row < rows; row++) {
    let target = to;
    for (let column = 0; column < columns; column++) {
      store<f32>(target, load<f32>(from + (<usize>column << 2)));
      target += toStep;
    }
    from += fromStep;
    to += 4;
  }
}
