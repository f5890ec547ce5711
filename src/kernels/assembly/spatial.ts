import { int, ptr } from './arguments';
import { beats, firstLargest } from './largest';
import { item, loadSome, storePart, storeSome } from './simd';

/**
 * Pooling windows over NHWC images, four channels at a time. Forward kernels own rows of the output, gradients rows of the
 * input: those gather from the windows that hold a pixel, so no two tasks write one place.
 *
 * Arguments: 0 rows of all images, 1 rows of a task, 2 height, 3 width, 4 channels, 5 output's height, 6 and width, 7 kernel,
 * 8 stride, 9 padding, 10 and on: addresses, the output's last.
 */

/** x, y, argmax */
export function maxPool(args: usize, task: i32): void { poolWindows(true, args, task); }

/** dy, argmax, dx */
export function maxPoolGradient(args: usize, task: i32): void { gatherWindows(true, args, task); }

/** x, y */
export function averagePool(args: usize, task: i32): void { poolWindows(false, args, task); }

@inline
function poolWindows(ofMaximum: bool, args: usize, task: i32): void {
  const end = min((task + 1) * int(args, 1), int(args, 0));
  const height = int(args, 2);
  const width = int(args, 3);
  const channels = int(args, 4);
  const outHeight = int(args, 5);
  const outWidth = int(args, 6);
  const kernel = int(args, 7);
  const area = f32x4.splat(<f32>(kernel * kernel));
  for (let row = task * int(args, 1); row < end; row++) {
    const image = item(ptr(args, 10), (row / outHeight) * height * width * channels);
    const top = (row % outHeight) * int(args, 8) - int(args, 9);
    const firstRow = max(top, 0);
    const rows = min(top + kernel, height) - firstRow;
    for (let column = 0; column < outWidth; column++) {
      const left = column * int(args, 8) - int(args, 9);
      const firstColumn = max(left, 0);
      const columns = min(left + kernel, width) - firstColumn;
      const place = firstRow * width + firstColumn;
      const x = item(image, place * channels);
      const out = (row * outWidth + column) * channels;
      const y = item(ptr(args, 11), out);
      const argmax = ofMaximum ? item(ptr(args, 12), out) : 0;
      let c = 0;
      for (; c + 4 <= channels; c += 4) {
        if (ofMaximum) largest(true, 4, item(x, c), rows, columns, width, channels, place, item(y, c), item(argmax, c));
        else v128.store(item(y, c), f32x4.div(total(true, 4, item(x, c), rows, columns, width, channels), area));
      }
      if (c < channels) {
        const rest = channels - c;
        if (ofMaximum) largest(false, rest, item(x, c), rows, columns, width, channels, place, item(y, c), item(argmax, c));
        else storePart(item(y, c), f32x4.div(total(false, rest, item(x, c), rows, columns, width, channels), area), rest);
      }
    }
  }
}

@inline
function largest(
  whole: bool, count: i32, x: usize, rows: i32, columns: i32, width: i32, channels: i32, place: i32, y: usize, argmax: usize,
): void {
  let best = f32x4.splat(-Infinity);
  let places = i32x4.splat(place);
  for (let row = 0; row < rows; row++) {
    let at = x;
    for (let column = 0; column < columns; column++) {
      const value = loadSome(whole, at, count);
      const better = beats(value, best);
      best = v128.bitselect(value, best, better);
      places = v128.bitselect(i32x4.splat(place + column), places, better);
      at = item(at, channels);
    }
    x = item(x, width * channels);
    place += width;
  }
  storeSome(whole, y, best, count);
  storeSome(whole, argmax, places, count);
}

@inline
function total(whole: bool, count: i32, x: usize, rows: i32, columns: i32, width: i32, channels: i32): v128 {
  let sum = f32x4.splat(0);
  for (let row = 0; row < rows; row++) {
    let at = x;
    for (let column = 0; column < columns; column++) {
      sum = f32x4.add(sum, loadSome(whole, at, count));
      at = item(at, channels);
    }
    x = item(x, width * channels);
  }
  return sum;
}

/** dy, dx */
export function averagePoolGradient(args: usize, task: i32): void { gatherWindows(false, args, task); }

