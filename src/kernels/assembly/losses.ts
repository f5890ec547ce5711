import { float, int, ptr } from './arguments';
import { exponential, logarithm } from './math';
import { highDoubles, item, loadPart, loadSome, lowDoubles, storePart, storeSome, sumDoubles } from './simd';
import { firstLargest } from './largest';

/**
 * With m the largest logit of a row, z = sum exp(x - m) and L = m + ln z: probabilities exp(x - m) / z, and since the target
 * t = (1 - s) [label] + s / classes adds up to 1, loss = sum t (L - x) = L - (1 - s) x[label] - s mean(x). Exponentials in
 * float32, their sum and the loss in doubles. [rows, of a task, classes, logits, labels, probabilities, partial sums] {s}
 */
export function crossEntropy(args: usize, task: i32): void {
  const end = min((task + 1) * int(args, 1), int(args, 0));
  const classes = int(args, 2);
  const smoothing = <f64>float(args, 0);
  let total: f64 = 0;
  for (let row = task * int(args, 1); row < end; row++) {
    const logits = item(ptr(args, 3), row * classes);
    const probabilities = item(ptr(args, 5), row * classes);
    const largest = load<f32>(item(logits, firstLargest(logits, classes)));
    const sum = exponentials(logits, probabilities, classes, largest);
    scale(probabilities, classes, <f32>(1 / sum));
    const label = load<i32>(item(ptr(args, 4), row));
    const logarithmOfSum = <f64>largest + logarithm(sum);
    let loss = logarithmOfSum - <f64>load<f32>(item(logits, label));
    // Not for s = 0: a logit of minus infinity is allowed there, and 0 times it is NaN.
    if (smoothing > 0) loss += smoothing * (logarithmOfSum - mean(logits, classes) - loss);
    total += loss;
  }
  store<f64>(ptr(args, 6) + (<usize>task << 3), total);
}

/** y = exp(x - largest); gives their sum. */
function exponentials(x: usize, y: usize, count: i32, largest: f32): f64 {
  const shift = f32x4.splat(largest);
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const value = exponential(f32x4.sub(v128.load(item(x, i)), shift));
    v128.store(item(y, i), value);
    low = f64x2.add(low, lowDoubles(value));
    high = f64x2.add(high, highDoubles(value));
  }
  let sum = sumDoubles(f64x2.add(low, high));
  if (i < count) {
    storePart(item(y, i), exponential(f32x4.sub(loadPart(item(x, i), count - i), shift)), count - i);
    for (; i < count; i++) sum += <f64>load<f32>(item(y, i));
  }
  return sum;
}

@inline
function scale(y: usize, count: i32, factor: f32): void {
  const factors = f32x4.splat(factor);
  let i = 0;
  for (; i + 4 <= count; i += 4) v128.store(item(y, i), f32x4.mul(v128.load(item(y, i)), factors));
  if (i < count) storePart(item(y, i), f32x4.mul(loadPart(item(y, i), count - i), factors), count - i);
}

function mean(x: usize, count: i32): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const value = v128.load(item(x, i));
    low = f64x2.add(low, lowDoubles(value));
    high = f64x2.add(high, highDoubles(value));
  }
  let sum = sumDoubles(f64x2.add(low, high));
  for (; i < count; i++) sum += <f64>load<f32>(item(x, i));
  return sum / <f64>count;
}

/** [rows, of a task, classes, probabilities, labels, dloss, dlogits] {smoothing} */
export function crossEntropyGradient(args: usize, task: i32): void {
  const end = min((task + 1) * int(args, 1), int(args, 0));
  const classes = int(args, 2);
  const smoothing = float(args, 0);
  const even = f32x4.splat(smoothing / <f32>classes);
  const factor = <f32>(<f64>load<f32>(ptr(args, 5)) / <f64>int(args, 0));
  const factors = f32x4.splat(factor);
  for (let row = task * int(args, 1); row < end; row++) {
    const probabilities = item(ptr(args, 3), row * classes);
    const out = item(ptr(args, 6), row * classes);
    const label = load<i32>(item(ptr(args, 4), row));
    // Read before it may be written: dlogits may lie where the probabilities lie.
    const wanted = load<f32>(item(probabilities, label));
    let i = 0;
    for (; i + 4 <= classes; i += 4) {
      v128.store(item(out, i), f32x4.mul(f32x4.sub(v128.load(item(probabilities, i)), even), factors));
    }
    if (i < classes) {
      const rest = f32x4.mul(f32x4.sub(loadPart(item(probabilities, i), classes - i), even), factors);
      storePart(item(out, i), rest, classes - i);
    }
    const target = 1 - <f64>smoothing + <f64>smoothing / <f64>classes;
    store<f32>(item(out, label), <f32>((<f64>wanted - target) * <f64>factor));
  }
}

