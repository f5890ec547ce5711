import process from 'node:process';
import type { TaskAssignment, TaskMessage } from './messages.js';
import type { TaskProgress } from './progress.js';
import { runTask } from './runner.js';
import { FolderStore } from './store.js';

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
process.once('message', (assignment: TaskAssignment) => void work(assignment));
tell({ kind: 'ready' });

async function work({ order, store, threads }: TaskAssignment): Promise<void> {
  const outcome = await runTask(order, {
    store: new FolderStore(store),
    threads,
    signal: controller.signal,
    log: (line) => process.stdout.write(`${line}\n`),
    onProgress,
  });
  tell({ kind: 'outcome', outcome }, () => process.disconnect());
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
