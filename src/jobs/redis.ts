import { setTimeout as pause } from 'node:timers/promises';
import type { Job, Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { ConfigError, StoreError, UnsupportedError } from '../errors.js';
import { runInProcess } from './child.js';
import { openStore, type Places, placesSchema } from './open-store.js';
import { begun, type OnTaskProgress, taskProgressSchema } from './progress.js';
import type { RedisAddress } from './redis-address.js';
import type { Run } from './run.js';
import type { TaskOutcome } from './runner.js';
import type { ResultStore, TaskFailure } from './store.js';
import { type Order, orderSchema } from './task.js';

/*
 * Tasks over Redis, by BullMQ: whoever has a sweep puts its tasks into a queue, workers on any machine take them. The queue decides who does what, and when
 * again; what is done is decided by the store of results alone, so that a task that comes twice, or is put in again after the queue lost it, does no harm.
 */

/** What a job of the queue holds. */
interface QueuedTask {
  readonly order: Order;
  /** As all machines see them. */
  readonly places: Places;
}

export interface QueueOptions {
  readonly redis: RedisAddress;
  /** Name of the queue; sweeps and workers of one name belong together. */
  readonly queue: string;
}

const ATTEMPTS = 3;
const BACK_OFF_MILLISECONDS = 2000;
/** A task whose workers die this often is given up. */
const MOST_DEATHS = 3;
const LOOK_MILLISECONDS = 500;
/** For taking leave of a Redis that may be away. */
const CLOSE_MILLISECONDS = 2000;

export interface WorkOptions extends QueueOptions {
  /** Tasks at a time. */
  readonly concurrency: number;
  readonly threads: number;
  /** Where this machine has under way what is kept in a bucket. */
  readonly work: string;
  /** Seconds without a sign of life after which a worker counts as dead, and its task goes to another. */
  readonly patience: number;
  readonly signal: AbortSignal;
  readonly onReady: () => void;
  readonly onOutcome: (outcome: TaskOutcome) => void;
  /** Of the connection: the worker goes on as soon as it is there again. */
  readonly onTrouble: (error: Error) => void;
}

/** Takes tasks until the signal comes; those under way then save, and go back into the queue. @throws UnsupportedError without BullMQ */
export async function workOnQueue(options: WorkOptions): Promise<void> {
  const { queue, concurrency, threads, work, patience, signal, onOutcome, onTrouble, onReady } = options;
  const { bullmq, connect } = await loadClient();
  const connection = connect(options.redis);
  connection.on('error', onTrouble);
  const perform = async (job: Job<QueuedTask>, token: string | undefined) => {
    const order = orderSchema.parse(job.data.order);
    const asked = placesSchema.parse(job.data.places);
    const places = asked.bucket === null ? asked : { ...asked, folder: work };
    const outcome = await runInProcess(
      { order, places, threads },
      signal,
      // It is a courtesy: where Redis is away at the moment, nobody looks either.
      (progress) => void job.updateProgress(progress).catch(() => {}),
    );
    onOutcome(outcome);
    if (outcome.state === 'interrupted') {
      await job.moveToDelayed(Date.now(), token);
      throw new bullmq.DelayedError();
    }
    if (outcome.state === 'failed') throw errorOf(outcome.failure!, bullmq.UnrecoverableError);
  };
  const worker: Worker<QueuedTask> = new bullmq.Worker(queue, perform, {
    connection,
    concurrency,
    lockDuration: patience * 1000,
    stalledInterval: patience * 1000,
    maxStalledCount: MOST_DEATHS,
  });
  worker.on('error', onTrouble);
  try {
    await worker.waitUntilReady();
    onReady();
    await whenAborted(signal);
  } finally {
    await worker.close();
    connection.disconnect();
  }
}

/** What is wrong with the task itself is wrong at every try. */
function errorOf(failure: TaskFailure, Unrecoverable: new (message: string) => Error): Error {
  const isLasting = !['PROCESS', 'INTERNAL', 'STORE'].includes(failure.code);
  return isLasting ? new Unrecoverable(failure.message) : new Error(failure.message);
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

export interface QueueRunOptions extends QueueOptions {
  readonly places: Places;
  readonly signal: AbortSignal;
  readonly onProgress: OnTaskProgress;
  readonly onOutcome: (outcome: TaskOutcome) => void | Promise<void>;
  readonly onTrouble: (error: Error) => void;
}

/**
 * Puts the tasks that are not done into the queue and waits until each has a result or was given up. The signal ends the waiting; the tasks stay in the queue.
 * @throws UnsupportedError without BullMQ
 */
export async function runOnQueue(runs: readonly Run[], options: QueueRunOptions): Promise<void> {
  const { places, signal, onOutcome, onTrouble, onProgress } = options;
  const store = await openStore(places);
  const { bullmq, connect } = await loadClient();
  const connection = connect(options.redis);
  connection.on('error', onTrouble);
  const queue: Queue<QueuedTask> = new bullmq.Queue(options.queue, { connection });
  queue.on('error', onTrouble);
  const events = new bullmq.QueueEvents(options.queue, { connection });
  events.on('error', onTrouble);
  const waiting = new Map(runs.map((run) => [run.id, run.order]));
  const settle = async (outcome: TaskOutcome) => {
    waiting.delete(outcome.id);
    await onOutcome(outcome);
  };
  const tell: OnTaskProgress = (id, progress) => waiting.has(id) && onProgress(id, progress);
  events.on('active', ({ jobId }) => tell(jobId, begun));
  events.on('progress', ({ jobId, data }) => tell(jobId, taskProgressSchema.safeParse(data).data ?? begun));
  events.on('stalled', ({ jobId }) => tell(jobId, null));
  events.on('delayed', ({ jobId }) => tell(jobId, null));
  const follow = async () => {
    let finished = await store.finished();
    let asked = performance.now();
    for (const id of [...waiting.keys()]) {
      if (finished.has(id)) await settle({ id, state: 'known', failure: null });
      else await forget(queue, id);
    }
    while (waiting.size > 0 && !signal.aborted) {
      try {
        if (performance.now() - asked >= store.lookMilliseconds) {
          asked = performance.now();
          finished = await store.finished();
        }
        for (const [id, order] of [...waiting]) {
          if (signal.aborted) break;
          const state = finished.has(id) ? 'done' : await stateOf(id, queue, store, { order, places });
          if (state === 'done') await settle({ id, state, failure: null });
          else if (state === 'failed') await settle({ id, state, failure: await failureOf(id, queue, store) });
        }
      } catch (error) {
        // A store that is away for a while is waited for, as Redis is.
        if (!(error instanceof StoreError) || (error.status ?? 500) < 500) throw error;
        onTrouble(error);
      }
      if (waiting.size > 0) await pause(LOOK_MILLISECONDS);
    }
  };
  try {
    // What asks a Redis that is away never hears, so that the signal has to end it.
    await Promise.race([follow(), whenAborted(signal)]);
  } finally {
    const isClosed = new AbortController();
    const limit = pause(CLOSE_MILLISECONDS, undefined, { signal: isClosed.signal });
    await Promise.race([Promise.allSettled([events.close(), queue.close()]), limit]);
    isClosed.abort();
    connection.disconnect();
  }
}

/** A task that failed in an earlier sweep is tried again; one that waits, or is under way, is left. */
async function forget(queue: Queue<QueuedTask>, id: string): Promise<void> {
  const job = await queue.getJob(id);
  if (job && (await job.isFailed())) await job.remove();
}

/** Also puts a task in that the queue does not have: a new one, or one that a Redis without a file lost. */
async function stateOf(
  id: string,
  queue: Queue<QueuedTask>,
  store: ResultStore,
  data: QueuedTask,
): Promise<'done' | 'failed' | 'waiting'> {
  const state = await queue.getJobState(id);
  if (state === 'failed') return 'failed';
  if (state !== 'unknown' && state !== 'completed') return 'waiting';
  // It may have been done a moment ago.
  if (await store.result(id)) return 'done';
  if (state === 'completed') await (await queue.getJob(id))?.remove();
  await queue.add('task', data, {
    jobId: id,
    attempts: ATTEMPTS,
    backoff: { type: 'exponential', delay: BACK_OFF_MILLISECONDS },
    removeOnComplete: true,
  });
  return 'waiting';
}

/** Why a task was given up: as its worker noted it, or as the queue has it. */
async function failureOf(id: string, queue: Queue<QueuedTask>, store: ResultStore): Promise<TaskFailure> {
  const reason = (await queue.getJob(id))?.failedReason;
  return (await store.failure(id)) ?? { code: 'PROCESS', message: reason || 'its workers died before it was done' };
}

async function loadClient() {
  try {
    const [bullmq, { Redis: Client }] = await Promise.all([import('bullmq'), import('ioredis')]);
    const connect = ({ host, port, username, password, database, secure }: RedisAddress): Redis =>
      new Client({
        ...{ host, port, db: database },
        ...(username !== undefined && { username }),
        ...(password !== undefined && { password }),
        ...(secure && { tls: {} }),
        // Commands wait for a Redis that is away, as BullMQ needs it.
        maxRetriesPerRequest: null,
      });
    return { bullmq, connect };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new UnsupportedError(
      'a queue over Redis',
      'the packages bullmq and ioredis are not installed: npm install bullmq ioredis.',
    );
  }
}

/** @throws ConfigError */
export function checkQueueName(name: string): string {
  if (/^[\w.-]{1,100}$/.test(name)) return name;
  throw new ConfigError('queue', `got "${name}", needs letters, digits, dots and dashes.`);
}
