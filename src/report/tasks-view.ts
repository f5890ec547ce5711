import type { Run, TaskProgress } from '../jobs/index.js';
import { formatCount, formatDuration, formatShare } from './format.js';
import { LiveLine, type TextOutput } from './live-line.js';
import { type Fact, progressLine } from './progress-line.js';
import { printable, shorten, visibleWidth } from './terminal.js';

/** Tasks under way that have a line each. */
const MOST_LINES = 6;

/** Tasks as they are done: on a terminal some lines of how far they are, and everywhere the lines of those that ended. */
export class TasksView {
  private readonly live: LiveLine;
  private readonly names: ReadonlyMap<string, string>;
  private readonly running = new Map<string, TaskProgress>();
  private readonly started: number;
  private settled = 0;
  private failed = 0;
  /** Those that were done before, which took no time. */
  private known = 0;

  constructor(
    private readonly output: TextOutput,
    runs: readonly Run[],
    private readonly now: () => number = () => performance.now(),
  ) {
    this.live = new LiveLine(output, now);
    this.names = new Map(runs.map(({ id, name }) => [id, printable(name)]));
    this.started = now();
  }

  /** @param progress null: nobody is at the task any more */
  progress(id: string, progress: TaskProgress | null): void {
    if (progress) this.running.set(id, progress);
    else this.running.delete(id);
    this.draw();
  }

  /** @param text of what came of it: lines that stay */
  ended(id: string, state: 'done' | 'known' | 'failed' | 'interrupted', text: string): void {
    this.running.delete(id);
    if (state !== 'interrupted') this.settled++;
    if (state === 'failed') this.failed++;
    if (state === 'known') this.known++;
    this.live.print(text);
    this.draw();
  }

  /** Shows the time that has gone by. */
  draw(): void {
    if (this.settled === this.names.size) this.live.clear();
    else this.live.draw((width) => this.lines(width).join('\n'));
  }

  /** Leaves the terminal clean for other text. */
  clear(): void {
    this.live.clear();
  }

  private lines(width: number): string[] {
    const style = { width, color: this.output.color };
    const shown = [...this.running].slice(0, MOST_LINES);
    const names = shown.map(([id]) => shorten(this.names.get(id)!, Math.floor(width * 0.45)));
    const widest = Math.max(0, ...names.map(visibleWidth));
    const tasks = shown.map(([, progress], i) => {
      const title = names[i]! + ' '.repeat(widest - visibleWidth(names[i]!));
      return progressLine(title, progress.share, factsOf(progress), style);
    });
    return [...tasks, this.total(style)];
  }

  private total(style: { width: number; color: boolean }): string {
    const share = this.share(0);
    const facts: Fact[] = [
      { forms: [`${this.running.size} running`, ''], rank: 2 },
      ...(this.failed > 0 ? [{ forms: [`${this.failed} failed`], rank: 3 }] : []),
      { forms: [`${formatDuration(this.secondsLeft())} left`, ''], rank: 1 },
    ];
    const all = formatCount(this.names.size);
    return progressLine(`${formatCount(this.settled).padStart(all.length)} of ${all} done`, share, facts, style);
  }

  /** Of all tasks but some that were done before. */
  private share(known: number): number {
    const under = [...this.running.values()].reduce((sum, { share }) => sum + share, 0);
    const all = this.names.size - known;
    return all === 0 ? 1 : (this.settled - known + under) / all;
  }

  private secondsLeft(): number {
    const share = this.share(this.known);
    return share > 0 ? ((this.now() - this.started) / 1000) * (1 / share - 1) : Number.NaN;
  }
}

function factsOf({ epoch, epochs, measures = {} }: TaskProgress): Fact[] {
  const { top1_validation: accuracy, eer_validation: eer } = measures;
  const newest = accuracy != null ? `validation ${formatShare(accuracy)}` : eer != null ? `EER ${formatShare(eer)}` : '';
  return [
    ...(epoch === undefined ? [] : [{ forms: [`epoch ${epoch}/${epochs ?? '?'}`, `${epoch}/${epochs ?? '?'}`, ''], rank: 1 }]),
    ...(newest === '' ? [] : [{ forms: [newest, ''], rank: 2 }]),
  ];
}
