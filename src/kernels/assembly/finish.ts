import { int, ptr } from './arguments';
import { finishRows } from './finish-rows';

/** Of x, y and the shortcut: the nearest cache holds them. */
const ELEMENTS_AT_ONCE: i32 = 2048;

/**
 * y = activation(x * scale + bias + shortcut) over rows of channels. [rows, rows of a task, channels, x, y, finish (6)]; the finish as in
 * `finish-rows.ts`.
 */
export function finish(args: usize, task: i32): void {
  const channels = int(args, 2);
  const first = task * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));
  const atOnce = max(1, ELEMENTS_AT_ONCE / channels);
  for (let row = first; row < last; row += atOnce) {
    finishRows(args + (5 << 2), ptr(args, 3), ptr(args, 4), channels, row, min(row + atOnce, last), 0, channels);
  }
}
