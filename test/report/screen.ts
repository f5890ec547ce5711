import type { TextOutput } from '../../src/report/live-line.js';

const ESCAPE = String.fromCharCode(27);
const parts = new RegExp(`${ESCAPE}\\[\\d*[A-Za-z]|[\\r\\n]|[^\\r\\n${ESCAPE}]+`, 'g');

/** A terminal that shows what programs write to it, as far as ours go: returns, feeds, moves up, and erases. */
export class Screen implements TextOutput {
  readonly isTTY = true;
  readonly color = false;
  readonly lines: string[] = [''];
  private row = 0;
  private column = 0;

  constructor(private readonly width = 80) {}

  columns(): number {
    return this.width;
  }

  write(text: string): void {
    for (const part of text.match(parts) ?? []) {
      if (part === '\r') this.column = 0;
      else if (part === '\n') this.feed();
      else if (part.startsWith(ESCAPE)) this.control(Number(part.slice(2, -1) || 1), part.at(-1)!);
      else this.put(part);
    }
  }

  private feed(): void {
    this.row++;
    this.column = 0;
    this.lines[this.row] ??= '';
  }

  private control(count: number, what: string): void {
    if (what === 'A') this.row -= count;
    else if (what === 'K' || what === 'J') this.lines[this.row] = this.lines[this.row]!.slice(0, this.column);
    else throw new Error(`the screen does not know ${what}`);
    if (what === 'J') this.lines.length = this.row + 1;
    if (this.row < 0) throw new Error('moved above the screen');
  }

  private put(text: string): void {
    const line = this.lines[this.row]!;
    if (this.column + [...text].length >= this.width) throw new Error(`"${text}" does not fit`);
    this.lines[this.row] = line.slice(0, this.column).padEnd(this.column) + text + line.slice(this.column + text.length);
    this.column += text.length;
  }
}
