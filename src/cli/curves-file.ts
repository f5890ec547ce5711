import { writeFileAtomic } from '../formats/file.js';
import type { EpochEvent, RunFolder, TrainEvent } from '../train/index.js';

/** Keeps a run's curves.svg up to date, one writing after the other. */
export class CurvesFile {
  private history: readonly EpochEvent[] = [];
  private epochs = 1;
  private title = '';
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly run: RunFolder) {}

  handle(event: TrainEvent): void {
    if (event.kind === 'start') {
      this.title = event.recipe;
      this.epochs = event.epochs;
      // A resumed run has a past.
      this.history = this.run.readLog().filter((line) => line.kind === 'epoch');
    } else if (event.kind === 'epoch') {
      this.history = [...this.history.filter(({ epoch }) => epoch !== event.epoch), event];
      // Each holds all that is known: that an earlier one failed, on a disk that was full for a while, matters no more.
      this.writing = this.writing.catch(() => {}).then(() => this.write());
      // What went wrong is told by `close`: until then it must not end the process.
      this.writing.catch(() => {});
    }
  }

  /** Waits until all is written. @throws FormatError when the last one could not be written */
  async close(): Promise<void> {
    await this.writing;
  }

  private async write(): Promise<void> {
    // Charts are loaded where they are drawn: no other verb waits for them.
    const { renderCurves } = await import('../report/curves.js');
    await writeFileAtomic(this.run.curves, Buffer.from(renderCurves(this.history, { title: this.title, epochs: this.epochs })));
  }
}
