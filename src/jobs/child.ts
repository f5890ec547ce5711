import { fork } from 'node:child_process';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { packageVersion } from '../train/tables/version.js';
import type { TaskAssignment, TaskMessage } from './messages.js';
import { openStore } from './open-store.js';
import type { TaskProgress } from './progress.js';
import type { TaskOutcome } from './runner.js';
import { taskId } from './task.js';
import { WorkFolder } from './work-folder.js';

const program = fileURLToPath(new URL('./task-process.js', import.meta.url));

/**
 * Does a task in a process of its own, whose crash is the failure of the task alone. What it prints is added to the task's log.
 * @param signal tells it to save and end
 */
export function runInProcess(
  assignment: TaskAssignment,
  signal: AbortSignal,
  onProgress: (progress: TaskProgress) => void,
): Promise<TaskOutcome> {
  const id = taskId(assignment.order.task, packageVersion());
  const { places } = assignment;
  const logFile = new WorkFolder(places.folder).logFile(id);
  const log = fs.openSync(logFile, 'a');
  const child = fork(program, [], { stdio: ['ignore', log, log, 'ipc'] });
  fs.closeSync(log);
  return new Promise((resolve) => {
    let outcome: TaskOutcome | null = null;
    const stop = () => child.kill('SIGTERM');
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    child.on('message', (message: TaskMessage) => {
      if (message.kind === 'ready') child.send(assignment);
      else if (message.kind === 'progress') onProgress(message.progress);
      else outcome = message.outcome;
    });
    const end = (how: string) => {
      signal.removeEventListener('abort', stop);
      if (outcome || signal.aborted) return resolve(outcome ?? { id, state: 'interrupted', failure: null });
      const message = `its process ended (${how}) before the task was done; what it printed is in ${logFile}`;
      const failure = { code: 'PROCESS', message };
      const note = async () => (await openStore(places)).noteFailure(id, failure);
      // A store that is away does not hear of it: the outcome tells it all the same.
      void note()
        .catch(() => {})
        .then(() => resolve({ id, state: 'failed', failure }));
    };
    child.on('error', (error) => end(error.message));
    child.on('exit', (code, by) => end(by === null ? `exit code ${code}` : by));
  });
}
