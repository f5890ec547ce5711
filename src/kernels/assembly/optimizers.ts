import { float, int, ptr } from './arguments';
import { item, loadSome, storeSome } from './simd';

/** One step over all weights, everything in one pass. */
const PLAIN = 0;
const MOMENTUM = 1;
const NESTEROV = 2;

/** [elements, of a task, w, gradient, velocity, first step] {learning rate, momentum, weight decay} */
export function sgd(args: usize, task: i32): void { descend(PLAIN, args, task); }
export function sgdMomentum(args: usize, task: i32): void { descend(MOMENTUM, args, task); }
export function sgdNesterov(args: usize, task: i32): void { descend(NESTEROV, args, task); }

@inline
function descend(kind: i32, args: usize, task: i32): void {
  const first = task * int(args, 1);
  const count = min(int(args, 1), int(args, 0) - first);
  const w = item(ptr(args, 2), first);
  const gradient = item(ptr(args, 3), first);
  const velocity = item(ptr(args, 4), first);
  // All bits set where the old velocity counts; a mask, since 0 times a stray NaN is NaN.
  const remembers = i32x4.splat(int(args, 5) - 1);
  let i = 0;
  for (; i + 4 <= count; i += 4) descendVector(kind, args, true, 4, item(w, i), item(gradient, i), item(velocity, i), remembers);
  if (i < count) descendVector(kind, args, false, count - i, item(w, i), item(gradient, i), item(velocity, i), remembers);
}

@inline
function descendVector(
  kind: i32, args: usize, whole: bool, count: i32, wAt: usize, gradientAt: usize, velocityAt: usize, remembers: v128,
): void {
  const learningRate = f32x4.splat(float(args, 0));
  const momentum = f32x4.splat(float(args, 1));
  const w = loadSome(whole, wAt, count);
  const gradient = f32x4.add(loadSome(whole, gradientAt, count), f32x4.mul(f32x4.splat(float(args, 2)), w));
  let update = gradient;
  if (kind != PLAIN) {
    const kept = v128.and(remembers, f32x4.mul(momentum, loadSome(whole, velocityAt, count)));
    const velocity = f32x4.add(kept, gradient);
    storeSome(whole, velocityAt, velocity, count);
    update = kind == NESTEROV ? f32x4.add(gradient, f32x4.mul(momentum, velocity)) : velocity;
  }
  storeSome(whole, wAt, f32x4.sub(w, f32x4.mul(learningRate, update)), count);
}

/**
 * [elements, of a task, w, gradient, first, second] {step size / first correction, 1 / sqrt(second correction), epsilon,
 * decay added to the gradient, decay of the weight itself, beta1, 1 - beta1, beta2, 1 - beta2}
 */
export function adam(args: usize, task: i32): void {
  const start = task * int(args, 1);
  const count = min(int(args, 1), int(args, 0) - start);
  const w = item(ptr(args, 2), start);
  const gradient = item(ptr(args, 3), start);
  const first = item(ptr(args, 4), start);
  const second = item(ptr(args, 5), start);
  let i = 0;
  for (; i + 4 <= count; i += 4) adamVector(args, true, 4, item(w, i), item(gradient, i), item(first, i), item(second, i));
  if (i < count) adamVector(args, false, count - i, item(w, i), item(gradient, i), item(first, i), item(second, i));
}

@inline
function adamVector(args: usize, whole: bool, count: i32, wAt: usize, gradientAt: usize, firstAt: usize, secondAt: usize): void {
  const w = loadSome(whole, wAt, count);
  const gradient = f32x4.add(loadSome(whole, gradientAt, count), f32x4.mul(f32x4.splat(float(args, 3)), w));
  const first = f32x4.add(
    f32x4.mul(f32x4.splat(float(args, 5)), loadSome(whole, firstAt, count)),
    f32x4.mul(f32x4.splat(float(args, 6)), gradient),
  );
  const second = f32x4.add(
    f32x4.mul(f32x4.splat(float(args, 7)), loadSome(whole, secondAt, count)),
    f32x4.mul(f32x4.splat(float(args, 8)), f32x4.mul(gradient, gradient)),
  );
  storeSome(whole, firstAt, first, count);
  storeSome(whole, secondAt, second, count);
  const deviation = f32x4.add(f32x4.mul(f32x4.sqrt(second), f32x4.splat(float(args, 1))), f32x4.splat(float(args, 2)));
  const update = f32x4.div(f32x4.mul(f32x4.splat(float(args, 0)), first), deviation);
  // Not w * (1 - decay): that factor rounds at the size of 1, which is coarse beside a small decay.
  storeSome(whole, wAt, f32x4.sub(w, f32x4.add(update, f32x4.mul(f32x4.splat(float(args, 4)), w))), count);
}

/**
 * average += (1 - decay) * (w - average): decay * average + (1 - decay) * w, but without two rounded factors that no longer
 * add up to 1 and would drift. [elements, of a task, w, average] {1 - decay}
 */
export function movingAverage(args: usize, task: i32): void {
  const first = task * int(args, 1);
  const count = min(int(args, 1), int(args, 0) - first);
  const w = item(ptr(args, 2), first);
  const average = item(ptr(args, 3), first);
  const share = f32x4.splat(float(args, 0));
  let i = 0;
  for (; i + 4 <= count; i += 4) averageVector(true, 4, item(w, i), item(average, i), share);
  if (i < count) averageVector(false, count - i, item(w, i), item(average, i), share);
}

@inline
function averageVector(whole: bool, count: i32, wAt: usize, averageAt: usize, share: v128): void {
  const average = loadSome(whole, averageAt, count);
  const step = f32x4.mul(share, f32x4.sub(loadSome(whole, wAt, count), average));
  storeSome(whole, averageAt, f32x4.add(average, step), count);
}
