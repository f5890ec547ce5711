import process from 'node:process';
import { packageVersion } from '../train/tables/version.js';
import type { TaskAssignment, TaskMessage } from './messages.js';
import { openStore } from './open-store.js';
import type { TaskProgress } from './progress.js';
import { failureOf, runTask, type TaskOutcome } from './runner.js';
import { taskId } from './task.js';
import { WorkFolder } from './work-folder.js';

/*
 * A process that does one task, told over the channel to its parent; what it prints goes to the task's log. SIGTERM, or a parent that is gone, ends
 * the step under way and saves.
 */

const TELL_MILLISECONDS = 500;
let lastTold = Number.NEGATIVE_INFINITY;

const controller = new AbortController();
const stop = () => controller.abort();
process.on('SIGTERM', stop);
// A Ctrl-C reaches the whole group of processes; the parent says what it means.
process.on('SIGINT', () => {});
process.on('disconnect', stop);
process.once('message', (assignment: TaskAssignment) => void perform(assignment));
tell({ kind: 'ready' });

async function perform(assignment: TaskAssignment): Promise<void> {
  const outcome = await outcomeOf(assignment).catch((error: unknown): TaskOutcome => {
    process.stdout.write(`${error instanceof Error ? error.stack : error}\n`);
    return { id: taskId(assignment.order.task, packageVersion()), state: 'failed', failure: failureOf(error) };
  });
  tell({ kind: 'outcome', outcome }, () => process.disconnect());
}

/** @throws where the store cannot be used: nothing can be noted in it then */
async function outcomeOf({ order, places, threads }: TaskAssignment): Promise<TaskOutcome> {
  return runTask(order, {
    store: await openStore(places),
    work: new WorkFolder(places.folder),
    threads,
    signal: controller.signal,
    log: (line) => process.stdout.write(`${line}\n`),
    onProgress,
  });
}

/** A look at it is all that anyone takes: not every step crosses to the parent. */
function onProgress(progress: TaskProgress): void {
  const now = performance.now();
  if (now - lastTold < TELL_MILLISECONDS) return;
  lastTold = now;
  tell({ kind: 'progress', progress });
}

function tell(message: TaskMessage, then: () => void = () => {}): void {
  if (process.connected) process.send!(message, then);
}
