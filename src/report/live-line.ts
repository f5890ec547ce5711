/** Where text goes: a terminal, or a file or pipe. */
export interface TextOutput {
  readonly isTTY: boolean;
  readonly color: boolean;
  /** Columns of the terminal at this moment. */
  columns(): number;
  write(text: string): void;
}

const redrawMilliseconds = 100;

/** The last line of a terminal, or the last few, drawn over and over, with lasting lines printed above. */
export class LiveLine {
  /** Lines that stand there. */
  private shown = 0;
  private lastDrawn = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly output: TextOutput,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * Draws one line or more, but not more than ten times a second unless `force` is set. Nothing on what is not a terminal.
   * @param render gives lines of at most `width` columns
   */
  draw(render: (width: number) => string, force = false): void {
    if (!this.output.isTTY) return;
    const time = this.now();
    if (!force && time - this.lastDrawn < redrawMilliseconds) return;
    this.lastDrawn = time;
    // The last column stays free: a terminal may wrap there.
    const lines = render(this.output.columns() - 1).split('\n');
    const rest = lines.length < this.shown ? '\u001b[J' : '';
    this.output.write(`${this.toFirst()}${lines.join('\u001b[K\n')}\u001b[K${rest}`);
    this.shown = lines.length;
  }

  /** Prints lines that stay. */
  print(text: string): void {
    this.clear();
    this.output.write(`${text}\n`);
  }

  clear(): void {
    if (this.shown > 0) this.output.write(`${this.toFirst()}\u001b[${this.shown > 1 ? 'J' : 'K'}`);
    this.shown = 0;
    this.lastDrawn = Number.NEGATIVE_INFINITY;
  }

  /** To where the first of the lines begins. */
  private toFirst(): string {
    return this.shown > 1 ? `\r\u001b[${this.shown - 1}A` : '\r';
  }
}
