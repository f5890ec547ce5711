import type { Places } from './open-store.js';
import type { TaskProgress } from './progress.js';
import type { TaskOutcome } from './runner.js';
import type { Order } from './task.js';

/** What the process of a task is told, first of all. */
export interface TaskAssignment {
  readonly order: Order;
  readonly places: Places;
  readonly threads: number;
}

/** What it tells: that it is ready to be told, how far it is, and in the end what came of it. */
export type TaskMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly progress: TaskProgress }
  | { readonly kind: 'outcome'; readonly outcome: TaskOutcome };