@inline
function gatherWindows(ofMaximum: bool, args: usize, task: i32): void {
  const end = min((task + 1) * int(args, 1), int(args, 0));
  const height = int(args, 2);
  const width = int(args, 3);
  const channels = int(args, 4);
  const outHeight = int(args, 5);
  const outWidth = int(args, 6);
  const area = f32x4.splat(<f32>(int(args, 7) * int(args, 7)));
  for (let row = task * int(args, 1); row < end; row++) {
    const inRow = row % height;
    const firstRow = firstWindow(args, inRow);
    const rows = lastWindow(args, inRow, outHeight) - firstRow + 1;
    if (rows <= 0) {
      // No window holds it: strides beyond the kernel leave rows out.
      memory.fill(item(ptr(args, ofMaximum ? 12 : 11), row * width * channels), 0, item(0, width * channels));
      continue;
    }
    for (let column = 0; column < width; column++) {
      const firstColumn = firstWindow(args, column);
      const columns = lastWindow(args, column, outWidth) - firstColumn + 1;
      const windows = (((row / height) * outHeight + firstRow) * outWidth + firstColumn) * channels;
      const dy = item(ptr(args, 10), windows);
      const argmax = ofMaximum ? item(ptr(args, 11), windows) : 0;
      const dx = item(ptr(args, ofMaximum ? 12 : 11), (row * width + column) * channels);
      const place = inRow * width + column;
      let c = 0;
      for (; c + 4 <= channels; c += 4) {
        let sum: v128;
        if (ofMaximum) sum = wonBy(true, 4, place, item(dy, c), item(argmax, c), rows, columns, outWidth, channels);
        else sum = f32x4.div(total(true, 4, item(dy, c), rows, columns, outWidth, channels), area);
        v128.store(item(dx, c), sum);
      }
      if (c < channels) {
        const rest = channels - c;
        let sum: v128;
        if (ofMaximum) sum = wonBy(false, rest, place, item(dy, c), item(argmax, c), rows, columns, outWidth, channels);
        else sum = f32x4.div(total(false, rest, item(dy, c), rows, columns, outWidth, channels), area);
        storePart(item(dx, c), sum, rest);
      }
    }
  }
}

/** Sum of dy over the windows that `place` won. */
@inline
function wonBy(
  whole: bool, count: i32, place: i32, dy: usize, argmax: usize, rows: i32, columns: i32, outWidth: i32, channels: i32,
): v128 {
  const own = i32x4.splat(place);
  let sum = f32x4.splat(0);
  let offset = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = offset + column * channels;
      const won = i32x4.eq(loadSome(whole, item(argmax, at), count), own);
      sum = f32x4.add(sum, v128.and(loadSome(whole, item(dy, at), count), won));
    }
    offset += outWidth * channels;
  }
  return sum;
}

/** Windows that hold coordinate i start at o * stride - padding in (i - kernel, i]. */
@inline
function firstWindow(args: usize, coordinate: i32): i32 {
  const stride = int(args, 8);
  return max(coordinate + int(args, 9) - int(args, 7) + stride, 0) / stride;
}

@inline
function lastWindow(args: usize, coordinate: i32, windows: i32): i32 {
  return min((coordinate + int(args, 9)) / int(args, 8), windows - 1);
}

/**
 * Bilinear: output o looks at centre (o + 1/2) * size / outSize - 1/2, not below 0, and mixes the inputs low = floor(centre)
 * and low + 1 (not above size - 1) by the fraction. [rows of all outputs, of a task, height, width, channels, output's
 * height, and width, x, y]
 */
export function resizeBilinear(args: usize, task: i32): void {
  const end = min((task + 1) * int(args, 1), int(args, 0));
  const height = int(args, 2);
  const width = int(args, 3);
  const channels = int(args, 4);
  const outHeight = int(args, 5);
  const outWidth = int(args, 6);
  for (let row = task * int(args, 1); row < end; row++) {
    const centreRow = centre(row % outHeight, height, outHeight);
    const top = lower(centreRow, height);
    const rowShare = <f32>(centreRow - <f64>top);
    const image = item(ptr(args, 7), (row / outHeight) * height * width * channels);
    const upper = item(image, top * width * channels);
    const below = item(image, min(top + 1, height - 1) * width * channels);
    for (let column = 0; column < outWidth; column++) {
      const centreColumn = centre(column, width, outWidth);
      const left = lower(centreColumn, width);
      const share = <f32>(centreColumn - <f64>left);
      const a = left * channels;
      const b = min(left + 1, width - 1) * channels;
      const out = item(ptr(args, 8), (row * outWidth + column) * channels);
      let c = 0;
      for (; c + 4 <= channels; c += 4) mix(true, 4, upper, below, a + c, b + c, rowShare, share, item(out, c));
      if (c < channels) mix(false, channels - c, upper, below, a + c, b + c, rowShare, share, item(out, c));
    }
  }
}

@inline
function centre(output: i32, size: i32, outSize: i32): f64 {
  return max(((<f64>output + 0.5) * <f64>size) / <f64>outSize - 0.5, 0);
}

@inline
function lower(centre: f64, size: i32): i32 {
  return min(<i32>centre, size - 1);
}

