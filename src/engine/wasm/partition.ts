/** How a kernel's work is cut into tasks: by its size alone, so that the result has the same bits at any thread count. */
export interface Partition {
  readonly tasks: number;
  /** Units of a task; the last one may have fewer. */
  readonly size: number;
}

/** Elements of a task at least: about ten microseconds of work, so that smaller calls stay on the calling thread. */
const TASK_ELEMENTS = 16384;
const MOST_TASKS = 64;

/** Cuts `units` (elements, rows, images) that cost as much as `work` plain elements each; a task has a multiple of `multiple` units. */
export function partition(units: number, work = 1, multiple = 1): Partition {
  const wanted = Math.max(1, Math.ceil(TASK_ELEMENTS / work), Math.ceil(units / MOST_TASKS));
  const size = Math.ceil(wanted / multiple) * multiple;
  return { tasks: Math.ceil(units / size), size };
}

/** Cuts n elements at cache lines. */
export function partitionElements(n: number, work = 1): Partition {
  return partition(n, work, 16);
}
