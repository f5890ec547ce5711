import { float, int, ptr } from './arguments';

/**
 * Central difference as a weight transform (CDCN, equation 4), row by row over w [rows, taps, channels]:
 *
 *     y(p0) = sum of w[t] x(p0 + t) - theta x(p0) sum of w[t]
 *           = sum of out[t] x(p0 + t),   out[t] = w[t] - [t = centre] theta sum over s of w[s].
 *
 * The transform is linear; its transpose, by which gradients go back, is dw[s] = dout[s] - theta dout[centre].
 */
export function centralDifference(args: usize, task: i32): void {
  const taps = int(args, 2);
  const tapBytes = <usize>int(args, 3) << 2;
  const centre = <usize>((taps - 1) >> 1) * tapBytes;
  const theta = float(args, 0);
  const rowBytes = <usize>taps * tapBytes;
  const first = task * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));
  for (let row = first; row < last; row++) {
    const from = ptr(args, 4) + <usize>row * rowBytes;
    const to = ptr(args, 5) + <usize>row * rowBytes;
    let c: usize = 0;
    for (; c + 16 <= tapBytes; c += 16) {
      let sum = f32x4.splat(0);
      for (let tap: usize = 0; tap < rowBytes; tap += tapBytes) {
        const weight = v128.load(from + tap + c);
        sum = f32x4.add(sum, weight);
        v128.store(to + tap + c, weight);
      }
      const middle = to + centre + c;
      v128.store(middle, f32x4.sub(v128.load(middle), f32x4.mul(f32x4.splat(theta), sum)));
    }
    for (; c < tapBytes; c += 4) {
      let sum: f32 = 0;
      for (let tap: usize = 0; tap < rowBytes; tap += tapBytes) {
        const weight = load<f32>(from + tap + c);
        sum += weight;
        store<f32>(to + tap + c, weight);
      }
      const middle = to + centre + c;
      store<f32>(middle, load<f32>(middle) - theta * sum);
    }
  }
}

export function centralDifferenceGradient(args: usize, task: i32): void {
  const taps = int(args, 2);
  const tapBytes = <usize>int(args, 3) << 2;
  const centre = <usize>((taps - 1) >> 1) * tapBytes;
  const theta = float(args, 0);
  const rowBytes = <usize>taps * tapBytes;
  const first = task * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));
  for (let row = first; row < last; row++) {
    const from = ptr(args, 4) + <usize>row * rowBytes;
    const to = ptr(args, 5) + <usize>row * rowBytes;
    let c: usize = 0;
    for (; c + 16 <= tapBytes; c += 16) {
      const share = f32x4.mul(f32x4.splat(theta), v128.load(from + centre + c));
      for (let tap: usize = 0; tap < rowBytes; tap += tapBytes) {
        v128.store(to + tap + c, f32x4.sub(v128.load(from + tap + c), share));
      }
    }
    for (; c < tapBytes; c += 4) {
      const share = theta * load<f32>(from + centre + c);
      for (let tap: usize = 0; tap < rowBytes; tap += tapBytes) {
        store<f32>(to + tap + c, load<f32>(from + tap + c) - share);
      }
    }
  }
}
