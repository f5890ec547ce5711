import { createHash } from 'node:crypto';
import { z } from 'zod';

/** Parts of a fold that a task is one of, such as a protocol's; or of what a bulk is cut into. */
const name = z.string().min(1).max(200);

export const taskKinds = ['train', 'score'] as const;

export type TaskKindName = (typeof taskKinds)[number];

/**
 * Something to be done once, as plain data: whoever does it, wherever and however often, gets the same files.
 */
export const taskSchema = z.strictObject({
  what: z.enum(taskKinds),
  /** What the kind of task takes: a recipe; a model's digest and the names of pictures. */
  config: z.record(z.string(), z.json()),
  seed: z.int(),
  /** `digestOfPlace` of what is read. */
  data: z.string().regex(/^[0-9a-f]{64}$/),
  fold: name.nullable(),
});

export type Task = z.output<typeof taskSchema>;

/** A task, and where its data and files lie for who does it: not part of what it is. */
export const orderSchema = z.strictObject({
  task: taskSchema,
  /** A folder, file or data set's name. */
  place: z.string().min(1),
  /** Of a `score` task: the file of its model. */
  model: z.string().optional(),
  /** Of a `score` task: bytes that one picture may take, as for the runtime. */
  memoryPerImage: z.number().positive().optional(),
});

export type Order = z.output<typeof orderSchema>;

const ID_LENGTH = 24;

/**
 * The task's name: 24 hexadecimal digits of the SHA-256 of all that it is and of the release that does it. Same name, same result.
 * @param version of Gossamer
 */
export function taskId(task: Task, version: string): string {
  const text = canonicalJson({ ...task, version });
  return createHash('sha256').update(text).digest('hex').slice(0, ID_LENGTH);
}

/** JSON that does not depend on the order in which an object's keys were written. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}
