import { parentPort, workerData } from 'node:worker_threads';
import { type Job, LocalFiller } from './fill.js';
import { reopenSource } from './reopen.js';
import type { RingSpec } from './ring.js';
import type { SourceSpec } from './source.js';
import { type PackedError, packError } from './transfer.js';
import type { Transform } from './transforms.js';

export interface WorkerSetup {
  source: SourceSpec;
  transforms: readonly Transform[];
  seed: number;
  ring: RingSpec;
}

export interface WorkerAnswer {
  slot: number;
  error?: PackedError;
}

const setup = workerData as WorkerSetup;
const filler = new LocalFiller(reopenSource(setup.source), setup.transforms, setup.seed, setup.ring);

// One batch at a time: a filler's memory serves one.
let last: Promise<void> = Promise.resolve();
parentPort?.on('message', (job: Job) => {
  last = last.then(() => answer(job));
});

async function answer(job: Job): Promise<void> {
  const reply: WorkerAnswer = { slot: job.slot };
  try {
    await filler.fill(job);
  } catch (error) {
    reply.error = packError(error);
  }
  parentPort?.postMessage(reply);
}
