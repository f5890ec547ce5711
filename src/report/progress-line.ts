import { paintFor, shorten, type TerminalStyle, visibleWidth } from './terminal.js';

/** One fact of a progress line: the forms from longest to shortest; the last may be '' where it can be left out. */
export interface Fact {
  readonly forms: readonly string[];
  /** Facts of a lower rank are shortened first. */
  readonly rank: number;
}

const longestBar = 28;
const shortestBar = 6;

/**
 * `title ━━━━━━──── 45 %  fact  fact`, never wider than the style's width: facts shrink in the order of their ranks, then the bar
 * takes what is left.
 */
export function progressLine(title: string, share: number, facts: readonly Fact[], { width, color }: TerminalStyle): string {
  const percent = `${Math.floor(Math.min(1, Math.max(0, share)) * 100)} %`.padStart(5);
  const forms = facts.map(() => 0);
  const texts = () => facts.map((fact, i) => fact.forms[forms[i]!]!).filter((text) => text !== '');
  const taken = () => visibleWidth([title, percent, ...texts()].join('  '));
  for (;;) {
    const shrinkable = facts.map((fact, i) => ({ fact, i })).filter(({ fact, i }) => forms[i]! < fact.forms.length - 1);
    if (taken() + 1 + shortestBar <= width || shrinkable.length === 0) break;
    const { i } = shrinkable.reduce((a, b) => (b.fact.rank < a.fact.rank ? b : a));
    forms[i]!++;
  }
  const room = Math.min(longestBar, width - taken() - 1);
  const parts = [title, ...(room >= shortestBar ? [`${bar(share, room, color)} ${percent}`] : [percent.trim()]), ...texts()];
  const line = parts.join('  ');
  return visibleWidth(line) <= width ? line : shorten([title, percent.trim()].join('  '), width);
}

function bar(share: number, width: number, color: boolean): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  const paint = paintFor(color);
  return paint.green('━'.repeat(full)) + paint.dim('─'.repeat(width - full));
}
