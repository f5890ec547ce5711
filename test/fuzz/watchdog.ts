import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Ends the process, and says with which file, when a reader does not come back. */
export class Watchdog {
  private constructor(
    private readonly thread: Worker,
    private readonly counts: Int32Array,
    private readonly label: Uint8Array,
  ) {}

  /** @param seconds generous: it is there for what never ends, not to time anything */
  static async start(seconds = 120): Promise<Watchdog> {
    // Files begun, and a number that never changes, for the thread to sleep on.
    const counts = new Int32Array(new SharedArrayBuffer(8));
    const label = new Uint8Array(new SharedArrayBuffer(4096));
    const workerData = { state: counts.buffer, label: label.buffer, seconds };
    const thread = new Worker(new URL('./watchdog.mjs', import.meta.url), { workerData, execArgv: [] });
    // A thread does not start while the one that made it is blocked.
    await once(thread, 'message');
    thread.unref();
    return new Watchdog(thread, counts, label);
  }

  /** The next file is under way. */
  begin(label: string): void {
    this.label.fill(0);
    this.label.set(Buffer.from(label).subarray(0, this.label.length - 1));
    Atomics.add(this.counts, 0, 1);
  }

  async close(): Promise<void> {
    await this.thread.terminate();
  }
}
