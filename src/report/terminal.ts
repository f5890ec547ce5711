import pc from 'picocolors';

/** The place that text is written for. */
export interface TerminalStyle {
  /** Columns that a line may take. */
  readonly width: number;
  readonly color: boolean;
}

export type Paint = ReturnType<typeof pc.createColors>;

/** Colours that do nothing when `color` is off. */
export function paintFor(color: boolean): Paint {
  return pc.createColors(color);
}

/** Columns that a text takes, colour codes not counted. */
export function visibleWidth(text: string): number {
  return [...text.replace(ansi, '')].length;
}

/** Without what would steer the terminal: names come from files, and from strangers. */
export function printable(text: string): string {
  return text.replace(control, '\u{fffd}');
}

/** The text in `width` columns, its end cut off by `…` when it is longer. For text without colour codes. */
export function shorten(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  return width < 1 ? '' : `${characters.slice(0, width - 1).join('')}…`;
}

/** Breaks text at spaces so that lines fit `width`; a longer word stays whole, so that paths can be copied. */
export function wrap(text: string, width: number, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && visibleWidth(longer) > width - indent.length) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line].map((part) => indent + part).join('\n');
}

const ansi = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');
const control = /\p{Cc}/gu;
