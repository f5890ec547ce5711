import { item } from './simd';

/** The outputs of a pixel before its finish, from the 16-bit counts of differing bits: balance - 2 * count (`binary.ts`). */
export function storeCounts(counts: usize, balances: usize, channels: i32, target: usize): void {
  for (; channels >= 4; channels -= 4) {
    const differing = v128.load16x4_u(counts);
    v128.store(target, f32x4.convert_i32x4_s(i32x4.sub(v128.load(balances), i32x4.add(differing, differing))));
    counts += 8;
    balances += 16;
    target += 16;
  }
  for (let i = 0; i < channels; i++) {
    store<f32>(item(target, i), <f32>(load<i32>(item(balances, i)) - (<i32>load<u16>(counts + (<usize>i << 1)) << 1)));
  }
}