@inline
function mix(whole: bool, count: i32, upper: usize, below: usize, a: i32, b: i32, rowShare: f32, share: f32, out: usize): void {
  const first = f32x4.add(
    f32x4.mul(f32x4.splat(1 - share), loadSome(whole, item(upper, a), count)),
    f32x4.mul(f32x4.splat(share), loadSome(whole, item(upper, b), count)),
  );
  const second = f32x4.add(
    f32x4.mul(f32x4.splat(1 - share), loadSome(whole, item(below, a), count)),
    f32x4.mul(f32x4.splat(share), loadSome(whole, item(below, b), count)),
  );
  const value = f32x4.add(f32x4.mul(f32x4.splat(1 - rowShare), first), f32x4.mul(f32x4.splat(rowShare), second));
  storeSome(whole, out, value, count);
}

/**
 * Row by row of dx: the output rows that look at it, each spread over its columns. Rows whose centre lies within 1 of
 * the row are those between the inverses of row - 1 and row + 1; the border rows also have all that are clamped to them.
 * [rows of all inputs, of a task, height, width, channels, output's height, and width, dy, dx]
 */
export function resizeBilinearGradient(args: usize, task: i32): void {
  const end = min((task + 1) * int(args, 1), int(args, 0));
  const height = int(args, 2);
  const width = int(args, 3);
  const channels = int(args, 4);
  const outHeight = int(args, 5);
  const outWidth = int(args, 6);
  for (let row = task * int(args, 1); row < end; row++) {
    const inRow = row % height;
    const dx = item(ptr(args, 8), row * width * channels);
    memory.fill(dx, 0, <usize>(width * channels) << 2);
    const ratio = <f64>outHeight / <f64>height;
    const first = inRow == 0 ? 0 : max(<i32>((<f64>inRow - 0.5) * ratio - 0.5) - 1, 0);
    const last = inRow == height - 1 ? outHeight - 1 : min(<i32>((<f64>inRow + 1.5) * ratio - 0.5) + 1, outHeight - 1);
    for (let outRow = first; outRow <= last; outRow++) {
      const centreRow = centre(outRow, height, outHeight);
      const top = lower(centreRow, height);
      const share = <f32>(centreRow - <f64>top);
      let weight: f32 = 0;
      if (inRow == top) weight += 1 - share;
      if (inRow == min(top + 1, height - 1)) weight += share;
      if (weight == 0) continue;
      const dy = item(ptr(args, 7), ((row / height) * outHeight + outRow) * outWidth * channels);
      spreadRow(dy, dx, weight, width, channels, outWidth);
    }
  }
}

function spreadRow(dy: usize, dx: usize, weight: f32, width: i32, channels: i32, outWidth: i32): void {
  for (let column = 0; column < outWidth; column++) {
    const centreColumn = centre(column, width, outWidth);
    const left = lower(centreColumn, width);
    const share = <f32>(centreColumn - <f64>left);
    addScaled(item(dx, left * channels), dy, channels, weight * (1 - share));
    addScaled(item(dx, min(left + 1, width - 1) * channels), dy, channels, weight * share);
    dy = item(dy, channels);
  }
}

/** y += factor * x */
@inline
function addScaled(y: usize, x: usize, count: i32, factor: f32): void {
  const factors = f32x4.splat(factor);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    v128.store(item(y, i), f32x4.add(v128.load(item(y, i)), f32x4.mul(factors, v128.load(item(x, i)))));
  }
  for (; i < count; i++) store<f32>(item(y, i), load<f32>(item(y, i)) + factor * load<f32>(item(x, i)));
}

/** [rows, of a task, channels, x, y, argmax] */
export function channelMax(args: usize, task: i32): void {
  const end = min((task + 1) * int(args, 1), int(args, 0));
  const channels = int(args, 2);
  for (let row = task * int(args, 1); row < end; row++) {
    const x = item(ptr(args, 3), row * channels);
    const place = firstLargest(x, channels);
    store<f32>(item(ptr(args, 4), row), load<f32>(item(x, place)));
    store<i32>(item(ptr(args, 5), row), place);
  }
}

/** [rows, of a task, channels, dy, argmax, dx] */
export function channelMaxGradient(args: usize, task: i32): void {
  const first = task * int(args, 1);
  const end = min(first + int(args, 1), int(args, 0));
  const channels = int(args, 2);
  memory.fill(item(ptr(args, 5), first * channels), 0, <usize>((end - first) * channels) << 2);
  for (let row = first; row < end; row++) {
    const place = load<i32>(item(ptr(args, 4), row));
    store<f32>(item(ptr(args, 5), row * channels + place), load<f32>(item(ptr(args, 3), row)));
  }
}
