import { int, ptr } from './arguments';
import { item } from './simd';
import { packRow, popcountBytes } from './sign-bits';

/**
 * 1-bit convolution. With a bit a sign (1 for +1) and n bits side by side, the products that are -1 are those whose bits
 * differ, so
 *
 *     sum of sign(x) sign(w) = n - 2 popcount(x ^ w).
 *
 * The channels that a group has of a pixel fill bytes from the lowest bit up (`sign-bits.ts`), so that a window of few channels
 * is as dense as one of many; bits that fill up a last byte are 0 in both operands and never differ. A tap outside the image has the
 * bits 0 as well: there x ^ w = w, so with the popcount of that tap of w, known beforehand,
 *
 *     y = (channels * taps inside + 2 * popcounts of w outside) - 2 popcount(x ^ w).
 *
 * The term in brackets depends on which taps are outside and on the output channel alone: `balanceBorders` makes a table of it.
 * Everything is integers until `scale`.
 *
 * `padSigns` lays the bits of x in one plane for each group, with zeros around; in it the taps of a kernel row are one run of bytes
 * (unless dilation parts them). `packSignWeights` packs w. Then one of four kernels: `binary-tables.ts`,
 * `binary-nibbles.ts`, `binary-pixels.ts` or `binary-popcount.ts`.
 */

/**
 * Lines of the padded planes [groups][batch][height + 2 padding][width + 2 padding][tapBytes] from x's bits
 * [batch][height][width][groups][tapBytes].
 */
export function padSigns(args: usize, task: i32): void {
  const batch = int(args, 2);
  const height = int(args, 3);
  const width = int(args, 4);
  const padding = int(args, 5);
  const groups = int(args, 6);
  const tapBytes = <usize>int(args, 7);
  const paddedHeight = height + 2 * padding;
  const lineBytes = <usize>(width + 2 * padding) * tapBytes;
  const sideBytes = <usize>padding * tapBytes;
  const pixelBytes = <usize>groups * tapBytes;
  const first = task * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));
  for (let line = first; line < last; line++) {
    const to = ptr(args, 9) + <usize>line * lineBytes;
    const row = (line % paddedHeight) - padding;
    if (<u32>row >= <u32>height) {
      memory.fill(to, 0, lineBytes);
      continue;
    }
    const group = line / paddedHeight / batch;
    const image = (line / paddedHeight) % batch;
    let from = ptr(args, 8) + <usize>(image * height + row) * <usize>width * pixelBytes + <usize>group * tapBytes;
    memory.fill(to, 0, sideBytes);
    let inner = to + sideBytes;
    if (groups === 1) {
      memory.copy(inner, from, <usize>width * tapBytes);
    } else {
      for (let column = 0; column < width; column++) {
        for (let byte: usize = 0; byte < tapBytes; byte++) store<u8>(inner + byte, load<u8>(from + byte));
        inner += tapBytes;
        from += pixelBytes;
      }
    }
    memory.fill(to + lineBytes - sideBytes, 0, sideBytes);
  }
}

/**
 * w [outChannels, taps, channels] to rows of bits [outChannels][rowBytes], zeros at the end of each, and popcounts int32
 * [taps][groups][paddedOut].
 */
export function packSignWeights(args: usize, task: i32): void {
  const taps = int(args, 2);
  const channels = int(args, 3);
  const rowBytes = <usize>int(args, 4);
  const groupOut = int(args, 5);
  const paddedOut = int(args, 6);
  const tapBytes = <usize>(channels + 7) >> 3;
  const popcountsOfTap = (int(args, 0) / groupOut) * paddedOut;
  const first = task * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));
  let from = item(ptr(args, 7), first * taps * channels);
  for (let row = first; row < last; row++) {
    let to = ptr(args, 8) + <usize>row * rowBytes;
    let popcounts = item(ptr(args, 9), (row / groupOut) * paddedOut + (row % groupOut));
    store<u64>(to + rowBytes - 8, 0);
    for (let tap = 0; tap < taps; tap++) {
      packRow(from, to, channels);
      store<i32>(popcounts, popcountBytes(to, tapBytes));
      from = item(from, channels);
      to += tapBytes;
      popcounts = item(popcounts, popcountsOfTap);
    }
  }
}

/** The same of weights that are bits already [outChannels][taps][tapBytes]. */
export function packSignBits(args: usize, task: i32): void {
  const taps = int(args, 2);
  const tapBytes = <usize>int(args, 3);
  const rowBytes = <usize>int(args, 4);
  const groupOut = int(args, 5);
  const paddedOut = int(args, 6);
  const bitBytes = <usize>taps * tapBytes;
  const popcountsOfTap = (int(args, 0) / groupOut) * paddedOut;
  const first = task * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));
  for (let row = first; row < last; row++) {
    let to = ptr(args, 8) + <usize>row * rowBytes;
    let popcounts = item(ptr(args, 9), (row / groupOut) * paddedOut + (row % groupOut));
    store<u64>(to + rowBytes - 8, 0);
    memory.copy(to, ptr(args, 7) + <usize>row * bitBytes, bitBytes);
    for (let tap = 0; tap < taps; tap++) {
      store<i32>(popcounts, popcountBytes(to, <i32>tapBytes));
      to += tapBytes;
      popcounts = item(popcounts, popcountsOfTap);
    }
  }
}

/**
 * For each kind of pixel (rows of classes x columns of classes; a class is the first and the end of the taps inside) and output channel the
 * bracket of the formula above: int32 [rowClasses][columnClasses][channels], channels filled up to vectors of four or more.
 */
export function balanceBorders(args: usize, task: i32): void {
  const columnClasses = int(args, 2);
  const kernelHeight = int(args, 3);
  const kernelWidth = int(args, 4);
  const groupIn = int(args, 5);
  const channels = int(args, 6);
  const first = task * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));
  for (let kind = first; kind < last; kind++) {
    const rows = item(ptr(args, 7), (kind / columnClasses) << 1);
    const columns = item(ptr(args, 8), (kind % columnClasses) << 1);
    const firstRow = load<i32>(rows);
    const endRow = load<i32>(rows, 4);
    const firstColumn = load<i32>(columns);
    const endColumn = load<i32>(columns, 4);
    const balances = item(ptr(args, 10), kind * channels);
    const end = item(balances, channels);
    const inside = i32x4.splat(groupIn * (endRow - firstRow) * (endColumn - firstColumn));
    for (let at = balances; at < end; at += 16) v128.store(at, inside);
    let popcounts = ptr(args, 9);
    for (let row = 0; row < kernelHeight; row++) {
      for (let column = 0; column < kernelWidth; column++) {
        if (row < firstRow || row >= endRow || column < firstColumn || column >= endColumn) addTwice(popcounts, balances, end);
        popcounts = item(popcounts, channels);
      }
    }
  }
}

function addTwice(from: usize, to: usize, end: usize): void {
  for (; to < end; to += 16) {
    const value = v128.load(from);
    v128.store(to, i32x4.add(v128.load(to), i32x4.add(value, value)));
    from += 16;
  }
}
