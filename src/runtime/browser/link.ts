import { missing } from '../../engine/browser-host.js';
import { whenEnded } from '../../engine/wasm/web-locks.js';
import { EngineError } from '../../errors.js';
import type { Transfer } from '../model.js';
import type { Answered, Asked, ChangingFacts, Question, Watch } from './messages.js';
import { receiveError } from './sent-error.js';

interface AnswerOf<T> {
  readonly value: T;
  readonly facts: ChangingFacts;
}

interface Pending {
  readonly resolve: (answered: AnswerOf<unknown>) => void;
  readonly reject: (error: unknown) => void;
}

/** Questions to a model's worker and its answers, in any order. */
export class Link {
  private readonly pending = new Map<number, Pending>();
  private asked = 0;
  /** Once set, nothing is asked any more. */
  private failure: Error | null = null;

  constructor(private readonly worker: Worker) {
    worker.onmessage = ({ data }: MessageEvent<Answered | Watch>) => {
      if ('locks' in data) watch(data);
      else this.receive(data);
    };
    // What a worker does not catch itself is that its file, or one that it needs, could not be loaded.
    worker.onerror = (event) => {
      event.preventDefault();
      this.fail(missing('runtime-worker.js', event.message));
    };
  }

  /** Hears of the worker's end, whatever ended it. */
  watch(lock: string): void {
    whenEnded(lock, () => this.fail(new EngineError("the model's worker", new Error('it ended'))));
  }

  /**
   * Rejects with what the worker threw.
   * @throws what `postMessage` does, for what cannot be sent or handed over
   */
  ask<T>(question: Question, transfer: readonly Transfer[] = []): Promise<AnswerOf<T>> {
    if (this.failure) return Promise.reject(this.failure);
    const id = this.asked++;
    const message: Asked = { id, question };
    this.worker.postMessage(message, transfer as Transferable[]);
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve: resolve as Pending['resolve'], reject });
    });
  }

  /** Ends the worker; what it has not answered yet, and all that is asked from now on, fails with `why`. */
  close(why: Error): void {
    this.fail(why);
  }

  private receive(answered: Answered): void {
    const pending = this.pending.get(answered.id);
    this.pending.delete(answered.id);
    if ('error' in answered) pending?.reject(receiveError(answered.error));
    else pending?.resolve(answered);
  }

  private fail(error: Error): void {
    if (this.failure) return;
    this.failure = error;
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
    this.worker.terminate();
  }
}

function watch({ locks, signs }: Watch): void {
  for (const [thread, lock] of locks.entries()) whenEnded(lock, () => Atomics.store(signs, thread, 1));
}
