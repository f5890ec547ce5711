/** Does one thing after another, in the order in which they were asked for. Where others wait, the event loop goes on between two of them. */
export class Turns {
  private readonly waiting: (() => void)[] = [];
  private isBusy = false;

  /** What `work` gives, or throws, in its turn. */
  take<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.waiting.push(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      });
      if (!this.isBusy) void this.go();
    });
  }

  private async go(): Promise<void> {
    this.isBusy = true;
    // Not at once: the first in line waits as the others do.
    await null;
    for (let next = this.waiting.shift(); next; next = this.waiting.shift()) {
      next();
      if (this.waiting.length > 0) await nextTurn();
    }
    this.isBusy = false;
  }
}

/** Timers of browsers would wait for milliseconds. */
function nextTurn(): Promise<void> {
  if (typeof setImmediate === 'function') return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