/** [elements, of a task, a, b, dloss, da, db or 0] {2 / elements} */
export function meanSquaredErrorGradient(args: usize, task: i32): void {
  const first = task * int(args, 1);
  const count = min(int(args, 1), int(args, 0) - first);
  const a = item(ptr(args, 2), first);
  const b = item(ptr(args, 3), first);
  const da = item(ptr(args, 5), first);
  const isOfBoth = ptr(args, 6) != 0;
  const db = item(ptr(args, 6), first);
  const factor = f32x4.splat(float(args, 0) * load<f32>(ptr(args, 4)));
  let i = 0;
  for (; i + 4 <= count; i += 4) differ(true, 4, item(a, i), item(b, i), factor, item(da, i), isOfBoth, item(db, i));
  if (i < count) differ(false, count - i, item(a, i), item(b, i), factor, item(da, i), isOfBoth, item(db, i));
}

@inline
function differ(whole: bool, count: i32, a: usize, b: usize, factor: v128, da: usize, isOfBoth: bool, db: usize): void {
  const gradient = f32x4.mul(factor, f32x4.sub(loadSome(whole, a, count), loadSome(whole, b, count)));
  storeSome(whole, da, gradient, count);
  if (isOfBoth) storeSome(whole, db, f32x4.neg(gradient), count);
}

/** Eight planes an image, one a neighbour: y = neighbour - centre. [rows of a plane x images, of a task, height, width, x, y] */
export function depthContrast(args: usize, task: i32): void {
  const end = min((task + 1) * int(args, 1), int(args, 0));
  const width = int(args, 3);
  const rows = int(args, 2) - 2;
  const columns = width - 2;
  for (let unit = task * int(args, 1); unit < end; unit++) {
    const image = unit / rows;
    const row = unit % rows;
    const window = item(ptr(args, 4), (image * int(args, 2) + row) * width);
    const centre = item(window, width + 1);
    for (let direction = 0; direction < 8; direction++) {
      const neighbour = item(window, neighbourOffset(direction, width));
      const out = item(ptr(args, 5), ((image * 8 + direction) * rows + row) * columns);
      let i = 0;
      for (; i + 4 <= columns; i += 4) {
        v128.store(item(out, i), f32x4.sub(v128.load(item(neighbour, i)), v128.load(item(centre, i))));
      }
      if (i < columns) {
        const rest = f32x4.sub(loadPart(item(neighbour, i), columns - i), loadPart(item(centre, i), columns - i));
        storePart(item(out, i), rest, columns - i);
      }
    }
  }
}

/**
 * Row by row of dx: what the planes' rows above, beside and below bring to it, as neighbour (+) and as centre (-).
 * [rows of x x images, of a task, height, width, dy, dx]
 */
export function depthContrastGradient(args: usize, task: i32): void {
  const end = min((task + 1) * int(args, 1), int(args, 0));
  const height = int(args, 2);
  const width = int(args, 3);
  const rows = height - 2;
  const columns = width - 2;
  for (let unit = task * int(args, 1); unit < end; unit++) {
    const image = unit / height;
    const row = unit % height;
    const dx = item(ptr(args, 5), unit * width);
    memory.fill(dx, 0, <usize>width << 2);
    for (let direction = 0; direction < 8; direction++) {
      const tap = neighbourTap(direction);
      const plane = item(ptr(args, 4), (image * 8 + direction) * rows * columns);
      const asNeighbour = row - tap / 3;
      if (asNeighbour >= 0 && asNeighbour < rows) {
        addRow(item(dx, tap % 3), item(plane, asNeighbour * columns), columns, f32x4.splat(1));
      }
      if (row >= 1 && row <= rows) addRow(item(dx, 1), item(plane, (row - 1) * columns), columns, f32x4.splat(-1));
    }
  }
}

/** y += factor * x */
function addRow(y: usize, x: usize, count: i32, factor: v128): void {
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    v128.store(item(y, i), f32x4.add(v128.load(item(y, i)), f32x4.mul(factor, v128.load(item(x, i)))));
  }
  if (i < count) {
    const rest = f32x4.mul(factor, loadPart(item(x, i), count - i));
    storePart(item(y, i), f32x4.add(loadPart(item(y, i), count - i), rest), count - i);
  }
}

/** The eight neighbours in row order among the nine taps: the centre, tap 4, is left out. */
@inline
function neighbourTap(direction: i32): i32 {
  return direction < 4 ? direction : direction + 1;
}

@inline
function neighbourOffset(direction: i32, width: i32): i32 {
  const tap = neighbourTap(direction);
  return (tap / 3) * width + (tap % 3);
}

/** [rows, of a task, columns, x, out] */
export function argmaxRows(args: usize, task: i32): void {
  const end = min((task + 1) * int(args, 1), int(args, 0));
  const columns = int(args, 2);
  for (let row = task * int(args, 1); row < end; row++) {
    store<i32>(item(ptr(args, 4), row), firstLargest(item(ptr(args, 3), row * columns), columns));
  }
}
