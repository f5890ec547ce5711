import { formatCount } from '../report/format.js';
import { LiveLine } from '../report/live-line.js';
import { progressLine } from '../report/progress-line.js';
import type { Console } from './console.js';

/** A live line that counts the images that were judged. */
export class JudgingLine {
  private readonly live: LiveLine;

  constructor(
    private readonly title: string,
    private readonly console: Console,
  ) {
    this.live = new LiveLine(console.output);
  }

  /** For `evaluate`. */
  readonly onProgress = (done: number, total: number): void => {
    this.live.draw((width) => {
      const facts = [{ forms: [`${formatCount(done)} of ${formatCount(total)} images`, ''], rank: 1 }];
      return progressLine(this.title, done / total, facts, { width, color: this.console.output.color });
    });
  };

  clear(): void {
    this.live.clear();
  }
}
