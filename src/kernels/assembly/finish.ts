import { int, ptr } from './arguments';
import { finishBlock } from './finish-rows';

/**
 * y = activation(x * scale + bias + shortcut) over rows of channels. [rows, rows of a task, channels, x, y, finish (6)]; the finish as in
 * `finish-rows.ts`.
 */
export function finish(args: usize, task: i32): void {
  const channels = int(args, 2);
  const first = task * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));
  finishBlock(args + (5 << 2), ptr(args, 3), ptr(args, 4), channels, first, last, 0, channels);
}
