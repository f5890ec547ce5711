import { z } from 'zod';

/** How far a task is, as plain data: it travels between processes, and over a queue. */
export const taskProgressSchema = z.object({
  /** From 0 to 1. */
  share: z.number().min(0).max(1),
  /** Of a training: the epoch under way, from 1, of so many. */
  epoch: z.int().optional(),
  epochs: z.int().optional(),
  /** What the newest epoch came to, by name. */
  measures: z.record(z.string(), z.number().nullable()).optional(),
});

export type TaskProgress = z.output<typeof taskProgressSchema>;

/** Of a task that was just begun. */
export const begun: TaskProgress = { share: 0 };

/** Where tasks are done hears how far each is; null: nobody is at it any more, it waits. */
export type OnTaskProgress = (id: string, progress: TaskProgress | null) => void;
