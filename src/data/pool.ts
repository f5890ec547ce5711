import { Worker } from 'node:worker_threads';
import { DataError, LifetimeError } from '../errors.js';
import type { Filler, Job } from './fill.js';
import { unpackError } from './transfer.js';
import type { WorkerAnswer, WorkerSetup } from './worker.js';

interface Task {
  job: Job;
  /** Workers that died while they had it. */
  deaths: number;
  resolve: () => void;
  reject: (error: Error) => void;
}

interface Seat {
  /** Null until there is something to do. */
  worker: Worker | null;
  /** What the worker has and has not answered, by slot. */
  tasks: Map<number, Task>;
  /** Why it will end, if it said so. */
  failure: Error | null;
}

/** A second job waits at each worker, so that it never waits for this thread. */
const tasksPerWorker = 2;

/**
 * Worker threads that fill slots. A worker that dies is replaced and what it was doing is done again, once: a batch over
 * which two workers died fails.
 */
export class WorkerPool implements Filler {
  private readonly seats: Seat[];
  private queue: Task[] = [];
  private isHeld = false;
  private isClosed = false;

  constructor(
    size: number,
    private readonly setup: WorkerSetup,
  ) {
    this.seats = Array.from({ length: size }, () => ({ worker: null, tasks: new Map(), failure: null }));
  }

  /** The threads that run now. */
  get threads(): readonly Worker[] {
    return this.seats.flatMap((seat) => seat.worker ?? []);
  }

  fill(job: Job): Promise<void> {
    if (this.isClosed) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      this.queue.push({ job, deaths: 0, resolve, reject });
      this.dispatch();
    });
  }

  hold(isAwaited: boolean): void {
    this.isHeld = isAwaited;
    for (const worker of this.threads) this.keepAlive(worker);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    const { threads } = this;
    for (const task of [...this.queue, ...this.seats.flatMap((seat) => [...seat.tasks.values()])]) task.reject(closed());
    this.queue = [];
    await Promise.all(threads.map((worker) => worker.terminate()));
  }

  private dispatch(): void {
    while (this.queue.length > 0) {
      const seat = this.seats.reduce((a, b) => (b.tasks.size < a.tasks.size ? b : a));
      if (seat.tasks.size >= tasksPerWorker) return;
      this.post(seat, this.queue.shift()!);
    }
  }

  private post(seat: Seat, task: Task): void {
    try {
      seat.worker ??= this.start(seat);
    } catch (cause) {
      const detail = `no thread can be started to read it (${(cause as Error).message}). \`workers: 0\` reads without threads.`;
      task.reject(new DataError(this.setup.source.name, null, 'worker-died', detail, { cause }));
      return;
    }
    seat.tasks.set(task.job.slot, task);
    seat.worker.postMessage(task.job);
  }

  private start(seat: Seat): Worker {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: this.setup, execArgv: [] });
    worker.on('message', ({ slot, error }: WorkerAnswer) => {
      const task = seat.tasks.get(slot);
      seat.tasks.delete(slot);
      if (error) task?.reject(unpackError(error));
      else task?.resolve();
      this.dispatch();
    });
    worker.on('error', (error) => {
      seat.failure = error;
    });
    worker.on('exit', (code) => this.ended(seat, code));
    this.keepAlive(worker);
    return worker;
  }

  private keepAlive(worker: Worker): void {
    if (this.isHeld) worker.ref();
    else worker.unref();
  }

  private ended(seat: Seat, code: number): void {
    if (this.isClosed) return;
    const why = seat.failure ? seat.failure.message : `exit code ${code}`;
    seat.worker = null;
    const orphans = [...seat.tasks.values()];
    for (const task of orphans) {
      seat.tasks.delete(task.job.slot);
      task.deaths++;
      // To this seat's next worker, not to another one that may be dying of the same cause.
      if (task.deaths < 2) {
        this.post(seat, task);
        continue;
      }
      const detail = `the threads that read it ended twice over one batch (${why}). \`workers: 0\` reads without threads.`;
      task.reject(new DataError(this.setup.source.name, null, 'worker-died', detail, { cause: seat.failure }));
    }
    seat.failure = null;
    this.dispatch();
  }
}

function closed(): LifetimeError {
  return new LifetimeError('The loader was closed while a batch was awaited, or used after it was closed.');
}
