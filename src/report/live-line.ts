/** Where text goes: a terminal, or a file or pipe. */
export interface TextOutput {
  readonly isTTY: boolean;
  readonly color: boolean;
  /** Columns of the terminal at this moment. */
  columns(): number;
  write(text: string): void;
}

const redrawMilliseconds = 100;

/** The last line of a terminal, drawn over and over, with lasting lines printed above it. */
export class LiveLine {
  private isShown = false;
  private lastDrawn = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly output: TextOutput,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Draws, but not more than ten times a second unless `force` is set. Nothing on what is not a terminal. */
  draw(render: (width: number) => string, force = false): void {
    if (!this.output.isTTY) return;
    const time = this.now();
    if (!force && time - this.lastDrawn < redrawMilliseconds) return;
    this.lastDrawn = time;
    this.isShown = true;
    // The last column stays free: a terminal may wrap there.
    this.output.write(`\r${render(this.output.columns() - 1)}\u001b[K`);
  }

  /** Prints lines that stay. */
  print(text: string): void {
    this.clear();
    this.output.write(`${text}\n`);
  }

  clear(): void {
    if (this.isShown) this.output.write('\r\u001b[K');
    this.isShown = false;
    this.lastDrawn = Number.NEGATIVE_INFINITY;
  }
}
