import type { Order } from './task.js';

/** A task among others, for those who look on. */
export interface Run {
  readonly id: string;
  readonly order: Order;
  /** What sets it apart from the others. */
  readonly name: string;
}
